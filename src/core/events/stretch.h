// Rows [first, last) of a block that are counted together.
#pragma once

#include <cstdint>

namespace profiles {

struct Stretch {
    std::uint32_t first, last;
    std::uint32_t chosen;  // how many of them count
    std::uint32_t user;    // the number of their user in the block

    // Calls visit(number, mask) for each word of bits, 64 a word, that has some of its rows.
    template <typename Visit>
    void for_each_word(Visit &&visit) const;
};

template <typename Visit>
[[gnu::always_inline]] inline void Stretch::for_each_word(Visit &&visit) const
{
    std::uint32_t word = first / 64, last_word = (last - 1) / 64;
    std::uint64_t mask = ~std::uint64_t{0} << first % 64;
    for (; word < last_word; ++word, mask = ~std::uint64_t{0})
        visit(word, mask);
    visit(word, mask & (~std::uint64_t{0} >> (63 - (last - 1) % 64)));
}

}  // namespace profiles
