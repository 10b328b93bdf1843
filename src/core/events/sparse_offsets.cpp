#include "sparse_offsets.h"

#include <bit>
#include <cstring>

#include "../clones.h"
#include "../error.h"

namespace profiles {

namespace {

std::uint64_t word_of(const char *bits, std::size_t number)
{
    return layout::load<std::uint64_t>(bits + number * sizeof(std::uint64_t));
}

// All together.
PROFILES_CLONES std::uint32_t count_before(const char *bits, std::span<std::uint32_t> ranks)
{
    std::uint32_t count = 0;
    for (std::size_t index = 0; index < ranks.size(); ++index) {
        ranks[index] = count;
        count += static_cast<std::uint32_t>(std::popcount(word_of(bits, index)));
    }
    return count;
}

struct Addition {
    std::span<const std::uint64_t> chosen;
    std::span<const std::uint32_t> cells;
    const char *bits, *offsets;
    std::uint64_t *sums;
};

// The places of a row, among the chosen ones and among those that have an offset, are the bits before its own.
template <unsigned Width>
[[gnu::always_inline]] inline void add_of_width(const Addition &add)
{
    const std::uint32_t *cells = add.cells.data();
    const char *offsets = add.offsets;
    for (std::size_t index = 0; index < add.chosen.size(); ++index) {
        std::uint64_t chosen = add.chosen[index];
        std::uint64_t stored = word_of(add.bits, index);
        bool all = chosen == ~std::uint64_t{0};
        for (std::uint64_t both = chosen & stored; both != 0; both &= both - 1) {
            std::uint64_t before = (both & -both) - 1, offset = 0;
            int place = all ? std::countr_zero(both) : std::popcount(chosen & before);
            std::memcpy(&offset, offsets + std::popcount(stored & before) * Width, Width);
            add.sums[cells[place]] += offset;
        }
        cells += std::popcount(chosen);
        offsets += std::popcount(stored) * Width;
    }
}

struct StretchAddition {
    std::span<const std::uint64_t> chosen;
    std::span<const Stretch> stretches;
    const std::uint32_t *cells;
    const char *bits, *offsets;
    const std::uint32_t *ranks;
    std::uint64_t *sums;
};

template <unsigned Width>
[[gnu::always_inline]] inline std::uint64_t offset_at(const char *offsets, std::uint32_t place)
{
    std::uint64_t offset = 0;
    std::memcpy(&offset, offsets + std::size_t{place} * Width, Width);
    return offset;
}

// Mostly all offsets of a stretch are wanted: they lie side by side.
template <unsigned Width>
[[gnu::always_inline]] inline void add_stretches(const StretchAddition &add)
{
    for (std::size_t index = 0; index < add.stretches.size(); ++index) {
        std::uint64_t sum = 0;
        add.stretches[index].for_each_word([&](std::uint32_t word, std::uint64_t mask) {
            std::uint64_t stored = word_of(add.bits, word), inside = stored & mask;
            std::uint64_t both = inside & add.chosen[word];
            if (both == 0)
                return;
            std::uint32_t before = add.ranks[word];
            if (both == inside) {
                auto place = before + static_cast<std::uint32_t>(
                                          std::popcount(stored & ((inside & -inside) - 1)));
                auto end = place + static_cast<std::uint32_t>(std::popcount(inside));
                for (; place < end; ++place)
                    sum += offset_at<Width>(add.offsets, place);
                return;
            }
            for (; both != 0; both &= both - 1)
                sum += offset_at<Width>(add.offsets,
                                        before + static_cast<std::uint32_t>(
                                                     std::popcount(stored & ((both & -both) - 1))));
        });
        add.sums[add.cells[index]] += sum;
    }
}

// No templates: only functions that are none can be compiled twice.
PROFILES_CLONES void add(const Addition &add, std::uint32_t width)
{
    switch (width) {
    case 1: return add_of_width<1>(add);
    case 2: return add_of_width<2>(add);
    case 3: return add_of_width<3>(add);
    case 4: return add_of_width<4>(add);
    case 5: return add_of_width<5>(add);
    default: return add_of_width<6>(add);
    }
}

PROFILES_CLONES void add(const StretchAddition &add, std::uint32_t width)
{
    switch (width) {
    case 1: return add_stretches<1>(add);
    case 2: return add_stretches<2>(add);
    case 3: return add_stretches<3>(add);
    case 4: return add_stretches<4>(add);
    case 5: return add_stretches<5>(add);
    default: return add_stretches<6>(add);
    }
}

}  // namespace

SparseOffsets::SparseOffsets(const ColumnDirectory &directory, const BlockColumnInfo &column,
                             const BlockBytes &bytes)
    : width_(column.entry.width), base_(column.entry.base), unit_(column.entry.unit),
      ranks_(block::size_of_bits(directory.rows()) / sizeof(std::uint64_t))
{
    require_block(add_up_in(column));
    bits_ = bytes.at(column.codes).data();
    offsets_ = bits_ + ranks_.size() * sizeof(std::uint64_t);
    std::uint32_t used = (directory.rows() - 1) % 64 + 1;
    require_block(count_before(bits_, ranks_) == column.entry.runs &&
                  (used == 64 || word_of(bits_, ranks_.size() - 1) >> used == 0));
}

bool SparseOffsets::has_any(std::span<const std::uint64_t> chosen) const
{
    std::uint64_t any = 0;
    for (std::size_t index = 0; index < chosen.size(); ++index)
        any |= chosen[index] & word_of(bits_, index);
    return any != 0;
}

void SparseOffsets::add_up(std::span<const std::uint64_t> chosen,
                           std::span<const std::uint32_t> cells,
                           std::span<std::uint64_t> sums) const
{
    add(Addition{chosen, cells, bits_, offsets_, sums.data()}, width_);
}

void SparseOffsets::add_up(std::span<const std::uint64_t> chosen,
                           std::span<const Stretch> stretches, std::span<const std::uint32_t> cells,
                           std::span<std::uint64_t> sums) const
{
    if (has_any(chosen))
        add(StretchAddition{chosen, stretches, cells.data(), bits_, offsets_, ranks_.data(),
                            sums.data()},
            width_);
}

}  // namespace profiles
