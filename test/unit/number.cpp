#include "../../src/core/profile/number.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

#include "../../src/core/error.h"
#include "../../src/core/profile/value.h"

using namespace profiles;

namespace {

std::string text(const Number &number) { return std::string(to_text(number).view()); }

// The text of a result, "!" where it is out of range.
template <typename Body>
std::string outcome(Body body)
{
    try {
        return text(body());
    } catch (const Error &error) {
        CHECK(error.code() == ErrorCode::out_of_range);
        return "!";
    }
}

struct Row {
    const char *left, *right, *sum, *product;
    int order;
};

// Worked out with Python's decimal at 20,000 digits, kept where 34 suffice.
constexpr Row kTable[] = {
    {"9999999999999999999999999999999999", "1", "10000000000000000000000000000000000",
     "9999999999999999999999999999999999", 1},
    {"9999999999999999999999999999999999", "0.1", "!", "999999999999999999999999999999999.9", 1},
    {"1e34", "-1", "9999999999999999999999999999999999", "-10000000000000000000000000000000000", 1},
    {"1e34", "1", "!", "10000000000000000000000000000000000", 1},
    {"2.5", "0.4", "2.9", "1", 1},
    {"125e-3", "8e10", "80000000000.125", "10000000000", -1},
    {"33333333333333333", "3e-17", "33333333333333333.00000000000000003", "0.99999999999999999", 1},
    {"5e33", "2e-34", "!", "1", 1},
    {"9223372036854775807", "1", "9223372036854775808", "9223372036854775807", 1},
    {"9223372036854775807", "9223372036854775807", "18446744073709551614", "!", 0},
    {"-9223372036854775808", "-1", "-9223372036854775809", "9223372036854775808", -1},
    {"4294967296", "4294967296", "8589934592", "18446744073709551616", 0},
    {"3037000500", "3037000500", "6074001000", "9223372037000250000", 0},
    {"1e-6143", "0.1", "!", "!", -1},
    {"1e6144", "10", "!", "!", 1},
    {"1e6144", "1e6144", "2e+6144", "!", 0},
    {"12345678901234567", "12345678901234567", "24691357802469134",
     "152415787532388345526596755677489", 0},
    {"99999999999999999", "99999999999999999", "199999999999999998",
     "9999999999999999800000000000000001", 0},
    {"999999999999999999", "999999999999999999", "1999999999999999998", "!", 0},
    {"1e6144", "-1e6144", "0", "!", 1},
    {"0.3", "-0.1", "0.2", "-0.03", 1},
    {"1e-6143", "-1e-6143", "0", "!", 1},
    {"9999999999999999999999999999999999", "1e34", "!", "9.999999999999999999999999999999999e+67",
     -1},
    {"1e33", "3e-17", "!", "30000000000000000", 1},
    {"-0.5", "-9.9e6144", "!", "4.95e+6144", 1},
    {"-9.9e6144", "-9.9e6144", "!", "!", 0},
    {"33333333333333333", "-9.9e6144", "!", "!", 1},
    {"-9.9e6144", "9999999999999999999999999999999999", "!", "!", -1},
    {"0.4", "0", "0.4", "0", 1},
    {"1e33", "1", "1000000000000000000000000000000001", "1000000000000000000000000000000000", 1},
    {"1e-6143", "4294967296", "!", "4.294967296e-6134", -1},
    {"4294967296", "2.5", "4294967298.5", "10737418240", 1},
    {"1e33", "1e34", "11000000000000000000000000000000000", "1e+67", -1},
    {"9223372036854775808", "1e-40", "!", "0.0000000000000000000009223372036854775808", 1},
    {"0.1234567890123456789012345678901234", "125e-3", "0.2484567890123456789012345678901234", "!",
     -1},
    {"2.5", "0", "2.5", "0", 1},
    {"0", "0.1", "0.1", "0", -1},
    {"9999999999999999999999999999999999", "2.5", "!", "!", 1},
    {"3e-17", "9223372036854775808", "!", "276.70116110564327424", -1},
    {"1e33", "-9223372036854775808", "999999999999990776627963145224192",
     "-9.223372036854775808e+51", 1},
    {"0.1", "5e33", "!", "500000000000000000000000000000000", -1},
    {"9223372036854775807", "1e6144", "!", "!", -1},
    {"9999999999999999999999999999999999", "8e10", "!", "!", 1},
    {"5e33", "12345678901234567", "5000000000000000012345678901234567", "6.1728394506172835e+49",
     1},
    {"2e-34", "0", "0.0000000000000000000000000000000002", "0", 1},
    {"9999999999999999999999999999999999", "4294967296", "!", "!", 1},
    {"2.5", "1e-40", "!", "2.5e-40", 1},
    {"33333333333333333", "2e-34", "!", "0.0000000000000000066666666666666666", 1},
    {"1e33", "-9.9e6144", "!", "!", 1},
    {"1e17", "125e-3", "100000000000000000.125", "12500000000000000", 1},
    {"5e33", "9223372036854775808", "5000000000000009223372036854775808",
     "4.611686018427387904e+52", 1},
    {"1e34", "33333333333333333", "!", "3.3333333333333333e+50", 1},
    {"0", "-9.9e6144", "-9.9e+6144", "0", 1},
    {"-0.5", "9999999999999999999999999999999999", "!", "!", -1},
    {"0.1", "-9.9e6144", "!", "-9.9e+6143", 1},
    {"1e17", "1e17", "200000000000000000", "10000000000000000000000000000000000", 0},
    {"1e17", "1e-40", "!", "0.00000000000000000000001", 1},
    {"3e-17", "1e-6143", "!", "!", 1},
    {"9223372036854775808", "9223372036854775807", "18446744073709551615", "!", 1},
    {"8e10", "3037000500", "83037000500", "242960040000000000000", 1},
    {"0", "1e-6143", "1e-6143", "0", -1},
    {"5e33", "0.1", "!", "500000000000000000000000000000000", 1},
    {"9223372036854775807", "2e-34", "!", "0.0000000000000018446744073709551614", 1},
    {"2e-34", "2e-34", "0.0000000000000000000000000000000004", "4e-68", 0},
    {"33333333333333333", "9223372036854775808", "9256705370188109141", "!", -1},
    {"8e10", "4294967296", "84294967296", "343597383680000000000", 1},
    {"125e-3", "1e34", "!", "1250000000000000000000000000000000", -1},
    {"-0.5", "125e-3", "-0.375", "-0.0625", -1},
    {"0", "33333333333333333", "33333333333333333", "0", -1},
    {"3037000500", "1", "3037000501", "3037000500", 1},
    {"3e-17", "0.1", "0.10000000000000003", "0.000000000000000003", -1},
    {"12345678901234567", "9999999999999999999999999999999999", "!", "!", -1},
    {"8e10", "0.4", "80000000000.4", "32000000000", 1},
    {"4294967296", "9223372036854775808", "9223372041149743104", "39614081257132168796771975168",
     -1},
    {"0.1", "1e34", "!", "1000000000000000000000000000000000", -1},
    {"1e-40", "2e-34", "0.0000000000000000000000000000000002000001", "2e-74", -1},
    {"9223372036854775807", "1e-40", "!", "0.0000000000000000000009223372036854775807", 1},
    {"9223372036854775807", "9223372036854775808", "18446744073709551615", "!", -1},
    {"0", "3037000500", "3037000500", "0", -1},
    {"-1", "0.1234567890123456789012345678901234", "-0.8765432109876543210987654321098766",
     "-0.1234567890123456789012345678901234", -1},
    {"2.5", "5e33", "!", "12500000000000000000000000000000000", -1},
    {"5e33", "1e33", "6000000000000000000000000000000000", "5e+66", 1},
};

__extension__ typedef __int128 Wide;

// Up to 37 digits with an exponent of -2: an independent way to add and compare.
Wide hundredths(const std::string &literal)
{
    std::size_t point = literal.find('.');
    std::string digits = literal.substr(0, point);
    std::string fraction = point == std::string::npos ? "" : literal.substr(point + 1);
    fraction.resize(2, '0');
    bool negative = digits[0] == '-';
    Wide value = 0;
    for (char digit : digits.substr(negative ? 1 : 0) + fraction)
        value = value * 10 + (digit - '0');
    return negative ? -value : value;
}

std::string from_hundredths(Wide value)
{
    bool negative = value < 0;
    std::string digits;
    for (Wide rest = negative ? -value : value; rest > 0; rest /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    while (digits.size() < 3)
        digits.insert(digits.begin(), '0');
    digits.insert(digits.size() - 2, ".");
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.')
        digits.pop_back();
    return (negative ? "-" : "") + digits;
}

std::string random_literal(std::mt19937_64 &random)
{
    std::string literal = random() % 2 ? "-" : "";
    literal += static_cast<char>('1' + random() % 9);
    for (std::uint64_t more = random() % 25; more > 0; --more)
        literal += static_cast<char>('0' + random() % 10);
    if (random() % 2)
        return literal;
    literal += '.';
    for (std::uint64_t more = 1 + random() % 2; more > 0; --more)
        literal += static_cast<char>('0' + random() % 10);
    return literal;
}

}  // namespace

TEST_CASE("sums, products and order agree with exact decimals")
{
    for (const Row &row : kTable) {
        CAPTURE(row.left);
        CAPTURE(row.right);
        Number left = Number::parse(row.left), right = Number::parse(row.right);
        CHECK(outcome([&] { return add(left, right); }) == row.sum);
        CHECK(outcome([&] { return add(right, left); }) == row.sum);
        CHECK(outcome([&] { return multiply(left, right); }) == row.product);
        CHECK(outcome([&] { return multiply(right, left); }) == row.product);
        CHECK((compare(left, right) == (row.order <=> 0)));
        CHECK((compare(right, left) == (0 <=> row.order)));
    }
}

TEST_CASE("random sums and order agree with 128-bit arithmetic")
{
    std::mt19937_64 random(20240229);
    for (int round = 0; round < 100000; ++round) {
        std::string left = random_literal(random), right = random_literal(random);
        CAPTURE(left);
        CAPTURE(right);
        Number l = Number::parse(left), r = Number::parse(right);
        Wide wide_left = hundredths(left), wide_right = hundredths(right);
        REQUIRE(text(l) == from_hundredths(wide_left));
        REQUIRE(text(add(l, r)) == from_hundredths(wide_left + wide_right));
        REQUIRE((compare(l, r) == (wide_left < wide_right   ? std::strong_ordering::less
                                   : wide_left > wide_right ? std::strong_ordering::greater
                                                            : std::strong_ordering::equal)));
        REQUIRE((l == r) == (wide_left == wide_right));
    }
}

TEST_CASE("random products agree with 128-bit arithmetic")
{
    std::mt19937_64 random(7);
    for (int round = 0; round < 100000; ++round) {
        auto left = static_cast<std::int64_t>(random()) >> random() % 60;
        auto right = static_cast<std::int64_t>(random()) >> random() % 60;
        CAPTURE(left);
        CAPTURE(right);
        // A tenth of one times a tenth of the other, so that both kinds of number take part.
        Number tenth = Number::parse("0.1");
        std::string got =
            outcome([&] { return multiply(multiply(left, tenth), multiply(tenth, right)); });
        std::string expected = from_hundredths(Wide{left} * right);
        auto digits = std::count_if(expected.begin(), expected.end(),
                                    [](char byte) { return byte >= '0' && byte <= '9'; });
        // Beyond 34 digits only trailing zeros may save it, which are few; those cases are in the table.
        if (digits <= 34)
            REQUIRE(got == expected);
    }
}

TEST_CASE("equal numbers have one form, one payload and one text")
{
    const char *equals[][4] = {
        {"1", "1.0", "1e0", "100e-2"},
        {"-0", "0", "0.000", "0e99999"},
        {"9223372036854775807", "9223372036854775807.0", "922337203685477580.7e1",
         "9223372036854775807e0"},
        {"9223372036854775808", "9223372036854775808.0", "9.223372036854775808e18",
         "92233720368547758080e-1"},
        {"1e40", "10e39", "0.1e41", "10000000000000000000000000000000000000000"}};
    for (const auto &group : equals)
        for (const char *literal : group) {
            CAPTURE(literal);
            Number first = Number::parse(group[0]), other = Number::parse(literal);
            CHECK(first == other);
            CHECK((compare(first, other) == 0));
            CHECK(text(first) == text(other));
            CHECK((pack_number(first).item() == pack_number(other).item()));
        }
}

TEST_CASE("text and payload give the number back")
{
    for (const Row &row : kTable)
        for (const char *literal : {row.left, row.right, row.sum, row.product}) {
            if (*literal == '!')
                continue;
            CAPTURE(literal);
            Number number = Number::parse(literal);
            CHECK(Number::parse(to_text(number).view()) == number);
            CHECK(number_of(pack_number(number).item()) == number);
        }
    for (int bits = 0; bits < 64; ++bits)
        for (std::int64_t delta = -2; delta <= 2; ++delta)
            for (std::int64_t sign : {1, -1}) {
                std::int64_t value =
                    sign * static_cast<std::int64_t>((std::uint64_t{1} << bits) / 2) + delta;
                NumberItem packed = pack_number(value);
                CHECK(number_of(packed.item()) == Number(value));
                bool shorter_would_do = packed.length > 1 &&
                                        value >= -(std::int64_t{1} << (8 * packed.length - 9)) &&
                                        value < (std::int64_t{1} << (8 * packed.length - 9));
                CHECK_FALSE(shorter_would_do);
            }
}

TEST_CASE("what is no number, and what is none here")
{
    for (const char *literal :
         {"",     "-",   "+1", "01", "-01", "00",  "1.",  ".5",  "1e",  "1e+",  "e5",
          "1.e5", "--1", "1-", " 1", "1 ",  "0x1", "NaN", "inf", "1,5", "1e5.0"}) {
        CAPTURE(literal);
        CHECK_THROWS_AS(Number::parse(literal), Error);
        try {
            Number::parse(literal);
        } catch (const Error &error) {
            CHECK(error.code() == ErrorCode::invalid_text);
        }
    }
    for (const char *literal :
         {"12345678901234567890123456789012345", "1e6145", "1e-6144", "1.1e-6144",
          "1e99999999999999", "-1e-99999999999999", "0.12345678901234567890123456789012345",
          "10000000000000000000000000000000001"}) {
        CAPTURE(literal);
        CHECK(outcome([&] { return Number::parse(literal); }) == "!");
    }
    CHECK(outcome([] { return Number::parse("0." + std::string(100000, '0') + "1e100000"); }) ==
          "0.1");
    CHECK(outcome([] { return Number::parse("1" + std::string(100000, '0') + "e-100000"); }) ==
          "1");
}

TEST_CASE("the nearest double")
{
    for (const char *literal : {"0", "0.1", "-2.5", "9223372036854775807", "1e300", "1e-300",
                                "1234567890123456789012345678901234", "1e400", "-1e400", "1e-400"})
        CHECK(Number::parse(literal).approximate() == std::strtod(literal, nullptr));
}
