// One value where it lies: its type and its payload (layout.h). Plain data, valid as long as the bytes.
#pragma once

#include <string_view>

#include "layout.h"
#include "number.h"

namespace profiles {

struct Item {
    Type type = Type::null;
    std::string_view bytes;

    bool is_container() const { return type == Type::array || type == Type::object; }
    bool is_number() const { return type == Type::integer || type == Type::decimal; }
    bool is_boolean() const { return type == Type::no || type == Type::yes; }
};

// The same value, which for canonical payloads means the same bytes.
inline bool operator==(const Item &left, const Item &right)
{
    return left.type == right.type && left.bytes == right.bytes;
}

// A payload of a number; throws corrupted when the bytes are none.
Number number_of(const Item &item);

// The payload of a number, ready to be kept anywhere.
struct NumberItem {
    Type type;
    std::uint8_t length;
    char bytes[18];
    Item item() const { return {type, {bytes, length}}; }
};
NumberItem pack_number(const Number &number);

// Members of objects are sorted by (length, bytes).
inline int compare_keys(std::string_view left, std::string_view right)
{
    if (left.size() != right.size())
        return left.size() < right.size() ? -1 : 1;
    return left.empty() ? 0 : std::memcmp(left.data(), right.data(), left.size());
}

}  // namespace profiles
