// numeric as a node, without a detour through text for the numbers that people have.
#pragma once

#include "datum.h"

extern "C" {
#include "utils/numeric.h"
}

namespace profiles::pg {

// A fetch step: may ereport. Up to 16 digits come packed; longer ones as a literal, which
// pack_numbers() judges.
Node node_from_numeric(Numeric number);

// A finish step.
Numeric numeric_from(const Number &number);

}  // namespace profiles::pg
