#include "block_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "../clones.h"
#include "../error.h"
#include "run_numbers.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

namespace {

// Stretches of a fixed length are what compilers make vector code of.
constexpr std::size_t kStretch = 64;

// True when each of these integers is less than the next one.
bool do_ascend(const char *integers, std::size_t count)
{
    std::array<std::uint16_t, kStretch> left{}, right{};
    std::array<std::uint8_t, kStretch> wrong{};
    std::size_t at = 0;
    for (; at + kStretch < count; at += kStretch) {
        std::memcpy(left.data(), integers + 2 * at, sizeof left);
        std::memcpy(right.data(), integers + 2 * at + 2, sizeof right);
        for (std::size_t index = 0; index < kStretch; ++index)
            wrong[index] |= left[index] >= right[index];
    }
    for (; at + 1 < count; ++at)
        wrong[0] |= layout::load<std::uint16_t>(integers + 2 * at) >=
                    layout::load<std::uint16_t>(integers + 2 * at + 2);
    return std::count(wrong.begin(), wrong.end(), 0) == std::ssize(wrong);
}

}  // namespace

BlockUsers::BlockUsers(const BlockDirectory &directory, const BlockBytes &bytes)
    : bytes_(bytes.at(directory.user_bytes()).data()), count_(directory.users()),
      rows_(directory.rows()), base_(directory.first_uid())
{
    const char *first_rows = bytes_ + std::size_t{count_} * sizeof(std::uint16_t);
    require_block(first_row(0) == 0 && do_ascend(bytes_, count_) && do_ascend(first_rows, count_) &&
                  first_row(count_ - 1) < rows_);
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
    require_block(!column.holds_integers());
    std::string_view codes = bytes.at(column.codes);
    starts_ = codes.data();
    codes_ = codes.data() + (form_ == block::Form::runs ? runs_ * sizeof(std::uint16_t) : 0);
    if (form_ == block::Form::planes)
        check_planes();
    if (form_ == block::Form::runs)
        check_runs();
    if (form_ == block::Form::plain || form_ == block::Form::runs)
        check_codes(form_ == block::Form::runs ? runs_ : rows_);
}

namespace {

template <typename Code>
Code largest_code(const char *codes, std::size_t count)
{
    std::array<Code, kStretch> stretch{}, largest{};
    std::size_t at = 0;
    for (; at + kStretch <= count; at += kStretch) {
        std::memcpy(stretch.data(), codes + at * sizeof(Code), sizeof stretch);
        for (std::size_t index = 0; index < kStretch; ++index)
            largest[index] = std::max(largest[index], stretch[index]);
    }
    for (; at < count; ++at)
        largest[0] = std::max(largest[0], layout::load<Code>(codes + at * sizeof(Code)));
    return *std::max_element(largest.begin(), largest.end());
}

// 64 flags, each 0 or 1, as the bits of a word.
std::uint64_t word_of(const std::array<std::uint8_t, kStretch> &flags)
{
    std::uint64_t word = 0;
#ifdef __SSE2__
    for (std::size_t part = 0; part < 4; ++part) {
        __m128i sixteen =
            _mm_loadu_si128(reinterpret_cast<const __m128i *>(flags.data() + 16 * part));
        auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_slli_epi16(sixteen, 7)));
        word |= std::uint64_t{bits} << 16 * part;
    }
#else
    // A multiplication moves those of eight bytes side by side.
    for (std::size_t part = 0; part < 8; ++part) {
        std::uint64_t eight;
        std::memcpy(&eight, flags.data() + 8 * part, sizeof eight);
        word |= (eight * 0x0102040810204080 >> 56) << 8 * part;
    }
#endif
    return word;
}

}  // namespace

void BlockColumn::check_runs() const
{
    require_block(run_start(0) == 0 && do_ascend(starts_, runs_) && run_start(runs_ - 1) < rows_);
}

void BlockColumn::check_codes(std::size_t count) const
{
    if (width_ == 1 && code_count_ >= 256)
        return;
    std::uint32_t largest = width_ == 1 ? largest_code<std::uint8_t>(codes_, count)
                                        : largest_code<std::uint16_t>(codes_, count);
    require_block(largest < code_count_);
}

namespace {

// The bits of a byte as eight bytes.
constexpr std::array<std::uint64_t, 256> spread_bits()
{
    std::array<std::uint64_t, 256> spread{};
    for (std::size_t byte = 0; byte < 256; ++byte)
        for (unsigned bit = 0; bit < 8; ++bit)
            spread[byte] |= std::uint64_t{byte >> bit & 1} << 8 * bit;
    return spread;
}
constexpr std::array<std::uint64_t, 256> kSpreadBits = spread_bits();

}  // namespace

void BlockColumn::read_planes(std::size_t number, std::span<std::uint8_t, 64> codes) const
{
    const char *bits = codes_ + number * sizeof(std::uint64_t);
    for (std::size_t part = 0; part < 8; ++part) {
        std::uint64_t eight = 0;
        for (unsigned plane = 0; plane < width_; ++plane)
            eight |= kSpreadBits[static_cast<unsigned char>(
                         bits[plane * block::size_of_bits(rows_) + part])]
                     << plane;
        std::memcpy(codes.data() + 8 * part, &eight, sizeof eight);
    }
}

namespace {

// Of one code: the rows where each plane has its bit.
template <unsigned Planes>
[[gnu::always_inline]] inline void add_rows_of(const char *planes, unsigned code,
                                               std::span<std::uint64_t> words)
{
    std::array<std::uint64_t, Planes> other;
    for (unsigned plane = 0; plane < Planes; ++plane)
        other[plane] = (code >> plane & 1) - std::uint64_t{1};
    for (std::size_t number = 0; number < words.size(); ++number) {
        std::uint64_t rows = ~std::uint64_t{0};
        for (unsigned plane = 0; plane < Planes; ++plane)
            rows &= other[plane] ^
                    layout::load<std::uint64_t>(planes + (plane * words.size() + number) *
                                                             sizeof(std::uint64_t));
        words[number] |= rows;
    }
}

PROFILES_CLONES void add_rows_in_planes(const char *planes, unsigned count, unsigned code,
                                        std::span<std::uint64_t> words)
{
    switch (count) {
    case 1: return add_rows_of<1>(planes, code, words);
    case 2: return add_rows_of<2>(planes, code, words);
    case 3: return add_rows_of<3>(planes, code, words);
    default: return add_rows_of<4>(planes, code, words);
    }
}

}  // namespace

void BlockColumn::check_planes() const
{
    std::array<std::uint64_t, block::kMaxRows / 64> found{};
    std::span words(found.data(), block::size_of_bits(rows_) / sizeof(std::uint64_t));
    for (unsigned code = code_count_; code < 1u << width_; ++code)
        add_rows_in_planes(codes_, width_, code, words);
    // After the last row there is nothing but code 0.
    std::uint64_t wrong = 0;
    for (unsigned plane = 0; rows_ % 64 != 0 && plane < width_; ++plane)
        wrong |= layout::load<std::uint64_t>(codes_ + ((plane + 1) * words.size() - 1) *
                                                          sizeof(std::uint64_t)) >>
                 rows_ % 64;
    for (std::uint64_t word : words)
        wrong |= word;
    require_block(wrong == 0);
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
        std::uint32_t row = 0;
        for (; row + kStretch <= rows_; row += kStretch)
            for (std::uint32_t index = 0; index < kStretch; ++index)
                codes[row + index] = static_cast<unsigned char>(codes_[row + index]);
        for (; row < rows_; ++row)
            codes[row] = static_cast<unsigned char>(codes_[row]);
    } else if (form_ == block::Form::planes) {
        for_each_run([&](std::uint32_t row, std::uint32_t, std::uint32_t code) {
            codes[row] = static_cast<std::uint16_t>(code);
        });
    } else {
        for_each_run([&](std::uint32_t first, std::uint32_t last, std::uint32_t code) {
            std::fill(codes.data() + first, codes.data() + last, static_cast<std::uint16_t>(code));
        });
    }
}

void BlockColumn::read_codes(std::span<const std::uint16_t> rows,
                             std::span<std::uint16_t> codes) const
{
    std::uint16_t *out = codes.data();
    if (form_ == block::Form::constant) {
        std::fill(codes.begin(), codes.end(), std::uint16_t{0});
    } else if (form_ == block::Form::runs) {
        std::array<std::uint64_t, block::kMaxRows / 64> begins{};
        for (std::uint32_t run = 0; run < runs_; ++run)
            begins[run_start(run) / 64] |= std::uint64_t{1} << run_start(run) % 64;
        number_runs(reinterpret_cast<const char *>(begins.data()), begins.size(), rows, out);
        runs().read_codes(codes);
    } else if (form_ == block::Form::planes) {
        std::array<std::uint8_t, 64> of_word;
        std::uint32_t number = UINT32_MAX;
        for (std::uint16_t row : rows) {
            if (row / 64u != number)
                read_planes(number = row / 64u, of_word);
            *out++ = of_word[row % 64];
        }
    } else if (width_ == 1) {
        for (const char *from = codes_; std::uint16_t row : rows)
            *out++ = static_cast<unsigned char>(from[row]);
    } else {
        for (const char *from = codes_; std::uint16_t row : rows)
            *out++ = layout::load<std::uint16_t>(from + row * sizeof *out);
    }
}

template <typename Code, typename IsChosen>
void BlockColumn::choose_rows_where(IsChosen is_chosen, std::span<std::uint64_t> words) const
{
    std::array<std::uint8_t, kStretch> flags{};
    std::array<Code, kStretch> stretch{};
    std::uint32_t first = 0;
    for (; first + kStretch <= rows_; first += kStretch) {
        std::memcpy(stretch.data(), codes_ + std::size_t{first} * sizeof(Code), sizeof stretch);
        for (std::size_t index = 0; index < kStretch; ++index)
            flags[index] = is_chosen(stretch[index]);
        words[first / kStretch] |= word_of(flags);
    }
    for (; first < rows_; ++first)
        if (is_chosen(layout::load<Code>(codes_ + std::size_t{first} * sizeof(Code))))
            words[first / 64] |= std::uint64_t{1} << first % 64;
}

// Mostly one value is asked for, or all but one: then codes are compared, many at a time.
template <typename Code>
void BlockColumn::choose_plain_rows(std::span<const std::uint8_t> chosen,
                                    std::span<std::uint64_t> words) const
{
    auto count = static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), 1));
    auto code_of = [&](std::uint8_t flag) {
        return static_cast<Code>(std::find(chosen.begin(), chosen.end(), flag) - chosen.begin());
    };
    if (count == 1)
        choose_rows_where<Code>([one = code_of(1)](Code code) { return code == one; }, words);
    else if (count + 1 == chosen.size())
        choose_rows_where<Code>([other = code_of(0)](Code code) { return code != other; }, words);
    else if (count > 0)
        choose_rows_where<Code>([&](Code code) { return chosen[code] != 0; }, words);
}

void BlockColumn::choose_rows(std::span<const std::uint8_t> chosen,
                              std::span<std::uint64_t> words) const
{
    if (form_ == block::Form::plain && width_ == 1)
        choose_plain_rows<std::uint8_t>(chosen, words);
    else if (form_ == block::Form::plain)
        choose_plain_rows<std::uint16_t>(chosen, words);
    else if (form_ == block::Form::planes)
        choose_in_planes(chosen, words);
    else
        choose_runs(chosen, words);
}

void BlockColumn::choose_in_planes(std::span<const std::uint8_t> chosen,
                                   std::span<std::uint64_t> words) const
{
    for (unsigned code = 0; code < chosen.size(); ++code)
        if (chosen[code])
            add_rows_in_planes(codes_, width_, code, words);
    if (rows_ % 64 != 0)
        words.back() &= (std::uint64_t{1} << rows_ % 64) - 1;
}

// First a bit where a chosen stretch begins or ends, then each bit becomes the parity of all up to it.
void BlockColumn::choose_runs(std::span<const std::uint8_t> chosen,
                              std::span<std::uint64_t> words) const
{
    ColumnRuns all = runs();
    std::uint64_t before = 0;
    for (std::uint32_t run = 0; run < all.count(); ++run) {
        std::uint64_t is_chosen = chosen[all.code(run)];
        words[all.start(run) / 64] ^= (is_chosen ^ before) << all.start(run) % 64;
        before = is_chosen;
    }
    std::uint64_t carry = 0;
    for (std::uint64_t &word : words) {
        for (unsigned shift = 1; shift < 64; shift *= 2)
            word ^= word << shift;
        word ^= carry;
        carry = 0 - (word >> 63);
    }
    if (rows_ % 64 != 0)
        words.back() &= (std::uint64_t{1} << rows_ % 64) - 1;
}

}  // namespace profiles
