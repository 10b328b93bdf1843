// The cold tier: blocks are taken one by one, those that cannot have a row are passed, and in the others the
// conditions choose rows before any value is made.
#include "event_scan.h"

#include <algorithm>

#include "../events/block_datum.h"
#include "../time.h"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

bool is_on(const EventScan &scan, const Condition &condition, Source source)
{
    return condition.kind == ConditionKind::column &&
           scan.columns.columns[condition.column].source == source;
}

// The limits of the scan say all that the condition does.
bool is_limit_of_time(const EventScan &scan, const Condition &condition)
{
    return is_on(scan, condition, Source::ts) && condition.limit != Limit::none &&
           condition.limit != Limit::equal;
}

void set_values_of_code(EventScan &scan, const Condition &condition, std::uint32_t code)
{
    for (int column = -1; (column = bms_next_member(condition.columns, column)) >= 0;)
        scan.slot->tts_values[column] =
            value_of_code(scan, column, code, &scan.slot->tts_isnull[column]);
}

void set_values_of_row(EventScan &scan, const Condition &condition, std::uint32_t row)
{
    for (int column = -1; (column = bms_next_member(condition.columns, column)) >= 0;)
        scan.slot->tts_values[column] =
            value_of_row(scan, column, row, &scan.slot->tts_isnull[column]);
}

void choose_by_codes(EventScan &scan, const Condition &condition)
{
    BlockRows &rows = *scan.block->object;
    const BlockColumnInfo &info = *scan.values[condition.column].info;
    std::span<const std::uint8_t> present;
    attempt([&](std::pmr::memory_resource *) { present = rows.present_codes(info); });
    auto *match = static_cast<std::uint8_t *>(palloc0(present.size() + 1));
    for (std::uint32_t code = 0; code < present.size(); ++code)
        if (present[code]) {
            CHECK_FOR_INTERRUPTS();
            set_values_of_code(scan, condition, code);
            match[code] = holds(scan, condition.holds);
        }
    attempt([&](std::pmr::memory_resource *) { rows.keep_codes(info, {match, present.size()}); });
}

void choose_by_users(EventScan &scan, const Condition &condition)
{
    BlockRows &rows = *scan.block->object;
    std::span<const std::uint8_t> present;
    attempt([&](std::pmr::memory_resource *) { present = rows.present_users(); });
    auto *match = static_cast<std::uint8_t *>(palloc0(present.size() + 1));
    for (std::uint32_t user = 0; user < present.size(); ++user)
        if (present[user]) {
            CHECK_FOR_INTERRUPTS();
            scan.slot->tts_values[condition.column] = Int64GetDatum(rows.uids()[user]);
            scan.slot->tts_isnull[condition.column] = false;
            match[user] = holds(scan, condition.holds);
        }
    attempt([&](std::pmr::memory_resource *) { rows.keep_users({match, present.size()}); });
}

// Numbers have no dictionary, but the same one often comes again.
void choose_by_rows(EventScan &scan, const Condition &condition)
{
    BlockRows &rows = *scan.block->object;
    std::span<const std::uint16_t> numbers;
    attempt([&](std::pmr::memory_resource *) { numbers = rows.numbers(); });
    auto *match = static_cast<std::uint8_t *>(palloc0(numbers.size() + 1));
    const std::int64_t *integers = scan.values[condition.column].integers;
    for (std::size_t index = 0; index < numbers.size(); ++index) {
        CHECK_FOR_INTERRUPTS();
        if (integers && index > 0 && integers[numbers[index]] == integers[numbers[index - 1]]) {
            match[index] = match[index - 1];
            continue;
        }
        set_values_of_row(scan, condition, numbers[index]);
        match[index] = holds(scan, condition.holds);
    }
    attempt([&](std::pmr::memory_resource *) { rows.keep_numbered({match, numbers.size()}); });
}

// All rows have the same answer.
void choose_all_or_none(EventScan &scan, const Condition &condition)
{
    set_values_of_row(scan, condition, 0);
    if (holds(scan, condition.holds))
        return;
    attempt([&](std::pmr::memory_resource *) { scan.block->object->keep_none(); });
}

void choose_by_filter(EventScan &scan, const Condition &condition)
{
    BlockRows &rows = *scan.block->object;
    const Filter *filter = condition.filter->object;
    if (!filter) {
        prepare_column(scan, condition.column);
        choose_by_rows(scan, condition);
        return;
    }
    fetch_users(scan);
    for (const Leaf &leaf : filter->leaves())
        if (const BlockColumnInfo *info = find_column(rows.directory(), leaf.reference))
            fetch_column(scan, *info);
    attempt([&](std::pmr::memory_resource *) { rows.keep_matching(*filter, 0); });
}

void choose(EventScan &scan, const Condition &condition);

void choose_alternatives(EventScan &scan, const Condition &condition)
{
    BlockRows &rows = *scan.block->object;
    attempt([&](std::pmr::memory_resource *) { rows.begin_alternatives(); });
    for (int part = 0; part < condition.part_count; ++part) {
        choose(scan, condition.parts[part]);
        attempt([&](std::pmr::memory_resource *) { rows.next_alternative(); });
    }
    attempt([&](std::pmr::memory_resource *) { rows.end_alternatives(); });
}

void choose_by_column(EventScan &scan, const Condition &condition)
{
    for (int column = -1; (column = bms_next_member(condition.columns, column)) >= 0;)
        prepare_column(scan, column);
    const BlockValues &values = scan.values[condition.column];
    if (values.codes)
        choose_by_codes(scan, condition);
    else if (values.integers)
        choose_by_rows(scan, condition);
    else if (scan.columns.columns[condition.column].source == Source::uid)
        choose_by_users(scan, condition);
    else
        choose_all_or_none(scan, condition);
}

void choose(EventScan &scan, const Condition &condition)
{
    if (scan.block->object->chosen().empty())
        return;
    switch (condition.kind) {
    case ConditionKind::column: return choose_by_column(scan, condition);
    case ConditionKind::filter: return choose_by_filter(scan, condition);
    case ConditionKind::any: return choose_alternatives(scan, condition);
    case ConditionKind::all:
        for (int part = 0; part < condition.part_count; ++part)
            choose(scan, condition.parts[part]);
    }
}

void choose_period(EventScan &scan)
{
    BlockRows &rows = *scan.block->object;
    const BlockDirectory &directory = rows.directory();
    if (scan.first_ts <= directory.first_time() && directory.last_time() <= scan.last_ts)
        return;
    const BlockColumnInfo *info = directory.find(block::ColumnKind::time);
    if (info)
        fetch_column(scan, *info);
    attempt([&](std::pmr::memory_resource *) { rows.keep_times(scan.first_ts, scan.last_ts); });
}

// Where few users are sought, what is left of the block is little before any column is read.
void choose_limited_users(EventScan &scan)
{
    if (scan.first_uid == INT64_MIN && scan.last_uid == INT64_MAX)
        return;
    fetch_users(scan);
    attempt([&](std::pmr::memory_resource *) {
        BlockRows &rows = *scan.block->object;
        rows.keep_uids(scan.first_uid, scan.last_uid);
    });
}

void choose_only_key(EventScan &scan)
{
    BlockRows &rows = *scan.block->object;
    const BlockColumnInfo *info = rows.directory().find(block::ColumnKind::key);
    if (info)
        fetch_column(scan, *info);
    std::string_view key = scan.only_key;
    attempt([&](std::pmr::memory_resource *) {
        const CodedColumn &keys = rows.coded(rows.directory().get(block::ColumnKind::key));
        std::vector<std::uint8_t> match(keys.values.code_count());
        for (std::uint32_t code = 0; code < match.size(); ++code)
            match[code] = keys.values.value(code) == Item{Type::text, key};
        rows.keep_codes(*keys.info, match);
    });
}

}  // namespace

void choose_rows(EventScan &scan)
{
    choose_limited_users(scan);
    if (scan.only_key && !scan.block->object->chosen().empty())
        choose_only_key(scan);
    if (!scan.block->object->chosen().empty())
        choose_period(scan);
    for (int index = 0; index < scan.condition_count; ++index)
        if (!is_limit_of_time(scan, scan.conditions[index]))
            choose(scan, scan.conditions[index]);
}

namespace {

Datum attribute(EventScan &scan, AttrNumber number)
{
    bool is_null;
    return column_of_row(scan.blocks, number, &is_null);
}

// Merges may have moved users of the block to another number.
bool may_have_users(const EventScan &scan, std::int64_t first, std::int64_t last)
{
    if (first <= scan.last_uid && scan.first_uid <= last)
        return true;
    auto at =
        std::lower_bound(scan.moved.begin(), scan.moved.end(), first,
                         [](const MovedUser &user, std::int64_t uid) { return user.uid < uid; });
    for (; at != scan.moved.end() && at->uid <= last; ++at)
        if (at->into_uid >= scan.first_uid && at->into_uid <= scan.last_uid)
            return true;
    return false;
}

bool may_have_keys(EventScan &scan)
{
    if (!scan.has_key_condition && !scan.only_key)
        return true;
    MemoryContext previous = MemoryContextSwitchTo(scan.block_context);
    ArrayType *array = DatumGetArrayTypeP(attribute(scan, scan.block_attributes.keys));
    Datum *keys;
    bool *nulls;
    int count;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &keys, &nulls, &count);
    bool found = false;
    for (int index = 0; index < count && !found; ++index)
        found = !nulls[index] && accepts_key(scan, keys[index]);
    MemoryContextSwitchTo(previous);
    return found;
}

// By the plain columns of event_blocks.
bool may_have_rows(EventScan &scan)
{
    const BlockAttributes &attributes = scan.block_attributes;
    return milliseconds_of(DatumGetTimestampTz(attribute(scan, attributes.last_ts))) >=
               scan.first_ts &&
           milliseconds_of(DatumGetTimestampTz(attribute(scan, attributes.first_ts))) <=
               scan.last_ts &&
           may_have_users(scan, DatumGetInt64(attribute(scan, attributes.first_uid)),
                          DatumGetInt64(attribute(scan, attributes.last_uid))) &&
           may_have_keys(scan);
}

void open_block(EventScan &scan)
{
    Size columns = static_cast<Size>(scan.columns.count);
    scan.values = static_cast<BlockValues *>(palloc0(sizeof(BlockValues) * (columns + 1)));
    scan.block_datum = datumCopy(attribute(scan, scan.block_attributes.data), false, -1);
    std::string_view directory = block_directory(scan.block_datum);
    scan.block = own_in<BlockRows>(scan.block_context);
    attempt([&](std::pmr::memory_resource *) {
        scan.block->object = new BlockRows(directory, scan.moved);
    });
    scan.user = 0;
    scan.profile_row = scan.segmentation_row = -1;
    scan.row_count = scan.next_row_index = 0;
}

// Rows of a block that has been opened. The conditions need not stay in the memory of the block, but are
// few.
void read_block(EventScan &scan)
{
    open_block(scan);
    clear_slot(scan);
    choose_rows(scan);
    std::span<const std::uint16_t> numbers;
    attempt([&](std::pmr::memory_resource *) { numbers = scan.block->object->numbers(); });
    scan.rows = numbers.data();
    scan.row_count = numbers.size();
    pg_atomic_fetch_add_u64(&scan.shared->blocks_read, 1);
    pg_atomic_fetch_add_u64(
        &scan.shared->rows_removed,
        static_cast<int64>(scan.block->object->directory().rows() - scan.row_count));
    if (scan.row_count == 0)
        return;
    for (int column : scan.outputs)
        prepare_column(scan, column);
    clear_slot(scan);
}

// Where all events of one user are, its bucket, and those of the users that were merged into it.
void find_buckets(EventScan &scan)
{
    Size room = 1;
    for (const MovedUser &user : scan.moved)
        room += user.into_uid == scan.first_uid;
    scan.buckets = static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * room));
    scan.buckets[0] = scan.first_uid >> block::kBucketBits;
    Size count = 1;
    for (const MovedUser &user : scan.moved)
        if (user.into_uid == scan.first_uid)
            scan.buckets[count++] = user.uid >> block::kBucketBits;
    std::sort(scan.buckets, scan.buckets + count);
    scan.bucket_count =
        static_cast<int>(std::unique(scan.buckets, scan.buckets + count) - scan.buckets);
}

bool is_of_one_user(const EventScan &scan) { return scan.first_uid == scan.last_uid; }

bool read_next_bucket(EventScan &scan)
{
    if (scan.next_bucket == scan.bucket_count)
        return false;
    std::int64_t bucket = scan.buckets[scan.next_bucket++];
    if (bucket < 0 || bucket > PG_INT32_MAX)
        return read_next_bucket(scan);
    read_equal(scan.blocks, scan.block_attributes.bucket, INT4OID,
               Int32GetDatum(static_cast<int32>(bucket)));
    return true;
}

void start_blocks(EventScan &scan)
{
    scan.blocks_seen = 0;
    scan.bucket_count = scan.next_bucket = 0;
    if (!is_of_one_user(scan)) {
        read_all(scan.blocks);
        return;
    }
    MemoryContext previous = MemoryContextSwitchTo(scan.memory);
    if (scan.buckets)
        pfree(scan.buckets);
    find_buckets(scan);
    MemoryContextSwitchTo(previous);
    read_next_bucket(scan);
}

// Without an index all blocks are read for each bucket.
bool is_of_bucket(EventScan &scan)
{
    return scan.bucket_count == 0 ||
           scan.buckets[scan.next_bucket - 1] ==
               DatumGetInt32(attribute(scan, scan.block_attributes.bucket));
}

// Goes on to the block of this number; false when there are not so many.
bool go_to_block(EventScan &scan, std::uint64_t number)
{
    while (scan.blocks_seen <= number)
        if (next_row(scan.blocks))
            scan.blocks_seen += is_of_bucket(scan);
        else if (!read_next_bucket(scan))
            return false;
    return true;
}

}  // namespace

bool open_next_block(EventScan &scan)
{
    if (scan.first_ts > scan.last_ts || scan.first_uid > scan.last_uid)
        return false;
    if (!scan.started) {
        start_blocks(scan);
        scan.started = true;
    }
    while (
        go_to_block(scan, scan.offset + pg_atomic_fetch_add_u64(&scan.shared->next_block,
                                                                static_cast<int64>(scan.stride)))) {
        MemoryContextReset(scan.block_context);
        scan.block = nullptr;
        if (may_have_rows(scan)) {
            MemoryContext previous = MemoryContextSwitchTo(scan.block_context);
            read_block(scan);
            MemoryContextSwitchTo(previous);
            if (scan.row_count > 0)
                return true;
        } else
            pg_atomic_fetch_add_u64(&scan.shared->blocks_skipped, 1);
    }
    MemoryContextReset(scan.block_context);
    scan.block = nullptr;
    scan.row_count = scan.next_row_index = 0;
    return false;
}

bool next_of_blocks(EventScan &scan)
{
    if (scan.next_row_index == scan.row_count && !open_next_block(scan))
        return false;
    CHECK_FOR_INTERRUPTS();
    std::uint32_t row = scan.rows[scan.next_row_index++];
    ExecClearTuple(scan.slot);
    for (int column : scan.outputs)
        scan.slot->tts_values[column] =
            value_of_row(scan, column, row, &scan.slot->tts_isnull[column]);
    ExecStoreVirtualTuple(scan.slot);
    return true;
}

}  // namespace profiles::pg
