// The steps of ingestion that one request and a bulk of them share.
#pragma once

#include "../../core/ingest/ingest.h"
#include "answer.h"
#include "app.h"
#include "plain_rows.h"
#include "statements.h"

namespace profiles::pg {

Datum text_datum(std::string_view value);

// True for a request that is for nobody, or not signed as it must be; `answer` says why.
bool turned_away(const App &app, const Request &request, Answer &answer);

// Nothing when a merge or a purge has taken the row away.
std::optional<LockedUser> lock_user(AppStatements *statements, std::int64_t uid);

void insert_batches(AppStatements *statements, std::span<const PendingBatch> batches);
// What came of a request of this device.
std::span<const PendingBatch> pending_batches(const Outcome &outcome, std::string_view device_id);

// A user nobody has seen before, without a row.
User new_user(std::int64_t uid, const Request &request);

// Both rows are locked and as the statements see them. The old user's events, devices and counters become the
// new one's, whose row is to be written. Values that are gone at `at` do not take part.
User merge_locked(AppStatements *statements, User from, User into, Time at);

// The profile that the events of a late request carry; empty when the one of now will do.
std::string_view find_profile_then(AppStatements *statements, const User &user,
                                   const Request &request);

// A geoip database that cannot be used must not cost the request; `unusable` tells why.
// The profiles are those of core's Surroundings.
struct OtherProfiles {
    std::string_view then = {}, before_merge = {};
};
Outcome compute(const App &app, const User &user, const Request &request, Time now,
                const OtherProfiles &others, Failure &unusable);

// `row` is that of the LockedUser, null without one; it is not known afterwards.
void write_user(AppStatements *statements, const User &user, const UserChanges &changes,
                HeapTuple &row);

// When the request opted out: takes the user's coordinates out of the record of merges.
void forget_location(AppStatements *statements, const User &before, const User &after);

// A null would otherwise pass for a request that was taken.
void refuse_null(FunctionCallInfo fcinfo, int argument, const char *what);

}  // namespace profiles::pg
