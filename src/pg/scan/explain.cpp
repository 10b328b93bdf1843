// What EXPLAIN shows of a scan: its conditions, the columns that it reads, and what they spared.
#include "event_scan.h"

#include "plan.h"

extern "C" {
#include "commands/explain.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
}

namespace profiles::pg {

namespace {

void explain_conditions(ForeignScan *plan, ExplainState *state)
{
    List *conditions = conditions_of(plan);
    if (conditions == NIL)
        return;
    List *context = set_deparse_context_plan(state->deparse_cxt, &plan->scan.plan, NIL);
    auto *all = reinterpret_cast<::Node *>(make_ands_explicit(conditions));
    ExplainPropertyText("Scan Filter", deparse_expression(all, context, state->verbose, false),
                        state);
}

// As the executor's own grouping shows them, and the table, which a plan without a row of it would not name.
void explain_groups(ForeignScan *plan, const EventScan &scan, ExplainState *state)
{
    RangeTblEntry *table = rt_fetch(table_index(plan), state->rtable);
    ExplainPropertyText(
        "Relations",
        psprintf("Aggregate on (%s)",
                 quote_qualified_identifier(get_namespace_name(get_rel_namespace(table->relid)),
                                            get_rel_name(table->relid))),
        state);
    List *context = set_deparse_context_plan(state->deparse_cxt, &plan->scan.plan, NIL);
    List *keys = NIL;
    int conditions = list_length(plan->fdw_exprs) - scan.grouping->key_count;
    for (int key = 0; key < scan.grouping->key_count; ++key)
        keys = lappend(keys, deparse_expression(
                                 static_cast<::Node *>(list_nth(plan->fdw_exprs, conditions + key)),
                                 context, state->verbose, true));
    if (keys != NIL)
        ExplainPropertyList("Group Key", keys, state);
}

void add_name(List **names, const char *name)
{
    ListCell *cell;
    foreach (cell, *names)
        if (strcmp(static_cast<const char *>(lfirst(cell)), name) == 0)
            return;
    *names = lappend(*names, pstrdup(name));
}

// A filter reads the columns that it asks for, and not the profile; which these are is known of a constant.
bool add_filter(List **names, const Condition &condition)
{
    auto *segment = reinterpret_cast<Const *>(condition.operand);
    if (segment->xpr.type != T_Const || segment->constisnull)
        return false;
    std::string_view bytes = bytes_of(PG_DETOAST_DATUM_PACKED(segment->constvalue));
    const char **leaves = nullptr;
    std::size_t count = 0;
    bool by_column = false;
    attempt([&](std::pmr::memory_resource *memory) {
        Filter filter(make_node({Type::object, bytes}));
        by_column = is_by_column(filter);
        leaves = static_cast<const char **>(memory->allocate(
            sizeof(const char *) * (filter.leaves().size() + 1), alignof(const char *)));
        for (const Leaf &leaf : filter.leaves()) {
            auto *name = static_cast<char *>(memory->allocate(leaf.name.size() + 1, 1));
            name[leaf.name.copy(name, leaf.name.size())] = '\0';
            leaves[count++] = name;
        }
    });
    for (std::size_t leaf = 0; by_column && leaf < count; ++leaf)
        add_name(names, leaves[leaf]);
    return by_column;
}

void add_condition(List **names, const EventScan &scan, const Condition &condition)
{
    for (int part = 0; part < condition.part_count; ++part)
        add_condition(names, scan, condition.parts[part]);
    if (condition.kind == ConditionKind::filter && add_filter(names, condition))
        return;
    if (condition.part_count == 0)
        add_name(names, describe_column(scan.columns.columns[condition.column]));
}

// Each place of a block once: first what is given out, then what conditions ask for.
void explain_columns(const EventScan &scan, ExplainState *state)
{
    List *names = NIL;
    for (int column : scan.outputs)
        add_name(&names, describe_column(scan.columns.columns[column]));
    for (int index = 0; index < scan.condition_count; ++index)
        add_condition(&names, scan, scan.conditions[index]);
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
    auto *plan = reinterpret_cast<ForeignScan *>(node->ss.ps.plan);
    if (scan.grouping)
        explain_groups(plan, scan, state);
    explain_conditions(plan, state);
    explain_columns(scan, state);
    if (!state->analyze)
        return;
    explain_counter("Blocks Read", scan.shared->blocks_read, state);
    explain_counter("Blocks Skipped", scan.shared->blocks_skipped, state);
    explain_counter("Rows Removed by Scan Filter", scan.shared->rows_removed, state);
    if (scan.grouping)
        ExplainPropertyInteger("Passes", nullptr, scan.grouping->passes, state);
}

}  // namespace profiles::pg
