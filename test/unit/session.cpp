// The session of a user: single steps, and a long random walk against a small model of its own.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "../../src/core/ingest/session.h"
#include "ingestion.h"

using namespace profiles;
using namespace profiles::test;

namespace {

constexpr Time kStart = 1600000000000;

Request step_request(Time time, bool begin, std::optional<std::int64_t> duration, bool end,
                     bool ignore)
{
    Request request;
    request.device_id = "d";
    request.time = time;
    request.begin_session = begin;
    request.session_duration = duration;
    request.end_session = end;
    request.ignore_cooldown = ignore;
    return request;
}

// The rules again, written as people would tell them. Times only go forward in it.
struct Model {
    struct Past {
        Time start;
        std::int64_t duration;
    };
    std::vector<Past> closed;
    bool exists = false, ended = false;
    Time start = 0, end = 0;
    std::int64_t duration = 0, spent = 0, count = 0;

    void close()
    {
        if (exists)
            closed.push_back({start, duration});
        exists = ended = false;
    }
    void open(Time time)
    {
        close();
        exists = true;
        start = time;
        duration = 0;
        ++count;
    }
    void request(Time time, bool begins, std::int64_t seconds, bool ends, bool ignore)
    {
        bool cooling = exists && ended && time - end < 15000;
        if (exists && ended && !cooling)
            close();  // whatever comes, the cooldown is over
        if (begins) {
            if (cooling && !ignore)
                ended = false;
            else
                open(time);
        } else if (seconds > 0 && (!exists || ended)) {
            if (cooling && !ignore)
                ended = false;
            else
                open(time);
        } else if (ends && !exists)
            open(time);
        if (exists) {
            duration += seconds;
            spent += seconds;
        }
        if (ends) {
            ended = true;
            end = time;
            if (ignore)
                close();
        } else if (exists && ended && ignore)
            close();
    }
};

}  // namespace

TEST_CASE("session: a random walk agrees with the model")
{
    for (unsigned seed = 1; seed <= 200; ++seed) {
        World world;
        User user = world.user();
        Model model;
        std::map<Time, std::int64_t> closed;
        Dice random(seed);
        auto chance = [&](int of_hundred) { return random() % 100 < of_hundred; };
        Time time = kStart;
        for (int step = 0; step < 60; ++step) {
            Time pauses[] = {1, 999, 14999, 15000, 15001, 60000, 5000};
            time += pauses[random() % 7];
            bool begin = chance(30), end = chance(30), ignore = chance(15);
            std::optional<std::int64_t> duration;
            if (chance(50))
                duration = random() % 4 * 20;
            Outcome outcome = world.ingest(user, step_request(time, begin, duration, end, ignore));
            user = outcome.user;
            for (std::size_t batch = 0; batch < outcome.batches.size(); ++batch)
                for (Cursor cursor{View(outcome.batches[batch].events)}; cursor.next();) {
                    View event(cursor.item());
                    if (event.find("key")->bytes != kSessionEvent)
                        continue;
                    closed[number_of(*event.find("ts")).integer()] +=
                        number_of(*event.find("dur")).integer();
                }
            model.request(time, begin, duration.value_or(0), end, ignore);

            CAPTURE(seed);
            CAPTURE(step);
            REQUIRE(user.session_count == model.count);
            REQUIRE(user.time_spent == model.spent);
            REQUIRE(user.session.start.has_value() == model.exists);
            REQUIRE(closed.size() == model.closed.size());
            if (model.exists) {
                REQUIRE(*user.session.start == model.start);
                REQUIRE(user.session.end.has_value() == model.ended);
                REQUIRE(user.session.duration == model.duration);
            }
        }
        for (const Model::Past &past : model.closed)
            CHECK(closed[past.start] == past.duration);
        std::int64_t spent = user.session.start ? user.session.duration : 0;
        for (auto [start, seconds] : closed)
            spent += seconds;
        CHECK(spent == user.time_spent);
    }
}

TEST_CASE("session: late requests in any order never move the last times back")
{
    for (unsigned seed = 1; seed <= 100; ++seed) {
        World world;
        User user = world.user();
        Dice random(seed);
        Time earliest = kStart + 1000000000, latest = 0, last_begin = 0;
        for (int step = 0; step < 40; ++step) {
            Time time = kStart + random() % 600 * 1000;
            bool begin = random() % 3 == 0;
            std::int32_t before = user.session_count;
            user = world
                       .ingest(user,
                               step_request(time, begin, random() % 30, random() % 4 == 0, false))
                       .user;
            earliest = std::min(earliest, time);
            latest = std::max(latest, time);
            if (user.session_count > before)
                last_begin = std::max(last_begin, time);
            REQUIRE(user.first_seen == earliest);
            REQUIRE(user.last_seen == latest);
            REQUIRE(user.session_count >= before);
            if (user.session_count) {
                REQUIRE(user.last_session == last_begin);
                REQUIRE(*user.first_seen <= *user.first_session);
                REQUIRE(*user.first_session <= *user.last_session);
                REQUIRE(*user.last_session <= *user.last_seen);
            }
            if (user.session.end)
                REQUIRE(*user.session.end >= *user.session.start);
        }
    }
}

TEST_CASE("session: the event of a closed one, with the profile before the request that closes it")
{
    World world;
    User user =
        world
            .ingest(
                world.user(62),
                R"({"device_id": "d", "timestamp": 1600000000, "begin_session": 1, "user_details": {"custom": {"n": 1}},
                                               "events": [{"key": "a"}, {"key": "[CLY]_view"}]})")
            .user;
    CHECK(user.session.events == 1);
    Outcome outcome = world.ingest(
        user,
        R"({"device_id": "d", "timestamp": 1600000100, "begin_session": 1, "user_details": {"custom": {"n": 2}}, "events": [{"key": "b"}]})");
    REQUIRE(outcome.batches.size() == 2);
    CHECK(
        world.events(outcome.batches[0]) ==
        R"([{"ts": 1600000000000, "dur": 0, "key": "[CLY]_session", "segmentation": {"ended": "true", "events": 1, "session_id": "10_1600000000000"}}])");
    CHECK(world.text(outcome.batches[0].profile).find(R"("custom": {"n": 1})") !=
          std::string::npos);
    CHECK(outcome.batches[0].first == 1600000000000);
    CHECK(outcome.batches[0].last == 1600000000000);
    CHECK(world.events(outcome.batches[1]) == R"([{"ts": 1600000100000, "key": "b"}])");
    CHECK(world.text(outcome.batches[1].profile).find(R"("custom": {"n": 2})") !=
          std::string::npos);
    CHECK(outcome.user.session.events == 1);
}

TEST_CASE(
    "session: end with ignore_cooldown goes into the request's own batch, whose range it may widen")
{
    World world;
    User user = world
                    .ingest(world.user(),
                            R"({"device_id": "d", "timestamp": 1600000000, "begin_session": 1})")
                    .user;
    Outcome outcome = world.ingest(
        user,
        R"({"device_id": "d", "timestamp": 1600000100, "end_session": 1, "ignore_cooldown": 1, "session_duration": 100,
                                            "events": [{"key": "b"}], "user_details": {"custom": {"n": 2}}})");
    REQUIRE(outcome.batches.size() == 1);
    CHECK(outcome.batches[0].first == 1600000000000);
    CHECK(outcome.batches[0].last == 1600000100000);
    CHECK(View(outcome.batches[0].events).count() == 2);
    CHECK_FALSE(outcome.user.session.start);
}

TEST_CASE("session: durations beyond what a column holds")
{
    World world;
    world.settings.session_duration_limit = 86400;
    User user = world
                    .ingest(world.user(),
                            R"({"device_id": "d", "timestamp": 1600000000, "begin_session": 1})")
                    .user;
    user.session.duration = 2147483600;
    user = world.ingest(user, step_request(1600000001000, false, 86400, false, false)).user;
    CHECK(user.session.duration == 2147483647);
    CHECK(user.time_spent == 86400);
}

TEST_CASE("recent days: marks, shifts and forgets")
{
    RecentDays days;
    auto shown = [&] {
        std::string text = std::to_string(days.last.value_or(-1)) + ":";
        for (std::int16_t sessions : days.sessions)
            text += " " + std::to_string(sessions);
        return text;
    };
    days.mark(100, false);
    CHECK(shown() == "100: 0 -1 -1 -1 -1 -1 -1");
    days.mark(100, true);
    days.mark(100, true);
    CHECK(shown() == "100: 2 -1 -1 -1 -1 -1 -1");
    days.mark(102, true);
    CHECK(shown() == "102: 1 -1 2 -1 -1 -1 -1");
    days.mark(101, true);
    days.mark(96, true);
    days.mark(95, true);
    CHECK(shown() == "102: 1 1 2 -1 -1 -1 1");
    days.mark(108, false);
    CHECK(shown() == "108: 0 -1 -1 -1 -1 -1 1");
    days.mark(115, false);
    CHECK(shown() == "115: 0 -1 -1 -1 -1 -1 -1");
    days.sessions[0] = 32767;
    days.mark(115, true);
    CHECK(shown() == "115: 32767 -1 -1 -1 -1 -1 -1");
    days.mark(2000000000, false);
    days.mark(-2000000000, true);
    CHECK(shown() == "2000000000: 0 -1 -1 -1 -1 -1 -1");
}
