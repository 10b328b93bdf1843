// A row of the table of users as core sees it, wherever it comes from. Plain data: who makes one keeps
// the bytes that it points to.
#pragma once

#include <array>
#include <optional>

#include "../profile/user_field.h"
#include "../profile/value.h"

namespace profiles {

// What a column has; which members matter says type_of(). A time is an integer.
struct UserValue {
    bool missing = true;
    std::int64_t integer = 0;
    std::string_view text = {};  // a number as JSON writes it, too
};

struct UserRow {
    std::int64_t uid = 0;
    std::string_view device_id, profile;
    std::array<UserValue, kUserFields> values = {};

    const UserValue &value(UserField field) const
    {
        return values[static_cast<std::size_t>(field)];
    }
};

inline bool is_integer(UserField field)
{
    return type_of(field) == UserFieldType::integer || type_of(field) == UserFieldType::time;
}

// The value as filters see it; a number is packed into `number`. Throws invalid_text or out_of_range for
// one that no profile could have.
std::optional<Item> item_of(UserField field, const UserValue &value, NumberItem &number);

}  // namespace profiles
