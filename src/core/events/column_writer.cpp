#include "column_writer.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

namespace {

void append(std::string &out, std::uint64_t value, unsigned width)
{
    char bytes[8];
    layout::store(bytes, value);
    out.append(bytes, width);
}

void write_dictionary(const ValueTable &table, std::span<const std::uint32_t> ranks,
                      std::string &out)
{
    std::vector<const Item *> sorted(ranks.size());
    for (std::size_t number = 0; number < ranks.size(); ++number)
        sorted[ranks[number]] = &table.values()[number];
    if (table.payload() > block::kMaxPayload)
        throw Error(ErrorCode::limit_exceeded, "values of an event are too long for a block");
    std::uint32_t end = 0;
    for (const Item *value : sorted) {
        end += static_cast<std::uint32_t>(value->bytes.size());
        append(out, block::pack_value_end(end, value->type), sizeof end);
    }
    for (const Item *value : sorted)
        out.append(value->bytes);
}

// A bit a row.
template <typename IsSet>
void write_bits(std::size_t rows, IsSet is_set, std::string &out)
{
    for (std::size_t first = 0; first < rows; first += 64) {
        std::uint64_t word = 0;
        for (std::size_t row = first; row < std::min(first + 64, rows); ++row)
            word |= std::uint64_t{is_set(row)} << row % 64;
        append(out, word, sizeof word);
    }
}

std::uint32_t count_runs(std::span<const std::uint32_t> codes)
{
    std::uint32_t runs = 1;
    for (std::size_t row = 1; row < codes.size(); ++row)
        runs += codes[row] != codes[row - 1];
    return runs;
}

void write_plain(std::span<const std::uint32_t> codes, unsigned width, std::string &out)
{
    std::size_t start = out.size();
    out.resize(start + codes.size() * width);
    char *at = out.data() + start;
    for (std::uint32_t code : codes) {
        if (width == 1)
            *at = static_cast<char>(code);
        else
            layout::store(at, static_cast<std::uint16_t>(code));
        at += width;
    }
}

void write_runs(std::span<const std::uint32_t> codes, unsigned width, std::string &out)
{
    auto begins = [&](std::size_t row) { return row == 0 || codes[row] != codes[row - 1]; };
    for (std::size_t row = 0; row < codes.size(); ++row)
        if (begins(row))
            append(out, row, sizeof(std::uint16_t));
    for (std::size_t row = 0; row < codes.size(); ++row)
        if (begins(row))
            append(out, codes[row], width);
}

void write_planes(std::span<const std::uint32_t> codes, unsigned planes, std::string &out)
{
    for (unsigned plane = 0; plane < planes; ++plane)
        write_bits(
            codes.size(), [&](std::size_t row) { return codes[row] >> plane & 1; }, out);
}

void write_codes(std::span<const std::uint32_t> codes, std::size_t distinct, block::Entry &entry,
                 std::string &out)
{
    std::uint32_t runs = count_runs(codes);
    if (runs == 1)
        return;
    entry.width = distinct <= 256 ? 1 : 2;
    auto planes = static_cast<std::uint8_t>(std::bit_width(distinct - 1));
    std::size_t plain_size = codes.size() * entry.width;
    std::size_t runs_size = runs * (sizeof(std::uint16_t) + entry.width);
    std::size_t planes_size =
        planes * block::size_of_bits(static_cast<std::uint32_t>(codes.size()));
    if (planes <= block::kMostPlanes && planes_size < std::min(plain_size, runs_size)) {
        entry.form = block::Form::planes;
        entry.width = planes;
        write_planes(codes, planes, out);
    } else if (runs_size < plain_size) {
        entry.form = block::Form::runs;
        entry.runs = runs;
        write_runs(codes, entry.width, out);
    } else {
        entry.form = block::Form::plain;
        write_plain(codes, entry.width, out);
    }
}

// Integers as base + unit * offset.
struct Offsets {
    std::int64_t base = 0;
    std::uint64_t unit = 1, largest = 0;

    std::uint64_t distance(std::int64_t integer) const
    {
        return static_cast<std::uint64_t>(integer) - static_cast<std::uint64_t>(base);
    }
    std::uint64_t of(std::int64_t integer) const { return distance(integer) / unit; }
};

Offsets offsets_of(std::span<const std::int64_t> integers)
{
    auto [least, greatest] = std::minmax_element(integers.begin(), integers.end());
    Offsets offsets{.base = *least, .unit = 0};
    for (std::int64_t integer : integers)
        offsets.unit = std::gcd(offsets.unit, offsets.distance(integer));
    offsets.unit = std::max<std::uint64_t>(offsets.unit, 1);
    offsets.largest = offsets.of(*greatest);
    return offsets;
}

// The bytes that hold it.
std::uint8_t width_of(std::uint64_t largest)
{
    std::uint8_t width = 0;
    while (width < 8 && largest >> (8 * width) != 0)
        ++width;
    return width;
}

std::int64_t power_of_ten(int exponent)
{
    std::int64_t power = 1;
    for (; exponent > 0; --exponent)
        power *= 10;
    return power;
}

// The coefficient of the number at 10^-digits, if it has one in 64 bits.
bool scale(const Number &number, int digits, std::int64_t &scaled)
{
    Decimal decimal = number.decimal();
    int shift = decimal.exponent + digits;
    if (decimal.coefficient == 0) {
        scaled = 0;
        return true;
    }
    if (shift < 0 || shift > 18 || decimal.coefficient > INT64_MAX)
        return false;
    auto coefficient = static_cast<std::int64_t>(decimal.coefficient);
    return !__builtin_mul_overflow(decimal.negative ? -coefficient : coefficient,
                                   power_of_ten(shift), &scaled);
}

}  // namespace

void write_column(const ValueTable &values, std::span<std::uint32_t> codes, block::Entry &entry,
                  std::string &out)
{
    std::vector<std::uint32_t> ranks = values.ranks();
    entry.values = static_cast<std::uint32_t>(ranks.size());
    entry.has_missing = std::find(codes.begin(), codes.end(), 0u) != codes.end();
    for (std::uint32_t &code : codes)
        if (code != 0)
            code = ranks[code - 1] + entry.has_missing;
    std::size_t start = out.size();
    write_dictionary(values, ranks, out);
    entry.dictionary_size = static_cast<std::uint32_t>(out.size() - start);
    start = out.size();
    write_codes(codes, ranks.size() + entry.has_missing, entry, out);
    entry.codes_size = static_cast<std::uint32_t>(out.size() - start);
}

void write_integers(std::span<const std::int64_t> integers, block::Entry &entry, std::string &out)
{
    Offsets offsets = offsets_of(integers);
    entry.form = block::Form::integers;
    entry.base = offsets.base;
    entry.unit = offsets.unit;
    entry.width = width_of(offsets.largest);
    std::size_t start = out.size();
    auto others = static_cast<std::uint32_t>(
        std::count_if(integers.begin(), integers.end(),
                      [&](std::int64_t integer) { return integer != offsets.base; }));
    if (block::size_of_bits(static_cast<std::uint32_t>(integers.size())) + others * entry.width <
        integers.size() * entry.width) {
        entry.form = block::Form::sparse;
        entry.runs = others;
        write_bits(
            integers.size(), [&](std::size_t row) { return integers[row] != offsets.base; }, out);
    }
    for (std::int64_t integer : integers)
        if (entry.form == block::Form::integers || integer != offsets.base)
            append(out, offsets.of(integer), entry.width);
    entry.codes_size = static_cast<std::uint32_t>(out.size() - start);
}

void write_times(std::span<const std::int64_t> times, block::Entry &entry, std::string &out)
{
    auto [first, last] = std::minmax_element(times.begin(), times.end());
    Offsets offsets{.base = *first - (*first % block::kQuarter + block::kQuarter) % block::kQuarter,
                    .unit = block::kQuarter};
    for (std::int64_t time : times)
        offsets.unit = std::gcd(offsets.unit, offsets.distance(time));
    std::uint64_t step = block::kQuarter / offsets.unit;
    std::uint8_t width = std::max<std::uint8_t>(width_of(step - 1), 1);
    if (offsets.distance(*last) / block::kQuarter > UINT16_MAX)
        return write_integers(times, entry, out);
    auto first_part = [&](std::size_t row) { return offsets.of(times[row]) / step; };
    auto begins = [&](std::size_t row) {
        return row == 0 || first_part(row) != first_part(row - 1);
    };
    std::uint32_t runs = 0, rows = static_cast<std::uint32_t>(times.size());
    for (std::size_t row = 0; row < times.size(); ++row)
        runs += begins(row);
    if (block::size_of_first_parts(runs, rows) >= block::size_of_first_parts(0, rows))
        runs = 0;
    std::size_t size = block::size_of_first_parts(runs, rows) + times.size() * width;
    if (size > times.size() * width_of(offsets_of(times).largest))
        return write_integers(times, entry, out);
    entry.form = block::Form::split;
    entry.base = offsets.base;
    entry.unit = offsets.unit;
    entry.width = width;
    entry.step = static_cast<std::uint32_t>(step);
    entry.runs = runs;
    if (runs > 0)
        write_bits(times.size(), begins, out);
    for (std::size_t row = 0; row < times.size(); ++row)
        if (runs == 0 || begins(row))
            append(out, first_part(row), sizeof(std::uint16_t));
    for (std::int64_t time : times)
        append(out, offsets.of(time) % step, width);
    entry.codes_size = static_cast<std::uint32_t>(size);
}

bool write_numbers(std::span<const Number> numbers, block::Entry &entry, std::string &out)
{
    int digits = 0;
    for (const Number &number : numbers)
        if (!number.is_integer())
            digits = std::max(digits, -number.decimal().exponent);
    std::vector<std::int64_t> scaled(numbers.size());
    for (std::size_t row = 0; row < numbers.size(); ++row)
        if (!scale(numbers[row], digits, scaled[row]))
            return false;
    entry.exponent = static_cast<std::uint16_t>(digits);
    write_integers(scaled, entry, out);
    return true;
}

}  // namespace profiles
