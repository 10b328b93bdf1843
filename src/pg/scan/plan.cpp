// Planning a scan: how many rows it will give at what cost, and which conditions and expressions it takes
// over from the executor.
#include "plan.h"

#include "table_figures.h"
#include "walker.h"

extern "C" {
#include "access/table.h"
#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/prep.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "utils/rel.h"
}

namespace profiles::pg {

namespace {

struct Search {
    Index varno;
    Oid table;
    List *targets;
};

bool collect(Node *node, void *context, bool expressions);
bool collect_expression(Node *node, void *context) { return collect(node, context, true); }
bool collect_variable(Node *node, void *context) { return collect(node, context, false); }

// Collects what is a column of the scan: expressions that are read like columns, or Vars.
bool collect(Node *node, void *context, bool expressions)
{
    auto *search = static_cast<Search *>(context);
    if (node == nullptr)
        return false;
    ScanColumn column;
    auto *variable = reinterpret_cast<Var *>(node);
    bool found = expressions
                     ? column_of_expression(node, search->varno, search->table, &column)
                     : IsA(node, Var) && static_cast<Index>(variable->varno) == search->varno &&
                           variable->varlevelsup == 0;
    if (found && !tlist_member(reinterpret_cast<Expr *>(node), search->targets))
        search->targets =
            lappend(search->targets,
                    makeTargetEntry(static_cast<Expr *>(copyObjectImpl(node)),
                                    static_cast<AttrNumber>(list_length(search->targets) + 1),
                                    nullptr, false));
    Walker again = expressions ? collect_expression : collect_variable;
    return walk(node, again, context);
}

void collect_variables(Search &search, void *expressions)
{
    collect(static_cast<Node *>(expressions), &search, false);
}

void collect_expressions(Search &search, void *expressions)
{
    collect(static_cast<Node *>(expressions), &search, true);
}

// Rows that may have to be looked at again, and whole rows, have all columns of the table.
bool needs_whole_rows(PlannerInfo *root, RelOptInfo *relation, const Bitmapset *attributes)
{
    if (get_plan_rowmark(root->rowMarks, relation->relid))
        return true;
    int first = bms_next_member(attributes, -1);
    return first >= 0 && first + FirstLowInvalidHeapAttributeNumber <= 0;
}

// The columns of the scan: those of the table that are named, and the expressions that may be. It costs nothing
// to list one that is not read.
List *make_targets(PlannerInfo *root, RelOptInfo *relation, Oid table, List *targets, List *clauses)
{
    Search search{relation->relid, table, NIL};
    collect_variables(search, relation->reltarget->exprs);
    collect_variables(search, targets);
    collect_variables(search, clauses);
    collect_expressions(search, root->processed_tlist);
    collect_expressions(search, root->parse->havingQual);
    collect_expressions(search, clauses);
    return search.targets;
}

// All columns of the table, as it stores them.
List *make_table_targets(RelOptInfo *relation, Oid table)
{
    List *targets = NIL;
    Relation opened = table_open(table, NoLock);
    TupleDesc columns = RelationGetDescr(opened);
    for (AttrNumber number = 1; number <= columns->natts; ++number) {
        Form_pg_attribute column = TupleDescAttr(columns, number - 1);
        Var *variable = makeVar(static_cast<int>(relation->relid), number, column->atttypid,
                                column->atttypmod, column->attcollation, 0);
        targets = lappend(
            targets, makeTargetEntry(reinterpret_cast<Expr *>(variable), number, nullptr, false));
    }
    table_close(opened, NoLock);
    return targets;
}

List *attribute_numbers(Bitmapset *attributes)
{
    List *numbers = NIL;
    for (int member = -1; (member = bms_next_member(attributes, member)) >= 0;)
        numbers = lappend_int(numbers, member + FirstLowInvalidHeapAttributeNumber);
    return numbers;
}

TableFigures *figures_of(RelOptInfo *relation)
{
    return static_cast<TableFigures *>(relation->fdw_private);
}

// Is there a condition that leaves one user?
bool is_of_one_user(RelOptInfo *relation, Oid table)
{
    List *targets = make_table_targets(relation, table);
    ScanColumns columns = columns_of_targets(targets, relation->relid, table);
    ListCell *cell;
    foreach (cell, relation->baserestrictinfo) {
        Condition condition;
        auto *clause = lfirst_node(RestrictInfo, cell);
        if (make_condition(clause->clause, columns, &condition) &&
            condition.kind == ConditionKind::column && condition.limit == Limit::equal &&
            columns.columns[condition.column].source == Source::uid)
            return true;
    }
    return false;
}

// Of all that is read, each column takes a byte or two a row, and looking at a value of it a fraction of an
// operator.
Cost cost_of_columns(RelOptInfo *relation, double events)
{
    constexpr double kBytes = 1.5, kOperators = 0.2;
    double columns =
        list_length(relation->reltarget->exprs) + list_length(relation->baserestrictinfo) + 1;
    return columns * events * (kBytes / BLCKSZ * seq_page_cost + kOperators * cpu_operator_cost);
}

Cost cost_of_rows(RelOptInfo *relation, double rows)
{
    return rows * (cpu_tuple_cost + relation->reltarget->cost.per_tuple);
}

Cost cost_of_all(RelOptInfo *relation)
{
    const TableFigures &figures = *figures_of(relation);
    return cost_of_columns(relation, figures.block_events) + figures.batch_pages * seq_page_cost +
           figures.batch_events * cpu_tuple_cost;
}

Cost cost_of_one_user(RelOptInfo *relation)
{
    const TableFigures &figures = *figures_of(relation);
    double of_block = figures.blocks > 0 ? figures.block_events / figures.blocks : 0;
    return figures.blocks_of_user * (4 * random_page_cost + cost_of_columns(relation, of_block)) +
           2 * random_page_cost;
}

Path *make_path(PlannerInfo *root, RelOptInfo *relation, double rows, Cost cost, Relids outer)
{
    return reinterpret_cast<Path *>(create_foreignscan_path(root, relation, nullptr, rows, 0,
                                                            cost + cost_of_rows(relation, rows),
                                                            NIL, outer, nullptr, NIL));
}

// Blocks and pages are handed out one by one to whoever asks.
void add_parallel_path(PlannerInfo *root, RelOptInfo *relation)
{
    const TableFigures &figures = *figures_of(relation);
    int workers = compute_parallel_worker(relation, figures.block_pages + figures.batch_pages, -1,
                                          max_parallel_workers_per_gather);
    if (workers <= 0)
        return;
    double leader = parallel_leader_participation ? Max(1.0 - 0.3 * workers, 0) : 0;
    double share = workers + leader;
    Path *path = make_path(root, relation, clamp_row_est(relation->rows / share),
                           cost_of_all(relation) / share, relation->lateral_relids);
    path->parallel_aware = true;
    path->parallel_workers = workers;
    add_partial_path(relation, path);
}

bool is_uid(PlannerInfo *, RelOptInfo *relation, EquivalenceClass *, EquivalenceMember *member,
            void *attribute)
{
    auto *variable = reinterpret_cast<Var *>(member->em_expr);
    return IsA(variable, Var) && static_cast<Index>(variable->varno) == relation->relid &&
           variable->varattno == *static_cast<AttrNumber *>(attribute);
}

// For each user that another table of a join gives: WHERE events.uid = people.uid.
void add_join_paths(PlannerInfo *root, RelOptInfo *relation, AttrNumber uid)
{
    if (!relation->has_eclass_joins)
        return;
    List *clauses = generate_implied_equalities_for_column(root, relation, is_uid, &uid,
                                                           relation->lateral_referencers);
    List *seen = NIL;
    ListCell *cell;
    foreach (cell, clauses) {
        auto *clause = lfirst_node(RestrictInfo, cell);
        if (!join_clause_is_movable_to(clause, relation))
            continue;
        Relids outer = bms_union(clause->clause_relids, relation->lateral_relids);
        outer = bms_del_member(outer, static_cast<int>(relation->relid));
        ParamPathInfo *info = get_baserel_parampathinfo(root, relation, outer);
        if (list_member_ptr(seen, info))
            continue;
        seen = lappend(seen, info);
        add_path(relation,
                 make_path(root, relation, info->ppi_rows, cost_of_one_user(relation), outer));
    }
}

AttrNumber uid_attribute(Oid table)
{
    Relation opened = table_open(table, NoLock);
    TupleDesc columns = RelationGetDescr(opened);
    AttrNumber found = InvalidAttrNumber;
    for (AttrNumber number = 1; number <= columns->natts && !found; ++number)
        if (column_of_attribute(table, number).source == Source::uid)
            found = number;
    table_close(opened, NoLock);
    return found;
}

}  // namespace

List *list_scan_columns(RelOptInfo *relation, Oid table, List *expressions)
{
    Search search{relation->relid, table, NIL};
    collect_variables(search, expressions);
    collect_expressions(search, expressions);
    return search.targets;
}

ScanColumns columns_of_targets(List *targets, Index varno, Oid table)
{
    ScanColumns columns{nullptr, list_length(targets), varno, targets};
    columns.columns = static_cast<ScanColumn *>(
        palloc0(sizeof(ScanColumn) * (static_cast<Size>(columns.count) + 1)));
    ListCell *cell;
    foreach (cell, targets)
        columns.columns[foreach_current_index(cell)] = column_of_target(
            reinterpret_cast<Node *>(lfirst_node(TargetEntry, cell)->expr), varno, table);
    return columns;
}

bool is_taken_over(RestrictInfo *clause, RelOptInfo *relation, const ScanColumns &columns)
{
    Condition condition;
    return restriction_is_securely_promotable(clause, relation) &&
           !contain_volatile_functions(reinterpret_cast<Node *>(clause->clause)) &&
           make_condition(clause->clause, columns, &condition);
}

Cost cost_of_reading(RelOptInfo *relation, Oid table)
{
    return is_of_one_user(relation, table) ? cost_of_one_user(relation) : cost_of_all(relation);
}

void estimate_scan(PlannerInfo *root, RelOptInfo *relation, Oid table)
{
    constexpr double kSessionShare = 0.1;
    auto *figures = static_cast<TableFigures *>(palloc(sizeof(TableFigures)));
    *figures = read_figures(table);
    relation->fdw_private = figures;
    double analyzed = relation->tuples, events = figures->block_events + figures->batch_events;
    relation->tuples = events;
    if (only_key_of(table))
        relation->tuples = analyzed > 0 ? Min(analyzed, events) : kSessionShare * events;
    relation->pages = figures->block_pages + figures->batch_pages;
    set_baserel_size_estimates(root, relation);
}

void add_scan_paths(PlannerInfo *root, RelOptInfo *relation, Oid table)
{
    add_path(relation, make_path(root, relation, relation->rows, cost_of_reading(relation, table),
                                 relation->lateral_relids));
    if (is_of_one_user(relation, table))
        return;
    if (relation->consider_parallel && bms_is_empty(relation->lateral_relids))
        add_parallel_path(root, relation);
    if (AttrNumber uid = uid_attribute(table))
        add_join_paths(root, relation, uid);
}

ForeignScan *make_scan(PlannerInfo *root, RelOptInfo *relation, Oid table, ForeignPath *,
                       List *targets, List *clauses, Plan *outer)
{
    if (relation->reloptkind == RELOPT_UPPER_REL)
        return make_group_scan(relation, targets, outer);
    List *actual = extract_actual_clauses(clauses, false);
    Bitmapset *needed = nullptr;
    pull_varattnos(reinterpret_cast<Node *>(relation->reltarget->exprs), relation->relid, &needed);
    pull_varattnos(reinterpret_cast<Node *>(actual), relation->relid, &needed);
    bool whole = needs_whole_rows(root, relation, needed);
    List *listed = whole ? NIL : make_targets(root, relation, table, targets, actual);
    ScanColumns columns = columns_of_targets(whole ? make_table_targets(relation, table) : listed,
                                             relation->relid, table);
    List *taken = NIL, *left = NIL;
    ListCell *cell;
    foreach (cell, clauses) {
        auto *clause = lfirst_node(RestrictInfo, cell);
        if (clause->pseudoconstant)
            continue;
        if (is_taken_over(clause, relation, columns))
            taken = lappend(taken, clause->clause);
        else
            left = lappend(left, clause->clause);
    }
    return make_foreignscan(targets, left, relation->relid, taken,
                            list_make2(list_make1_oid(table), attribute_numbers(needed)), listed,
                            taken, outer);
}

bool is_scan_parallel_safe(PlannerInfo *, RelOptInfo *, RangeTblEntry *) { return true; }

}  // namespace profiles::pg
