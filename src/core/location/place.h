// What the sources of a location have in common: the request, the geocoder and GeoIP all answer
// with a Place.
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>

namespace profiles::location {

// Degrees, WGS 84.
struct Point {
    double latitude = 0;
    double longitude = 0;

    bool operator==(const Point &) const = default;
};

// True for finite numbers with |latitude| <= 90 and |longitude| <= 180.
bool is_valid(const Point &point) noexcept;

// An empty text means that the value is not known. The texts belong to whoever made the Place: a
// record of GeoIP lives as long as its Database.
struct Place {
    std::string_view country;  // ISO 3166-1 alpha-2
    std::string_view region;   // name of the first-level subdivision, its code
                               // where it has no name
    std::string_view city;
    std::string_view time_zone;  // IANA name
    std::optional<Point> point;
    std::optional<double> accuracy_km;  // radius around the point

    // A country database answers with a country only, an ASN database with nothing of interest.
    bool empty() const noexcept
    {
        return country.empty() && region.empty() && city.empty() && time_zone.empty() && !point;
    }
};
static_assert(std::is_trivially_destructible_v<Place>);  // so it may live across
                                                         // an ereport()

}  // namespace profiles::location
