// What other capabilities need of the location functions.
#pragma once

#include "../guard.h"

#include "../../core/location/fallback.h"
#include "../../core/location/geoip_set.h"
#include "../../core/location/places.h"

extern "C" {
#include <sys/socket.h>

#include "utils/inet.h"
}

namespace profiles::pg {

// Defines profiles.geoip_database and profiles.geoip_language. Called once, from _PG_init.
void init_location();

// The geoip databases of the setting, or null when there is none. A replaced file is noticed once per
// statement of the client. Raises an error when a file is not usable, so it belongs to the fetch step;
// what it returns, and every text of a Place from it, is good until the next call. Its own calls belong
// into attempt().
location::GeoipSet *geoip_databases();

// The same for callers that can do without: unusable files are null, too, and say why in `failure`.
location::GeoipSet *usable_geoip_databases(Failure &failure);

// Where the private files of a database cluster lie, and how their names begin.
#define PROFILES_PRIVATE_FILES "base/" PG_TEMP_FILES_DIR "/" PG_TEMP_FILE_PREFIX "_profiles_"
void make_private_directory();

// The geocoder over profiles.places, or null when the table is empty. Looked at once per statement of
// the client, made anew when the table changed. Runs queries: a fetch step, and SPI may be connected.
location::PlaceIndex *places();

// For use inside attempt(): the record of the address part of an inet, whatever its netmask.
location::Address address_of(const inet *value) noexcept;

}  // namespace profiles::pg
