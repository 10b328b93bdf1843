// An ordinary table, read page by page.
#pragma once

#include "guard.h"

extern "C" {
#include "access/htup.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
}

namespace profiles::pg {

struct TablePages {
    Relation relation;
    // A heap of its own, of which the caller may see every row; others are left to SQL. None where Citus is installed.
    bool has_pages;
    BlockNumber pages;
    BufferAccessStrategy strategy;
};

// True where open_pages() would find pages, if the caller may read the table at all.
bool has_pages(Relation table);
// Of an open table, with no question of privileges or row security.
TablePages pages_of_table(Relation table);

// Raises insufficient_privilege for who may not read it.
TablePages open_pages(Oid table);
// The lock stays until the end of the transaction.
void close_pages(const TablePages &table);

// Pinned, not locked.
inline Buffer read_page(const TablePages &table, BlockNumber page)
{
    return ReadBufferExtended(table.relation, MAIN_FORKNUM, page, RBM_NORMAL, table.strategy);
}
// The lines of a page, from 1 on; of a locked buffer. A tuple that a snapshot sees stays where it is as long as the
// buffer is pinned, so its line may be read again without a lock. False where no tuple is.
OffsetNumber last_line(Buffer buffer);
bool read_line(const TablePages &table, Buffer buffer, BlockNumber page, OffsetNumber line,
               HeapTuple tuple);
// Does the snapshot see a tuple of a locked buffer?
bool is_visible(const TablePages &table, Buffer buffer, HeapTuple tuple, Snapshot snapshot);

}  // namespace profiles::pg
