// Where a user is, from everything that may say so: the request of the SDK, the geocoder, GeoIP.
//
// The sources are asked in this order and each fills only what is still missing, unless it
// contradicts what is known so far: a source that names another country or another city speaks of
// another place, so nothing of it is taken. A city without a country takes its country only from a
// source that names the same city, and a country takes a city only from a source that names the
// same country: no answer ever pairs a city with another country.
//
// A user who opted out (location="" or disabled) is Unknown, has no coordinates, and GeoIP is not
// asked. What stays missing is "Unknown" too, as everywhere in a profile, but `source` tells the
// two apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "place.h"

namespace profiles::location {

inline constexpr std::string_view kUnknown = "Unknown";

enum class Source { unknown, sdk, geocoder, geoip, disabled };
std::string_view source_name(Source source) noexcept;

// Coordinates that the user has from earlier requests.
struct KnownPoint {
    Point point;
    bool gps = false;              // measured by the device, not derived by the geocoder or GeoIP
    std::int64_t age_seconds = 0;  // since they were sent
};

// A measured coordinate is better than a derived one for this long.
inline constexpr std::int64_t kGpsWinsSeconds = 7 * 24 * 60 * 60;

struct LocationInput {
    bool disabled = false;
    Place sdk;                          // as sent; its point from parse_location()
    const Place *geocoder = nullptr;    // what it says about the SDK's point or city, if anything
    const Place *geoip = nullptr;       // what the address says, if anything
    const KnownPoint *known = nullptr;  // what the user had before this request
};

// The texts lie in the input's.
struct ResolvedLocation {
    Place place;                      // country, region and city are never empty
    Source source = Source::unknown;  // the first source that gave anything that is in `place`
    Source country_source = Source::unknown;
    Source point_source = Source::unknown;  // sdk for a known GPS coordinate, too
    bool gps = false;                       // the point was measured by the device
    bool kept = false;                      // the point is `known`: its age goes on
};

ResolvedLocation resolve(const LocationInput &input) noexcept;

// The parameter `location` of a request: "" opts out, "lat,lon" is two finite numbers in range,
// spaces around them allowed; anything else is malformed, and the caller reports it.
enum class WireLocation { disabled, point, malformed };
WireLocation parse_location(std::string_view text, Point &point) noexcept;

}  // namespace profiles::location
