#include "row_set.h"

#include "../clones.h"

namespace profiles {

namespace {

PROFILES_CLONES std::uint32_t count_bits(std::span<const std::uint64_t> words)
{
    std::uint32_t bits = 0;
    for (std::uint64_t word : words)
        bits += static_cast<std::uint32_t>(std::popcount(word));
    return bits;
}

PROFILES_CLONES void list_bits(std::span<const std::uint64_t> words, std::uint16_t *to)
{
    for (std::size_t index = 0; index < words.size(); ++index)
        for (std::uint64_t word = words[index]; word != 0; word &= word - 1)
            *to++ = static_cast<std::uint16_t>(index * 64 +
                                               static_cast<std::size_t>(std::countr_zero(word)));
}

}  // namespace

std::uint32_t RowSet::count() const { return count_bits(words_); }

void RowSet::list(std::uint16_t *rows) const { list_bits(words_, rows); }

}  // namespace profiles
