// Numbers as profiles keep them: int64 when integral and in range, otherwise an exact decimal of up
// to 34 significant digits (as IEEE decimal128 has). Never a float: 0.1 added ten times is 1. What
// cannot be kept exactly is an error, so that results never depend on the order of updates.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace profiles {

__extension__ typedef unsigned __int128 Coefficient;

// The value is (negative ? -1 : 1) * coefficient * 10^exponent, always with the least possible
// coefficient, so equal values have equal members.
struct Decimal {
    Coefficient coefficient = 0;
    std::int16_t exponent = 0;
    bool negative = false;

    bool operator==(const Decimal &) const = default;
};

class Number {
public:
    constexpr Number() = default;
    constexpr Number(std::int64_t integer) : integer_(integer) {}

    // Takes any decimal and picks the form. Throws out_of_range.
    static Number of(Decimal decimal);
    // JSON's number grammar. Throws invalid_text or out_of_range.
    static Number parse(std::string_view text);

    bool is_integer() const { return is_integer_; }
    std::int64_t integer() const { return integer_; }
    Decimal decimal() const;
    double approximate() const;

    bool operator==(const Number &) const = default;

private:
    bool is_integer_ = true;
    std::int64_t integer_ = 0;
    Decimal decimal_;
};

Number add(const Number &left, const Number &right);
Number multiply(const Number &left, const Number &right);
std::strong_ordering compare(const Number &left, const Number &right);

// The canonical text: plain digits while that is short, else d.ddde±n.
struct NumberText {
    char bytes[96];
    std::uint32_t length;
    std::string_view view() const { return {bytes, length}; }
};
NumberText to_text(const Number &number);

}  // namespace profiles
