// What a request reports beside events and properties, and the snapshot that late events carry.
#include <doctest/doctest.h>

#include "../../src/core/ingest/checksum.h"
#include "../../src/core/ingest/changed_properties.h"
#include "ingestion.h"

using namespace profiles;
using namespace profiles::test;

TEST_CASE("reports: consents change only when they differ, whatever stands for true")
{
    World world;
    Outcome first = world.ingest(
        world.user(),
        R"({"device_id": "d", "timestamp": 1600000000, "consent": {"a": 1, "b": "0"}})");
    REQUIRE(first.consent);
    CHECK(first.rarely_changed);
    CHECK(first.consent->change == "both");
    CHECK(first.consent->before.empty());
    CHECK(world.text(first.user.consent) == R"({"a": true, "b": false})");
    CHECK(first.batches.size() == 1);
    Outcome same = world.ingest(
        first.user,
        R"({"device_id": "d", "timestamp": 1600000001, "consent": {"a": true, "b": false}})");
    CHECK_FALSE(same.consent);
    CHECK_FALSE(same.rarely_changed);
    CHECK(same.batches.size() == 0);
    Outcome out = world.ingest(
        same.user, R"({"device_id": "d", "timestamp": 1600000002, "consent": "{\"a\": false}"})");
    REQUIRE(out.consent);
    CHECK(out.consent->change == "out");
    CHECK(world.text(out.user.consent) == R"({"a": false, "b": false})");
}

TEST_CASE("reports: a feature is named as a property may be, since consents are stored as one")
{
    World world;
    Outcome outcome = world.ingest(
        world.user(),
        R"({"device_id": "d", "consent": {"custom": true, "campaign": true, "a.b": true, "$c": true, "users": true}})");
    CHECK(world.text(outcome.user.consent) == R"({"users": true})");
    CHECK(outcome.skips.size() == 4);
}

TEST_CASE("reports: faults are one group but for their numbers")
{
    World world;
    auto group = [&](const std::string &error, const std::string &more = "") {
        Outcome outcome = world.ingest(world.user(), R"({"device_id": "d", "crash": {"_error": ")" +
                                                         error + "\"" + more + "}}");
        REQUIRE(outcome.crash);
        CHECK(outcome.crash->group.size() == 16);
        return std::string(outcome.crash->group);
    };
    CHECK(group("a.js:6:15") == group("a.js:123:1"));
    CHECK(group("at 0xDEADbeef") == group("at 0x1"));
    CHECK(group("a.js:6") != group("b.js:6"));
    CHECK(group("e") != group("e", R"(, "_os": "iOS")"));
    CHECK(group("e") != group("e", R"(, "_nonfatal": true)"));
    CHECK(group("e") == group("e", R"(, "_nonfatal": false)"));
    Outcome none = world.ingest(world.user(), R"({"device_id": "d", "crash": {"_error": " \n "}})");
    CHECK_FALSE(none.crash);
    CHECK(none.skips.size() == 1);
}

TEST_CASE("reports: a late event carries the profile of its time")
{
    World world;
    User user =
        world
            .ingest(
                world.user(),
                R"({"device_id": "d", "timestamp": 1600000000, "user_details": {"custom": {"n": 1}}})")
            .user;
    std::string then(user.profile);
    user =
        world
            .ingest(
                user,
                R"({"device_id": "d", "timestamp": 1600000100, "user_details": {"custom": {"n": 5}}})")
            .user;
    Request late = world.request(
        R"({"device_id": "d", "timestamp": 1600000050, "events": [{"key": "e"}], "user_details": {"custom": {"n": {"$inc": 1}}}})");
    CHECK(is_late(user, late));
    Request in_time =
        world.request(R"({"device_id": "d", "timestamp": 1600000100, "events": [{"key": "e"}]})");
    CHECK_FALSE(is_late(user, in_time));
    Request heartbeat =
        world.request(R"({"device_id": "d", "timestamp": 1600000050, "session_duration": 1})");
    CHECK_FALSE(is_late(user, heartbeat));
    Outcome outcome = world.ingest(user, late, then);
    CHECK(world.text(outcome.user.profile) == R"({"custom": {"n": 6}})");
    REQUIRE(outcome.batches.size() == 1);
    CHECK(world.text(outcome.batches[0].profile) == R"({"custom": {"n": 2}})");
}

TEST_CASE("reports: the text of a checksum is what was sent without the checksum")
{
    std::pmr::monotonic_buffer_resource memory;
    CHECK(checked_text("a=1&checksum256=ab&b=2", &memory) == "a=1&b=2");
    CHECK(checked_text("checksum=1&a=1", &memory) == "a=1");
    CHECK(checked_text("a=1&checksum=", &memory) == "a=1");
    CHECK(checked_text("xchecksum=1", &memory) == "xchecksum=1");
    CHECK(checked_text("", &memory) == "");
    CHECK(checked_text("checksum=", &memory) == "");
    CHECK(with_apostrophes("a=%27x%27&b=%2527", &memory) == "a='x'&b=%2527");
    CHECK(with_apostrophes("%2", &memory) == "%2");
    CHECK(with_apostrophes("", &memory) == "");
    CHECK(is_digest("00fFAb", std::string_view("\0\xff\xab", 3)));
    CHECK_FALSE(is_digest("00ffac", std::string_view("\0\xff\xab", 3)));
    CHECK_FALSE(is_digest("00ff", std::string_view("\0\xff\xab", 3)));
    CHECK_FALSE(is_digest("zz", std::string_view("\0", 1)));
}
