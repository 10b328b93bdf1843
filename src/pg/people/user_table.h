// The table of users of an app, read page by page.
#pragma once

#include <bitset>

#include "../table_pages.h"
#include "user_columns.h"

#include "../../core/people/user_block_layout.h"

namespace profiles::pg {

struct UserTable : TablePages {
    UserColumns columns;
};

// Raises what open_pages() and user_columns() raise; closed as any table by close_pages().
UserTable open_users(Oid relation);

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
