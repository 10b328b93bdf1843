// GROUP BY and its aggregates done by the scan itself. Rows of a block with the same codes are counted together,
// and users are told apart by their order and as sets, where the executor would get rows one by one and sort
// them for count(DISTINCT uid). Other groupings and aggregates than those of AggregateKind stay with the executor.
#pragma once

#include "condition.h"

#include "../../core/scan/groups.h"

extern "C" {
#include "executor/executor.h"
}

namespace profiles::pg {

struct EventScan;

// One that the scan knows. Plain data.
struct Aggregate {
    AggregateKind kind;
    int column;  // of the scan, -1 for count(*)
};

struct ColumnList {
    int *columns;
    int count;

    const int *begin() const { return columns; }
    const int *end() const { return columns + count; }
};

// While it runs. A row of `table` has the columns that keys are made of, from some row of the group, and behind
// these the keys.
struct Grouping {
    ExprState **keys;
    Oid *operators, *collations;
    int key_count;
    Aggregate *aggregates;
    int aggregate_count;
    int user_column;  // of count(DISTINCT uid), or -1
    ColumnList stored;

    MemoryContext memory;  // of the table
    TupleTableSlot *row, *found;
    TupleHashTable table;  // null without keys: then there is one group
    Owned<Groups> *groups;

    // Groups are read whose hash is in the range: all at once, or where they do not fit the memory part by part.
    std::uint32_t first_hash, last_hash;
    bool is_read, is_given;  // the one group without keys
    TupleHashIterator next;
    std::int64_t passes;
};

// Parts of the plan of any scan.
List *conditions_of(const ForeignScan *plan);
int column_count_of_groups(const ForeignScan *plan);

// Null for the plan of a scan that does not group.
Grouping *begin_grouping(EventScan &scan, ForeignScan *plan, PlanState *parent);
void restart_grouping(EventScan &scan);
// The next group in the slot, or an empty slot.
TupleTableSlot *next_group(EventScan &scan);

// The group of the row in the slot; GroupedRows::kNoGroup for one that is not in the range.
std::uint32_t group_of_slot(EventScan &scan);
// The rows of the block that is open.
void group_block(EventScan &scan);
// The event in the slot.
void group_event(EventScan &scan);

}  // namespace profiles::pg
