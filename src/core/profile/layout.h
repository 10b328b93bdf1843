// The bytes of a container (a JSON object or array), version 1. This header alone knows them;
// everything else reads through View and writes through Assembly.
//
//   header     uint32   count:24 | wide:1 | array:1 | reserved:2 | version:4
//   entries    one per payload, in payload order: length and type
//                 narrow  uint16   length:12 | type:4
//                 wide    uint32   length:28 | type:4
//   skips      the payload offset of entry 32, 64, ... (uint16 narrow, uint32 wide)
//   payloads   back to back
//
// An array of n elements has n entries. An object of n members has 2n: n keys, then n values in the
// same order. Keys are unique and sorted by (length, bytes), the order of jsonb. So the members
// whose keys have the right length are found in the entries alone, their keys lie one after the
// other at equal distances, and a lookup needs one offset for them and one for the value.
//
// Lengths rather than offsets, because lengths compress; skips, so that an offset is a sum of at most
// 31 lengths. Nothing inside is aligned. A container is narrow whenever it can be, numbers have one
// form each and empty groups are left out, so equal values have equal bytes.
//
// Payloads: text is UTF-8 without NUL; an integer is its shortest two's complement form (1 to 8
// bytes); a decimal is an int16 (exponent * 2 + negative) and its shortest coefficient (1 to 15
// bytes); an array or object is a container; null, false and true have none.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace profiles {

static_assert(std::endian::native == std::endian::little, "payloads are little-endian");

enum class Type : std::uint8_t {
    null = 0,
    no = 1,
    yes = 2,
    integer = 3,
    decimal = 4,
    text = 5,
    array = 6,
    object = 7,
};
constexpr unsigned kLastType = 7;

// What a message calls a value of this type.
const char *type_name(Type type);

namespace layout {

constexpr unsigned kVersion = 1;
constexpr std::uint32_t kMaxCount = (1u << 24) - 1;
constexpr std::uint32_t kStride = 32;
constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kNarrowLength = (1u << 12) - 1;
constexpr std::size_t kNarrowPayload = (1u << 16) - 1;
constexpr std::size_t kWideLength = (1u << 28) - 1;
constexpr int kMaxDepth = 64;

struct Header {
    std::uint32_t count;
    bool wide;
    bool array;
    unsigned version;
    bool reserved;

    std::uint32_t entries() const { return array ? count : 2 * count; }
    std::size_t entry_size() const { return wide ? 4 : 2; }
    std::uint32_t skips() const { return entries() == 0 ? 0 : (entries() - 1) / kStride; }
    std::size_t payload_start() const
    {
        return kHeaderSize + (static_cast<std::size_t>(entries()) + skips()) * entry_size();
    }
};

inline Header unpack_header(std::uint32_t word)
{
    return {word & kMaxCount, (word >> 24 & 1) != 0, (word >> 25 & 1) != 0, word >> 28,
            (word >> 26 & 3) != 0};
}

inline std::uint32_t pack_header(const Header &header)
{
    return header.count | std::uint32_t{header.wide} << 24 | std::uint32_t{header.array} << 25 |
           kVersion << 28;
}

template <typename Word>
inline Word load(const char *at)
{
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

template <typename Word>
inline void store(char *at, Word word)
{
    std::memcpy(at, &word, sizeof word);
}

struct Entry {
    std::size_t length;
    Type type;
};

inline Entry narrow_entry(std::uint16_t word)
{
    return {word & kNarrowLength, static_cast<Type>(word >> 12)};
}
inline Entry wide_entry(std::uint32_t word)
{
    return {word & kWideLength, static_cast<Type>(word >> 28)};
}

}  // namespace layout
}  // namespace profiles
