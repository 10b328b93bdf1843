// The geocoder: from a point to the city around it, and from the name of a city to its point.
//
// All places lie in one file that is mapped, so that the backends share its memory and a new one has
// nothing to read. It is made from a table and made again when that changes; nothing outlives it, so
// its layout (places_layout.h) is of no concern to anybody else.
//
// Points are three-dimensional, on the unit sphere, in a balanced kd-tree: near the poles and across
// the date line it finds what is near.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "place.h"

namespace profiles::location {

class PlaceIndex {
public:
    struct Nearest {
        Place place;
        double distance_km;  // to its centre
    };

    // Maps a file that PlaceIndexBuilder wrote. Errors: missing_file, unreadable_file, corrupted.
    explicit PlaceIndex(const std::string &file);
    ~PlaceIndex();
    PlaceIndex(const PlaceIndex &) = delete;
    PlaceIndex &operator=(const PlaceIndex &) = delete;

    // The place that the point belongs to. A city is as large as it has people, so what counts is the
    // distance to its edge: a suburb of London is London although a village has its centre nearer.
    // Nothing when even the best has its edge more than `max_km` away.
    std::optional<Nearest> nearest(const Point &point, double max_km) const;

    // The most populous place of the name, in the country (alpha-2) unless that is empty. Any name
    // that the place has in any language; capital letters do not matter.
    std::optional<Place> find(std::string_view name, std::string_view country) const;

    std::uint32_t size() const noexcept;

private:
    struct Search;
    Place place_at(std::uint32_t position) const;
    std::string_view text_at(std::uint32_t offset) const;

    const char *data_ = nullptr;
    std::size_t size_ = 0;
};

inline constexpr double kGeocoderReachKm = 100;

// What the geocoder adds to the location that an SDK sent: by its point, else by its city. It keeps the
// SDK's own name of the city: they mean the same one.
std::optional<Place> geocode(const PlaceIndex &places, const Place &sent);

}  // namespace profiles::location
