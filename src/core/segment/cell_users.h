// Which users of a block each cell has, put together from units that come in the order of users.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "block_filter.h"
#include "user_set.h"

namespace profiles {

class CellUsers {
public:
    // `cells` has the cell of each unit; user_of(unit), asked once for each in their order, is the number of its
    // user in the block. There are no more cells than a block has rows.
    template <typename UserOf>
    void find(std::span<const std::uint32_t> cells, std::size_t cell_count, UserOf user_of);

    // Those of one cell, for add_to().
    void choose(const BlockParts &parts, std::uint32_t cell);
    // Says by how many bytes the set may have grown.
    std::size_t add_to(UserSet &users, const BlockParts &parts) const;

private:
    struct Found {
        std::uint16_t cell, user;
    };

    void sort(std::span<const Found> found, std::size_t cell_count);

    std::vector<Found> found_;               // longer than needed
    std::vector<std::uint32_t> last_users_;  // of each cell, while units are gone through
    std::vector<std::uint16_t> users_;       // by their numbers, cell by cell
    std::vector<std::uint32_t> starts_;      // of the users of each cell, and the end
    std::vector<std::uint16_t> low_bits_;    // of the users of the chosen cell
    std::vector<std::int64_t> uids_;         // instead, when some have moved
};

// A user is new in a cell when it is not the last one there.
template <typename UserOf>
void CellUsers::find(std::span<const std::uint32_t> cells, std::size_t cell_count, UserOf user_of)
{
    if (found_.size() < cells.size() + 1)
        found_.resize(cells.size() + 1);
    last_users_.assign(cell_count, UINT32_MAX);
    Found *found = found_.data();
    std::uint32_t *last_users = last_users_.data();
    for (std::size_t unit = 0; unit < cells.size(); ++unit) {
        std::uint32_t user = user_of(unit), cell = cells[unit];
        *found = {static_cast<std::uint16_t>(cell), static_cast<std::uint16_t>(user)};
        found += last_users[cell] != user;
        last_users[cell] = user;
    }
    sort({found_.data(), found}, cell_count);
}

}  // namespace profiles
