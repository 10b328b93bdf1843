#include "tables.h"

#include <algorithm>

#include "../typed_column.h"

extern "C" {
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "storage/predicate.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg {

namespace {

// As a view does: who may read the foreign table is asked by PostgreSQL, what it may read here.
Relation open_for_owner(Relation foreign, const char *name)
{
    Oid schema = RelationGetNamespace(foreign);
    Oid table = get_relname_relid(name, schema);
    if (!OidIsValid(table))
        ereport(ERROR,
                (errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
                 errmsg("schema \"%s\" has no table \"%s\"", get_namespace_name(schema), name),
                 errhint("Foreign table \"%s\" has to be in the schema of an app.",
                         RelationGetRelationName(foreign))));
    AclResult allowed = pg_class_aclcheck(table, foreign->rd_rel->relowner, ACL_SELECT);
    if (allowed != ACLCHECK_OK)
        aclcheck_error(allowed, OBJECT_TABLE, name);
    Relation opened = table_open(table, AccessShareLock);
    if (opened->rd_rel->relkind != RELKIND_RELATION)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a table", name)));
    return opened;
}

// WHERE column IS NOT NULL
bool is_of_set_rows(List *predicate, AttrNumber column)
{
    if (list_length(predicate) != 1)
        return false;
    auto *test = static_cast<NullTest *>(linitial(predicate));
    return test->xpr.type == T_NullTest && test->nulltesttype == IS_NOT_NULL &&
           reinterpret_cast<Expr *>(test->arg)->type == T_Var &&
           reinterpret_cast<Var *>(test->arg)->varattno == column;
}

// A btree that begins with the column; a partial one if rows are sought for which it is set.
Oid find_index(Relation table, AttrNumber column, bool partial)
{
    List *indexes = RelationGetIndexList(table);
    ListCell *cell;
    Oid found = InvalidOid;
    foreach (cell, indexes) {
        Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        List *predicate = RelationGetIndexPredicate(index);
        bool fits = index->rd_index->indisvalid && !index->rd_index->indcheckxmin &&
                    index->rd_rel->relam == BTREE_AM_OID &&
                    index->rd_index->indkey.values[0] == column &&
                    (partial ? is_of_set_rows(predicate, column) : predicate == NIL);
        index_close(index, AccessShareLock);
        if (fits)
            found = lfirst_oid(cell);
    }
    list_free(indexes);
    return found;
}

void stop(TableReader &reader)
{
    if (reader.index_scan)
        index_endscan(reader.index_scan);
    if (reader.index)
        index_close(reader.index, NoLock);
    if (reader.scan)
        table_endscan(reader.scan);
    reader.index_scan = nullptr;
    reader.index = nullptr;
    reader.scan = nullptr;
    ExecClearTuple(reader.slot);
}

bool start_index(TableReader &reader, AttrNumber column, bool partial, ScanKey key, int keys)
{
    Oid index = find_index(reader.table, column, partial);
    if (!OidIsValid(index))
        return false;
    MemoryContext previous = MemoryContextSwitchTo(reader.memory);
    reader.index = index_open(index, AccessShareLock);
    reader.index_scan = index_beginscan(reader.table, reader.index, reader.snapshot, keys, 0);
    index_rescan(reader.index_scan, key, keys, nullptr, 0);
    MemoryContextSwitchTo(previous);
    return true;
}

ItemPointerData place_of(BlockNumber page, OffsetNumber offset)
{
    ItemPointerData place;
    place.ip_blkid.bi_hi = static_cast<uint16>(page >> 16);
    place.ip_blkid.bi_lo = static_cast<uint16>(page & 0xFFFF);
    place.ip_posid = offset;
    return place;
}

}  // namespace

AppTables open_app_tables(Relation foreign)
{
    AppTables tables;
    tables.batches = open_for_owner(foreign, "event_batches");
    tables.blocks = open_for_owner(foreign, "event_blocks");
    tables.moved = open_for_owner(foreign, "moved_events");
    tables.users = open_for_owner(foreign, "users");
    return tables;
}

void close_app_tables(AppTables &tables)
{
    for (Relation table : {tables.batches, tables.blocks, tables.moved, tables.users})
        table_close(table, NoLock);
}

TableReader open_reader(Relation table, Snapshot snapshot)
{
    TableReader reader{};
    reader.table = table;
    reader.snapshot = snapshot;
    reader.memory = CurrentMemoryContext;
    reader.slot = table_slot_create(table, nullptr);
    return reader;
}

// Not synchronized with other scans: everybody who takes part in a parallel one sees the same order.
void read_all(TableReader &reader)
{
    stop(reader);
    MemoryContext previous = MemoryContextSwitchTo(reader.memory);
    reader.scan = table_beginscan_strat(reader.table, reader.snapshot, 0, nullptr, true, false);
    MemoryContextSwitchTo(previous);
}

void read_pages(TableReader &reader, BlockNumber first, BlockNumber count)
{
    ItemPointerData from = place_of(first, FirstOffsetNumber);
    ItemPointerData to = place_of(first + count - 1, MaxOffsetNumber);
    if (reader.scan && (reader.scan->rs_flags & SO_TYPE_TIDRANGESCAN)) {
        table_rescan_tidrange(reader.scan, &from, &to);
        return;
    }
    stop(reader);
    PredicateLockRelation(reader.table, reader.snapshot);  // as a scan of the whole table does
    MemoryContext previous = MemoryContextSwitchTo(reader.memory);
    reader.scan = table_beginscan_tidrange(reader.table, reader.snapshot, &from, &to);
    MemoryContextSwitchTo(previous);
}

void read_equal(TableReader &reader, AttrNumber column, Oid type, Datum value)
{
    stop(reader);
    ScanKeyData key;
    ScanKeyInit(&key, 1, BTEqualStrategyNumber, type == INT8OID ? F_INT8EQ : F_INT4EQ, value);
    if (!start_index(reader, column, false, &key, 1))
        read_all(reader);
}

void read_set(TableReader &reader, AttrNumber column)
{
    stop(reader);
    if (!start_index(reader, column, true, nullptr, 0))
        read_all(reader);
}

// In the memory of the reader, where an index keeps what it remembers from row to row.
bool next_row(TableReader &reader)
{
    CHECK_FOR_INTERRUPTS();
    MemoryContext previous = MemoryContextSwitchTo(reader.memory);
    bool found = false;
    if (reader.index_scan)
        found = index_getnext_slot(reader.index_scan, ForwardScanDirection, reader.slot);
    else if (reader.scan && (reader.scan->rs_flags & SO_TYPE_TIDRANGESCAN))
        found = table_scan_getnextslot_tidrange(reader.scan, ForwardScanDirection, reader.slot);
    else if (reader.scan)
        found = table_scan_getnextslot(reader.scan, ForwardScanDirection, reader.slot);
    MemoryContextSwitchTo(previous);
    return found;
}

void close_reader(TableReader &reader)
{
    stop(reader);
    ExecDropSingleTupleTableSlot(reader.slot);
}

Datum column_of_row(const TableReader &reader, AttrNumber column, bool *is_null)
{
    return slot_getattr(reader.slot, column, is_null);
}

std::span<const MovedUser> read_moved_users(Relation moved, Snapshot snapshot)
{
    AttrNumber uid = typed_column(moved, "uid", INT8OID),
               into = typed_column(moved, "into_uid", INT8OID);
    TableReader reader = open_reader(moved, snapshot);
    Size room = 64, count = 0;
    auto *users = static_cast<MovedUser *>(palloc(sizeof(MovedUser) * room));
    for (read_all(reader); next_row(reader); ++count) {
        if (count == room)
            users = static_cast<MovedUser *>(repalloc_huge(users, sizeof(MovedUser) * (room *= 2)));
        bool is_null;
        users[count] = {DatumGetInt64(column_of_row(reader, uid, &is_null)),
                        DatumGetInt64(column_of_row(reader, into, &is_null))};
    }
    close_reader(reader);
    std::sort(users, users + count,
              [](const MovedUser &left, const MovedUser &right) { return left.uid < right.uid; });
    return {users, count};
}

}  // namespace profiles::pg
