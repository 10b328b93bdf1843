// Events that share a profile: one row of event_batches.
#pragma once

#include <vector>

#include "../profile/node.h"
#include "user.h"

namespace profiles {

struct Batch {
    std::string_view profile;
    std::string_view events;
    Time first, last;
};
using BatchList = std::pmr::vector<Batch>;

// `events` are sealed; `first` and `last` are the times of the earliest and the latest of them.
Batch make_batch(std::span<Node> events, std::string_view profile, Time first, Time last,
                 std::pmr::memory_resource *memory);

// The batch with the event [CLY]_property_update alone, so that a profile of any time can be found. `names` are
// the properties that changed, as sealed texts.
Batch make_update_batch(std::span<const Node> names, std::string_view profile, Time time,
                        std::pmr::memory_resource *memory);

// That event, for a batch with others.
Node make_property_update(std::span<const Node> names, Time time,
                          std::pmr::memory_resource *memory);

}  // namespace profiles
