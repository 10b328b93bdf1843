#include "value.h"

#include "../error.h"
#include <bit>

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

void raise_corrupted_number()
{
    throw Error(ErrorCode::corrupted, "corrupted number in a profile");
}

Number unpack_decimal(std::string_view bytes)
{
    if (bytes.size() < 3 || bytes.size() > 17)
        raise_corrupted_number();
    auto head = layout::load<std::int16_t>(bytes.data());
    Decimal decimal;
    decimal.negative = (head & 1) != 0;
    decimal.exponent = static_cast<std::int16_t>(head >> 1);
    std::memcpy(&decimal.coefficient, bytes.data() + 2, bytes.size() - 2);
    return Number::of(decimal);
}

NumberItem pack_number(const Number &number)
{
    NumberItem packed;
    if (number.is_integer()) {
        std::int64_t value = number.integer();
        auto magnitude = static_cast<std::uint64_t>(value ^ value >> 63);
        packed.type = Type::integer;
        packed.length = static_cast<std::uint8_t>(std::bit_width(magnitude) / 8 + 1);
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
