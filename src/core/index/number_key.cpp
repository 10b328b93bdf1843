// A positive number 0.d1d2d3... * 10^magnitude with d1 > 0 is its magnitude and then its digits, two in
// a byte, each byte one more than the pair so that none is 0. Magnitudes that occur take one byte, the
// others two more. Digits have no trailing zeros, so of two keys where one begins the other the
// shorter is the lesser number. A negative number is the complement of its opposite, closed by a byte
// above every complement of a pair: there the shorter key is the greater number.
#include "number_key.h"

namespace profiles {

namespace {

constexpr int kZero = 0x80;
constexpr int kTiny = 0x81;   // the magnitude follows in two bytes
constexpr int kFirst = 0x82;  // magnitude kLeast
constexpr int kHuge = 0xFF;   // the magnitude follows in two bytes
constexpr int kLeast = -40;
constexpr int kGreatest = kHuge - 1 - kFirst + kLeast;

void append_magnitude(int magnitude, Bytes &out)
{
    if (magnitude >= kLeast && magnitude <= kGreatest) {
        out.push_back(static_cast<char>(kFirst + magnitude - kLeast));
        return;
    }
    int biased = magnitude + 0x8000;
    out.push_back(static_cast<char>(magnitude < 0 ? kTiny : kHuge));
    out.push_back(static_cast<char>(biased >> 8));
    out.push_back(static_cast<char>(biased));
}

void append_pairs(const int *reversed, int count, Bytes &out)
{
    for (int at = count - 1; at >= 0; at -= 2) {
        int second = at > 0 ? reversed[at - 1] : 0;
        out.push_back(static_cast<char>(1 + 10 * reversed[at] + second));
    }
}

}  // namespace

void append_number_key(const Number &number, Bytes &out)
{
    Decimal decimal = number.decimal();
    if (decimal.coefficient == 0) {
        out.push_back(static_cast<char>(kZero));
        return;
    }
    int reversed[40];
    int count = 0;
    for (Coefficient rest = decimal.coefficient; rest > 0; rest /= 10)
        reversed[count++] = static_cast<int>(rest % 10);

    std::size_t start = out.size();
    append_magnitude(count + decimal.exponent, out);
    append_pairs(reversed, count, out);
    if (!decimal.negative)
        return;
    for (std::size_t at = start; at < out.size(); ++at)
        out[at] = static_cast<char>(~out[at]);
    out.push_back(static_cast<char>(0xFF));
}

}  // namespace profiles
