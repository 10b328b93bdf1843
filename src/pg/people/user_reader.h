// Feeds a segmentation with the users on a range of pages, as a snapshot sees them: from a copy where it
// still holds, from the table where it does not.
#pragma once

#include "user_table.h"

namespace profiles::pg {

// A copy of the range, with the parts of it that are needed. Plain data.
struct UserCopy {
    bool usable;
    bool whole;                  // no page has changed: the map says so
    bool has_map;                // it says so of those that it has as visible
    std::string_view directory;  // bytes
    const ByteRange *ranges;
    const std::string_view *slices;
    std::size_t count;
    std::uint32_t rows;
    UserBlockPages pages;
    std::uint64_t oldest_running;
    std::int64_t made_at;
    RangeMap map;
};

// The copy that `data` has, null for none; not usable where it is not of this table.
void open_copy(const UsersSegmentation &segmentation, const UserTable &users,
               BlockNumber first_page, Datum data, TransactionId written_by, UserCopy *copy);

// Every user on the pages [first_page, first_page + kPages) that the active snapshot sees, once.
void read_range(UsersSegmentation &segmentation, const UserTable &users, BlockNumber first_page,
                const UserCopy &copy);

}  // namespace profiles::pg
