// numeric as a node, without a detour through text for the numbers that people have.
#pragma once

#include "datum.h"

#include "../../core/segment/exact_sum.h"

extern "C" {
#include "utils/numeric.h"
}

namespace profiles::pg {

// A fetch step: may ereport. Up to 16 digits come packed; longer ones as a literal, which
// pack_numbers() judges.
Node node_from_numeric(Numeric number);

// What a profile can have as a number; raises for any other one.
Number number_from(Numeric number);

// Finish steps.
Numeric numeric_from(const Number &number);
// A total may have more digits than any type of core. Without zeros at the end.
Datum numeric_from(const ExactSum &sum);

}  // namespace profiles::pg
