// Says in words which part of a filter an index serves.
#pragma once

#include "../profile/json_writer.h"
#include "index_query.h"

namespace profiles {

// One line for the whole, then one for each condition, two spaces a level.
void explain_query(const Filter &filter, const DeclaredProperties *declared, TextBuffer &out);

}  // namespace profiles
