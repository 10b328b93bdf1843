// The log of requests: what came, and what became of it. Off, it costs a look at two booleans.
#pragma once

#include <span>

#include "../../core/ingest/request.h"
#include "answer.h"
#include "app.h"
#include "statements.h"

extern "C" {
#include "utils/jsonb.h"
}

namespace profiles::pg {

struct LoggedRequest {
    const Answer *answer;
    const Request *request = nullptr;  // none of one that failed
    std::string_view profile = {};     // of the user after it; empty when there was no user
    bool of_logged_user = false;
    int number = -1;  // in an array of requests
};

// Whether a request goes to the log, as far as that is known without looking there.
bool goes_to_log(const App &app, AppStatements *statements, bool of_logged_user);

// `json` is the request, or the array of them. The log keeps as many rows as the app says.
void log_requests(const App &app, AppStatements *statements, Jsonb *json,
                  std::span<LoggedRequest> requests);

}  // namespace profiles::pg
