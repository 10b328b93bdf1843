// The events of a request, cleaned and stamped, as they are stored (events/event_list.h).
#pragma once

#include "request.h"

namespace profiles {

struct RequestEvents {
    std::span<Node> events;        // sealed
    std::int32_t own = 0;          // events of the app's own, without the internal ones
    Time first = 0, last = 0;      // their times, where there are events
    std::int32_t views = 0;        // visits
    LastView view;                 // the latest of them
    std::string_view orientation;  // from [CLY]_orientation, which is a property and no event
};

// An event that cannot be understood is reported and left out; so is a part of one.
RequestEvents read_events(const Request &request, Time now, const Limits &limits, SkipList &skips,
                          std::pmr::memory_resource *memory);

}  // namespace profiles
