// Custom properties that last for some days, or for a session.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "../../src/core/ingest/expiry.h"
#include "../../src/core/ingest/merge.h"
#include "ingestion.h"

using namespace profiles;
using namespace profiles::test;

namespace {

constexpr Time kDay = 86400000;
constexpr Time kStart = 1600000000000;

// "plan" lasts for two days, "trial" for three, "cart" and "step" for a session, everything else for ever.
struct Shop : World {
    User current = user();
    Outcome last;

    Shop()
    {
        Node rules = read_json(
            R"({"property_expiry": {"plan": 2, "trial": 3, "cart": "SESSION", "step": "SESSION"}})",
            &memory, "settings");
        pack_numbers(rules, &memory);
        seal(rules);
        settings = read_settings(rules);
    }

    Outcome &send(Time time, const std::string &rest)
    {
        last = ingest(current,
                      R"({"device_id": "d", "timestamp": )" + std::to_string(time) + rest + "}");
        current = last.user;
        return last;
    }
    Outcome &write(Time time, const std::string &custom)
    {
        return send(time, R"(, "user_details": {"custom": )" + custom + "}");
    }

    // What expires, without the location that a session brings.
    std::string custom(std::string_view profile)
    {
        std::optional<Item> found = View(profile).find("custom");
        return found ? "{\"custom\": " + text(found->bytes) + "}" : "{}";
    }
    std::string stored() { return custom(current.profile); }
    std::string shown(Time at)
    {
        return custom(live_profile(current.profile, current.expiry, at, &memory));
    }
    std::string expiry() { return current.expiry.empty() ? "none" : text(current.expiry); }
};

}  // namespace

TEST_CASE("expiry: days count from the last write, and the end is exact")
{
    Shop shop;
    shop.write(kStart, R"({"plan": "pro", "seat": 1})");
    CHECK(shop.expiry() == R"({"custom": {"plan": 1600172800000}})");
    CHECK(shop.shown(kStart + 2 * kDay - 1) == R"({"custom": {"plan": "pro", "seat": 1}})");
    CHECK(shop.shown(kStart + 2 * kDay) == R"({"custom": {"seat": 1}})");
    // The same value again is a write; nothing of the profile changes, so there is no event.
    Outcome &again = shop.write(kStart + kDay, R"({"plan": "pro"})");
    CHECK(again.rarely_changed);
    CHECK(again.batches.empty());
    CHECK(shop.expiry() == R"({"custom": {"plan": 1600259200000}})");
    // An operator that changes nothing is none, another property neither.
    shop.write(kStart + kDay + 1000, R"({"plan": {"$setOnce": "x"}, "seat": 2})");
    CHECK(shop.expiry() == R"({"custom": {"plan": 1600259200000}})");
    CHECK(shop.shown(kStart + 3 * kDay - 1) == R"({"custom": {"plan": "pro", "seat": 2}})");
    CHECK(shop.shown(kStart + 3 * kDay) == R"({"custom": {"seat": 2}})");
}

TEST_CASE("expiry: the next request takes out what is gone, and leaves an event at each moment")
{
    Shop shop;
    shop.write(kStart, R"({"plan": "pro", "trial": true, "seat": 1})");
    Outcome &next = shop.send(kStart + 10 * kDay, "");
    CHECK(next.profile_changed);
    CHECK(next.rarely_changed);
    REQUIRE(next.batches.size() == 2);
    CHECK(
        shop.events(next.batches[0]) ==
        R"([{"ts": 1600172800000, "key": "[CLY]_property_update", "segmentation": {"properties": ["custom.plan"]}}])");
    CHECK(shop.custom(next.batches[0].profile) == R"({"custom": {"seat": 1, "trial": true}})");
    CHECK(
        shop.events(next.batches[1]) ==
        R"([{"ts": 1600259200000, "key": "[CLY]_property_update", "segmentation": {"properties": ["custom.trial"]}}])");
    CHECK(shop.custom(next.batches[1].profile) == R"({"custom": {"seat": 1}})");
    CHECK(shop.stored() == R"({"custom": {"seat": 1}})");
    CHECK(shop.expiry() == "none");
    // Two at one moment are one event, and the last property takes the group with it.
    Shop two;
    two.write(kStart, R"({"plan": 1})");
    two.write(kStart + kDay, R"({"plan": 1})");
    two.write(kStart + 1, R"({"trial": 1})");
    two.settings.property_expiry = {};
    CHECK(two.expiry() == R"({"custom": {"plan": 1600259200000, "trial": 1600259200001}})");
    CHECK(two.send(kStart + 9 * kDay, "").batches.size() == 2);
    CHECK(two.stored() == "{}");
}

TEST_CASE("expiry: operators begin anew after it")
{
    Shop shop;
    shop.write(kStart, R"({"plan": {"$inc": 5}, "trial": {"$push": "a"}})");
    shop.write(kStart + 2 * kDay - 1, R"({"plan": {"$inc": 1}})");
    CHECK(shop.stored() == R"({"custom": {"plan": 6, "trial": ["a"]}})");
    Outcome &next =
        shop.write(kStart + 4 * kDay - 1, R"({"plan": {"$inc": 1}, "trial": {"$push": "b"}})");
    CHECK(shop.stored() == R"({"custom": {"plan": 1, "trial": ["b"]}})");
    CHECK(next.batches.size() == 3);  // plan is gone, trial is gone, both are back
    CHECK(shop.custom(next.batches[2].profile) == R"({"custom": {"plan": 1, "trial": ["b"]}})");
}

TEST_CASE("expiry: a rule counts for what is written from then on")
{
    Shop shop;
    std::span<const Node> rules = shop.settings.property_expiry;
    shop.settings.property_expiry = {};
    shop.write(kStart, R"({"plan": "old"})");
    shop.settings.property_expiry = rules;
    CHECK(shop.expiry() == "none");
    shop.send(kStart + 5 * kDay, "");
    CHECK(shop.stored() == R"({"custom": {"plan": "old"}})");
    shop.write(kStart + 5 * kDay + 1, R"({"plan": "new"})");
    shop.settings.property_expiry = {};
    CHECK(shop.shown(kStart + 8 * kDay) == "{}");
    // Written without a rule, it lasts.
    shop.write(kStart + 6 * kDay, R"({"plan": "new"})");
    CHECK(shop.expiry() == "none");
}

TEST_CASE("expiry: what is removed, or cannot be written, is not kept")
{
    Shop shop;
    shop.write(kStart, R"({"plan": "pro", "trial": 1})");
    shop.write(kStart + 1, R"({"plan": null, "trial": {"$push": 1}})");
    CHECK(shop.expiry() == R"({"custom": {"trial": 1600259200000}})");
    shop.settings.limits.custom_properties = 1;
    shop.write(kStart + 2, R"({"plan": "pro"})");
    CHECK(shop.last.skips.size() == 1);
    CHECK(shop.expiry() == R"({"custom": {"trial": 1600259200000}})");
}

TEST_CASE("expiry: late requests never shorten it, and are judged by their own time")
{
    Shop shop;
    shop.write(kStart + kDay, R"({"plan": "new"})");
    shop.write(kStart, R"({"plan": "late"})");
    CHECK(shop.stored() == R"({"custom": {"plan": "late"}})");
    CHECK(shop.expiry() == R"({"custom": {"plan": 1600259200000}})");
    // One that is late by more than the days has nothing to show.
    shop.send(kStart + 9 * kDay, "");
    shop.write(kStart, R"({"plan": "long ago"})");
    CHECK(shop.shown(kStart + 9 * kDay) == "{}");
}

TEST_CASE("expiry: values of a session go with it, and the session keeps them")
{
    Shop shop;
    shop.send(kStart,
              R"(, "begin_session": 1, "user_details": {"custom": {"cart": 3, "seat": 1}})");
    CHECK(shop.expiry() == R"({"custom": {"cart": "SESSION"}})");
    CHECK(shop.shown(kStart + 90 * kDay) == R"({"custom": {"cart": 3, "seat": 1}})");
    shop.send(kStart + 60000, R"(, "end_session": 1)");
    CHECK(shop.expiry() == R"({"custom": {"cart": -1600000075000}})");  // 15 seconds after it
    CHECK(shop.shown(kStart + 74999) == R"({"custom": {"cart": 3, "seat": 1}})");
    CHECK(shop.shown(kStart + 75000) == R"({"custom": {"seat": 1}})");

    User ended = shop.current;
    // It goes on.
    shop.send(kStart + 70000, R"(, "begin_session": 1)");
    CHECK(shop.expiry() == R"({"custom": {"cart": "SESSION"}})");
    CHECK(shop.shown(kStart + 90 * kDay) == R"({"custom": {"cart": 3, "seat": 1}})");
    // It does not.
    shop.current = ended;
    Outcome &next =
        shop.send(kStart + 100000, R"(, "user_details": {"custom": {"cart": {"$inc": 1}}})");
    REQUIRE(next.batches.size() == 3);
    CHECK(shop.custom(next.batches[0].profile) == R"({"custom": {"cart": 3, "seat": 1}})");
    CHECK(shop.events(next.batches[0]).find("[CLY]_session") != std::string::npos);
    CHECK(next.batches[1].first == kStart + 75000);
    CHECK(shop.custom(next.batches[1].profile) == R"({"custom": {"seat": 1}})");
    CHECK(shop.stored() == R"({"custom": {"cart": 1, "seat": 1}})");
    // Written outside of a session, it lasts until one begins.
    CHECK(shop.expiry() == R"({"custom": {"cart": "SESSION"}})");
    shop.send(kStart + 200000, R"(, "begin_session": 1)");
    CHECK(shop.stored() == R"({"custom": {"seat": 1}})");
}

TEST_CASE("expiry: a session that is closed at once, and one whose end was lost")
{
    Shop shop;
    shop.send(kStart, R"(, "begin_session": 1, "user_details": {"custom": {"cart": 3}})");
    Outcome &end = shop.send(
        kStart + 1000, R"(, "end_session": 1, "ignore_cooldown": true, "events": [{"key": "e"}])");
    REQUIRE(end.batches.size() == 2);
    CHECK(shop.custom(end.batches[0].profile) == R"({"custom": {"cart": 3}})");
    CHECK(end.batches[1].first == kStart + 1000);
    CHECK(shop.stored() == "{}");
    CHECK(shop.expiry() == "none");

    shop.send(kStart + 2000, R"(, "begin_session": 1, "user_details": {"custom": {"cart": 4}})");
    Outcome &begin = shop.send(kStart + kDay,
                               R"(, "begin_session": 1, "user_details": {"custom": {"step": 1}})");
    REQUIRE(begin.batches.size() == 3);
    CHECK(begin.batches[1].first == kStart + kDay);
    CHECK(shop.stored() == R"({"custom": {"step": 1}})");
    // Written in the cooldown, it is gone with the session that ended.
    shop.send(kStart + kDay + 10, R"(, "end_session": 1, "user_details": {"custom": {"cart": 5}})");
    CHECK(shop.expiry() == R"({"custom": {"cart": -1600086415010, "step": -1600086415010}})");
}

TEST_CASE("expiry: the sweep does what a request would")
{
    Shop shop;
    shop.send(
        kStart,
        R"(, "begin_session": 1, "user_details": {"custom": {"plan": 1, "cart": 2, "trial": 3}})");
    shop.send(kStart + 1000, R"(, "end_session": 1)");
    Outcome early = expire(shop.current, kStart + 15999, &shop.memory);
    CHECK_FALSE(early.profile_changed);
    CHECK(early.batches.empty());
    Outcome swept = expire(shop.current, kStart + 2 * kDay, &shop.memory);
    CHECK(swept.rarely_changed);
    REQUIRE(swept.batches.size() == 3);  // the session, its values, the plan
    CHECK(shop.custom(swept.batches[0].profile) ==
          R"({"custom": {"cart": 2, "plan": 1, "trial": 3}})");
    CHECK(swept.batches[1].first == kStart + 16000);
    CHECK(swept.batches[2].first == kStart + 2 * kDay);
    CHECK(shop.custom(swept.user.profile) == R"({"custom": {"trial": 3}})");
    CHECK(shop.text(swept.user.expiry) == R"({"custom": {"trial": 1600259200000}})");
    CHECK_FALSE(swept.user.session.start);
}

TEST_CASE("expiry: of two users, each value keeps its own end")
{
    Shop shop;
    shop.write(kStart, R"({"plan": "mine", "cart": 1})");
    User mine = shop.current;
    mine.last_session = kStart;
    shop.current = shop.user(2);
    shop.write(kStart + kDay, R"({"plan": "theirs", "trial": 1, "cart": 2})");
    User theirs = shop.current;
    User merged = merge_users(theirs, mine, kStart + kDay, &shop.memory);
    CHECK(shop.custom(merged.profile) == R"({"custom": {"plan": "mine", "trial": 1}})");
    CHECK(shop.text(merged.expiry) ==
          R"({"custom": {"plan": 1600172800000, "trial": 1600345600000}})");
    // What is gone does not stand in the way of what is there.
    merged = merge_users(theirs, mine, kStart + 2 * kDay, &shop.memory);
    CHECK(shop.custom(merged.profile) == R"({"custom": {"plan": "theirs", "trial": 1}})");
    CHECK(shop.text(merged.expiry) ==
          R"({"custom": {"plan": 1600259200000, "trial": 1600345600000}})");
}

TEST_CASE("expiry: a random history agrees with a model")
{
    struct Value {
        int number;
        std::optional<Time> gone_at;
    };
    Dice dice(7);
    for (int round = 0; round < 200; ++round) {
        Shop shop;
        std::map<std::string, Value> model;
        Time time = kStart;
        for (int step = 0; step < 40; ++step) {
            time += dice() % (kDay * 5 / 4) + 1;
            const char *name =
                std::array{"plan", "trial", "seat"}[static_cast<std::size_t>(dice() % 3)];
            std::erase_if(model, [&](const auto &each) {
                return each.second.gone_at.value_or(time + 1) <= time;
            });
            Value &value = model.try_emplace(name, Value{0, std::nullopt}).first->second;
            value.number += 1;
            if (*name != 's')
                value.gone_at = time + (*name == 'p' ? 2 : 3) * kDay;
            shop.write(time, std::string("{\"") + name + R"(": {"$inc": 1}})");
            std::string expected;
            for (const auto &[key, each] : model)
                expected +=
                    (expected.empty() ? "\"" : ", \"") + key + "\": " + std::to_string(each.number);
            REQUIRE(shop.stored() == "{\"custom\": {" + expected + "}}");
        }
    }
}
