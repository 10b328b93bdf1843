// The events of one request, as a container (layout.h) that is an array of objects:
//
//   key            text, not empty
//   ts             integer, milliseconds since the Unix epoch
//   count          integer of at least 1; absent means 1
//   sum, dur       number (dur in seconds); absent means 0
//   hour, dow      integer: the device's local hour (0 to 23) and day of the week (1 to 7, Sunday is 7)
//   segmentation   object; absent means empty
#pragma once

#include <optional>
#include <string>

#include "../profile/node.h"
#include "../profile/view.h"

namespace profiles {

// Years 1 to 9999: what a timestamptz can show and ISO 8601 can write.
inline constexpr std::int64_t kEarliestTime = -62135596800000;
inline constexpr std::int64_t kLatestTime = 253402300799999;

struct Event {
    std::string_view key;
    std::int64_t ts = 0;
    std::int64_t count = 1;
    Number sum;
    Number duration;
    Item hour, weekday;  // null where absent
    std::optional<Item> segmentation;
};

// What an event is before its members are read: to copy it takes less than to write zeros one by one.
extern const Event kEmptyEvent;

// One element of a list. Throws corrupted for what is none.
Event read_event(const Item &element);
// The same into an event that is used again. False, with the rest left as it is, for one with another key than the
// one that is asked for.
bool read_event(const Item &element, const std::optional<std::string> &key, Event &event);

// Turns a JSON array into a sealed list. Throws invalid_value naming what is wrong.
void normalise_events(Node &list);

}  // namespace profiles
