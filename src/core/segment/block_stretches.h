// Rows one after the other that have the same user and the same values of some properties. What is known of a user
// changes seldom: who asks for no more than that counts a stretch of rows in one step.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "../events/block_column.h"
#include "../events/stretch.h"
#include "row_set.h"

namespace profiles {

class BlockStretches {
public:
    static constexpr std::size_t kMostColumns = 3;

    // Those with chosen rows. False when that is more work than to look at these rows.
    bool find(const BlockUsers &users, std::span<const ColumnRuns> columns, const RowSet &chosen);

    std::span<const Stretch> all() const { return {stretches_.data(), count_}; }
    // One for each stretch.
    std::span<const std::uint16_t> codes(std::size_t column) const
    {
        return {codes_[column].data(), count_};
    }

private:
    std::size_t count_ = 0;
    std::vector<Stretch> stretches_;  // these and the codes are longer than needed
    std::array<std::vector<std::uint16_t>, kMostColumns> codes_;
    std::vector<std::uint64_t> chosen_;
    std::vector<std::uint32_t> ranks_;
};

}  // namespace profiles
