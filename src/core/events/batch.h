// Events that share a user, a device and the profile they happened with: a row of the hot tier, and
// what a block gives back. The parts point into bytes that somebody else keeps.
#pragma once

#include <cstdint>
#include <string_view>

namespace profiles {

struct EventBatch {
    std::int64_t uid = 0;
    std::string_view device_id;
    std::string_view profile;  // a packed object; empty for none
    std::string_view events;   // a packed array (event_list.h)
};

}  // namespace profiles
