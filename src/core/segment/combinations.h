// One row may be in several groups: a breakdown gives a number for each element of an array.
#pragma once

#include <optional>
#include <span>

#include "../interrupt.h"
#include "../profile/value.h"
#include "group_table.h"

namespace profiles {

using Ids = std::vector<std::uint32_t>;  // what one breakdown gives for one row
using CellIds = std::array<std::uint32_t, kMaxBreakdowns>;

// The numbers of the values that were found, which collect_values() leaves in `scratch`.
void find_ids(const std::optional<Item> &found, ValueIds &values,
              std::vector<std::optional<std::string>> &scratch, Ids &ids);

// Every combination of the values of all breakdowns that is asked for, counted like an odometer.
template <typename Visit>
void for_each_combination(std::uint32_t bucket, std::span<const Ids *const> all,
                          const std::optional<CellIds> &cell, Visit &&visit)
{
    std::array<std::size_t, kMaxBreakdowns> chosen{};
    GroupKey key;
    key.bucket = bucket;
    for (;;) {
        check_interrupt();
        for (std::size_t index = 0; index < all.size(); ++index)
            key.ids[index] = (*all[index])[chosen[index]];
        if (!cell || key.ids == *cell)
            visit(key);
        std::size_t wheel = 0;
        while (wheel < all.size() && ++chosen[wheel] == all[wheel]->size())
            chosen[wheel++] = 0;
        if (wheel == all.size())
            return;
    }
}

}  // namespace profiles
