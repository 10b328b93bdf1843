#include "sphere.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace profiles::location {

namespace {

constexpr double kDegree = std::numbers::pi / 180;
// Rounding must not lose a point on the edge: a tenth of a millimetre.
constexpr double kSlack = 1e-9;

}  // namespace

// The haversine formula, which stays exact for small distances.
double distance_km(const Point &a, const Point &b) noexcept
{
    double up = std::sin((b.latitude - a.latitude) * kDegree / 2);
    double along = std::sin((b.longitude - a.longitude) * kDegree / 2);
    double h =
        up * up + std::cos(a.latitude * kDegree) * std::cos(b.latitude * kDegree) * along * along;
    return 2 * kEarthRadiusKm * std::asin(std::min(1.0, std::sqrt(h)));
}

std::array<double, 3> unit_vector(const Point &point) noexcept
{
    double latitude = point.latitude * kDegree, longitude = point.longitude * kDegree;
    return {std::cos(latitude) * std::cos(longitude), std::cos(latitude) * std::sin(longitude),
            std::sin(latitude)};
}

BoundingRanges bounding_ranges(const Point &centre, double km) noexcept
{
    BoundingRanges ranges{-90, 90, {-180, 1}, {180, 0}};
    double angle = km / kEarthRadiusKm + kSlack;
    ranges.south = std::max(-90.0, centre.latitude - angle / kDegree);
    ranges.north = std::min(90.0, centre.latitude + angle / kDegree);
    // A circle that reaches a pole has all longitudes.
    if (ranges.south <= -90 || ranges.north >= 90)
        return ranges;
    double sine = std::sin(angle) / std::cos(centre.latitude * kDegree);
    if (sine >= 1)
        return ranges;
    double width = std::asin(sine) / kDegree + kSlack;
    ranges.west[0] = centre.longitude - width;
    ranges.east[0] = centre.longitude + width;
    if (ranges.west[0] < -180) {
        ranges.west[1] = ranges.west[0] + 360;
        ranges.east[1] = 180;
        ranges.west[0] = -180;
    } else if (ranges.east[0] > 180) {
        ranges.west[1] = -180;
        ranges.east[1] = ranges.east[0] - 360;
        ranges.east[0] = 180;
    }
    return ranges;
}

}  // namespace profiles::location
