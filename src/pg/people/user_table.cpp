#include "user_table.h"

extern "C" {
#include "access/visibilitymap.h"
#include "access/xlog.h"
}

namespace profiles::pg {

UserTable open_users(Oid relation)
{
    UserTable users{open_pages(relation), {}};
    users.columns =
        user_columns(RelationGetDescr(users.relation), RelationGetRelationName(users.relation));
    return users;
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
