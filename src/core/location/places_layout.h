// The file of the geocoder: header, places in the order of their kd-tree, names by hash, texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace profiles::location {

// A text is its length in two bytes and its bytes. Offset 0 is the empty text.
struct PlacesHeader {
    char magic[8];
    std::uint64_t file_size;
    std::uint32_t place_count;
    std::uint32_t name_count;
    std::uint64_t texts_size;
};
inline constexpr char kPlacesMagic[8] = {'p', 'l', 'a', 'c', 'e', 's', ' ', '1'};

// The tree of the places [first, last) has its root at (first + last) / 2; before it lie those with a
// smaller coordinate on the root's axis, behind it the others.
struct PlaceRecord {
    double latitude, longitude;
    float vector[3];
    float reach_km;       // radius of the place
    float most_reach_km;  // the greatest of the tree below
    std::uint32_t population;
    std::uint32_t name, region, time_zone;  // offsets of texts
    char country[2];
    std::uint8_t axis;
    std::uint8_t unused;
};
static_assert(sizeof(PlaceRecord) == 56);

// Sorted by hash, the most populous first.
struct PlaceName {
    std::uint64_t hash;
    std::uint32_t place;
    std::uint32_t unused;
};

// The form of a name that is compared: small letters (Latin, Greek, Cyrillic), no space around it.
std::string folded_name(std::string_view name);

}  // namespace profiles::location
