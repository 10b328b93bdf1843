// Distances on the earth, taken as a sphere: off by at most 0.6 % of what an ellipsoid gives.
#pragma once

#include <array>

#include "place.h"

namespace profiles::location {

inline constexpr double kEarthRadiusKm = 6371.0088;  // the mean radius (IUGG)

// Along the great circle.
double distance_km(const Point &a, const Point &b) noexcept;

// On the unit sphere: poles and the date line are nothing special there.
std::array<double, 3> unit_vector(const Point &point) noexcept;

// Whatever lies within `km` of the centre has coordinates in these ranges, ends included. A circle over
// the date line has two ranges of longitude, others have the second one empty (low > high).
struct BoundingRanges {
    double south, north;
    double west[2], east[2];
};
BoundingRanges bounding_ranges(const Point &centre, double km) noexcept;

}  // namespace profiles::location
