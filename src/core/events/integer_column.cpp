// Columns of integers and of amounts: what all their forms say.
#include <algorithm>
#include <bit>
#include <cstring>

#include "../error.h"
#include "block_column.h"
#include "first_parts.h"

namespace profiles {

namespace {

// As long as eight bytes can be read, one load takes an offset with what follows it.
template <unsigned Width>
void unpack_offsets(const char *at, std::uint64_t base, std::uint64_t unit,
                    std::span<std::int64_t> integers)
{
    constexpr std::size_t kBeyond = Width == 0 ? 0 : (8 - Width + Width - 1) / Width;
    constexpr std::uint64_t kMask =
        Width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * Width % 64) - 1;
    std::size_t whole = integers.size() > kBeyond ? integers.size() - kBeyond : 0;
    for (std::size_t row = 0; row < whole; ++row) {
        std::uint64_t offset = 0;
        if constexpr (Width != 0)
            std::memcpy(&offset, at + row * Width, sizeof offset);
        integers[row] = static_cast<std::int64_t>(base + unit * (offset & kMask));
    }
    for (std::size_t row = whole; row < integers.size(); ++row) {
        std::uint64_t offset = 0;
        std::memcpy(&offset, at + row * Width, Width);
        integers[row] = static_cast<std::int64_t>(base + unit * offset);
    }
}

// Offsets of `width` bytes, one for each row.
struct OffsetBytes {
    const char *bytes;
    std::uint32_t width;
};

void unpack(OffsetBytes offsets, std::uint64_t base, std::uint64_t unit,
            std::span<std::int64_t> integers)
{
    using Unpack = void (*)(const char *, std::uint64_t, std::uint64_t, std::span<std::int64_t>);
    static constexpr Unpack kUnpack[] = {unpack_offsets<0>, unpack_offsets<1>, unpack_offsets<2>,
                                         unpack_offsets<3>, unpack_offsets<4>, unpack_offsets<5>,
                                         unpack_offsets<6>, unpack_offsets<7>, unpack_offsets<8>};
    kUnpack[offsets.width](offsets.bytes, base, unit, integers);
}

// Puts each offset of a sparse column to its row.
template <unsigned Width>
void spread(std::string_view bytes, std::uint32_t rows, std::uint32_t stored, char *to)
{
    const char *from = bytes.data() + block::size_of_bits(rows);
    const char *end = from + std::size_t{stored} * Width;
    for (std::uint32_t first = 0; first < rows; first += 64) {
        auto word = layout::load<std::uint64_t>(bytes.data() + first / 64 * sizeof(std::uint64_t));
        require_block(rows - first >= 64 || word >> (rows - first) == 0);
        for (; word != 0; word &= word - 1, from += Width) {
            require_block(from != end);
            std::memcpy(to + std::size_t{first + std::countr_zero(word)} * Width, from, Width);
        }
    }
    require_block(from == end);
}

OffsetBytes read_sparse(const block::Entry &entry, std::uint32_t rows, std::string_view bytes,
                        std::vector<std::uint64_t> &memory)
{
    using Spread = void (*)(std::string_view, std::uint32_t, std::uint32_t, char *);
    static constexpr Spread kSpread[] = {spread<1>, spread<2>, spread<3>, spread<4>,
                                         spread<5>, spread<6>, spread<7>, spread<8>};
    memory.assign((std::size_t{rows} * entry.width + 7) / 8, 0);
    auto *offsets = reinterpret_cast<char *>(memory.data());
    kSpread[entry.width - 1](bytes, rows, entry.runs, offsets);
    return {offsets, entry.width};
}

// The second parts come as integers already, the first ones are added to them.
void add_first_parts(const block::Entry &entry, const char *bytes, std::span<std::int64_t> integers)
{
    std::vector<std::uint16_t> memory;
    const char *first =
        FirstParts(entry, static_cast<std::uint32_t>(integers.size()), bytes).all(memory);
    auto base = static_cast<std::uint64_t>(entry.base);
    std::uint64_t step = entry.unit * entry.step, largest = 0;
    for (std::size_t row = 0; row < integers.size(); ++row) {
        auto second = static_cast<std::uint64_t>(integers[row]);
        largest = std::max(largest, second - base);
        integers[row] = static_cast<std::int64_t>(
            second + step * layout::load<std::uint16_t>(first + row * sizeof(std::uint16_t)));
    }
    require_block(largest < step);
}

OffsetBytes read_split(const block::Entry &entry, std::uint32_t rows, std::string_view bytes,
                       std::vector<std::uint64_t> &memory)
{
    memory.resize(rows);
    std::span offsets(reinterpret_cast<std::int64_t *>(memory.data()), rows);
    block::Entry as_offsets = entry;
    as_offsets.base = 0;
    as_offsets.unit = 1;
    unpack({bytes.data() + FirstParts::size(entry, rows), entry.width}, 0, 1, offsets);
    add_first_parts(as_offsets, bytes.data(), offsets);
    return {reinterpret_cast<const char *>(memory.data()), sizeof(std::uint64_t)};
}

// Whatever the form. `memory` is for those that are not in place.
OffsetBytes read_offsets(const block::Entry &entry, std::uint32_t rows, std::string_view bytes,
                         std::vector<std::uint64_t> &memory)
{
    switch (entry.form) {
    case block::Form::sparse: return read_sparse(entry, rows, bytes, memory);
    case block::Form::split: return read_split(entry, rows, bytes, memory);
    default: return {bytes.data(), entry.width};
    }
}

}  // namespace

void read_integers(const ColumnDirectory &directory, const BlockColumnInfo &column,
                   const BlockBytes &bytes, std::span<std::int64_t> integers)
{
    require_block(column.holds_integers() && integers.size() == directory.rows());
    const block::Entry &entry = column.entry;
    std::string_view codes = bytes.at(column.codes);
    auto base = static_cast<std::uint64_t>(entry.base);
    if (entry.form == block::Form::split) {
        const char *second = codes.data() + FirstParts::size(entry, directory.rows());
        unpack({second, entry.width}, base, entry.unit, integers);
        return add_first_parts(entry, codes.data(), integers);
    }
    std::vector<std::uint64_t> memory;
    unpack(read_offsets(entry, directory.rows(), codes, memory), base, entry.unit, integers);
}

IntegerColumn::IntegerColumn(const ColumnDirectory &directory, const BlockColumnInfo &column,
                             const BlockBytes &bytes)
    : base_(static_cast<std::uint64_t>(column.entry.base)), unit_(column.entry.unit)
{
    require_block(column.holds_integers());
    OffsetBytes offsets =
        read_offsets(column.entry, directory.rows(), bytes.at(column.codes), memory_);
    width_ = offsets.width;
    offsets_ = width_ == 0 ? kNothing : offsets.bytes;
    mask_ = width_ == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * width_) - 1;
    std::uint32_t beyond = width_ == 0 ? 0 : 7 / width_;
    whole_ = directory.rows() > beyond ? directory.rows() - beyond : 0;
}

std::uint64_t IntegerColumn::last_offset(const char *at) const
{
    std::uint64_t offset = 0;
    std::memcpy(&offset, at, width_);
    return offset;
}

Number scaled_number(std::int64_t coefficient, std::uint16_t digits)
{
    if (digits == 0)
        return coefficient;
    Decimal decimal;
    decimal.negative = coefficient < 0;
    auto magnitude = static_cast<std::uint64_t>(coefficient);
    decimal.coefficient = decimal.negative ? 0 - magnitude : magnitude;
    decimal.exponent = static_cast<std::int16_t>(-static_cast<int>(digits));
    return Number::of(decimal);
}

std::vector<Number> read_numbers(const ColumnDirectory &directory, const BlockColumnInfo &column,
                                 const BlockBytes &bytes)
{
    std::vector<Number> numbers(directory.rows());
    if (column.holds_integers()) {
        require_block(column.entry.exponent <= INT16_MAX);
        std::vector<std::int64_t> coefficients(numbers.size());
        read_integers(directory, column, bytes, coefficients);
        for (std::size_t row = 0; row < numbers.size(); ++row)
            numbers[row] = scaled_number(coefficients[row], column.entry.exponent);
        return numbers;
    }
    BlockColumn values(directory, column, bytes);
    values.for_each_run([&](std::uint32_t first, std::uint32_t last, std::uint32_t code) {
        std::optional<Item> value = values.value(code);
        require_block(value && value->is_number());
        std::fill(numbers.begin() + first, numbers.begin() + last, number_of(*value));
    });
    return numbers;
}

}  // namespace profiles
