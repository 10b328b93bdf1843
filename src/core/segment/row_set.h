// A set of rows of a block, as bits.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "../events/row_bits.h"

namespace profiles {

class RowSet {
public:
    explicit RowSet(std::uint32_t rows, bool all = false)
        : words_((rows + 63) / 64, all ? ~std::uint64_t{0} : 0)
    {
        if (all && rows % 64 != 0)
            words_.back() = (std::uint64_t{1} << rows % 64) - 1;
    }

    void add(std::uint32_t row) { words_[row / 64] |= std::uint64_t{1} << row % 64; }
    void add(std::uint32_t first, std::uint32_t last) { set_rows(words_, first, last); }

    void keep(const RowSet &other)
    {
        for (std::size_t index = 0; index < words_.size(); ++index)
            words_[index] &= other.words_[index];
    }
    void add(const RowSet &other)
    {
        for (std::size_t index = 0; index < words_.size(); ++index)
            words_[index] |= other.words_[index];
    }

    void remove(const RowSet &other)
    {
        for (std::size_t index = 0; index < words_.size(); ++index)
            words_[index] &= ~other.words_[index];
    }

    bool empty() const
    {
        for (std::uint64_t word : words_)
            if (word != 0)
                return false;
        return true;
    }

    std::uint32_t count() const;
    std::span<std::uint64_t> words() { return words_; }
    std::span<const std::uint64_t> words() const { return words_; }
    // As many of them in ascending order as count() says.
    void list(std::uint16_t *rows) const;

    // Calls visit(row) in ascending order.
    template <typename Visit>
    void for_each(Visit &&visit) const
    {
        for (std::size_t index = 0; index < words_.size(); ++index)
            for (std::uint64_t word = words_[index]; word != 0; word &= word - 1)
                visit(static_cast<std::uint32_t>(index * 64) +
                      static_cast<std::uint32_t>(std::countr_zero(word)));
    }

private:
    std::vector<std::uint64_t> words_;
};

}  // namespace profiles
