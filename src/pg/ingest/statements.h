// The SQL that ingestion runs, prepared once per backend and app. Core computes; these only fetch and
// write. No value is ever part of a statement's text; the app's schema is a quoted identifier.
#pragma once

#include "../guard.h"

extern "C" {
#include "executor/spi.h"
#include "nodes/parsenodes.h"
}

namespace profiles::pg {

enum class Statement {
    find_device,   // device_id -> uid
    lock_user,     // uid -> the columns of user_row.h
    lock_user_of,  // device_id -> the same
    next_uid,
    claim_device,     // device_id, uid, first_seen; no row when the device is known already
    redirect_device,  // device_id, uid
    insert_user,      // the columns of user_row.h
    update_user,      // the common ones of these, but for the profile
    update_profile,   // the common ones with the profile
    update_all,
    delete_user,      // uid
    profile_then,     // uid, time
    insert_batch,     // uid, device_id, first_ts, last_ts, profile, events
    count_crash,      // uid, group, name, error, platform, fatal, app_version, time
    log_consent,      // uid, device_id, time, change, before, after
    set_token,        // uid, provider, mode, token, time
    clear_tokens,     // uid, provider
    enrol,            // uid, key, method, variant, time
    leave,            // uid, key
    leave_all,        // uid
    forget_location,  // uid, in the record of its merges
    // of a merge: from uid, to uid
    record_merge,    // before the others
    redirect_moved,  // what the blocks say to be the old user's is the new one's
    move_batches,
    move_blocks,  // after move_batches, which waits for compact
    move_devices,
    move_crashes,
    move_consents,
    move_tokens,
    move_enrolments,
    lock_crashes,  // before more than one row of crash_groups is written
    // of a bulk
    find_devices,   // device_ids -> number of the device (from 1), uid
    next_uids,      // how many
    claim_devices,  // device_ids, uids, first_seens; as many rows as could be claimed
    lock_users,     // uids -> the columns of user_row.h, in the order of the uids
    insert_users,   // rows of user_row.h; the same of those that update
    update_users,   // the common columns, but for the profile
    update_users_whole,
    insert_batches,  // the columns of insert_batch, as arrays
    log_requests,  // rows as of request_log.cpp, the request or an array of them, rows to keep, is
                   // automatic, how many more there may be
};

class AppStatements;
struct PlainUsers;
struct PlainBatches;

// A type of the extension.
Oid type_named(const char *name);

// The statements of an app. Needs SPI to be connected.
AppStatements *app_statements(const char *app);

// The app's tables where this transaction may do without statements, or null: to find and update users, and to
// do `what` with batches.
const PlainUsers *plain_users(AppStatements *statements);
const PlainBatches *plain_batches(AppStatements *statements, AclMode what);

// Row-level security that hides a user's rows from the role looks like somebody who keeps taking them away.
// Raises an error when the role has it; for whoever has looked kPatience times in vain.
void refuse_hidden_rows(AppStatements *statements);
inline constexpr int kPatience = 5;

// Until when this backend does not try to write an automatic log that rests.
std::int64_t *log_rests_until(AppStatements *statements);

// Runs one; results are in SPI_tuptable. Returns the number of rows.
std::uint64_t run(AppStatements *statements, Statement statement, Datum *values,
                  const bool *nulls = nullptr);

// The first column of the first row as a number.
std::int64_t first_number();

}  // namespace profiles::pg
