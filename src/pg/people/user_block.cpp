// Copies of users by column: how one is made from the table, and who is in it.
#include "../events/block_datum.h"
#include "../owned.h"
#include "../profile/datum.h"
#include "../time.h"
#include "user_table.h"

#include "../../core/people/user_block_builder.h"

extern "C" {
#include "access/heapam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(user_block_changed);
PG_FUNCTION_INFO_V1(user_block_make);
PG_FUNCTION_INFO_V1(user_block_uids);
}

namespace {

// More than this of the users' own bytes no copy takes.
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

struct Copying {
    UserTable users;
    Snapshot snapshot;
    WantedColumns wanted;
    std::size_t bytes;
    bool settled;  // what the page has will be the same for whoever sees the copy
    int count;
    HeapTuple tuples[MaxHeapTuplesPerPage];
    std::uint16_t lines[MaxHeapTuplesPerPage];
};

// What is to be known of a copy that may have to be made anew.
struct OldCopy {
    std::int64_t made_at;
    UserBlockPages pages;
};

// True when the transaction had ended before the snapshot was taken, so that everybody who will see the
// copy sees what became of it, too.
bool has_ended(const Copying &copying, TransactionId transaction)
{
    return TransactionIdPrecedes(transaction, copying.snapshot->xmin);
}

void take_tuple(Copying &copying, HeapTuple tuple)
{
    std::size_t size = user_size(copying.users.columns, tuple);
    if (copying.bytes + size > kMaxBytes) {
        copying.settled = false;
        return;
    }
    copying.bytes += size;
    copying.lines[copying.count] = ItemPointerGetOffsetNumber(&tuple->t_self);
    copying.tuples[copying.count++] = heap_copytuple(tuple);
}

void judge_tuple(Copying &copying, HeapTuple tuple, Buffer buffer)
{
    TransactionId ended_by = InvalidTransactionId;
    switch (HeapTupleSatisfiesVacuumHorizon(tuple, buffer, &ended_by)) {
    case HEAPTUPLE_DEAD: break;  // its transaction was rolled back
    case HEAPTUPLE_RECENTLY_DEAD:
        copying.settled = copying.settled && has_ended(copying, ended_by);
        break;
    case HEAPTUPLE_LIVE:
        if (HeapTupleHeaderXminFrozen(tuple->t_data) ||
            has_ended(copying, HeapTupleHeaderGetXmin(tuple->t_data)))
            take_tuple(copying, tuple);
        else
            copying.settled = false;
        break;
    default: copying.settled = false; break;  // somebody is just changing it
    }
}

// Returns the LSN of the page while it had what was taken of it.
XLogRecPtr take_page(Copying &copying, BlockNumber number)
{
    Buffer buffer = read_page(copying.users, number);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    copying.settled = true;
    copying.count = 0;
    for (OffsetNumber line = 1; line <= last_line(buffer); ++line) {
        HeapTupleData tuple;
        if (!read_line(copying.users, buffer, number, line, &tuple))
            continue;
        judge_tuple(copying, &tuple, buffer);
    }
    XLogRecPtr lsn = BufferGetLSNAtomic(buffer);
    UnlockReleaseBuffer(buffer);
    return copying.settled ? lsn : InvalidXLogRecPtr;
}

void copy_page(Copying &copying, UserBlockBuilder &builder, BlockNumber number)
{
    XLogRecPtr lsn = take_page(copying, number);
    auto *rows = static_cast<UserRow *>(palloc(sizeof(UserRow) * (copying.count + 1)));
    for (int index = 0; index < copying.count; ++index)
        read_user(copying.users.columns, copying.tuples[index], copying.wanted, rows + index);
    attempt([&](std::pmr::memory_resource *) {
        builder.add_page(lsn);
        for (int index = 0; index < copying.count; ++index)
            builder.add_user(copying.lines[index], rows[index]);
    });
    pfree(rows);
}

// InvalidBlockNumber where the table has no such pages that a copy can be made of.
BlockNumber first_page_of(const UserTable &users, int range)
{
    std::uint64_t first_page = static_cast<std::uint64_t>(std::max(range, 0)) * user_block::kPages;
    bool copied = users.has_pages && is_logged(users) && first_page < users.pages;
    return copied ? static_cast<BlockNumber>(first_page) : InvalidBlockNumber;
}

BlockNumber end_of_range(const UserTable &users, BlockNumber first_page)
{
    return first_page + pages_in_range(users, first_page);
}

std::int64_t now() { return milliseconds_of(GetCurrentTransactionStartTimestamp()); }

// How many pages of the range are not as they were when the copy was made.
BlockNumber count_changed(const UserTable &users, BlockNumber first_page, const OldCopy &copy)
{
    const UserBlockPages &pages = copy.pages;
    BlockNumber changed = 0;
    for (BlockNumber page = first_page; page < end_of_range(users, first_page); ++page) {
        CHECK_FOR_INTERRUPTS();
        Buffer buffer = read_page(users, page);
        std::uint32_t number = page - first_page;
        changed += number >= pages.count() || pages.lsn(number) != BufferGetLSNAtomic(buffer) ||
                   !user_block::is_current(copy.made_at, pages.lapses_at(number), now());
        ReleaseBuffer(buffer);
    }
    return changed;
}

bool is_readable(Datum data)
{
    std::string_view start = block_slice(data, {0, UserBlockDirectory::kHeaderSize});
    bool readable = false;
    attempt(
        [&](std::pmr::memory_resource *) { readable = UserBlockDirectory::is_readable(start); });
    return readable;
}

// Without pages when it is not one of this table, or too old to be used for long.
OldCopy old_copy(const UserTable &users, Datum data, TransactionId written_by)
{
    constexpr std::uint64_t kOld = std::uint64_t{1} << 30;
    OldCopy copy{};
    if (!is_readable(data))
        return copy;
    bool usable = false;
    std::string_view start = leading_bytes(data, UserBlockDirectory::size_from);
    user_block::Origin origin = user_origin(users, written_by);
    std::uint64_t next = U64FromFullTransactionId(ReadNextFullTransactionId());
    ByteRange range;
    std::uint32_t rows = 0, count = 0;
    attempt([&](std::pmr::memory_resource *) {
        UserBlockDirectory directory(start);
        usable = directory.origin() == origin && next - directory.oldest_running() < kOld;
        range = directory.page_bytes();
        rows = directory.rows();
        count = directory.pages();
        copy.made_at = directory.made_at();
    });
    if (!usable)
        return copy;
    std::string_view bytes = block_slice(data, range);
    attempt([&](std::pmr::memory_resource *) { copy.pages = UserBlockPages(bytes, count, rows); });
    return copy;
}

struct varlena *copy_range(const UserTable &users, BlockNumber first_page)
{
    auto *copying = static_cast<Copying *>(palloc0(sizeof(Copying)));
    copying->users = users;
    copying->snapshot = GetActiveSnapshot();
    copying->wanted = all_columns();
    Owned<UserBlockBuilder> *owned = own_in<UserBlockBuilder>(CurrentMemoryContext);
    attempt([&](std::pmr::memory_resource *) { owned->object = new UserBlockBuilder(now()); });
    user_block::Origin origin = user_origin(users, GetCurrentTransactionId());
    std::uint64_t oldest = U64FromFullTransactionId(
        full_transaction(copying->snapshot->xmin, ReadNextFullTransactionId()));
    RangeMap map;  // before any page is read: a bit that is set later moves its LSN
    read_map(users, first_page, &map);
    for (BlockNumber page = first_page; page < end_of_range(users, first_page); ++page) {
        CHECK_FOR_INTERRUPTS();
        copy_page(*copying, *owned->object, page);
    }
    struct varlena *made = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        if (!owned->object->is_empty())
            made =
                make_varlena(owned->object->finish({origin, first_page, oldest, map.lsns}), memory);
    });
    return made;
}

}  // namespace

// How many pages of a range are not as its copy has them: all of them without a copy of this table.
extern "C" Datum user_block_changed(PG_FUNCTION_ARGS)
{
    UserTable users = open_users(PG_GETARG_OID(0));
    BlockNumber changed = 0, first_page = first_page_of(users, PG_GETARG_INT32(1));
    if (first_page != InvalidBlockNumber)
        changed = count_changed(users, first_page,
                                old_copy(users, PG_GETARG_DATUM(2), PG_GETARG_TRANSACTIONID(3)));
    close_pages(users);
    PG_RETURN_INT32(static_cast<int32>(changed));
}

// A copy of a range of pages as they are now; NULL when none can be made.
extern "C" Datum user_block_make(PG_FUNCTION_ARGS)
{
    UserTable users = open_users(PG_GETARG_OID(0));
    BlockNumber first_page = first_page_of(users, PG_GETARG_INT32(1));
    struct varlena *made = nullptr;
    if (first_page != InvalidBlockNumber)
        made = copy_range(users, first_page);
    close_pages(users);
    if (!made)
        PG_RETURN_NULL();
    PG_RETURN_POINTER(made);
}

extern "C" Datum user_block_uids(PG_FUNCTION_ARGS)
{
    Datum data = PG_GETARG_DATUM(0);
    if (!is_readable(data))
        PG_RETURN_NULL();
    std::string_view start = leading_bytes(data, UserBlockDirectory::size_from);
    ByteRange range;
    attempt([&](std::pmr::memory_resource *) {
        UserBlockDirectory directory(start);
        range = directory.get(block::ColumnKind::user_field, user_block::kUid).bytes();
    });
    std::string_view slice = block_slice(data, range);
    Datum *uids = nullptr;
    int count = 0;
    attempt([&](std::pmr::memory_resource *memory) {
        UserBlockDirectory directory(start);
        BlockBytes bytes;
        bytes.add(range.offset, slice);
        UserIntegers read = read_user_integers(
            directory, directory.get(block::ColumnKind::user_field, user_block::kUid), bytes);
        count = static_cast<int>(read.values.size());
        uids = static_cast<Datum *>(
            memory->allocate(sizeof(Datum) * read.values.size(), alignof(Datum)));
        std::transform(read.values.begin(), read.values.end(), uids,
                       [](std::int64_t uid) { return Int64GetDatum(uid); });
    });
    PG_RETURN_POINTER(construct_array(uids, count, INT8OID, 8, true, TYPALIGN_DOUBLE));
}

}  // namespace profiles::pg
