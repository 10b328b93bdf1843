// Users, devices and batches without statements. A statement that reads or writes one row costs several
// times what the row does: a plan to be checked, an executor to be set up and taken down, an expression
// for each of 38 columns. Where the tables of an app are as create_app made them, ingestion goes to their
// rows itself; wherever anything about them could mean more than that (a trigger, a rule, a policy,
// another column, a partition, a transaction with one snapshot, somebody who watches permissions), it runs
// the statements of statements.h, which do the same.
#pragma once

#include "user_row.h"

extern "C" {
#include "access/attnum.h"
#include "nodes/parsenodes.h"
}

namespace profiles::pg {

inline constexpr int kBatchColumns = 9;

// What is known of the tables of one app while nobody changes them. Begins as zeros.
struct PlainUsers {
    std::uint64_t generation;  // of what was looked up
    bool is_plain;
    bool needs_checks;  // there are conditions that ingestion does not fulfil anyway
    Oid schema;
    Oid users, users_key;
    Oid devices, devices_key;
    AttrNumber attributes[kUserColumns + 1];  // of user_row.h, then of `bucket`
    AttrNumber device_uid;
};

struct PlainBatches {
    std::uint64_t generation;
    bool is_plain;
    bool needs_checks;
    Oid schema;
    Oid batches, batches_key;
    Oid numbers;                           // the sequence of column `batch`
    AttrNumber attributes[kBatchColumns];  // in the order of BatchColumn
};

enum BatchColumn {
    kBatchUid,
    kBatchBucket,
    kBatchNumber,
    kBatchDevice,
    kBatchFirst,
    kBatchLast,
    kBatchReceived,
    kBatchProfile,
    kBatchEvents,
};

// True when this transaction may use them, and this role may do `what` with users or batches and find devices.
// Then they are locked until the transaction ends, and stay as they are.
bool may_use(PlainUsers &tables, const char *app, AclMode what);
bool may_use(PlainBatches &tables, const char *app, AclMode what);

}  // namespace profiles::pg
