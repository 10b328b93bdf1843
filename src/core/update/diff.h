// What turns one profile into another.
#pragma once

#include "../profile/json_writer.h"

namespace profiles {

// Writes the update document that gives `after` when it is applied to `before`. It names the properties
// that differ and no other: a value that is another, null for one that goes.
void write_diff(const View &before, const View &after, TextBuffer &out);

}  // namespace profiles
