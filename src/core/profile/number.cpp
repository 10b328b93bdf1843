#include "number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

namespace {

constexpr int kMaxDigits = 34;      // significant digits, as decimal128
constexpr int kMaxAdjusted = 6144;  // exponent of the first digit
constexpr int kMinAdjusted = -6143;
constexpr int kPlainLength = 40;  // longer plain forms are written with an exponent
constexpr int kSafeDigits = 38;   // every number of 38 digits fits into 128 bits

constexpr Coefficient power_of_ten(int exponent)
{
    Coefficient result = 1;
    while (exponent-- > 0)
        result *= 10;
    return result;
}

int count_digits(Coefficient value)
{
    int digits = 0;
    for (; value > 0; value /= 10)
        ++digits;
    return digits;
}

[[noreturn]] void raise_out_of_range()
{
    throw Error(
        ErrorCode::out_of_range, "number out of range",
        "Numbers are exact, with up to 34 significant digits and exponents from -6143 to 6144.");
}

Decimal strip_zeros(Decimal decimal)
{
    int exponent = decimal.exponent;
    while (decimal.coefficient != 0 && decimal.coefficient % 10 == 0) {
        decimal.coefficient /= 10;
        ++exponent;
    }
    decimal.exponent = static_cast<std::int16_t>(exponent);
    return decimal;
}

Decimal checked(Coefficient coefficient, int exponent, bool negative)
{
    while (coefficient != 0 && coefficient % 10 == 0) {
        coefficient /= 10;
        ++exponent;
    }
    if (coefficient == 0)
        return {};
    int digits = count_digits(coefficient);
    int adjusted = exponent + digits - 1;
    if (digits > kMaxDigits || adjusted > kMaxAdjusted || adjusted < kMinAdjusted)
        raise_out_of_range();
    return {coefficient, static_cast<std::int16_t>(exponent), negative};
}

Decimal decimal_of(std::int64_t integer)
{
    std::uint64_t magnitude =
        integer < 0 ? -static_cast<std::uint64_t>(integer) : static_cast<std::uint64_t>(integer);
    return strip_zeros({magnitude, 0, integer < 0});
}

bool fits_integer(const Decimal &decimal, std::int64_t *integer)
{
    if (decimal.exponent < 0 || decimal.exponent > 18)
        return false;
    if (decimal.coefficient > std::numeric_limits<std::uint64_t>::max())
        return false;
    Coefficient magnitude = decimal.coefficient * power_of_ten(decimal.exponent);
    Coefficient limit = static_cast<Coefficient>(std::numeric_limits<std::int64_t>::max()) +
                        (decimal.negative ? 1 : 0);
    if (magnitude > limit)
        return false;
    auto bits = static_cast<std::uint64_t>(magnitude);
    *integer = static_cast<std::int64_t>(decimal.negative ? -bits : bits);
    return true;
}

// Strips one factor 2 of `twos` against one factor 5 of `fives` as long as both have one: together
// they are a ten, which belongs in the exponent.
int pair_off(Coefficient &twos, Coefficient &fives)
{
    int tens = 0;
    while (twos % 2 == 0 && fives % 5 == 0) {
        twos /= 2;
        fives /= 5;
        ++tens;
    }
    return tens;
}

Decimal add_decimals(Decimal left, Decimal right)
{
    if (left.coefficient == 0)
        return right;
    if (right.coefficient == 0)
        return left;
    if (left.exponent < right.exponent)
        std::swap(left, right);
    int shift = left.exponent - right.exponent;
    // The last digit of `right` is not 0, so the sum has as many digits as the shifted `left`.
    if (count_digits(left.coefficient) + shift > kSafeDigits)
        raise_out_of_range();
    Coefficient shifted = left.coefficient * power_of_ten(shift);
    if (left.negative == right.negative)
        return checked(shifted + right.coefficient, right.exponent, left.negative);
    if (shifted >= right.coefficient)
        return checked(shifted - right.coefficient, right.exponent, left.negative);
    return checked(right.coefficient - shifted, right.exponent, right.negative);
}

Decimal multiply_decimals(Decimal left, Decimal right)
{
    if (left.coefficient == 0 || right.coefficient == 0)
        return {};
    // Neither ends in 0, so only a 2 of one with a 5 of the other makes a trailing zero.
    int tens = pair_off(left.coefficient, right.coefficient);
    tens += pair_off(right.coefficient, left.coefficient);
    Coefficient product;
    if (__builtin_mul_overflow(left.coefficient, right.coefficient, &product))
        raise_out_of_range();
    return checked(product, left.exponent + right.exponent + tens, left.negative != right.negative);
}

std::strong_ordering compare_magnitudes(const Decimal &left, const Decimal &right)
{
    int left_digits = count_digits(left.coefficient),
        right_digits = count_digits(right.coefficient);
    int left_adjusted = left.exponent + left_digits, right_adjusted = right.exponent + right_digits;
    if (left_adjusted != right_adjusted)
        return left_adjusted <=> right_adjusted;
    // The same order of magnitude, so the longer coefficient bounds the shift.
    int shift = left_digits - right_digits;
    Coefficient left_aligned = left.coefficient * power_of_ten(std::max(-shift, 0));
    Coefficient right_aligned = right.coefficient * power_of_ten(std::max(shift, 0));
    return left_aligned < right_aligned   ? std::strong_ordering::less
           : left_aligned > right_aligned ? std::strong_ordering::greater
                                          : std::strong_ordering::equal;
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// Reads JSON's number grammar from left to right, keeping the digits that count.
class NumberReader {
public:
    explicit NumberReader(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

    Decimal read()
    {
        bool negative = skip('-');
        read_integer_part();
        if (skip('.'))
            read_digits(-1);
        if (skip('e') || skip('E'))
            read_exponent();
        if (at_ != end_)
            raise_syntax();
        if (coefficient_ == 0)
            return {};
        return checked(coefficient_, std::clamp(exponent_, -20000, 20000), negative);
    }

private:
    bool skip(char expected)
    {
        if (at_ == end_ || *at_ != expected)
            return false;
        ++at_;
        return true;
    }

    void read_integer_part()
    {
        if (skip('0')) {
            if (at_ != end_ && is_digit(*at_))
                raise_syntax();
            return;
        }
        read_digits(0);
    }

    // Zeros are held back until a digit follows, so that trailing ones cost no precision.
    void read_digits(int exponent_step)
    {
        if (at_ == end_ || !is_digit(*at_))
            raise_syntax();
        for (InterruptPoll poll; at_ != end_ && is_digit(*at_); ++at_) {
            poll.step();
            exponent_ += exponent_step;
            if (*at_ == '0') {
                if (coefficient_ != 0)
                    ++held_zeros_;
                continue;
            }
            keep_digit(*at_ - '0');
        }
        // Held zeros that end the integer part or the fraction become part of the exponent.
        exponent_ += held_zeros_;
        zeros_in_exponent_ += held_zeros_;
        held_zeros_ = 0;
    }

    void keep_digit(int digit)
    {
        int zeros = held_zeros_ + zeros_in_exponent_;
        exponent_ -= zeros_in_exponent_;
        held_zeros_ = zeros_in_exponent_ = 0;
        digits_ += zeros + 1;
        if (digits_ > kMaxDigits)
            raise_out_of_range();
        coefficient_ = coefficient_ * power_of_ten(zeros + 1) + static_cast<unsigned>(digit);
    }

    void read_exponent()
    {
        bool negative = skip('-');
        if (!negative)
            skip('+');
        if (at_ == end_ || !is_digit(*at_))
            raise_syntax();
        int value = 0;
        for (InterruptPoll poll; at_ != end_ && is_digit(*at_); ++at_, poll.step())
            value = std::min(value * 10 + (*at_ - '0'), 1000000);
        exponent_ += negative ? -value : value;
    }

    [[noreturn]] static void raise_syntax()
    {
        throw Error(ErrorCode::invalid_text, "invalid number");
    }

    const char *at_;
    const char *end_;
    Coefficient coefficient_ = 0;
    int exponent_ = 0;
    int digits_ = 0;
    int held_zeros_ = 0;
    int zeros_in_exponent_ = 0;
};

}  // namespace

Number Number::of(Decimal decimal)
{
    Number result;
    decimal = checked(decimal.coefficient, decimal.exponent, decimal.negative);
    if (fits_integer(decimal, &result.integer_))
        return result;
    result.is_integer_ = false;
    result.decimal_ = decimal;
    return result;
}

Number Number::parse(std::string_view text)
{
    std::int64_t integer = 0;
    const char *end = text.data() + text.size();
    bool leading_zero = text.size() > 1 && (text[0] == '0' || (text[0] == '-' && text[1] == '0'));
    if (!leading_zero) {
        auto [stop, error] = std::from_chars(text.data(), end, integer);
        if (error == std::errc() && stop == end)
            return integer;
    }
    return of(NumberReader(text).read());
}

Decimal Number::decimal() const { return is_integer_ ? decimal_of(integer_) : decimal_; }

double Number::approximate() const
{
    if (is_integer_)
        return static_cast<double>(integer_);
    NumberText text = to_text(*this);
    double result = 0;
    auto [stop, error] = std::from_chars(text.bytes, text.bytes + text.length, result);
    if (error != std::errc::result_out_of_range)
        return result;
    // Decimals reach farther than doubles, in both directions.
    bool is_negative = compare(*this, Number(0)) < 0;
    bool is_large = compare(*this, Number(1)) > 0 || compare(*this, Number(-1)) < 0;
    result = is_large ? std::numeric_limits<double>::infinity() : 0;
    return is_negative ? -result : result;
}

Number add(const Number &left, const Number &right)
{
    std::int64_t sum;
    if (left.is_integer() && right.is_integer() &&
        !__builtin_add_overflow(left.integer(), right.integer(), &sum))
        return sum;
    return Number::of(add_decimals(left.decimal(), right.decimal()));
}

Number multiply(const Number &left, const Number &right)
{
    std::int64_t product;
    if (left.is_integer() && right.is_integer() &&
        !__builtin_mul_overflow(left.integer(), right.integer(), &product))
        return product;
    return Number::of(multiply_decimals(left.decimal(), right.decimal()));
}

std::strong_ordering compare(const Number &left, const Number &right)
{
    if (left.is_integer() && right.is_integer())
        return left.integer() <=> right.integer();
    Decimal l = left.decimal(), r = right.decimal();
    int left_sign = l.coefficient == 0 ? 0 : l.negative ? -1 : 1;
    int right_sign = r.coefficient == 0 ? 0 : r.negative ? -1 : 1;
    if (left_sign != right_sign)
        return left_sign <=> right_sign;
    return left_sign < 0 ? compare_magnitudes(r, l) : compare_magnitudes(l, r);
}

namespace {

class TextWriter {
public:
    explicit TextWriter(NumberText &text) : text_(text) { text_.length = 0; }
    void add(char byte) { text_.bytes[text_.length++] = byte; }
    void add(std::string_view bytes)
    {
        bytes.copy(text_.bytes + text_.length, bytes.size());
        text_.length += static_cast<std::uint32_t>(bytes.size());
    }
    void zeros(int count)
    {
        while (count-- > 0)
            add('0');
    }
    void integer(std::int64_t value)
    {
        char *end =
            std::to_chars(text_.bytes + text_.length, text_.bytes + sizeof text_.bytes, value).ptr;
        text_.length = static_cast<std::uint32_t>(end - text_.bytes);
    }

private:
    NumberText &text_;
};

void write_decimal(TextWriter &out, const Decimal &decimal)
{
    char digits[40];
    int count = 0;
    for (Coefficient rest = decimal.coefficient; rest > 0; rest /= 10)
        digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
    std::reverse(digits, digits + count);
    std::string_view all(digits, static_cast<std::size_t>(count));

    if (decimal.negative)
        out.add('-');
    int point = count + decimal.exponent;  // digits before the decimal point
    if (decimal.exponent >= 0 && point <= kPlainLength) {
        out.add(all);
        out.zeros(decimal.exponent);
    } else if (decimal.exponent < 0 && point > 0) {
        out.add(all.substr(0, static_cast<std::size_t>(point)));
        out.add('.');
        out.add(all.substr(static_cast<std::size_t>(point)));
    } else if (decimal.exponent < 0 && -decimal.exponent <= kPlainLength) {
        out.add("0.");
        out.zeros(-point);
        out.add(all);
    } else {
        out.add(all[0]);
        if (count > 1) {
            out.add('.');
            out.add(all.substr(1));
        }
        out.add('e');
        out.add(point - 1 < 0 ? '-' : '+');
        out.integer(point - 1 < 0 ? 1 - point : point - 1);
    }
}

}  // namespace

NumberText to_text(const Number &number)
{
    NumberText text;
    TextWriter out(text);
    if (number.is_integer())
        out.integer(number.integer());
    else
        write_decimal(out, number.decimal());
    return text;
}

}  // namespace profiles
