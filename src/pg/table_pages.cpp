#include "table_pages.h"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "storage/predicate.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace profiles::pg {

namespace {

// Citus leaves an empty table where it has distributed one, and sends queries to the rows.
bool may_be_distributed() { return OidIsValid(get_extension_oid("citus", true)); }

bool is_plain_heap(Relation table)
{
    return table->rd_rel->relkind == RELKIND_RELATION &&
           table->rd_rel->relam == HEAP_TABLE_AM_OID && !RelationUsesLocalBuffers(table) &&
           !table->rd_rel->relhassubclass && !may_be_distributed();
}

bool hides_rows(Relation table)
{
    return check_enable_rls(RelationGetRelid(table), InvalidOid, false) == RLS_ENABLED;
}

}  // namespace

bool has_pages(Relation table) { return is_plain_heap(table) && !hides_rows(table); }

TablePages pages_of_table(Relation table)
{
    TablePages found{table, is_plain_heap(table), 0, nullptr};
    if (!found.has_pages)
        return found;
    found.pages = RelationGetNumberOfBlocks(table);
    // As any scan of a large table: it does not drive everything else out of the buffers.
    if (found.pages > static_cast<BlockNumber>(NBuffers / 4))
        found.strategy = GetAccessStrategy(BAS_BULKREAD);
    return found;
}

TablePages open_pages(Oid table)
{
    Relation relation = table_open(table, AccessShareLock);
    AclResult allowed = pg_class_aclcheck(table, GetUserId(), ACL_SELECT);
    if (allowed != ACLCHECK_OK)
        aclcheck_error(allowed, get_relkind_objtype(relation->rd_rel->relkind),
                       RelationGetRelationName(relation));
    TablePages opened = pages_of_table(relation);
    opened.has_pages = opened.has_pages && !hides_rows(relation);
    return opened;
}

void close_pages(const TablePages &table)
{
    if (table.strategy)
        FreeAccessStrategy(table.strategy);
    table_close(table.relation, NoLock);
}

OffsetNumber last_line(Buffer buffer)
{
    return static_cast<OffsetNumber>(PageGetMaxOffsetNumber(BufferGetPage(buffer)));
}

bool read_line(const TablePages &table, Buffer buffer, BlockNumber page, OffsetNumber line,
               HeapTuple tuple)
{
    Page bytes = BufferGetPage(buffer);
    ItemId item = PageGetItemId(bytes, line);
    if (!ItemIdIsNormal(item))
        return false;
    tuple->t_tableOid = RelationGetRelid(table.relation);
    tuple->t_data = reinterpret_cast<HeapTupleHeader>(bytes + ItemIdGetOffset(item));
    tuple->t_len = ItemIdGetLength(item);
    tuple->t_self.ip_blkid.bi_hi = static_cast<uint16>(page >> 16);
    tuple->t_self.ip_blkid.bi_lo = static_cast<uint16>(page & 0xFFFF);
    tuple->t_self.ip_posid = line;
    return true;
}

bool is_visible(const TablePages &table, Buffer buffer, HeapTuple tuple, Snapshot snapshot)
{
    bool visible = HeapTupleSatisfiesVisibility(tuple, snapshot, buffer);
    HeapCheckForSerializableConflictOut(visible, table.relation, tuple, buffer, snapshot);
    return visible;
}

}  // namespace profiles::pg
