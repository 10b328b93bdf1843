// Rows as bits: 64 a word, the first in the lowest bit.
#pragma once

#include <cstdint>
#include <span>

namespace profiles {

// Rows [first, last).
inline void set_rows(std::span<std::uint64_t> words, std::uint32_t first, std::uint32_t last)
{
    if (first >= last)
        return;
    std::uint32_t word = first / 64, last_word = (last - 1) / 64;
    std::uint64_t from_first = ~std::uint64_t{0} << first % 64;
    std::uint64_t to_last = ~std::uint64_t{0} >> (63 - (last - 1) % 64);
    if (word == last_word) {
        words[word] |= from_first & to_last;
        return;
    }
    words[word++] |= from_first;
    while (word < last_word)
        words[word++] = ~std::uint64_t{0};
    words[word] |= to_last;
}

}  // namespace profiles
