// Verifies the requests of apps with a salt.
#pragma once

#include "../../core/ingest/request.h"
#include "app.h"

namespace profiles::pg {

// Why the request is refused; null when it is what its sender signed, or the app has no salt.
const char *refusal(const App &app, const Request &request);

}  // namespace profiles::pg
