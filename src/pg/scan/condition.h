// The conditions that a scan evaluates itself. A condition on one column is asked once for each distinct
// value of a block, by PostgreSQL's own evaluation of the expression: so it means what it means anywhere,
// whatever its operators, types and collations. Which conditions these are is decided when a query is
// planned, and found again in the plan when it is run.
#pragma once

#include "columns.h"

extern "C" {
#include "nodes/execnodes.h"
}

namespace profiles {
class Filter;
}

namespace profiles::pg {

template <typename Object>
struct Owned;

// The columns of a scan, and how an expression names one: in a plan by a Var of `varno`, before that by the
// expression itself, which stands in `targets`.
struct ScanColumns {
    ScanColumn *columns;
    int count;
    Index varno;
    List *targets;  // TargetEntry; NIL in a plan
};

enum class ConditionKind : std::uint8_t {
    all,     // of the parts
    any,     // of the parts
    column,  // on one column
    filter,  // profile @@ segment
};

// Where a condition puts a limit to a column that blocks are skipped by.
enum class Limit : std::uint8_t { none, below, below_or_equal, equal, above_or_equal, above, any };

// Plain data.
struct Condition {
    ConditionKind kind;
    Condition *parts;
    int part_count;
    int column;          // one of `columns`
    Bitmapset *columns;  // all that stand in it
    Expr *clause;
    Limit limit;
    Expr *operand;  // of the limit, or the segment of a filter

    // While a plan is run.
    ExprState *holds;
    ExprState *value;       // of the operand
    Owned<Filter> *filter;  // its object is null where columns cannot answer
};

// The column that an expression is; -1 when it is none.
int column_in(const ::Node *expression, const ScanColumns &columns);
// Those that stand in an expression. False when there is something in it that the scan does not know.
bool columns_of_expression(::Node *expression, const ScanColumns &columns, Bitmapset **found);

// False for a clause that the scan cannot evaluate. The clause must not be volatile.
bool make_condition(Expr *clause, const ScanColumns &columns, Condition *condition);

// A plan starts to be run: what stands in it gets ready to be evaluated.
void prepare_condition(Condition &condition, PlanState *parent);

}  // namespace profiles::pg
