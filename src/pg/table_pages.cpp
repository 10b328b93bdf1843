#include "table_pages.h"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/predicate.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace profiles::pg {

bool has_pages(Relation table)
{
    return table->rd_rel->relkind == RELKIND_RELATION &&
           table->rd_rel->relam == HEAP_TABLE_AM_OID && !RelationUsesLocalBuffers(table) &&
           !table->rd_rel->relhassubclass &&
           check_enable_rls(RelationGetRelid(table), InvalidOid, false) != RLS_ENABLED;
}

TablePages open_pages(Oid table)
{
    TablePages opened{};
    opened.relation = table_open(table, AccessShareLock);
    AclResult allowed = pg_class_aclcheck(table, GetUserId(), ACL_SELECT);
    if (allowed != ACLCHECK_OK)
        aclcheck_error(allowed, get_relkind_objtype(opened.relation->rd_rel->relkind),
                       RelationGetRelationName(opened.relation));
    opened.has_pages = has_pages(opened.relation);
    if (!opened.has_pages)
        return opened;
    opened.pages = RelationGetNumberOfBlocks(opened.relation);
    // As any scan of a large table: it does not drive everything else out of the buffers.
    if (opened.pages > static_cast<BlockNumber>(NBuffers / 4))
        opened.strategy = GetAccessStrategy(BAS_BULKREAD);
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
