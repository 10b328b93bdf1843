// A bulk under way: what bulk.cpp, bulk_users.cpp and bulk_write.cpp share.
#pragma once

#include "../../core/ingest/bulk.h"
#include "ingest.h"

extern "C" {
#include "utils/array.h"
}

namespace profiles::pg {

struct PendingUser {
    User user;
    HeapTuple row;  // as of LockedUser
    UserChanges changes;
    bool is_dirty = false;
    bool has_batches = false;  // that are not written yet
};

struct PendingReport {
    Outcome outcome;
    const Request *request;
};

// Plain data, in the memory of SPI.
struct Bulk {
    App app;
    Time now;
    AppStatements *statements;
    std::size_t count;
    Request *requests;
    const Request **taken;  // null for those that were turned away
    Answer *answers;
    std::string_view *profiles;  // of the users after each request
    std::span<BulkDevice> devices;
    BulkPlan plan;
    PendingUser *users;  // of plan.users
    PendingBatch *batches;
    std::size_t batch_count, batch_bytes, batch_room;
    PendingReport **reports;
    std::size_t report_count;
};

template <typename Element>
Element *allocate(std::size_t count)
{
    return static_cast<Element *>(
        palloc_extended(sizeof(Element) * (count + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
}

ArrayType *array_of(Oid type, Datum *elements, std::size_t count);

// Claims all devices and locks all users; fills `devices`, `plan` and `users`.
void find_users(Bulk &bulk);

void write_batches(Bulk &bulk);
// Everything: users, batches, reports.
void write_pending(Bulk &bulk);

}  // namespace profiles::pg
