// Walks the bytes of a container that nobody vouches for.
#pragma once

#include <string_view>

#include "value.h"

namespace profiles {

// Throws `corrupted` (or `unsupported`) unless every byte is as layout.h wants it: entries that end
// where the bytes end, sorted unique keys, canonical numbers, valid UTF-8, nothing deeper than allowed.
void check_container(std::string_view bytes);

// The same for a value of any type that stands inside of `depth` containers.
void check_value(const Item &item, int depth);

// True when the text is UTF-8 as PostgreSQL accepts it, without NUL.
bool is_valid_text(std::string_view text);

}  // namespace profiles
