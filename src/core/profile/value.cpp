#include "value.h"

#include "../error.h"

namespace profiles {

const char *type_name(Type type)
{
    switch (type) {
    case Type::null: return "null";
    case Type::no:
    case Type::yes: return "boolean";
    case Type::integer:
    case Type::decimal: return "number";
    case Type::text: return "text";
    case Type::array: return "array";
    case Type::object: return "object";
    }
    return "unknown";
}

namespace {

[[noreturn]] void raise_corrupted()
{
    throw Error(ErrorCode::corrupted, "corrupted number in a profile");
}

std::int64_t unpack_integer(std::string_view bytes)
{
    if (bytes.empty() || bytes.size() > 8)
        raise_corrupted();
    // Sign extension: start from all ones when the top bit of the last byte is set.
    std::uint64_t bits = static_cast<signed char>(bytes.back()) < 0 ? ~std::uint64_t{0} : 0;
    std::memcpy(&bits, bytes.data(), bytes.size());
    return static_cast<std::int64_t>(bits);
}

Number unpack_decimal(std::string_view bytes)
{
    if (bytes.size() < 3 || bytes.size() > 17)
        raise_corrupted();
    auto head = layout::load<std::int16_t>(bytes.data());
    Decimal decimal;
    decimal.negative = (head & 1) != 0;
    decimal.exponent = static_cast<std::int16_t>(head >> 1);
    std::memcpy(&decimal.coefficient, bytes.data() + 2, bytes.size() - 2);
    return Number::of(decimal);
}

}  // namespace

Number number_of(const Item &item)
{
    if (item.type == Type::integer)
        return unpack_integer(item.bytes);
    return unpack_decimal(item.bytes);
}

NumberItem pack_number(const Number &number)
{
    NumberItem packed;
    if (number.is_integer()) {
        std::int64_t value = number.integer();
        std::uint8_t length = 1;
        while (length < 8 && value >> (8 * length - 1) != (value < 0 ? -1 : 0))
            ++length;
        packed.type = Type::integer;
        packed.length = length;
        std::memcpy(packed.bytes, &value, sizeof value);
        return packed;
    }
    Decimal decimal = number.decimal();
    int head = decimal.exponent * 2 + (decimal.negative ? 1 : 0);
    layout::store(packed.bytes, static_cast<std::int16_t>(head));
    std::memcpy(packed.bytes + 2, &decimal.coefficient, sizeof decimal.coefficient);
    std::uint8_t length = 2;
    for (Coefficient rest = decimal.coefficient; rest > 0; rest >>= 8)
        ++length;
    packed.type = Type::decimal;
    packed.length = length;
    return packed;
}

}  // namespace profiles
