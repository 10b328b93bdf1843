// Two users become one.
#include <doctest/doctest.h>

#include <algorithm>
#include <tuple>

#include "../../src/core/ingest/duplicates.h"
#include "../../src/core/ingest/merge.h"
#include "ingestion.h"

using namespace profiles;
using namespace profiles::test;

namespace {

struct Pair : World {
    User from = user(1), into = user(2);

    User merge() { return merge_users(from, into, now, &memory); }
    std::string profiles() { return text(merge().profile); }
};

}  // namespace

TEST_CASE("merge: the survivor's identity, sums, minima, maxima")
{
    Pair pair;
    pair.from.device_id = "old";
    pair.into.device_id = "new";
    pair.from.device_id_type = 1;
    pair.into.device_id_type = 0;
    pair.from.first_seen = 10, pair.from.last_seen = 500, pair.from.first_session = 20,
    pair.from.last_session = 400;
    pair.into.first_seen = 5, pair.into.last_seen = 100, pair.into.first_session = 30,
    pair.into.last_session = 90;
    pair.from.first_sync = 1, pair.from.last_sync = 2;
    pair.from.session_count = 3, pair.from.time_spent = 30, pair.from.event_count = 300,
    pair.from.merges = 2;
    pair.into.session_count = 4, pair.into.time_spent = 40, pair.into.event_count = 400,
    pair.into.merges = 1;
    User merged = pair.merge();
    CHECK(merged.uid == 2);
    CHECK(merged.device_id == "new");
    CHECK(merged.device_id_type == 0);
    CHECK(merged.identified);
    CHECK(merged.first_seen == 5);
    CHECK(merged.last_seen == 500);
    CHECK(merged.first_session == 20);
    CHECK(merged.last_session == 400);
    CHECK(merged.first_sync == 1);
    CHECK(merged.last_sync == 2);
    CHECK(merged.session_count == 7);
    CHECK(merged.time_spent == 70);
    CHECK(merged.event_count == 700);
    CHECK(merged.merges == 4);
}

TEST_CASE("merge: properties of whoever had the later session, filled one level deep")
{
    Pair pair;
    pair.from.profile = pair.profile(
        R"({"name": "old", "phone": "1", "sdk": {"name": "a"}, "custom": {"a": 1, "b": [1], "c": {"x": 1}}, "campaign": {"name": "c"}})");
    pair.into.profile = pair.profile(
        R"({"name": "new", "email": "e", "sdk": {"version": "2"}, "custom": {"b": [2], "c": {"y": 1}, "d": 1}})");
    std::string of_new =
        R"({"sdk": {"version": "2"}, "name": "new", "email": "e", "phone": "1", "custom": {"a": 1, "b": [2], "c": {"y": 1}, "d": 1}, "campaign": {"name": "c"}})";
    std::string of_old =
        R"({"sdk": {"name": "a"}, "name": "old", "email": "e", "phone": "1", "custom": {"a": 1, "b": [1], "c": {"x": 1}, "d": 1}, "campaign": {"name": "c"}})";
    CHECK(pair.profiles() == of_new);
    pair.from.last_session = 10;
    CHECK(pair.profiles() == of_old);
    pair.into.last_session = 10;
    CHECK(pair.profiles() == of_new);
    pair.into.last_session = 9;
    CHECK(pair.profiles() == of_old);
    pair.from.last_session.reset();
    CHECK(pair.profiles() == of_new);
    pair.into.profile = pair.profile("{}");
    CHECK(pair.profiles() == pair.text(pair.from.profile));
}

TEST_CASE("merge: the location is one thing")
{
    Pair pair;
    pair.from.profile = pair.profile(
        R"({"country": "DE", "city": "Berlin", "region": "BE", "latitude": 1, "longitude": 2, "x": 1})");
    pair.from.location_source = "sdk";
    pair.from.location_at = 7;
    pair.into.profile =
        pair.profile(R"({"country": "FR", "city": "Unknown", "region": "Unknown"})");
    pair.into.location_source = "geoip";
    CHECK(pair.profiles() ==
          R"({"x": 1, "city": "Unknown", "region": "Unknown", "country": "FR"})");
    CHECK(pair.merge().location_source == "geoip");
    CHECK_FALSE(pair.merge().location_at);
    pair.into.location_source = "disabled";
    CHECK(pair.profiles() ==
          R"({"x": 1, "city": "Unknown", "region": "Unknown", "country": "FR"})");
    CHECK(pair.merge().location_source == "disabled");
    pair.into.location_source = "sdk";
    pair.from.location_source = "disabled";  // as well when the other one was used later
    CHECK(
        pair.profiles() ==
        R"({"x": 1, "city": "Berlin", "region": "BE", "country": "DE", "latitude": 1, "longitude": 2})");
    CHECK(pair.merge().location_source == "disabled");
    pair.from.location_source = "sdk";
    for (std::string_view source : {"unknown", ""}) {
        pair.into.location_source = source;
        CHECK(
            pair.profiles() ==
            R"({"x": 1, "city": "Berlin", "region": "BE", "country": "DE", "latitude": 1, "longitude": 2})");
        CHECK(pair.merge().location_source == "sdk");
        CHECK(pair.merge().location_at == 7);
    }
    pair.from.location_source = "";
    pair.into.location_source = "unknown";
    CHECK(pair.merge().location_source == "unknown");
}

TEST_CASE("merge: days of both are added, whoever is ahead")
{
    Dice random(1);
    for (int round = 0; round < 500; ++round) {
        Pair pair;
        RecentDays expected;
        // marks in ascending order are the same as one history of both
        std::vector<std::tuple<Day, bool, bool>> marks;
        for (int count = 0; count < 12; ++count)
            marks.emplace_back(100 + random() % 15, random() % 2 == 1, random() % 2 == 1);
        std::sort(marks.begin(), marks.end());
        for (auto [day, session, of_from] : marks) {
            expected.mark(day, session);
            (of_from ? pair.from : pair.into).recent.mark(day, session);
        }
        User merged = pair.merge();
        REQUIRE(merged.recent.last == expected.last);
        REQUIRE(merged.recent.sessions == expected.sessions);
    }
}

TEST_CASE("merge: requests of both are remembered")
{
    Pair pair;
    pair.from.recent_requests = remember({}, 1, &pair.memory);
    pair.into.recent_requests = remember({}, 2, &pair.memory);
    CHECK(is_remembered(pair.merge().recent_requests, 1));
    CHECK(is_remembered(pair.merge().recent_requests, 2));
}

TEST_CASE("merge: of two full rings the newest half of each is remembered")
{
    World world;
    std::string_view left, right;
    for (std::uint64_t hash = 1; hash <= 32; ++hash) {
        left = remember(left, hash, &world.memory);
        right = remember(right, 100 + hash, &world.memory);
    }
    std::string_view both = merge_remembered(left, right, &world.memory);
    CHECK(both.size() == 32 * 8);
    for (std::uint64_t hash = 1; hash <= 32; ++hash) {
        CHECK(is_remembered(both, hash) == (hash > 16));
        CHECK(is_remembered(both, 100 + hash) == (hash > 16));
    }
    CHECK(merge_remembered(left, {}, &world.memory) == left);
    CHECK(merge_remembered({}, right, &world.memory) == right);
}
