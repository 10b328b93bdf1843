// Order and containment of stored values. Equality needs neither: equal values have equal bytes.
#pragma once

#include "view.h"

namespace profiles {

// A total order, arbitrary but fixed for ever (indexes rely on it): by type as layout.h numbers them
// (both booleans and both kinds of number count as one); numbers by value, text by bytes, containers
// by count, then member by member: key, then value.
int compare_items(const Item &left, const Item &right);

// As jsonb's @>: every member of `part` is in `whole` with a value that contains it, every element
// of an array equals or is contained in some element; scalars are contained in equal scalars.
bool contains(const Item &whole, const Item &part);

}  // namespace profiles
