// Custom properties whose values last for some days after they were written, or for a session.
//
// An app says which (setting property_expiry). When a request writes such a property, the moment at which
// the value will be gone is kept in `expiry` of the user, a document beside the profile, {"custom": {"plan": ...}}:
//
//    a number      milliseconds since 1970: the value is gone from then on
//    "SESSION"     gone when the unfinished session is over; outside of one, when the next one begins
//    -number       of a session that has ended: gone from `number` on, unless the session goes on
//
// So readers need no rule and no other column, and a rule that changes counts for what is written from
// then on. A value that is gone is never shown. The next request, or a sweep, also takes it out of the profile,
// before anything else, and leaves an event at the moment when it went: so a profile of any time can be found.
#pragma once

#include "../app/settings.h"
#include "batch.h"

namespace profiles {

// The profile without the values that are gone at `at`; the same bytes when there are none.
std::string_view live_profile(std::string_view profile, std::string_view expiry, Time at,
                              std::pmr::memory_resource *memory);

// The next moment after `at` at which that profile is another one by the clock alone.
std::optional<Time> next_lapse(std::string_view expiry, Time at, std::pmr::memory_resource *memory);

// Takes out of the user's profile what went until `until`, each moment with a batch of its own. True when
// anything did.
bool expire_values(User &user, Time until, BatchList &batches, std::pmr::memory_resource *memory);

// Takes out all values of a session, which is over: at the time that its end has set, at the latest at `at`.
bool expire_session_values(User &user, Time at, BatchList &batches,
                           std::pmr::memory_resource *memory);

// Whether some are of a session that ended, and can no longer go on.
bool session_values_are_gone(const User &user, Time now, std::pmr::memory_resource *memory);

// Without events and at once, for users that become one: all that went until `at`, and what lasts for a session.
void settle_expiry(User &user, Time at, std::pmr::memory_resource *memory);

// Values of the unfinished session are gone from `over` on; absent: as long as it goes on. True when there are any.
bool set_session_over(User &user, std::optional<Time> over, std::pmr::memory_resource *memory);

struct Renewal {
    const Settings &settings;
    std::span<const Change> changes;  // that were applied
    std::string_view before;          // the profile before them
    Time time;
    bool is_late;                      // something newer is known of the user
    std::optional<Time> session_over;  // of a session that has ended
};
// What was written lasts from now on. Written is what changed, and what was set, also to the same value.
// True when anything is kept that was not before.
bool renew_expiry(User &user, const Renewal &renewal, std::pmr::memory_resource *memory);

// Of the user that two become: what each value had where it came from.
std::string_view merge_expiry(const User &winner, const User &loser,
                              std::pmr::memory_resource *memory);

}  // namespace profiles
