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

// The elements of an array one by one: one that is nested too deeply says so, and is no error.
struct JsonbElement {
    Node node;
    bool too_deep;
};
// The same for an array. Returns how many there are.
int elements_of_jsonb(Jsonb *jsonb, JsonbElement **elements);

// jsonb from JSON text that core wrote. A finish step.
Datum jsonb_from_text(const char *text);

}  // namespace profiles::pg
