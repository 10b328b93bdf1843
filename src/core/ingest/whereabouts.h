// What a request says of the user's location, merged into what the profile has.
#pragma once

#include "../app/settings.h"
#include "../location/fallback.h"
#include "../location/places.h"
#include "request.h"

namespace profiles {

struct LocationContext {
    const Request &request;
    const Settings &settings;
    const location::Place *geoip = nullptr;          // what the request's address says, if anything
    const location::PlaceIndex *geocoder = nullptr;  // when there is one
    bool session_begins = false;
};

// Adds the changes of the profile and sets location_source and location_at of the user.
void update_location(const LocationContext &context, const View &profile, User &user,
                     std::pmr::vector<Change> &changes, std::pmr::memory_resource *memory);

// Whether the user's latest word was location="".
bool is_opted_out(const User &user);

// Whether the user is opted out after this request, too: nobody then looks where the address is.
bool stays_away(const User &user, const Request &request);

// What no profile that is written after an opt-out may have.
void forget_whereabouts(std::pmr::vector<Change> &changes);

}  // namespace profiles
