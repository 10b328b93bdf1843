// The bytes of a user block, version 1: a copy, by column, of the users on a range of pages of the
// table of users. This header alone knows them; columns are as in an event_block
// (core/events/block_layout.h). The copy never says what is true: whoever reads it asks the table which
// of its rows still hold (docs/architecture.md).
//
//   header    Header
//   entries   block::Entry, one a column
//   names     of the columns, back to back
//   pages     Page, one a page of the range
//   places    uint16 number of the line on its page, one a row
//   columns   in the order of the entries
//
// Rows are in the order of page and line. Counters and times are integers; where one is missing in some
// row, the least integer of the column says so. Profiles are as they were at `made_at`: values that were
// gone by then are left out, and each page says when the next one goes.
#pragma once

#include <array>

#include "../events/block_layout.h"

namespace profiles::user_block {

constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kPages = 1024;  // of a range
constexpr std::string_view kUid = "uid";

// What the copy is of, and who wrote it: one that got here by other ways is none.
struct Origin {
    std::uint64_t system;  // identifier of the database cluster
    std::uint32_t tablespace, database, relation;
    std::uint32_t written_by;              // transaction
    std::array<std::int16_t, 32> columns;  // numbers of the columns that it was read from

    bool operator==(const Origin &) const = default;
};
static_assert(sizeof(Origin) == 88);

struct Header {
    std::uint32_t version;
    std::uint32_t rows;
    std::uint32_t pages;
    std::uint32_t columns;
    std::uint32_t directory_size;  // header, entries and names
    std::uint32_t size;            // of the block
    std::uint32_t first_page;
    std::uint32_t settled;         // 1: every page has an LSN
    std::uint64_t oldest_running;  // no transaction before this one ran when the copy was made
    std::int64_t made_at;          // milliseconds since 1970
    std::int64_t lapses_at;        // the least of the pages
    std::array<std::uint64_t, 2>
        map_lsns;  // of the pages of the visibility map, before it was made
    Origin origin;
};
static_assert(sizeof(Header) == 160);

// No value of these users goes by the clock.
constexpr std::int64_t kNever = INT64_MAX;

struct Page {
    std::uint64_t lsn;        // while the page has it, its rows hold; 0: they have to be looked at
    std::int64_t lapses_at;   // from when on those of users with values that expire do not
    std::uint32_t first_row;  // of the copy
    std::uint32_t reserved;
};
static_assert(sizeof(Page) == 24);

// Whether users whose values expire still are as they were copied.
inline bool is_current(std::int64_t made_at, std::int64_t lapses_at, std::int64_t now)
{
    return lapses_at == kNever || (made_at <= now && now < lapses_at);
}

}  // namespace profiles::user_block
