// Which parts a request had, for the log of requests.
#pragma once

#include "request.h"

namespace profiles {

// In a fixed order: session, location, metrics, user_details, events, crash, consent, apm, attribution, token,
// enrolment, merge.
std::pmr::vector<std::string_view> request_parts(const Request &request,
                                                 std::pmr::memory_resource *memory);

}  // namespace profiles
