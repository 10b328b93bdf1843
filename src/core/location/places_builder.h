// Makes the file of the geocoder from places in any order.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "place.h"
#include "places_layout.h"

namespace profiles::location {

class PlaceIndexBuilder {
public:
    // `other_names`: separated by commas. A place without a valid point is left out.
    void add(const Place &place, std::string_view other_names, std::int64_t population);

    // Writes the file under another name and renames it when it is complete. Polls check_interrupt().
    void write(const std::string &file);

private:
    std::uint32_t text(std::string_view text);
    void add_name(std::string_view name);
    void build_tree(std::size_t first, std::size_t last);
    std::vector<PlaceName> name_table() const;

    struct Entry {
        PlaceRecord record;
        std::uint32_t number;  // in the order of add()
    };

    std::vector<Entry> entries_;
    std::vector<PlaceName> names_;  // places by number, until the tree has its order
    std::string texts_ = std::string(2, '\0');
    std::unordered_map<std::string, std::uint32_t> offsets_;
};

}  // namespace profiles::location
