// The parameters of a request, as SDKs send them.
#include <doctest/doctest.h>

#include "../../src/core/error.h"
#include "../../src/core/ingest/duplicates.h"
#include "../../src/core/ingest/request_parts.h"
#include "ingestion.h"

using namespace profiles;
using namespace profiles::test;

namespace {

std::string failure(World &world, std::string_view json)
{
    try {
        world.request(json);
    } catch (const Error &error) {
        return error.message();
    }
    return "no error";
}

std::string reasons(World &world, std::string_view json)
{
    return World::reasons(world.request(json).skips);
}

}  // namespace

TEST_CASE("request: without a device there is none")
{
    World world;
    CHECK(failure(world, "{}") == "missing parameter \"device_id\"");
    CHECK(failure(world, R"({"device_id": ""})") == "missing parameter \"device_id\"");
    CHECK(failure(world, R"({"device_id": {}})") == "missing parameter \"device_id\"");
    CHECK(failure(world, R"([])") == "a request must be a JSON object, got array");
    CHECK(failure(world, R"({"device_id": ")" + std::string(1024, 'd') + "\"}") == "no error");
    CHECK(failure(world, R"({"device_id": ")" + std::string(1025, 'd') + "\"}") ==
          "device_id is longer than 1024 bytes");
}

TEST_CASE("request: a device id of zeros is nobody's")
{
    CHECK(is_anonymous_device("00000000-0000-0000-0000-000000000000"));
    CHECK_FALSE(is_anonymous_device("00000000-0000-0000-0000-000000000001"));
    CHECK_FALSE(is_anonymous_device(""));
}

TEST_CASE("request: single values as themselves and inside strings")
{
    World world;
    for (
        std::string_view json :
        {R"({"device_id": 5, "old_device_id": 6, "t": 0, "hour": 24, "dow": 0, "tz": -60,
                                      "begin_session": 1, "end_session": true, "ignore_cooldown": 1, "session_duration": 61.9, "av": 2})",
         R"({"device_id": "5", "old_device_id": "6", "t": "0", "hour": "24", "dow": "0", "tz": "-60",
                                      "begin_session": "1", "end_session": "true", "ignore_cooldown": "1", "session_duration": "61.9", "av": "2"})"}) {
        Request request = world.request(json);
        CHECK(request.device_id == "5");
        CHECK(request.old_device_id == "6");
        CHECK(request.device_id_type == 0);
        CHECK(request.hour == 0);
        CHECK(request.day_of_week == 7);
        CHECK(request.time_zone_offset == -60);
        CHECK(request.begin_session);
        CHECK(request.end_session);
        CHECK(request.ignore_cooldown);
        CHECK(request.session_duration == 61);
        CHECK(request.app_version == "2");
        CHECK(request.skips.empty());
    }
    Request request = world.request(
        R"({"device_id": "d", "t": "", "hour": null, "begin_session": "0", "end_session": false, "session_duration": ""})");
    CHECK_FALSE(request.device_id_type);
    CHECK_FALSE(request.hour);
    CHECK_FALSE(request.has_session_parameters());
    CHECK(request.skips.empty());
}

TEST_CASE("request: times")
{
    World world;
    struct Case {
        const char *sent;
        Time time;
        bool is_sent;
    };
    for (const Case &each :
         {Case{"1600000000", 1600000000000, true}, Case{"1600000000123", 1600000000123, true},
          Case{"1600000000.5", 1600000000500, true}, Case{"\"1600000000\"", 1600000000000, true},
          Case{"1000000000", 1000000000000, true}, Case{"999999999", kNow, false},
          Case{"0", kNow, false}, Case{"-1600000000", kNow, false},
          Case{"16000000000", kNow, false}, Case{"1600000000000000", kNow, false},
          Case{"null", kNow, false}, Case{"\"\"", kNow, false}, Case{"\"soon\"", kNow, false},
          Case{"1700000000", kNow, true}, Case{"1700000001", kNow, true},
          Case{"9999999999", kNow, true}}) {
        CAPTURE(each.sent);
        Request request =
            world.request(std::string(R"({"device_id": "d", "timestamp": )") + each.sent + "}");
        CHECK(request.time == each.time);
        CHECK(request.sent_at.has_value() == each.is_sent);
    }
    CHECK(reasons(world, R"({"device_id": "d", "timestamp": 1700000060})") == "");
    CHECK(reasons(world, R"({"device_id": "d", "timestamp": 1700000061})") ==
          "timestamp: is in the future; the server's time is used");
}

TEST_CASE("request: what cannot be understood is left out and reported")
{
    World world;
    CHECK(reasons(world, R"({"device_id": "d", "session_duration": -1})") ==
          "session_duration: is negative");
    CHECK_FALSE(world.request(R"({"device_id": "d", "session_duration": -1})").session_duration);
    CHECK(reasons(world, R"({"device_id": "d", "begin_session": 2})") ==
          "begin_session: must be 1 or true");
    CHECK(reasons(world, R"({"device_id": "d", "country_code": "DEU"})") ==
          "country_code: must be an ISO 3166-1 alpha-2 code");
    CHECK(reasons(world, R"({"device_id": "d", "location": "1,2,3"})") ==
          "location: must be \"latitude,longitude\" in degrees");
    CHECK(reasons(world, R"({"device_id": "d", "ip_address": "1.2.3.4.5"})") ==
          "ip_address: must be an IPv4 or IPv6 address");
    CHECK(reasons(world, R"({"device_id": "d", "ip_address": ")" + std::string(100, '1') + "\"}") ==
          "ip_address: must be an IPv4 or IPv6 address");
    CHECK(reasons(world, R"({"device_id": "d", "metrics": "[]"})") ==
          "metrics: must be a JSON object, got array");
    CHECK(reasons(world, R"({"device_id": "d", "events": {}})") ==
          "events: must be a JSON array, got object");
    CHECK(reasons(world, R"({"device_id": "d", "colour": 1})") == "colour: unknown parameter");
    CHECK(reasons(world, R"({"device_id": "d", "app_key": 1, "rr": [], "hc": {}})") == "");
    CHECK(reasons(world, R"({"device_id": "d", "checksum": {}})") ==
          "checksum: must be a text, got object");
    CHECK(reasons(world, R"({"device_id": "d", "city": ")" + std::string(257, 'c') + "\"}") ==
          "city: value cut to 256 characters");
}

TEST_CASE("request: the location")
{
    World world;
    Request request = world.request(
        R"({"device_id": "d", "country_code": "de", "location": " 1.5 , -2 ", "ip_address": "::1"})");
    CHECK(request.place.country == "DE");
    REQUIRE(request.place.point);
    CHECK(request.place.point->latitude == 1.5);
    CHECK(request.place.point->longitude == -2);
    CHECK(request.address);
    CHECK_FALSE(request.location_disabled);
    CHECK(world.request(R"({"device_id": "d", "location": ""})").location_disabled);
}

TEST_CASE("request: its hash tells content from transport, and is part of the stored format")
{
    World world;
    auto hash = [&](std::string_view json) { return world.request(json).hash; };
    std::uint64_t plain =
        hash(R"({"device_id": "d", "timestamp": 1600000000, "events": [{"key": "a"}]})");
    CHECK(plain ==
          hash(R"({"events": [{"key": "a"}], "timestamp": 1600000000, "device_id": "d"})"));
    CHECK(
        plain ==
        hash(
            R"({"device_id": "d", "timestamp": 1600000000, "events": [{"key": "a"}], "rr": 5, "checksum": "a",
                            "checksum256": "b", "ip_address": "192.0.2.1", "ip": "192.0.2.1"})"));
    CHECK(plain !=
          hash(R"({"device_id": "d", "timestamp": 1600000001, "events": [{"key": "a"}]})"));
    CHECK(plain !=
          hash(R"({"device_id": "d", "timestamp": 1600000000, "events": [{"key": "b"}]})"));
    CHECK(
        plain !=
        hash(
            R"({"device_id": "d", "timestamp": 1600000000, "events": [{"key": "a"}], "x": null})"));
    CHECK(hash(R"({"device_id": "ab", "old_device_id": "c", "timestamp": 1600000000})") !=
          hash(R"({"device_id": "a", "old_device_id": "bc", "timestamp": 1600000000})"));
    CHECK(hash(R"({"device_id": "d"})") == 0);
    CHECK(plain == 2736157772568217485u);
}

TEST_CASE("duplicates: the last 32 are remembered, the newest first")
{
    World world;
    std::string_view ring;
    for (std::uint64_t hash = 1; hash <= 40; ++hash) {
        CHECK_FALSE(is_remembered(ring, hash));
        ring = remember(ring, hash, &world.memory);
        CHECK(is_remembered(ring, hash));
        CHECK(ring.size() == std::min<std::uint64_t>(hash, 32) * 8);
    }
    CHECK_FALSE(is_remembered(ring, 8));
    CHECK(is_remembered(ring, 9));
    // cut or foreign bytes are no reason to fail
    CHECK_FALSE(is_remembered("abc", 1));
    CHECK_FALSE(is_remembered({}, 0));
    std::string_view other = remember({}, 100, &world.memory);
    std::string_view merged = merge_remembered(other, ring, &world.memory);
    CHECK(merged.size() == 256);
    CHECK(is_remembered(merged, 100));
    CHECK(is_remembered(merged, 10));
    CHECK_FALSE(is_remembered(merged, 9));
}

TEST_CASE("request: its parts, for the log")
{
    World world;
    auto parts = [&](std::string_view rest) {
        std::string all;
        Request request = world.request(R"({"device_id": "d")" + std::string(rest) + "}");
        for (std::string_view part : request_parts(request, &world.memory))
            all.append(all.empty() ? "" : " ").append(part);
        return all;
    };
    CHECK(parts("").empty());
    CHECK(parts(R"(, "session_duration": 0)") == "session");
    CHECK(parts(R"(, "location": "")") == "location");
    CHECK(parts(R"(, "city": "Berlin", "end_session": 1)") == "session location");
    CHECK(parts(R"(, "keys": ["a"], "method": "ab", "old_device_id": "e")") == "enrolment merge");
    CHECK(parts(R"(, "old_device_id": "d", "campaign_id": "c")") == "attribution");
    CHECK(
        parts(
            R"(, "token_session": 1, "apm": {}, "consent": {}, "crash": {}, "events": [{"key": "e"}], "user_details": {"name": "x"}, "metrics": {"_os": "x"})") ==
        "metrics user_details events crash consent apm token");
}
