// The standard properties that a request carries outside of user_details: metrics, SDK, app version.
#pragma once

#include "request.h"

namespace profiles {

// Adds a change for each. Values stay as sent: "1.2.3" stays "1.2.3". What is no single value is reported;
// what is too long is cut and reported by the Update, as any property is.
void read_properties(const Request &request, std::pmr::vector<Change> &changes, SkipList &skips,
                     std::pmr::memory_resource *memory);

// A change that sets a standard property.
Change set_property(std::string_view name, Node value);

}  // namespace profiles
