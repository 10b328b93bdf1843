// Rows come to their groups: those of a block by cells, of which each is looked up once, events of the hot tier
// one by one.
#include "event_scan.h"

#include <unordered_map>

#include "../../core/scan/row_cells.h"
#include "../profile/numeric.h"
#include "../time.h"

extern "C" {
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

// The cells of the rows of a block, and the group of each.
struct BlockGroups {
    RowCells by_codes;
    std::vector<std::uint32_t> by_keys;  // instead: the cell of each row, after its keys
    std::vector<std::uint32_t> groups;
    std::vector<std::uint8_t> is_set;
    std::vector<Number> numbers;
};

bool are_keys_codes(const EventScan &scan)
{
    for (int column : scan.grouping->stored)
        if (!has_codes(scan.columns.columns[column].source))
            return false;
    return true;
}

std::span<const std::uint16_t> rows_of(const EventScan &scan)
{
    return {scan.rows, scan.row_count};
}

std::uint32_t group_of_row(EventScan &scan, std::uint32_t row)
{
    CHECK_FOR_INTERRUPTS();
    for (int column : scan.grouping->stored)
        scan.slot->tts_values[column] =
            value_of_row(scan, column, row, &scan.slot->tts_isnull[column]);
    return group_of_slot(scan);
}

// Columns that a block lacks are alike in all of its rows.
void find_cells(const EventScan &scan, BlockGroups &block)
{
    attempt([&](std::pmr::memory_resource *) {
        std::vector<RowCodes> columns;
        for (int column : scan.grouping->stored)
            if (const BlockValues &values = scan.values[column]; values.info) {
                const CodedColumn &coded = scan.block->object->coded(*values.info);
                columns.push_back({coded.codes, coded.values.code_count()});
            }
        block.by_codes.find(rows_of(scan), columns);
        block.groups.resize(block.by_codes.count());
    });
}

GroupedRows group_by_codes(EventScan &scan, BlockGroups &block)
{
    find_cells(scan, block);
    std::span<const std::uint16_t> first = block.by_codes.first_rows();
    for (std::size_t cell = 0; cell < first.size(); ++cell)
        block.groups[cell] = group_of_row(scan, first[cell]);
    return {rows_of(scan), block.by_codes.cells(), block.groups};
}

// Groups that are met get cells of this block; rows of no group have one, too.
void number_groups(BlockGroups &block)
{
    attempt([&](std::pmr::memory_resource *) {
        std::unordered_map<std::uint32_t, std::uint32_t> cells;
        for (std::uint32_t &group : block.by_keys) {
            auto [at, is_new] =
                cells.try_emplace(group, static_cast<std::uint32_t>(block.groups.size()));
            if (is_new)
                block.groups.push_back(group);
            group = at->second;
        }
    });
}

GroupedRows group_by_keys(EventScan &scan, BlockGroups &block)
{
    std::span<const std::uint16_t> rows = rows_of(scan);
    attempt([&](std::pmr::memory_resource *) { block.by_keys.resize(rows.size()); });
    for (std::size_t index = 0; index < rows.size(); ++index)
        block.by_keys[index] = group_of_row(scan, rows[index]);
    number_groups(block);
    return {rows, block.by_keys, block.groups};
}

void find_set_codes(EventScan &scan, int column, BlockGroups &block)
{
    std::uint32_t count = scan.values[column].info->code_count();
    attempt([&](std::pmr::memory_resource *) { block.is_set.assign(count, 0); });
    for (std::size_t index = 0; index < scan.row_count; ++index) {
        std::uint32_t code = scan.values[column].codes[scan.rows[index]];
        if (scan.values[column].known[code])
            continue;
        bool is_null;
        value_of_code(scan, column, code, &is_null);
    }
    for (std::uint32_t code = 0; code < count; ++code)
        block.is_set[code] = scan.values[column].known[code] == 1;
}

void find_numbers(const EventScan &scan, int column, BlockGroups &block)
{
    const BlockColumnInfo &info = *scan.values[column].info;
    attempt([&](std::pmr::memory_resource *) {
        const BlockColumn &values = scan.block->object->coded(info).values;
        block.numbers.assign(values.code_count(), {});
        for (std::uint32_t code = 0; code < values.code_count(); ++code)
            if (std::optional<Item> value = values.value(code))
                block.numbers[code] = number_of(*value);
    });
}

// What an aggregate is made of, in the block. Null for a column whose values are missing in all rows.
bool find_measured(EventScan &scan, const Aggregate &aggregate, BlockGroups &block,
                   MeasuredColumn *measured)
{
    if (aggregate.column < 0)
        return true;
    const BlockValues &values = scan.values[aggregate.column];
    std::size_t rows = scan.block->object->directory().rows();
    bool counts = aggregate.kind == AggregateKind::values;
    if (counts && !has_codes(scan.columns.columns[aggregate.column].source))
        return true;
    if (!values.info)
        return false;
    if (values.integers) {
        measured->integers = {values.integers, rows};
        measured->digits = values.info->entry.exponent;
        return true;
    }
    measured->codes = {values.codes, rows};
    if (counts) {
        find_set_codes(scan, aggregate.column, block);
        measured->is_set = block.is_set;
    } else {
        find_numbers(scan, aggregate.column, block);
        measured->numbers = block.numbers;
    }
    return true;
}

void measure_rows(EventScan &scan, const GroupedRows &rows, BlockGroups &block)
{
    const Grouping &grouping = *scan.grouping;
    Groups &groups = *grouping.groups->object;
    for (int index = 0; index < grouping.aggregate_count; ++index) {
        const Aggregate &aggregate = grouping.aggregates[index];
        MeasuredColumn measured;
        if (aggregate.kind == AggregateKind::users ||
            !find_measured(scan, aggregate, block, &measured))
            continue;
        attempt([&](std::pmr::memory_resource *) {
            groups.add_rows(rows, static_cast<std::size_t>(index), measured);
        });
    }
    if (grouping.user_column >= 0)
        attempt([&](std::pmr::memory_resource *) {
            groups.add_users(rows, scan.block->object->parts());
        });
}

Number number_of_slot(const EventScan &scan, int column)
{
    Datum value = scan.slot->tts_values[column];
    return scan.columns.columns[column].source == Source::count
               ? Number(DatumGetInt64(value))
               : number_from(DatumGetNumeric(value));
}

// The column of the aggregate is not null.
void measure_event(EventScan &scan, std::uint32_t group, int index)
{
    Groups &groups = *scan.grouping->groups->object;
    auto at = static_cast<std::size_t>(index);
    auto [kind, column] = scan.grouping->aggregates[index];
    if (kind == AggregateKind::rows || kind == AggregateKind::values)
        return groups.add_value(group, at);
    Datum value = scan.slot->tts_values[column];
    if (kind == AggregateKind::earliest || kind == AggregateKind::latest)
        return groups.add_time(group, at, milliseconds_of(DatumGetTimestampTz(value)));
    if (kind == AggregateKind::users) {
        std::int64_t uid = DatumGetInt64(value);
        attempt([&](std::pmr::memory_resource *) { groups.add_user(group, uid); });
        return;
    }
    Number number = number_of_slot(scan, column);
    attempt([&](std::pmr::memory_resource *) { groups.add_number(group, at, number); });
}

}  // namespace

std::uint32_t group_of_slot(EventScan &scan)
{
    Grouping &grouping = *scan.grouping;
    if (grouping.key_count == 0)
        return 0;
    TupleTableSlot *row = grouping.row;
    ResetExprContext(scan.context);
    scan.context->ecxt_scantuple = scan.slot;
    ExecClearTuple(row);
    int next = 0;
    for (int column : grouping.stored) {
        row->tts_values[next] = scan.slot->tts_values[column];
        row->tts_isnull[next++] = scan.slot->tts_isnull[column];
    }
    for (int key = 0; key < grouping.key_count; ++key, ++next)
        row->tts_values[next] =
            ExecEvalExprSwitchContext(grouping.keys[key], scan.context, &row->tts_isnull[next]);
    ExecStoreVirtualTuple(row);
    std::uint32_t hash = TupleHashTableHash(grouping.table, row);
    if (hash < grouping.first_hash || hash > grouping.last_hash)
        return GroupedRows::kNoGroup;
    bool is_new;
    TupleHashEntry entry = LookupTupleHashEntryHash(grouping.table, row, &is_new, hash);
    if (is_new) {
        std::uint32_t group = 0;
        attempt([&](std::pmr::memory_resource *) { group = grouping.groups->object->add(); });
        entry->additional = reinterpret_cast<void *>(std::uintptr_t{group});
    }
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(entry->additional));
}

void group_block(EventScan &scan)
{
    MemoryContext previous = MemoryContextSwitchTo(scan.block_context);
    Owned<BlockGroups> *block = own_in<BlockGroups>(scan.block_context);
    attempt([&](std::pmr::memory_resource *) { block->object = new BlockGroups; });
    clear_slot(scan);
    bool by_codes = are_keys_codes(scan);
    GroupedRows rows =
        by_codes ? group_by_codes(scan, *block->object) : group_by_keys(scan, *block->object);
    measure_rows(scan, rows, *block->object);
    MemoryContextSwitchTo(previous);
    scan.next_row_index = scan.row_count;
}

void group_event(EventScan &scan)
{
    const Grouping &grouping = *scan.grouping;
    std::uint32_t group = group_of_slot(scan);
    if (group == GroupedRows::kNoGroup)
        return;
    // where the values of the event are, too
    MemoryContext previous = MemoryContextSwitchTo(scan.segmentation_context);
    for (int index = 0; index < grouping.aggregate_count; ++index) {
        int column = grouping.aggregates[index].column;
        if (column < 0 || !scan.slot->tts_isnull[column])
            measure_event(scan, group, index);
    }
    MemoryContextSwitchTo(previous);
}

}  // namespace profiles::pg
