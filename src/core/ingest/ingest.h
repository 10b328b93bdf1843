// One request in: from the user before and the request to the user after and the events, as one
// pure function. What it needs of the outside (the clock, GeoIP, time zones) is handed in.
#pragma once

#include "../app/settings.h"
#include "../location/places.h"
#include "batch.h"
#include "reports.h"
#include "request.h"

namespace profiles {

// Days in the app's time zone.
struct Calendar {
    Day (*day_of)(Time time, const void *zone);
    const void *zone;
};

struct Surroundings {
    const Settings &settings;
    Time now;  // the server's clock
    Calendar calendar;
    const location::Place *geoip = nullptr;          // what the request's address says, if anything
    const location::PlaceIndex *geocoder = nullptr;  // when there is one
    // For a request that came late: the profile as it was at its time; empty when the one of now counts.
    std::string_view profile_then = {};
    // For a request that merged another user into this one: the profile of before; empty without a merge.
    std::string_view profile_before_merge = {};
};

// Whether this user has sent the same request before.
bool is_duplicate(const User &user, const Request &request);

// Whether the request is older than what is known of the user and may leave events: they carry the
// profile of their own time.
bool is_late(const User &user, const Request &request);

struct Outcome {
    bool duplicate = false;  // nothing else is set, nothing is to be written
    User user;
    bool profile_changed = false;
    bool rarely_changed = false;  // one of the last members of User
    std::span<const Batch>
        batches;  // a closed session's, of values that expired, the request's own
    std::optional<CrashReport> crash;
    std::optional<ConsentChange> consent;
    std::span<const PushToken> tokens;
    std::span<const Enrolment> enrolments;
    std::span<const Skip> skips;  // after those of the Request
};
// So that they may be alive while the server raises an error.
static_assert(std::is_trivially_destructible_v<Outcome> &&
              std::is_trivially_destructible_v<Request> &&
              std::is_trivially_destructible_v<Settings>);

// Everything in the Outcome lives in `memory`, or where `user` and `request` point.
Outcome ingest(const User &user, const Request &request, const Surroundings &surroundings,
               std::pmr::memory_resource *memory);

// What a sweep does for a user who sends nothing: takes out what has expired until `now`. A session that is over
// is closed before, when values go with it.
Outcome expire(const User &user, Time now, std::pmr::memory_resource *memory);

// Ends what is open: the batch with the events of the session and the profile as it is.
Batch close_open_session(User &user, std::pmr::memory_resource *memory);

}  // namespace profiles
