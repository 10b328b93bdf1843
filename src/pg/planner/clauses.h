// Expressions that the planner is given in place of others: operators and functions of our own schema, found
// from a function that is already known to be ours.
#pragma once

#include "../guard.h"

extern "C" {
#include "nodes/pathnodes.h"
#include "nodes/primnodes.h"
}

namespace profiles::pg {

Oid type_of(const void *expression);

// The operator in the schema of the function; invalid when there is none.
Oid find_operator(Oid function, const char *name, Oid left, Oid right);

// `left name right`, a boolean; null when there is no such operator.
Expr *make_condition(Oid sibling, const char *name, Expr *left, Expr *right);

// segment_of_text(property, value), worked out as far as the planner can; null when there is no such function.
Expr *make_text_segment(PlannerInfo *root, Oid sibling, Expr *property, Expr *value);

}  // namespace profiles::pg
