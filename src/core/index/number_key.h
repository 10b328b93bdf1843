// Exact numbers as bytes that memcmp orders as the numbers are ordered: what an index compares, and
// what ranges are cut from. A stored format: indexes rely on it.
#pragma once

#include <memory_resource>
#include <string>

#include "../profile/number.h"

namespace profiles {

using Bytes = std::pmr::string;

// Equal numbers have equal keys, whichever way they are stored.
void append_number_key(const Number &number, Bytes &out);

}  // namespace profiles
