// The tables of an app that hold its events, as a scan reads them: row by row, under the snapshot of the
// query, with the privileges of the owner of the foreign table.
#pragma once

#include "../guard.h"

#include "../../core/segment/block_filter.h"

extern "C" {
#include "access/genam.h"
#include "access/tableam.h"
#include "utils/rel.h"
}

namespace profiles::pg {

struct AppTables {
    Relation batches, blocks, moved, users;
};

// Raises when a table is missing or the owner of `foreign` must not read it.
AppTables open_app_tables(Relation foreign);
// The locks stay until the end of the transaction.
void close_app_tables(AppTables &tables);

// Reads the rows of a table: all, some pages, or those that an index leads to.
struct TableReader {
    Relation table, index;
    Snapshot snapshot;
    MemoryContext memory;  // that it was opened in, and that it stays in
    TableScanDesc scan;
    IndexScanDesc index_scan;
    TupleTableSlot *slot;
};

TableReader open_reader(Relation table, Snapshot snapshot);
void read_all(TableReader &reader);
void read_pages(TableReader &reader, BlockNumber first, BlockNumber count);
// Rows whose column is the value, or that the partial index has, for which the column is set; by a btree
// that begins with the column, or else by reading all: the caller looks at the rows again.
void read_equal(TableReader &reader, AttrNumber column, Oid type, Datum value);
void read_set(TableReader &reader, AttrNumber column);
bool next_row(TableReader &reader);
void close_reader(TableReader &reader);

Datum column_of_row(const TableReader &reader, AttrNumber column, bool *is_null);

// All of moved_events, in the order of uid; in the current memory context.
std::span<const MovedUser> read_moved_users(Relation moved, Snapshot snapshot);

}  // namespace profiles::pg
