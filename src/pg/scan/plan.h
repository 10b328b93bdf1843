// What a plan keeps of a scan, and the callbacks of each stage of a query.
#pragma once

#include "../guard.h"

extern "C" {
#include "foreign/fdwapi.h"
}

namespace profiles::pg {

// fdw_private is a list of these; the conditions are in fdw_exprs.
enum PlanPart {
    kPlanTable,  // OidList of one: the foreign table
    kPlanNeeded  // IntList: the columns of the table whose values somebody wants, by attribute number
};

void estimate_scan(PlannerInfo *root, RelOptInfo *relation, Oid table);
void add_scan_paths(PlannerInfo *root, RelOptInfo *relation, Oid table);
ForeignScan *make_scan(PlannerInfo *root, RelOptInfo *relation, Oid table, ForeignPath *path,
                       List *targets, List *clauses, Plan *outer);
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

// The only events that a foreign table has; null for all.
const char *only_key_of(Oid table);

}  // namespace profiles::pg
