// Which queries are grouped by the scan, and what that costs.
#include "plan.h"

#include "../../core/scan/aggregate_kind.h"

#include <cmath>

extern "C" {
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/selfuncs.h"
}

namespace profiles::pg {

namespace {

// What is known of a grouping when its path is made; the plan is made of it.
struct GroupPlan {
    Oid table;
    List *columns;  // TargetEntry: of the table
    List *clauses;  // all conditions
    List *keys, *operators;
    List *results;           // Aggref, each once
    List *kinds, *measured;  // of each: AggregateKind, and its column
    List *having;
    bool by_codes;  // keys are made of columns that have codes
};

bool is_known(Oid function, AggregateKind *kind)
{
    switch (function) {
    case F_COUNT_: *kind = AggregateKind::rows; return true;
    case F_COUNT_ANY: *kind = AggregateKind::values; return true;
    case F_SUM_INT8:
    case F_SUM_NUMERIC: *kind = AggregateKind::sum; return true;
    case F_AVG_INT8:
    case F_AVG_NUMERIC: *kind = AggregateKind::average; return true;
    case F_MIN_TIMESTAMPTZ: *kind = AggregateKind::earliest; return true;
    case F_MAX_TIMESTAMPTZ: *kind = AggregateKind::latest; return true;
    default: return false;
    }
}

bool may_be_measured(AggregateKind kind, Source source)
{
    switch (kind) {
    case AggregateKind::rows:
    case AggregateKind::values: return true;
    case AggregateKind::users: return source == Source::uid;
    case AggregateKind::sum:
    case AggregateKind::average:
        return source == Source::count || source == Source::sum || source == Source::duration;
    case AggregateKind::earliest:
    case AggregateKind::latest: return source == Source::ts;
    }
    return false;
}

// Whole rows, or tableoid.
bool has_other_columns(List *targets)
{
    ListCell *cell;
    foreach (cell, targets) {
        auto *variable = reinterpret_cast<Var *>(lfirst_node(TargetEntry, cell)->expr);
        if (variable->xpr.type == T_Var && variable->varattno <= 0)
            return true;
    }
    return false;
}

// Keys of columns alone, which say the same of the same row whenever they are asked.
bool read_keys(GroupPlan &plan, const ScanColumns &columns)
{
    plan.by_codes = true;
    ListCell *cell;
    foreach (cell, plan.keys) {
        auto *key = static_cast<Node *>(lfirst(cell));
        Bitmapset *mentioned;
        if (contain_volatile_functions(key) || !columns_of_expression(key, columns, &mentioned))
            return false;
        for (int column = -1; (column = bms_next_member(mentioned, column)) >= 0;)
            plan.by_codes &= has_codes(columns.columns[column].source);
    }
    return true;
}

void list_aggregates(GroupPlan &plan, List *expressions)
{
    constexpr int kFlags =
        PVC_INCLUDE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS | PVC_RECURSE_PLACEHOLDERS;
    List *found = pull_var_clause(reinterpret_cast<Node *>(expressions), kFlags);
    ListCell *cell;
    foreach (cell, found)
        if (IsA(lfirst(cell), Aggref))
            plan.results = list_append_unique(plan.results, lfirst(cell));
}

bool read_aggregate(const Aggref *aggregate, const ScanColumns &columns, AggregateKind *kind,
                    int *column)
{
    bool is_distinct = aggregate->aggdistinct != NIL;
    *column = -1;
    if (!is_known(aggregate->aggfnoid, kind) || aggregate->aggfilter ||
        aggregate->aggorder != NIL || aggregate->agglevelsup != 0 ||
        aggregate->aggsplit != AGGSPLIT_SIMPLE || (is_distinct && *kind != AggregateKind::values))
        return false;
    if (*kind == AggregateKind::rows)
        return true;
    *column = column_in(reinterpret_cast<Node *>(linitial_node(TargetEntry, aggregate->args)->expr),
                        columns);
    if (is_distinct)
        *kind = AggregateKind::users;
    return *column >= 0 && may_be_measured(*kind, columns.columns[*column].source);
}

bool read_aggregates(GroupPlan &plan, const ScanColumns &columns)
{
    ListCell *cell;
    foreach (cell, plan.results) {
        AggregateKind kind;
        int column;
        if (!read_aggregate(lfirst_node(Aggref, cell), columns, &kind, &column))
            return false;
        plan.kinds = lappend_int(plan.kinds, static_cast<int>(kind));
        plan.measured = lappend_int(plan.measured, column);
    }
    return true;
}

bool are_all_taken_over(GroupPlan &plan, RelOptInfo *input, const ScanColumns &columns)
{
    ListCell *cell;
    foreach (cell, input->baserestrictinfo) {
        auto *clause = lfirst_node(RestrictInfo, cell);
        if (clause->pseudoconstant || !is_taken_over(clause, input, columns))
            return false;
        plan.clauses = lappend(plan.clauses, clause->clause);
    }
    return true;
}

// Null for a query that stays with the executor.
GroupPlan *read_query(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output, List *having)
{
    Query *query = root->parse;
    bool has_keys = query->groupClause != NIL;
    if (input->reloptkind != RELOPT_BASEREL || query->groupingSets != NIL || query->hasTargetSRFs ||
        !bms_is_empty(input->lateral_relids) ||
        (has_keys ? !enable_hashagg || !grouping_is_hashable(query->groupClause) : !query->hasAggs))
        return nullptr;
    auto *plan = static_cast<GroupPlan *>(palloc0(sizeof(GroupPlan)));
    plan->table = planner_rt_fetch(input->relid, root)->relid;
    plan->having = having;
    plan->keys = get_sortgrouplist_exprs(query->groupClause, root->processed_tlist);
    ListCell *cell;
    foreach (cell, query->groupClause)
        plan->operators = lappend_oid(plan->operators, lfirst_node(SortGroupClause, cell)->eqop);
    list_aggregates(*plan, output->reltarget->exprs);
    list_aggregates(*plan, having);
    List *clauses = extract_actual_clauses(input->baserestrictinfo, false);
    List *all = list_concat_copy(list_concat_copy(plan->keys, plan->results), clauses);
    plan->columns = list_scan_columns(input, plan->table, all);
    if (has_other_columns(plan->columns))
        return nullptr;
    ScanColumns columns = columns_of_targets(plan->columns, input->relid, plan->table);
    bool taken = are_all_taken_over(*plan, input, columns) && read_keys(*plan, columns) &&
                 read_aggregates(*plan, columns);
    return taken ? plan : nullptr;
}

bool counts_users(const GroupPlan &plan)
{
    ListCell *cell;
    foreach (cell, plan.kinds)
        if (lfirst_int(cell) == static_cast<int>(AggregateKind::users))
            return true;
    return false;
}

// Where groups do not fit the memory, the scan is made several times.
double estimate_passes(PlannerInfo *root, RelOptInfo *input, const GroupPlan &plan, double groups)
{
    constexpr double kGroupBytes = 200, kUserBytes = 2;
    double bytes = groups * kGroupBytes;
    if (counts_users(plan)) {
        List *pairs = list_copy(plan.keys);
        ListCell *cell;
        foreach (cell, plan.results)
            if (lfirst_node(Aggref, cell)->aggdistinct != NIL)
                pairs = lappend(pairs,
                                linitial_node(TargetEntry, lfirst_node(Aggref, cell)->args)->expr);
        bytes += kUserBytes * estimate_num_groups(root, pairs, input->rows, nullptr, nullptr);
    }
    return std::ceil(bytes / static_cast<double>(get_hash_memory_limit()));
}

// A row is looked at once for each aggregate; if its keys are not codes, they are made and looked up.
Cost cost_of_grouping(PlannerInfo *root, RelOptInfo *input, const GroupPlan &plan)
{
    constexpr double kOperators = 0.5, kTuples = 0.5;
    double measures = 1 + list_length(plan.results);
    Cost per_row = kOperators * measures * cpu_operator_cost;
    if (!plan.by_codes) {
        QualCost keys;
        cost_qual_eval(&keys, plan.keys, root);
        per_row += keys.per_tuple + kTuples * cpu_tuple_cost +
                   cpu_operator_cost * static_cast<double>(list_length(plan.keys));
    }
    return input->rows * per_row;
}

List *collations_of_keys(const GroupPlan &plan)
{
    List *collations = NIL;
    ListCell *cell;
    foreach (cell, plan.keys)
        collations = lappend_oid(collations, exprCollation(static_cast<Node *>(lfirst(cell))));
    return collations;
}

List *results_of(const GroupPlan &plan)
{
    List *listed = list_copy(plan.columns);
    ListCell *cell;
    foreach (cell, plan.results)
        listed = lappend(listed, makeTargetEntry(static_cast<Expr *>(lfirst(cell)),
                                                 static_cast<AttrNumber>(list_length(listed) + 1),
                                                 nullptr, false));
    return listed;
}

}  // namespace

void add_group_path(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
                    RelOptInfo *output, void *extra)
{
    if (stage != UPPERREL_GROUP_AGG)
        return;
    auto *grouping = static_cast<GroupPathExtraData *>(extra);
    auto *having = reinterpret_cast<List *>(grouping->havingQual);
    GroupPlan *plan = read_query(root, input, output, having);
    if (!plan)
        return;
    output->fdw_private = plan;
    double groups = plan->keys == NIL
                        ? 1
                        : estimate_num_groups(root, plan->keys, input->rows, nullptr, nullptr);
    double rows =
        clamp_row_est(groups * clauselist_selectivity(root, having, 0, JOIN_INNER, nullptr));
    Cost once = cost_of_reading(input, plan->table) + cost_of_grouping(root, input, *plan);
    Cost startup = once * estimate_passes(root, input, *plan, groups);
    QualCost conditions;
    cost_qual_eval(&conditions, having, root);
    Cost total = startup + groups * (cpu_tuple_cost + conditions.per_tuple) +
                 rows * output->reltarget->cost.per_tuple;
    add_path(output,
             reinterpret_cast<Path *>(create_foreign_upper_path(
                 root, output, output->reltarget, rows, startup, total, NIL, nullptr, NIL)));
}

ForeignScan *make_group_scan(RelOptInfo *relation, List *targets, Plan *outer)
{
    const auto &plan = *static_cast<GroupPlan *>(relation->fdw_private);
    List *groups = list_make5(list_make1_int(list_length(plan.columns)), plan.operators,
                              collations_of_keys(plan), plan.kinds, plan.measured);
    return make_foreignscan(targets, plan.having, 0, list_concat_copy(plan.clauses, plan.keys),
                            list_make3(list_make1_oid(plan.table), NIL, groups), results_of(plan),
                            NIL, outer);
}

}  // namespace profiles::pg
