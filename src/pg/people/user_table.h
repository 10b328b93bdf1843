// The table of users of an app, read page by page.
#pragma once

#include <bitset>

#include "user_columns.h"

#include "../../core/people/user_block_layout.h"

extern "C" {
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
}

namespace profiles::pg {

struct UserTable {
    Relation relation;
    UserColumns columns;
    // An ordinary table, of which the caller may see every row; others are left to SQL.
    bool has_pages;
    BlockNumber pages;
    BufferAccessStrategy strategy;
};

// Raises insufficient_privilege for who may not read it.
UserTable open_users(Oid relation);
void close_users(const UserTable &users);

// Pinned, not locked.
inline Buffer read_page(const UserTable &users, BlockNumber page)
{
    return ReadBufferExtended(users.relation, MAIN_FORKNUM, page, RBM_NORMAL, users.strategy);
}
// The lines of a page, from 1 on; of a buffer that is locked. False where no tuple is.
OffsetNumber last_line(Buffer buffer);
bool read_line(const UserTable &users, Buffer buffer, BlockNumber page, OffsetNumber line,
               HeapTuple tuple);

// What the visibility map says of a range of pages.
struct RangeMap {
    std::array<std::uint64_t, 2> lsns;  // of its pages; 0 where there is none
    std::bitset<user_block::kPages> visible;
};
void read_map(const UserTable &users, BlockNumber first_page, RangeMap *map);
// How many pages a range has.
inline std::uint32_t pages_in_range(const UserTable &users, BlockNumber first_page)
{
    return std::min(user_block::kPages, users.pages - first_page);
}

// True where every change of a page moves its LSN.
bool is_logged(const UserTable &users);
user_block::Origin user_origin(const UserTable &users, TransactionId written_by);

// The whole number of a transaction that is not newer than the next one.
FullTransactionId full_transaction(TransactionId transaction, FullTransactionId next);

}  // namespace profiles::pg
