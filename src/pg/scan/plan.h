// What a plan keeps of a scan, and the callbacks of each stage of a query.
#pragma once

#include "condition.h"

extern "C" {
#include "foreign/fdwapi.h"
}

namespace profiles::pg {

// fdw_private is a list of these; the conditions are in fdw_exprs.
enum PlanPart {
    kPlanTable,  // OidList of one: the foreign table
    kPlanNeeded,  // IntList: the columns of the table whose values somebody wants, by attribute number
    kPlanGroups  // only of a grouped scan: GroupPart
};

// What the plan of a grouped scan has beside that of any scan. Its keys stand in fdw_exprs behind the conditions.
enum GroupPart {
    kGroupColumns,  // IntList of one: how many columns of the list of the scan are of the table; results follow
    kGroupOperators,   // OidList: = of each key
    kGroupCollations,  // OidList
    kGroupKinds,       // IntList: AggregateKind of each result
    kGroupMeasured     // IntList: its column, -1 for count(*)
};

void estimate_scan(PlannerInfo *root, RelOptInfo *relation, Oid table);
void add_scan_paths(PlannerInfo *root, RelOptInfo *relation, Oid table);
ForeignScan *make_scan(PlannerInfo *root, RelOptInfo *relation, Oid table, ForeignPath *path,
                       List *targets, List *clauses, Plan *outer);
// Steps of planning that a grouped scan has in common with any other.
List *list_scan_columns(RelOptInfo *relation, Oid table, List *expressions);
ScanColumns columns_of_targets(List *targets, Index varno, Oid table);
bool is_taken_over(RestrictInfo *clause, RelOptInfo *relation, const ScanColumns &columns);
// Without a charge for the rows that it gives.
Cost cost_of_reading(RelOptInfo *relation, Oid table);

void add_group_path(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
                    RelOptInfo *output, void *extra);
ForeignScan *make_group_scan(RelOptInfo *relation, List *targets, Plan *outer);
bool is_scan_parallel_safe(PlannerInfo *root, RelOptInfo *relation, RangeTblEntry *entry);

void begin_scan(ForeignScanState *node, int flags);
TupleTableSlot *iterate_scan(ForeignScanState *node);
void rescan(ForeignScanState *node);
void end_scan(ForeignScanState *node);
void explain_scan(ForeignScanState *node, struct ExplainState *state);

Size shared_size(ForeignScanState *node, ParallelContext *context);
void start_shared(ForeignScanState *node, ParallelContext *context, void *shared);
void restart_shared(ForeignScanState *node, ParallelContext *context, void *shared);
void join_shared(ForeignScanState *node, shm_toc *toc, void *shared);
void leave_shared(ForeignScanState *node);

bool can_analyze(Relation relation, AcquireSampleRowsFunc *sample, BlockNumber *pages);

// The foreign table of a scan, by its place among the tables of the query.
Index table_index(const ForeignScan *plan);

// The only events that a foreign table has; null for all.
const char *only_key_of(Oid table);

}  // namespace profiles::pg
