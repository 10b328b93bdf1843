// Apps with a salt take only requests that carry the checksum of their own text.
#pragma once

#include "request.h"

namespace profiles {

// The text that the SDK took the checksum of: query string or body as it came, without the parameters
// `checksum` and `checksum256`. The salt is appended to it.
std::string_view checked_text(std::string_view query_string, std::pmr::memory_resource *memory);

// Why the request cannot be verified at all; null when it can.
const char *unverifiable(const Request &request);

// Whether hexadecimal digits, in either case, are these bytes.
bool is_digest(std::string_view digits, std::string_view bytes);

}  // namespace profiles
