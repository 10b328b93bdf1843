// Reads numeric's stored form, which the server does not export and has not changed since 9.1:
// a header of one or two uint16, then digits of base 10000, most significant first.
#include "numeric.h"

extern "C" {
#include "utils/builtins.h"
}

namespace profiles::pg {

namespace {

constexpr std::uint16_t kSignMask = 0xC000, kNegative = 0x4000, kShort = 0x8000;
constexpr std::uint16_t kShortNegative = 0x2000, kShortWeightSign = 0x0040, kShortWeight = 0x003F;
constexpr std::size_t kMaxDigits = 4;  // of base 10000: their value fits 64 bits
constexpr int kMaxWeight = 100;        // keeps the exponent far inside the range of a Decimal

struct StoredNumeric {
    bool negative;
    int weight;               // power of 10000 of the first digit
    std::string_view digits;  // int16 each
};

// False for NaN and infinity.
bool read_stored(std::string_view bytes, StoredNumeric &stored)
{
    auto header = layout::load<std::uint16_t>(bytes.data());
    if ((header & kSignMask) == kShort) {
        int weight = header & kShortWeight;
        stored = {(header & kShortNegative) != 0,
                  (header & kShortWeightSign) ? weight - (kShortWeight + 1) : weight,
                  bytes.substr(2)};
        return true;
    }
    if ((header & kSignMask) == kSignMask)
        return false;
    stored = {(header & kSignMask) == kNegative, layout::load<std::int16_t>(bytes.data() + 2),
              bytes.substr(4)};
    return true;
}

Node pack(const Number &number)
{
    NumberItem packed = pack_number(number);
    auto *bytes = static_cast<char *>(palloc(packed.length));
    memcpy(bytes, packed.bytes, packed.length);
    return make_node({packed.type, {bytes, packed.length}});
}

std::uint64_t digit_at(const StoredNumeric &stored, std::size_t index)
{
    return static_cast<std::uint64_t>(layout::load<std::int16_t>(stored.digits.data() + 2 * index));
}

// As long as its digits: a few bytes of numeric may stand for 131,072 zeros, and a document may hold a
// million of such numbers.
Node make_literal(const StoredNumeric &stored, std::size_t count, int exponent)
{
    char *text = static_cast<char *>(palloc(4 * count + 32));
    char *at = text + sprintf(text, "%s%d", stored.negative ? "-" : "",
                              static_cast<int>(digit_at(stored, 0)));
    for (std::size_t digit = 1; digit < count; ++digit)
        at += sprintf(at, "%04d", static_cast<int>(digit_at(stored, digit)));
    sprintf(at, "e%d", exponent);
    return make_number_literal(text);
}

Datum numeric_of_text(char *text)
{
    return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
                               Int32GetDatum(-1));
}

}  // namespace

Node node_from_numeric(Numeric number)
{
    StoredNumeric stored;
    if (!read_stored(bytes_of(reinterpret_cast<const struct varlena *>(number)), stored))
        return make_number_literal(
            DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number))));
    std::size_t count = stored.digits.size() / 2;
    int exponent = 4 * (stored.weight - static_cast<int>(count) + 1);
    if (count > kMaxDigits || stored.weight > kMaxWeight || stored.weight < -kMaxWeight)
        return make_literal(stored, count, exponent);
    std::uint64_t coefficient = 0;
    for (std::size_t digit = 0; digit < count; ++digit)
        coefficient = coefficient * 10000 + digit_at(stored, digit);
    return pack(Number::of({coefficient, static_cast<std::int16_t>(exponent), stored.negative}));
}

Number number_from(Numeric number)
{
    const char *text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
    Number read;
    attempt([&](std::pmr::memory_resource *) { read = Number::parse(text); });
    return read;
}

Numeric numeric_from(const Number &number)
{
    if (number.is_integer())
        return int64_to_numeric(number.integer());
    NumberText text = to_text(number);
    char buffer[sizeof text.bytes + 1];
    snprintf(buffer, sizeof buffer, "%.*s", static_cast<int>(text.length), text.bytes);
    return DatumGetNumeric(numeric_of_text(buffer));
}

Datum numeric_from(const ExactSum &sum)
{
    Datum total = NumericGetDatum(int64_to_numeric(0));
    for (const ExactSum::Term &term : sum.terms()) {
        char text[kTermText];
        write_term(term, text);
        total = DirectFunctionCall2(numeric_add, total, numeric_of_text(text));
    }
    return DirectFunctionCall1(numeric_trim_scale, total);
}

}  // namespace profiles::pg
