// What other capabilities need of the location functions.
#pragma once

#include "../guard.h"

#include "../../core/location/fallback.h"
#include "../../core/location/mmdb.h"

extern "C" {
#include <sys/socket.h>

#include "utils/inet.h"
}

namespace profiles::pg {

// Defines profiles.geoip_database. Called once, from _PG_init.
void init_location();

// The geoip database of the setting, or null when the setting is empty. A replaced file is noticed
// once per statement of the client. Raises an error when there is no usable file, so it belongs to
// the fetch step; what it returns, and every text of a Place from it, is good until the next call.
// Its own calls belong into attempt().
location::Database *geoip_database();

// The same for callers that can do without: an unusable file is null, too, and says why in `failure`.
location::Database *usable_geoip_database(Failure &failure);

// For use inside attempt(): the record of the address part of an inet, whatever its netmask.
location::Address address_of(const inet *value) noexcept;

// Null when there is no database or nothing is known. A pointer into the database.
const location::Place *geoip_place(location::Database *database, const inet *value);
const location::Place *geoip_place(location::Database *database, const location::Address &address);

}  // namespace profiles::pg
