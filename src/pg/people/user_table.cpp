#include "user_table.h"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "access/visibilitymap.h"
#include "access/xlog.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/bufpage.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace profiles::pg {

UserTable open_users(Oid relation)
{
    UserTable users{};
    users.relation = table_open(relation, AccessShareLock);
    AclResult allowed = pg_class_aclcheck(relation, GetUserId(), ACL_SELECT);
    if (allowed != ACLCHECK_OK)
        aclcheck_error(allowed, get_relkind_objtype(users.relation->rd_rel->relkind),
                       RelationGetRelationName(users.relation));
    users.columns = user_columns(RelationGetDescr(users.relation));
    users.has_pages = users.relation->rd_rel->relkind == RELKIND_RELATION &&
                      users.relation->rd_rel->relam == HEAP_TABLE_AM_OID &&
                      !RelationUsesLocalBuffers(users.relation) &&
                      !users.relation->rd_rel->relhassubclass &&
                      check_enable_rls(relation, InvalidOid, false) != RLS_ENABLED;
    if (!users.has_pages)
        return users;
    users.pages = RelationGetNumberOfBlocks(users.relation);
    // As any scan of a large table: it does not drive everything else out of the buffers.
    if (users.pages > static_cast<BlockNumber>(NBuffers / 4))
        users.strategy = GetAccessStrategy(BAS_BULKREAD);
    return users;
}

// The lock stays until the end of the transaction.
void close_users(const UserTable &users)
{
    if (users.strategy)
        FreeAccessStrategy(users.strategy);
    table_close(users.relation, NoLock);
}

OffsetNumber last_line(Buffer buffer)
{
    return static_cast<OffsetNumber>(PageGetMaxOffsetNumber(BufferGetPage(buffer)));
}

bool read_line(const UserTable &users, Buffer buffer, BlockNumber page, OffsetNumber line,
               HeapTuple tuple)
{
    Page bytes = BufferGetPage(buffer);
    ItemId item = PageGetItemId(bytes, line);
    if (!ItemIdIsNormal(item))
        return false;
    tuple->t_tableOid = RelationGetRelid(users.relation);
    tuple->t_data = reinterpret_cast<HeapTupleHeader>(bytes + ItemIdGetOffset(item));
    tuple->t_len = ItemIdGetLength(item);
    tuple->t_self.ip_blkid.bi_hi = static_cast<uint16>(page >> 16);
    tuple->t_self.ip_blkid.bi_lo = static_cast<uint16>(page & 0xFFFF);
    tuple->t_self.ip_posid = line;
    return true;
}

// A page of the map is locked while its bits are read, so that its LSN is theirs. A range lies on two of
// them at most.
void read_map(const UserTable &users, BlockNumber first_page, RangeMap *map)
{
    new (map) RangeMap();
    Buffer buffer = InvalidBuffer;
    int part = -1;
    for (std::uint32_t number = 0; number < pages_in_range(users, first_page); ++number) {
        BlockNumber page = first_page + number;
        if (part < 0 || !visibilitymap_pin_ok(page, buffer)) {
            if (part >= 0)
                LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
            visibilitymap_get_status(users.relation, page, &buffer);
            if (!BufferIsValid(buffer))
                return;
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            map->lsns[static_cast<std::size_t>(++part)] = BufferGetLSNAtomic(buffer);
        }
        std::uint8_t status = visibilitymap_get_status(users.relation, page, &buffer);
        map->visible[number] = status & VISIBILITYMAP_ALL_VISIBLE;
    }
    if (BufferIsValid(buffer))
        UnlockReleaseBuffer(buffer);
}

bool is_logged(const UserTable &users) { return RelationNeedsWAL(users.relation); }

user_block::Origin user_origin(const UserTable &users, TransactionId written_by)
{
    const RelFileNode &file = users.relation->rd_node;
    user_block::Origin origin{GetSystemIdentifier(), file.spcNode, file.dbNode,
                              file.relNode,          written_by,   {}};
    origin.columns[0] = users.columns.uid;
    origin.columns[1] = users.columns.device_id;
    origin.columns[2] = users.columns.profile;
    static_assert(kUserFields + 3 <= std::tuple_size_v<decltype(origin.columns)>);
    std::copy_n(users.columns.fields, kUserFields, origin.columns.begin() + 3);
    return origin;
}

FullTransactionId full_transaction(TransactionId transaction, FullTransactionId next)
{
    TransactionId distance = XidFromFullTransactionId(next) - transaction;
    return FullTransactionIdFromU64(U64FromFullTransactionId(next) - distance);
}

}  // namespace profiles::pg
