// Why this is exact is said in docs/architecture.md: a page that still has the LSN of the copy has the
// users of the copy, and so has a tuple that is older than the copy; everything else is read here.
#include "user_reader.h"

#include "../events/block_datum.h"
#include "../profile/datum.h"

extern "C" {
#include "access/heapam.h"
#include "access/transam.h"
#include "miscadmin.h"
#include "storage/bufpage.h"
#include "storage/predicate.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg {

static_assert(std::is_trivially_destructible_v<UserCopy>);

namespace {

// Older transactions could not be told from new ones by their 32 bits.
constexpr std::uint64_t kLongestLife = std::uint64_t{1} << 31;

// What holds of the copy, and what has to be evaluated one by one.
struct Reading {
    const UserTable *users;
    const UserCopy *copy;
    Snapshot snapshot;
    std::uint32_t span;  // of the transactions that may be newer than the copy
    std::int64_t now;
    bool lapsed;                             // the page has users who are others by the clock
    std::uint64_t *keep;                     // rows of the copy that hold, as bits
    int count;                               // of the tuples
    HeapTuple tuples[MaxHeapTuplesPerPage];  // of the page, copied
};

void keep_rows(Reading &reading, std::uint32_t first, std::uint32_t last)
{
    for (; first < last; ++first)
        reading.keep[first / 64] |= std::uint64_t{1} << first % 64;
}

// No transaction that ran since the copy began has this number.
bool is_older_than_copy(const Reading &reading, HeapTupleHeader tuple)
{
    std::uint32_t distance =
        HeapTupleHeaderGetRawXmin(tuple) - static_cast<std::uint32_t>(reading.copy->oldest_running);
    return distance >= reading.span;
}

bool is_as_copied(const Reading &reading, HeapTuple tuple)
{
    return is_older_than_copy(reading, tuple->t_data) &&
           !(reading.lapsed && expires(reading.users->columns, tuple));
}

// The row of the copy for a line of a page; lines come in ascending order, and `row` goes along.
bool find_row(const UserCopy &copy, std::uint32_t &row, std::uint32_t end, OffsetNumber line)
{
    while (row < end && copy.pages.line(row) < line)
        ++row;
    return row < end && copy.pages.line(row) == line;
}

void take_tuple(Reading &reading, HeapTuple tuple)
{
    reading.tuples[reading.count++] = heap_copytuple(tuple);
}

// The heads of tuples lie far apart and are rarely in the processor's cache: all are asked for at once.
void prefetch_tuples(Buffer buffer)
{
    Page page = BufferGetPage(buffer);
    for (OffsetNumber line = 1; line <= last_line(buffer); ++line)
        __builtin_prefetch(page + ItemIdGetOffset(PageGetItemId(page, line)));
}

// Rows [row, end) of the copy are of this page. The buffer is locked.
void take_page(Reading &reading, Buffer buffer, BlockNumber page, std::uint32_t row,
               std::uint32_t end)
{
    TestForOldSnapshot(reading.snapshot, reading.users->relation, BufferGetPage(buffer));
    prefetch_tuples(buffer);
    for (OffsetNumber line = 1; line <= last_line(buffer); ++line) {
        HeapTupleData tuple;
        if (!read_line(*reading.users, buffer, page, line, &tuple))
            continue;
        if (!is_visible(*reading.users, buffer, &tuple, reading.snapshot))
            continue;
        if (row < end && find_row(*reading.copy, row, end, line) && is_as_copied(reading, &tuple))
            keep_rows(reading, row, row + 1);
        else
            take_tuple(reading, &tuple);
    }
}

void add_tuples(UsersSegmentation &segmentation, const Reading &reading,
                const WantedColumns &wanted)
{
    auto *rows = static_cast<UserRow *>(palloc(sizeof(UserRow) * (reading.count + 1)));
    for (int index = 0; index < reading.count; ++index)
        read_user(reading.users->columns, reading.tuples[index], wanted, rows + index);
    attempt([&](std::pmr::memory_resource *) {
        for (int index = 0; index < reading.count; ++index)
            segmentation.add(rows[index]);
    });
}

// A page of the range, by its number there.
void count_page(Reading &reading, BlockNumber first_page, std::uint32_t number)
{
    const UserCopy &copy = *reading.copy;
    bool copied = copy.usable && number < copy.pages.count();
    std::uint32_t first = copied ? copy.pages.first_row(number) : 0;
    std::uint32_t end = copied ? copy.pages.last_row(number) : 0;
    BlockNumber page = first_page + number;
    reading.count = 0;
    reading.lapsed =
        copied && !user_block::is_current(copy.made_at, copy.pages.lapses_at(number), reading.now);
    bool holds = copied && copy.pages.lsn(number) != 0 && !reading.lapsed;
    if (holds && copy.has_map && copy.map.visible[number]) {
        keep_rows(reading, first, end);
        return;
    }
    Buffer buffer = read_page(*reading.users, page);
    if (holds && copy.pages.lsn(number) == BufferGetLSNAtomic(buffer)) {
        ReleaseBuffer(buffer);
        keep_rows(reading, first, end);
        return;
    }
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    take_page(reading, buffer, page, first, end);
    UnlockReleaseBuffer(buffer);
}

// The rows of the copy that hold, all at once.
void add_copy(UsersSegmentation &segmentation, const Reading &reading)
{
    const UserCopy &copy = *reading.copy;
    attempt([&](std::pmr::memory_resource *) {
        UserBlockDirectory directory(copy.directory);
        BlockBytes bytes;
        for (std::size_t index = 0; index < copy.count; ++index)
            bytes.add(copy.ranges[index].offset, copy.slices[index]);
        RowSet rows(copy.rows, copy.whole);
        if (!copy.whole)
            std::copy_n(reading.keep, rows.words().size(), rows.words().begin());
        segmentation.add_block(directory, bytes, std::move(rows));
    });
}

// Whether a copy is one of this table, what the map says of it, and which parts are needed.
void plan_copy(const UsersSegmentation &segmentation, const user_block::Origin &origin,
               std::uint32_t pages, UserCopy *copy)
{
    attempt([&](std::pmr::memory_resource *memory) {
        UserBlockDirectory directory(copy->directory);
        copy->usable = directory.origin() == origin;
        copy->rows = directory.rows();
        copy->oldest_running = directory.oldest_running();
        copy->made_at = directory.made_at();
        copy->has_map = copy->map.lsns == directory.map_lsns() && copy->map.lsns[0] != 0;
        copy->whole = copy->has_map && directory.is_settled() && directory.pages() == pages &&
                      copy->map.visible.count() == pages &&
                      directory.is_current(segmentation.now());
        std::vector<ByteRange> needed = segmentation.needed_bytes(directory, !copy->whole);
        auto *kept = static_cast<ByteRange *>(
            memory->allocate(sizeof(ByteRange) * needed.size(), alignof(ByteRange)));
        std::uninitialized_copy(needed.begin(), needed.end(), kept);
        copy->ranges = kept;
        copy->count = needed.size();
    });
}

void fetch_copy(Datum data, UserCopy *copy)
{
    auto *slices = static_cast<std::string_view *>(palloc(sizeof(std::string_view) * copy->count));
    block_slices(data, {copy->ranges, copy->count}, slices);
    copy->slices = slices;
    if (copy->whole)
        return;
    attempt([&](std::pmr::memory_resource *) {
        UserBlockDirectory directory(copy->directory);
        BlockBytes bytes;
        for (std::size_t index = 0; index < copy->count; ++index)
            bytes.add(copy->ranges[index].offset, copy->slices[index]);
        copy->pages =
            UserBlockPages(bytes.at(directory.page_bytes()), directory.pages(), directory.rows());
    });
}

}  // namespace

void open_copy(const UsersSegmentation &segmentation, const UserTable &users,
               BlockNumber first_page, Datum data, TransactionId written_by, UserCopy *copy)
{
    copy->directory = block_slice(data, {0, UserBlockDirectory::kHeaderSize});
    bool readable = false;
    attempt([&](std::pmr::memory_resource *) {
        readable = UserBlockDirectory::is_readable(copy->directory) && segmentation.reads_columns();
    });
    if (!readable || !is_logged(users))
        return;
    copy->directory = leading_bytes(data, UserBlockDirectory::size_from);
    read_map(users, first_page, &copy->map);
    plan_copy(segmentation, user_origin(users, written_by), pages_in_range(users, first_page),
              copy);
    std::uint64_t next = U64FromFullTransactionId(ReadNextFullTransactionId());
    copy->usable = copy->usable && next - copy->oldest_running < kLongestLife;
    if (copy->usable)
        fetch_copy(data, copy);
}

void read_range(UsersSegmentation &segmentation, const UserTable &users, BlockNumber first_page,
                const UserCopy &copy)
{
    PredicateLockRelation(users.relation, GetActiveSnapshot());
    auto *reading = static_cast<Reading *>(palloc(sizeof(Reading)));
    reading->users = &users;
    reading->copy = &copy;
    reading->snapshot = GetActiveSnapshot();
    reading->now = segmentation.now();
    // Read after the snapshot was taken: what is not counted here, it does not see.
    reading->span = static_cast<std::uint32_t>(
        U64FromFullTransactionId(ReadNextFullTransactionId()) - copy.oldest_running);
    reading->keep =
        static_cast<std::uint64_t *>(palloc0(sizeof(std::uint64_t) * (copy.rows / 64 + 1)));
    WantedColumns wanted = wanted_columns(segmentation);
    MemoryContext per_page =
        AllocSetContextCreate(CurrentMemoryContext, "users of a page", ALLOCSET_DEFAULT_SIZES);
    std::uint32_t pages = copy.usable && copy.whole ? 0 : pages_in_range(users, first_page);
    for (std::uint32_t number = 0; number < pages; ++number) {
        CHECK_FOR_INTERRUPTS();
        MemoryContext previous = MemoryContextSwitchTo(per_page);
        count_page(*reading, first_page, number);
        if (reading->count > 0)
            add_tuples(segmentation, *reading, wanted);
        MemoryContextSwitchTo(previous);
        MemoryContextReset(per_page);
    }
    MemoryContextDelete(per_page);
    if (copy.usable)
        add_copy(segmentation, *reading);
}

}  // namespace profiles::pg
