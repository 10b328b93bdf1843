#include "user_row.h"

namespace profiles {

std::optional<Item> item_of(UserField field, const UserValue &value, NumberItem &number)
{
    if (value.missing)
        return std::nullopt;
    switch (type_of(field)) {
    case UserFieldType::boolean: return Item{value.integer != 0 ? Type::yes : Type::no, {}};
    case UserFieldType::integer:
    case UserFieldType::time: number = pack_number(Number(value.integer)); return number.item();
    case UserFieldType::number:
        number = pack_number(Number::parse(value.text));
        return number.item();
    case UserFieldType::text: return Item{Type::text, value.text};
    }
    return std::nullopt;
}

}  // namespace profiles
