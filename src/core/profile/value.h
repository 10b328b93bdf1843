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

[[noreturn]] void raise_corrupted_number();
Number unpack_decimal(std::string_view bytes);

// Loads of whole words, two of which may overlap, and the sign from the top bit of the last byte.
inline std::int64_t unpack_integer(std::string_view bytes)
{
    const char *at = bytes.data();
    std::size_t size = bytes.size();
    if (size == 0 || size > 8)
        raise_corrupted_number();
    auto byte = [at](std::size_t index) {
        return std::uint64_t{static_cast<unsigned char>(at[index])} << 8 * index;
    };
    auto word = [at](std::size_t index) {
        return std::uint64_t{layout::load<std::uint32_t>(at + index)} << 8 * index;
    };
    std::uint64_t bits =
        size < 4 ? byte(0) | byte(size / 2) | byte(size - 1) : word(0) | word(size - 4);
    auto unused = static_cast<int>(64 - 8 * size);
    return static_cast<std::int64_t>(bits << unused) >> unused;
}

// A payload of a number; throws corrupted when the bytes are none.
inline Number number_of(const Item &item)
{
    return item.type == Type::integer ? Number(unpack_integer(item.bytes))
                                      : unpack_decimal(item.bytes);
}

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
