// Two users that turn out to be one (a request with old_device_id).
#pragma once

#include "user.h"

#include "../profile/node.h"

namespace profiles {

// The survivor keeps the identity of `into` (uid, device id). Counters are summed, first is the
// minimum, last the maximum; properties are those of whoever had the later session, filled up with
// the other's, `custom` and `campaign` one level deep, the location as a whole; without values that are gone at
// `at`. Sessions must be closed before.
User merge_users(const User &from, const User &into, Time at, std::pmr::memory_resource *memory);

}  // namespace profiles
