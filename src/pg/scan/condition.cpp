#include "condition.h"

#include "walker.h"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace profiles::pg {

namespace {

// Which columns of the scan stand in an expression, and whether something does that the scan does not know.
struct Mentioned {
    const ScanColumns *scan;
    Bitmapset *columns;
    bool other;
};

bool mention(Node *node, void *context)
{
    auto *mentioned = static_cast<Mentioned *>(context);
    if (node == nullptr)
        return false;
    int column = column_in(node, *mentioned->scan);
    if (column >= 0) {
        mentioned->columns = bms_add_member(mentioned->columns, column);
        return false;
    }
    if (IsA(node, Var))
        mentioned->other |=
            static_cast<Index>(reinterpret_cast<Var *>(node)->varno) == mentioned->scan->varno;
    mentioned->other |=
        IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) || IsA(node, CurrentOfExpr);
    return mentioned->other || walk(node, mention, context);
}

Mentioned mentioned_in(Node *node, const ScanColumns &scan)
{
    Mentioned mentioned{&scan, nullptr, false};
    mention(node, &mentioned);
    return mentioned;
}

bool has_no_column(Node *node, const ScanColumns &scan)
{
    Mentioned mentioned = mentioned_in(node, scan);
    return !mentioned.other && bms_is_empty(mentioned.columns);
}

// Values of whole documents are not in one place of a block.
bool is_one_source(const Bitmapset *columns, const ScanColumns &scan)
{
    int first = bms_next_member(columns, -1);
    if (first < 0)
        return false;
    const ScanColumn &column = scan.columns[first];
    for (int other = first; other >= 0; other = bms_next_member(columns, other))
        if (!is_same_source(column, scan.columns[other]))
            return false;
    return column.source != Source::profile && column.source != Source::segmentation &&
           column.source != Source::nothing;
}

Limit limit_of_strategy(int strategy, bool column_left)
{
    switch (strategy) {
    case BTLessStrategyNumber: return column_left ? Limit::below : Limit::above;
    case BTLessEqualStrategyNumber:
        return column_left ? Limit::below_or_equal : Limit::above_or_equal;
    case BTEqualStrategyNumber: return Limit::equal;
    case BTGreaterEqualStrategyNumber:
        return column_left ? Limit::above_or_equal : Limit::below_or_equal;
    case BTGreaterStrategyNumber: return column_left ? Limit::above : Limit::below;
    default: return Limit::none;
    }
}

Limit limit_of_operator(Oid op, Oid type, bool column_left)
{
    Oid family = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
    if (!op_in_opfamily(op, family))
        return Limit::none;
    int strategy;
    Oid left, right;
    get_op_opfamily_properties(op, family, false, &strategy, &left, &right);
    return limit_of_strategy(strategy, column_left);
}

// ts >= now() - interval '30 days', uid = 5, uid = ANY ('{1,2}')
void find_limit(Condition &condition, const ScanColumns &scan)
{
    const ScanColumn &column = scan.columns[condition.column];
    auto *clause = reinterpret_cast<Node *>(condition.clause);
    bool is_list = IsA(clause, ScalarArrayOpExpr);
    if ((column.source != Source::ts && column.source != Source::uid) ||
        (!is_list && !IsA(clause, OpExpr)))
        return;
    auto *list = reinterpret_cast<ScalarArrayOpExpr *>(clause);
    auto *operation = reinterpret_cast<OpExpr *>(clause);
    List *arguments = is_list ? list->args : operation->args;
    if (list_length(arguments) != 2 || (is_list && (!list->useOr || column.source == Source::ts)))
        return;
    auto *left = static_cast<Node *>(linitial(arguments)),
         *right = static_cast<Node *>(lsecond(arguments));
    bool column_left = column_in(left, scan) >= 0;
    Node *operand = column_left ? right : left;
    if ((!column_left && (is_list || column_in(right, scan) < 0)) || !has_no_column(operand, scan))
        return;
    Limit limit =
        limit_of_operator(is_list ? list->opno : operation->opno, column.type, column_left);
    if (is_list && limit == Limit::equal)
        limit = Limit::any;
    else if (is_list)
        return;
    condition.limit = limit;
    condition.operand = reinterpret_cast<Expr *>(operand);
}

bool make_column_condition(Expr *clause, const ScanColumns &scan, Condition *condition)
{
    Mentioned mentioned = mentioned_in(reinterpret_cast<Node *>(clause), scan);
    if (mentioned.other || !is_one_source(mentioned.columns, scan))
        return false;
    condition->kind = ConditionKind::column;
    condition->column = bms_next_member(mentioned.columns, -1);
    condition->columns = mentioned.columns;
    find_limit(*condition, scan);
    return true;
}

bool make_filter_condition(OpExpr *clause, const ScanColumns &scan, Condition *condition)
{
    int argument = list_length(clause->args) == 2 ? segment_argument(clause) : -1;
    if (argument < 0)
        return false;
    auto *segment = static_cast<Node *>(list_nth(clause->args, argument));
    auto *profile = static_cast<Node *>(list_nth(clause->args, 1 - argument));
    int column = column_in(profile, scan);
    if (column < 0 || scan.columns[column].source != Source::profile ||
        !has_no_column(segment, scan))
        return false;
    condition->kind = ConditionKind::filter;
    condition->column = column;
    condition->columns = bms_make_singleton(column);
    condition->operand = reinterpret_cast<Expr *>(segment);
    return true;
}

bool make_combined_condition(BoolExpr *clause, const ScanColumns &scan, Condition *condition)
{
    if (clause->boolop == NOT_EXPR)
        return false;
    condition->kind = clause->boolop == AND_EXPR ? ConditionKind::all : ConditionKind::any;
    condition->part_count = list_length(clause->args);
    condition->parts = static_cast<Condition *>(
        palloc0(sizeof(Condition) * static_cast<Size>(condition->part_count)));
    ListCell *cell;
    foreach (cell, clause->args) {
        Condition &part = condition->parts[foreach_current_index(cell)];
        if (!make_condition(static_cast<Expr *>(lfirst(cell)), scan, &part))
            return false;
        condition->columns = bms_add_members(condition->columns, part.columns);
    }
    return true;
}

}  // namespace

int column_in(const Node *expression, const ScanColumns &columns)
{
    if (columns.targets != NIL) {
        ListCell *cell;
        foreach (cell, columns.targets)
            if (equal(lfirst_node(TargetEntry, cell)->expr, expression))
                return foreach_current_index(cell);
        return -1;
    }
    auto *variable = reinterpret_cast<const Var *>(expression);
    bool found = IsA(expression, Var) && static_cast<Index>(variable->varno) == columns.varno &&
                 variable->varlevelsup == 0 && variable->varattno > 0 &&
                 variable->varattno <= columns.count;
    return found ? variable->varattno - 1 : -1;
}

bool columns_of_expression(Node *expression, const ScanColumns &columns, Bitmapset **found)
{
    Mentioned mentioned = mentioned_in(expression, columns);
    *found = mentioned.columns;
    return !mentioned.other;
}

bool make_condition(Expr *clause, const ScanColumns &columns, Condition *condition)
{
    *condition = {};
    condition->clause = clause;
    auto *node = reinterpret_cast<Node *>(clause);
    if (make_column_condition(clause, columns, condition))
        return true;
    if (IsA(node, OpExpr))
        return make_filter_condition(reinterpret_cast<OpExpr *>(node), columns, condition);
    return IsA(node, BoolExpr) &&
           make_combined_condition(reinterpret_cast<BoolExpr *>(node), columns, condition);
}

void prepare_condition(Condition &condition, PlanState *parent)
{
    for (int part = 0; part < condition.part_count; ++part)
        prepare_condition(condition.parts[part], parent);
    condition.holds = ExecInitQual(list_make1(condition.clause), parent);
    if (condition.operand)
        condition.value = ExecInitExpr(condition.operand, parent);
}

}  // namespace profiles::pg
