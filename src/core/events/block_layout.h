// The bytes of an event_block, version 1: up to 65,536 events of one bucket of users, sorted by user,
// time and arrival, stored by column. This header alone knows them.
//
//   header       Header
//   entries      Entry, one a column, ordered by (kind, name as in compare_keys)
//   names        of the columns, back to back
//   users        uint16 low bits of each uid, ascending; uint16 first row of each user
//   columns      in the order of the entries, each its dictionary and its codes, without gaps
//
// The first three are the directory: who has read it knows where everything else lies and needs only
// the bytes of the columns that it wants.
//
// A column of values has a dictionary of the distinct ones, in the order of compare_items: a uint32
// for each (end:28 | type:4, the end of its payload), then the payloads as in a container. A row has
// a code; where a value is missing in some row, code 0 says so and codes of values begin with 1. The
// codes have one of the forms below, whichever takes the least.
//
// Numbers that every event has (time, count, sum, duration) need no dictionary: row i is
// (base + unit * offset[i]) * 10^exponent, exactly, the offsets unsigned and `width` bytes each. Where
// most of them are 0 only the others are there. Times are mostly asked for by the hour, the day or the month:
// what says the quarter of an hour lies apart from the rest, as no time zone of today cuts one. Sums that
// have no such form in 64 bits are values in a dictionary.
#pragma once

#include <cstdint>

#include "../profile/layout.h"

namespace profiles::block {

constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kMaxRows = 65536;
constexpr int kBucketBits = 16;  // of a uid, below its bucket
constexpr std::uint32_t kMaxPayload = (1u << 28) - 1;

enum class ColumnKind : std::uint8_t {
    time,
    key,
    device_id,
    count,
    sum,
    duration,
    hour,
    weekday,
    property,      // a member of the profile
    custom,        // a member of its group custom
    campaign,      // a member of its group campaign
    segmentation,  // a member of the event's segmentation
    user_field,    // a column of the table of users; only in copies of it (core/people)
};
constexpr ColumnKind kLastOfEvents = ColumnKind::segmentation;
constexpr unsigned kLastKind = 12;

enum class Form : std::uint8_t {
    constant,  // every row has code 0; no bytes
    plain,     // a code of `width` bytes (1 or 2) a row
    runs,      // uint16 first row of each run, then a code of `width` bytes each
    planes,  // `width` times a bit a row, in uint64 as below: the lowest bits of all codes, the next ones, ...
    integers,  // offsets, see above
    sparse,  // bit i % 64 of uint64 i / 64 for each row with an offset other than 0, then these offsets
    split,  // offset[i] = step * first[i] + second[i]: a uint16 a row, then `width` bytes a row; or first a bit
    // for each row where a run of the same first part begins, and a uint16 for each run
};
constexpr unsigned kLastForm = 6;

// More bits than these are no shorter than they are quick to read.
constexpr unsigned kMostPlanes = 4;

constexpr std::int64_t kQuarter = 15 * 60 * 1000;  // of an hour, in milliseconds

struct Header {
    std::uint32_t version;
    std::uint32_t rows;
    std::uint32_t users;
    std::uint32_t columns;
    std::uint32_t directory_size;  // header, entries and names
    std::uint32_t size;            // of the block
    std::int64_t bucket;
    std::int64_t first_time, last_time;
};
static_assert(sizeof(Header) == 48);

struct Entry {
    ColumnKind kind;
    Form form;
    std::uint8_t width;
    std::uint8_t has_missing;
    std::uint16_t exponent;  // of 10, negated
    std::uint16_t reserved;
    std::uint32_t name_size;
    std::uint32_t values;  // in the dictionary
    std::uint32_t runs;  // of sparse: the offsets other than 0; of split: 0 for a first part a row
    std::uint32_t dictionary_size;
    std::uint32_t codes_size;
    std::uint32_t step;  // of split
    std::int64_t base;
    std::uint64_t unit;
};
static_assert(sizeof(Entry) == 48);

// The words with a bit for each row.
constexpr std::size_t size_of_bits(std::uint32_t rows)
{
    return (rows + 63) / 64 * sizeof(std::uint64_t);
}

// The first parts of a split column.
constexpr std::size_t size_of_first_parts(std::uint32_t runs, std::uint32_t rows)
{
    return runs == 0 ? rows * sizeof(std::uint16_t)
                     : size_of_bits(rows) + runs * sizeof(std::uint16_t);
}

constexpr std::size_t kUserSize = 2 * sizeof(std::uint16_t);

constexpr std::uint32_t pack_value_end(std::uint32_t end, Type type)
{
    return end | static_cast<std::uint32_t>(type) << 28;
}

inline bool is_of_profile(ColumnKind kind)
{
    return kind == ColumnKind::property || kind == ColumnKind::custom ||
           kind == ColumnKind::campaign;
}

// Columns that have a name; of the other kinds there is one column each.
inline bool is_named(ColumnKind kind)
{
    return is_of_profile(kind) || kind >= ColumnKind::segmentation;
}

}  // namespace profiles::block
