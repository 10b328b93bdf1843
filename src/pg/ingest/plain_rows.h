// Rows of plain tables, read and written without statements. Like a statement in READ COMMITTED, each of
// these sees what is committed when it begins and what this transaction did before.
#pragma once

#include "../../core/ingest/batch.h"
#include "plain_tables.h"

namespace profiles::pg {

// A user whose row is locked. `row` is null where only statements know it.
struct LockedUser {
    User user;
    HeapTuple row = nullptr;
};

// How much of a user's row is to be written.
struct UserChanges {
    bool is_new = false;  // there is no row yet
    bool profile = false;
    bool rare = false;  // what few requests change
};

struct PendingBatch {
    std::int64_t uid;
    std::string_view device_id;
    Batch batch;
};

namespace plain {

// 0 for devices that nobody has.
void find_devices(const PlainUsers &tables, std::span<const std::string_view> device_ids,
                  std::int64_t *uids);

// One after the other; each waits for whoever has the row. Returns how many there were before one that is gone.
std::size_t lock_users(const PlainUsers &tables, std::span<const std::int64_t> uids,
                       LockedUser *users);

// Of a user whose `row` is known. It is not afterwards.
struct UserWrite {
    const User *user;
    UserChanges changes;
    HeapTuple *row;
};
void update_users(const PlainUsers &tables, std::span<const UserWrite> writes);

void insert_batches(const PlainBatches &tables, std::span<const PendingBatch> batches);

}  // namespace plain
}  // namespace profiles::pg
