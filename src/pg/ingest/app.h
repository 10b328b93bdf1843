// The app that a request is for.
#pragma once

#include "../../core/app/settings.h"
#include "../guard.h"

extern "C" {
#include "executor/spi.h"
#include "pgtime.h"
}

namespace profiles::pg {

// The row of profiles.apps that a request belongs to.
struct App {
    const char *name;
    pg_tz *zone;
    Settings settings;
};

// They raise when there is no such app. SPI must be connected; the App lives as long.
App app_by_name(const char *name);
App app_by_key(const char *key);

// A statement with one text parameter, prepared once per backend.
SPIPlanPtr prepare_once(SPIPlanPtr *plan, const char *sql);

}  // namespace profiles::pg
