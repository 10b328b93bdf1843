// The fallback of locations: which source gives what. Expected results are worked out from the
// rulings in docs/reference/location.md.
#include "../../src/core/location/fallback.h"

#include <doctest/doctest.h>
#include <string>

using namespace profiles::location;

namespace {

const Place kBerlin{"DE", "Land Berlin", "Berlin", "Europe/Berlin", Point{52.52, 13.4}, 20};
const Place kParis{"FR", "\u00cele-de-France", "Paris", "Europe/Paris", Point{48.86, 2.35}, 5};
const Place kGermany{"DE", "", "", "", {}, {}};
constexpr std::int64_t kDay = 86'400;

Place sdk(std::string_view country, std::string_view city, std::optional<Point> point = {})
{
    return {country, "", city, "", point, {}};
}

ResolvedLocation resolved(const Place &request, const Place *geocoder, const Place *geoip,
                          const KnownPoint *known = nullptr)
{
    return resolve({false, request, geocoder, geoip, known});
}

}  // namespace

TEST_CASE("nothing known is Unknown")
{
    ResolvedLocation result = resolved({}, nullptr, nullptr);
    CHECK(result.place.country == "Unknown");
    CHECK(result.place.region == "Unknown");
    CHECK(result.place.city == "Unknown");
    CHECK_FALSE(result.place.point);
    CHECK(result.place.time_zone.empty());
    CHECK(result.source == Source::unknown);
    CHECK_FALSE(result.gps);
}

TEST_CASE("who opted out is Unknown whatever is known")
{
    KnownPoint known{{1, 2}, true, 10};
    ResolvedLocation result =
        resolve({true, sdk("DE", "Berlin", Point{52, 13}), &kBerlin, &kBerlin, &known});
    CHECK(result.place.country == "Unknown");
    CHECK(result.place.region == "Unknown");
    CHECK(result.place.city == "Unknown");
    CHECK(result.place.time_zone.empty());
    CHECK_FALSE(result.place.point);
    CHECK_FALSE(result.place.accuracy_km);
    CHECK(result.source == Source::disabled);
    CHECK_FALSE(result.gps);
    CHECK_FALSE(result.kept);
}

TEST_CASE("GeoIP alone")
{
    ResolvedLocation result = resolved({}, nullptr, &kBerlin);
    CHECK(result.place.country == "DE");
    CHECK(result.place.region == "Land Berlin");
    CHECK(result.place.city == "Berlin");
    CHECK(result.place.time_zone == "Europe/Berlin");
    CHECK(result.place.point == kBerlin.point);
    CHECK(result.place.accuracy_km == 20);
    CHECK(result.source == Source::geoip);
    CHECK(result.country_source == Source::geoip);
    CHECK(result.point_source == Source::geoip);
    CHECK_FALSE(result.gps);
}

TEST_CASE("the SDK's values win, GeoIP fills what is missing")
{
    ResolvedLocation result = resolved(sdk("de", ""), nullptr, &kBerlin);
    CHECK(result.place.country == "de");
    CHECK(result.place.city == "Berlin");
    CHECK(result.source == Source::sdk);
    CHECK(result.country_source == Source::sdk);
    CHECK(result.point_source == Source::geoip);

    result = resolved(sdk("", "", Point{1, 2}), nullptr, &kBerlin);
    CHECK(result.place.country == "DE");
    CHECK(result.place.point == Point{1, 2});
    CHECK_FALSE(result.place.accuracy_km);  // it is the accuracy of the other point
    CHECK(result.gps);
    CHECK(result.country_source == Source::geoip);
    CHECK(result.point_source == Source::sdk);
}

TEST_CASE("no city is paired with another country")
{
    for (std::string_view country : {"", "DE", "FR"})
        for (std::string_view city : {"", "Berlin", "Paris"})
            for (const Place *geocoder :
                 {static_cast<const Place *>(nullptr), &kBerlin, &kParis, &kGermany})
                for (const Place *geoip :
                     {static_cast<const Place *>(nullptr), &kBerlin, &kParis, &kGermany}) {
                    ResolvedLocation result = resolved(sdk(country, city), geocoder, geoip);
                    bool sent_both = !country.empty() && !city.empty();
                    if (!sent_both && result.place.city == "Berlin")
                        CHECK((result.place.country == "DE" || result.place.country == "Unknown"));
                    if (!sent_both && result.place.city == "Paris")
                        CHECK((result.place.country == "FR" || result.place.country == "Unknown"));
                    if (result.place.point && !sent_both) {
                        const Place &owner = result.place.point == kBerlin.point ? kBerlin : kParis;
                        CHECK(result.place.country == owner.country);
                        CHECK(result.place.city == owner.city);
                    }
                    if (!country.empty())
                        CHECK(result.place.country == country);
                    if (!city.empty())
                        CHECK(result.place.city == city);
                }
}

TEST_CASE("the geocoder comes before GeoIP, and GeoIP after a contradiction "
          "adds nothing")
{
    ResolvedLocation result = resolved(sdk("", "", Point{52.5, 13.4}), &kBerlin, &kParis);
    CHECK(result.place.country == "DE");
    CHECK(result.place.city == "Berlin");
    CHECK(result.place.time_zone == "Europe/Berlin");
    CHECK(result.country_source == Source::geocoder);
    CHECK(result.source == Source::sdk);

    result = resolved(sdk("", "Paris"), &kParis, &kBerlin);
    CHECK(result.place.country == "FR");
    CHECK(result.place.point == kParis.point);
    CHECK(result.point_source == Source::geocoder);

    result = resolved(sdk("US", ""), &kParis, &kBerlin);
    CHECK(result.place.country == "US");
    CHECK(result.place.city == "Unknown");
    CHECK(result.place.time_zone.empty());
    CHECK_FALSE(result.place.point);
}

TEST_CASE("a measured coordinate wins over a derived one for seven days")
{
    KnownPoint fresh{{1, 2}, true, 7 * kDay - 1};
    KnownPoint old{{1, 2}, true, 7 * kDay};
    KnownPoint derived{{1, 2}, false, 10};

    ResolvedLocation result = resolved({}, nullptr, &kBerlin, &fresh);
    CHECK(result.place.point == Point{1, 2});
    CHECK_FALSE(result.place.accuracy_km);
    CHECK(result.gps);
    CHECK(result.kept);
    CHECK(result.place.country == "DE");
    CHECK(result.country_source == Source::geoip);

    result = resolved({}, nullptr, &kBerlin, &old);
    CHECK(result.place.point == kBerlin.point);
    CHECK_FALSE(result.gps);
    CHECK_FALSE(result.kept);

    result = resolved({}, nullptr, &kGermany, &old);  // nothing newer
    CHECK(result.place.point == Point{1, 2});
    CHECK(result.kept);

    result = resolved({}, nullptr, &kBerlin, &derived);
    CHECK(result.place.point == kBerlin.point);
    result = resolved({}, nullptr, nullptr, &derived);
    CHECK_FALSE(result.place.point);

    result = resolved(sdk("", "", Point{3, 4}), nullptr, &kBerlin, &fresh);
    CHECK(result.place.point == Point{3, 4});
    CHECK(result.gps);
    CHECK_FALSE(result.kept);
}

TEST_CASE("the parameter location")
{
    Point point{9, 9};
    CHECK(parse_location("", point) == WireLocation::disabled);
    CHECK(parse_location("52.5,13.4", point) == WireLocation::point);
    CHECK(point == Point{52.5, 13.4});
    CHECK(parse_location(" -90 , +180 ", point) == WireLocation::point);
    CHECK(point == Point{-90, 180});
    CHECK(parse_location("1e1,-2.5E-1", point) == WireLocation::point);
    CHECK(point == Point{10, -0.25});
    point = {9, 9};
    for (std::string_view bad :
         {" ",       ",",     "1",     "1,",    ",1",      "1,2,3",  "1,2,", "90.1,0",
          "0,180.1", "-91,0", "nan,0", "0,inf", "1e999,0", "0x10,0", "1;2",  "1 2",
          "a,b",     "1,2a",  "--1,2", "+-1,2", "+,2",     "[1,2]",  "1,,2", "1.2.3,4"}) {
        CAPTURE(std::string(bad));
        CHECK(parse_location(bad, point) == WireLocation::malformed);
    }
    CHECK(parse_location(std::string_view("1,2\0", 4), point) == WireLocation::malformed);
    CHECK(point == Point{9, 9});  // untouched
}

TEST_CASE("names of the sources")
{
    CHECK(source_name(Source::sdk) == "sdk");
    CHECK(source_name(Source::geocoder) == "geocoder");
    CHECK(source_name(Source::geoip) == "geoip");
    CHECK(source_name(Source::disabled) == "disabled");
    CHECK(source_name(Source::unknown) == "unknown");
}
