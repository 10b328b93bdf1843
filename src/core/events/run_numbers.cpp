#include "run_numbers.h"

#include <array>
#include <bit>

#include "../clones.h"
#include "block_layout.h"

namespace profiles {

namespace {

std::uint64_t word_of(const char *bits, std::size_t number)
{
    return layout::load<std::uint64_t>(bits + number * sizeof(std::uint64_t));
}

}  // namespace

PROFILES_CLONES std::uint32_t count_runs(const char *bits, std::size_t words)
{
    std::uint32_t runs = 0;
    for (std::size_t number = 0; number < words; ++number)
        runs += static_cast<std::uint32_t>(std::popcount(word_of(bits, number)));
    return runs;
}

PROFILES_CLONES void number_runs(const char *bits, std::size_t words,
                                 std::span<const std::uint16_t> rows, std::uint16_t *runs)
{
    std::array<std::uint32_t, block::kMaxRows / 64> before;
    std::uint32_t count = 0;
    for (std::size_t number = 0; number < words; ++number) {
        before[number] = count;
        count += static_cast<std::uint32_t>(std::popcount(word_of(bits, number)));
    }
    for (std::uint16_t row : rows) {
        std::uint64_t begun = word_of(bits, row / 64) & (~std::uint64_t{0} >> (63 - row % 64));
        *runs++ = static_cast<std::uint16_t>(before[row / 64] +
                                             static_cast<std::uint32_t>(std::popcount(begun)) - 1);
    }
}

}  // namespace profiles
