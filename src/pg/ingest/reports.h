// Writes what a request reported beside events and properties.
#pragma once

#include "../../core/ingest/ingest.h"
#include "statements.h"

namespace profiles::pg {

// All but a crash.
void write_reports(AppStatements *statements, const Outcome &outcome, const Request &request);
// Last of all, since the row of its group is everybody's.
void write_crash(AppStatements *statements, const Outcome &outcome, const Request &request);

// Hands the rows of one user to another.
void move_reports(AppStatements *statements, std::int64_t from, std::int64_t into);

}  // namespace profiles::pg
