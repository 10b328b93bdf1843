// jsonb to nodes without a detour through text.
#pragma once

#include "datum.h"

extern "C" {
#include "utils/jsonb.h"
}

namespace profiles::pg {

// A fetch step: may ereport. Numbers are literals (pack_numbers()); nothing is sealed. The nodes point into
// `jsonb`, which must stay. `extra_depth`: how much deeper than a profile it may be.
Node node_from_jsonb(Jsonb *jsonb, int extra_depth = 0);

// jsonb from JSON text that core wrote. A finish step.
Datum jsonb_from_text(const char *text);

}  // namespace profiles::pg
