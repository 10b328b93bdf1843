#include "block_column.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

std::string_view BlockBytes::at(ByteRange range) const
{
    if (range.size == 0)
        return {};
    for (const Part &part : parts_)
        if (range.offset >= part.offset && range.offset - part.offset <= part.bytes.size() &&
            range.size <= part.bytes.size() - (range.offset - part.offset))
            return part.bytes.substr(range.offset - part.offset, range.size);
    raise_corrupted_block();
}

BlockUsers::BlockUsers(const BlockDirectory &directory, const BlockBytes &bytes)
    : bytes_(bytes.at(directory.user_bytes()).data()), count_(directory.users()),
      rows_(directory.rows()), base_(directory.first_uid())
{
    require_block(first_row(0) == 0);
    for (std::uint32_t user = 1; user < count_; ++user)
        require_block(low_bits(user - 1) < low_bits(user) && first_row(user - 1) < first_row(user));
    require_block(first_row(count_ - 1) < rows_);
}

std::uint32_t BlockUsers::lower_bound(std::int64_t sought) const
{
    std::uint32_t first = 0, last = count_;
    while (first < last) {
        std::uint32_t middle = first + (last - first) / 2;
        if (uid(middle) < sought)
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}

BlockColumn::BlockColumn(const ColumnDirectory &directory, const BlockColumnInfo &column,
                         const BlockBytes &bytes)
    : dictionary_(bytes.at(column.dictionary)), form_(column.entry.form),
      width_(column.entry.width), has_missing_(column.entry.has_missing != 0),
      rows_(directory.rows()), runs_(column.entry.runs), values_(column.entry.values),
      code_count_(column.code_count())
{
    require_block(form_ != block::Form::integers);
    std::string_view codes = bytes.at(column.codes);
    starts_ = codes.data();
    codes_ = codes.data() + (form_ == block::Form::runs ? runs_ * sizeof(std::uint16_t) : 0);
    if (form_ == block::Form::runs)
        check_runs();
    if (form_ != block::Form::constant)
        check_codes(form_ == block::Form::runs ? runs_ : rows_);
}

void BlockColumn::check_runs() const
{
    require_block(run_start(0) == 0);
    for (std::uint32_t run = 0; run < runs_; ++run)
        require_block(run_start(run) < run_start(run + 1));
}

void BlockColumn::check_codes(std::size_t count) const
{
    if (width_ == 1 && code_count_ >= 256)
        return;
    std::uint32_t largest = 0;
    for (std::size_t index = 0; index < count; ++index)
        largest = std::max(largest, code(index));
    require_block(largest < code_count_);
}

std::optional<Item> BlockColumn::value(std::uint32_t code) const
{
    if (has_missing_ && code == 0)
        return std::nullopt;
    std::uint32_t number = code - has_missing_;
    std::uint32_t end = value_end(number);
    std::uint32_t start = number == 0 ? 0 : value_end(number - 1) & block::kMaxPayload;
    auto type = end >> 28;
    end &= block::kMaxPayload;
    std::size_t payloads = dictionary_.size() - values_ * sizeof end;
    require_block(type <= kLastType && start <= end && end <= payloads);
    return Item{static_cast<Type>(type),
                dictionary_.substr(values_ * sizeof end + start, end - start)};
}

void BlockColumn::read_codes(std::span<std::uint16_t> codes) const
{
    if (form_ == block::Form::plain && width_ == 2) {
        std::memcpy(codes.data(), codes_, rows_ * sizeof(std::uint16_t));
    } else if (form_ == block::Form::plain) {
        for (std::uint32_t row = 0; row < rows_; ++row)
            codes[row] = static_cast<unsigned char>(codes_[row]);
    } else {
        for_each_run([&](std::uint32_t first, std::uint32_t last, std::uint32_t code) {
            std::fill(codes.data() + first, codes.data() + last, static_cast<std::uint16_t>(code));
        });
    }
}

template <typename Code>
void BlockColumn::choose_plain_rows(std::span<const std::uint8_t> chosen,
                                    std::span<std::uint64_t> words) const
{
    for (std::uint32_t first = 0; first < rows_; first += 64) {
        std::uint32_t count = std::min(rows_ - first, 64u);
        const char *at = codes_ + std::size_t{first} * sizeof(Code);
        std::uint64_t word = 0;
        for (std::uint32_t index = 0; index < count; ++index)
            word |= std::uint64_t{chosen[layout::load<Code>(at + index * sizeof(Code))]} << index;
        words[first / 64] |= word;
    }
}

void BlockColumn::choose_rows(std::span<const std::uint8_t> chosen,
                              std::span<std::uint64_t> words) const
{
    if (form_ == block::Form::plain && width_ == 1)
        return choose_plain_rows<std::uint8_t>(chosen, words);
    if (form_ == block::Form::plain)
        return choose_plain_rows<std::uint16_t>(chosen, words);
    for_each_run([&](std::uint32_t first, std::uint32_t last, std::uint32_t code) {
        if (!chosen[code])
            return;
        for (; first < last && first % 64 != 0; ++first)
            words[first / 64] |= std::uint64_t{1} << first % 64;
        for (; first + 64 <= last; first += 64)
            words[first / 64] = ~std::uint64_t{0};
        for (; first < last; ++first)
            words[first / 64] |= std::uint64_t{1} << first % 64;
    });
}

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

}  // namespace

void read_integers(const ColumnDirectory &directory, const BlockColumnInfo &column,
                   const BlockBytes &bytes, std::span<std::int64_t> integers)
{
    require_block(column.entry.form == block::Form::integers &&
                  integers.size() == directory.rows());
    using Unpack = void (*)(const char *, std::uint64_t, std::uint64_t, std::span<std::int64_t>);
    static constexpr Unpack kUnpack[] = {unpack_offsets<0>, unpack_offsets<1>, unpack_offsets<2>,
                                         unpack_offsets<3>, unpack_offsets<4>, unpack_offsets<5>,
                                         unpack_offsets<6>, unpack_offsets<7>, unpack_offsets<8>};
    kUnpack[column.entry.width](bytes.at(column.codes).data(),
                                static_cast<std::uint64_t>(column.entry.base), column.entry.unit,
                                integers);
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
    if (column.entry.form == block::Form::integers) {
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
