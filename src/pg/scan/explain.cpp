// What EXPLAIN shows of a scan: its conditions, the columns that it reads, and what they spared.
#include "event_scan.h"

#include "plan.h"

extern "C" {
#include "commands/explain.h"
#include "nodes/makefuncs.h"
#include "utils/ruleutils.h"
}

namespace profiles::pg {

namespace {

void explain_conditions(ForeignScan *plan, ExplainState *state)
{
    if (plan->fdw_exprs == NIL)
        return;
    List *context = set_deparse_context_plan(state->deparse_cxt, &plan->scan.plan, NIL);
    auto *all = reinterpret_cast<::Node *>(make_ands_explicit(plan->fdw_exprs));
    ExplainPropertyText("Scan Filter", deparse_expression(all, context, state->verbose, false),
                        state);
}

// Each place of a block once.
void explain_columns(const EventScan &scan, ExplainState *state)
{
    List *names = NIL;
    for (int column = 0; column < scan.columns.count; ++column) {
        const ScanColumn &read = scan.columns.columns[column];
        bool known = false;
        for (int before = 0; before < column; ++before)
            known |= (scan.is_output[before] || scan.is_tested[before]) &&
                     is_same_source(read, scan.columns.columns[before]);
        if ((scan.is_output[column] || scan.is_tested[column]) && !known)
            names = lappend(names, const_cast<char *>(describe_column(read)));
    }
    if (names != NIL)
        ExplainPropertyList("Columns", names, state);
}

void explain_counter(const char *label, pg_atomic_uint64 &counter, ExplainState *state)
{
    ExplainPropertyInteger(label, nullptr, static_cast<int64>(pg_atomic_read_u64(&counter)), state);
}

}  // namespace

void explain_scan(ForeignScanState *node, ExplainState *state)
{
    EventScan &scan = *static_cast<EventScan *>(node->fdw_state);
    explain_conditions(reinterpret_cast<ForeignScan *>(node->ss.ps.plan), state);
    explain_columns(scan, state);
    if (!state->analyze)
        return;
    explain_counter("Blocks Read", scan.shared->blocks_read, state);
    explain_counter("Blocks Skipped", scan.shared->blocks_skipped, state);
    explain_counter("Rows Removed by Scan Filter", scan.shared->rows_removed, state);
}

}  // namespace profiles::pg
