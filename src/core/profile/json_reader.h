// JSON text to nodes. Strict: one value, valid UTF-8, no NUL, a bounded depth, exact numbers.
#pragma once

#include "node.h"

namespace profiles {

// Everything is copied into `memory`. The result is not sealed. Throws invalid_text with the position,
// invalid_encoding, out_of_range or limit_exceeded. `what` names the thing that is read in messages.
Node read_json(std::string_view text, std::pmr::memory_resource *memory, const char *what,
               FaultyNumbers faulty = FaultyNumbers::raise);

}  // namespace profiles
