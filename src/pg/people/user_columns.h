// From a tuple of the table of users to a row as core sees it.
#pragma once

#include "../guard.h"

#include "../../core/people/users_segmentation.h"

extern "C" {
#include "access/htup.h"
#include "access/tupdesc.h"
}

namespace profiles::pg {

// Where the columns are in a tuple; found by name.
struct UserColumns {
    TupleDesc tuple;
    AttrNumber uid, device_id, profile, expiry, fields[kUserFields];
};
// `table` is for the message of an error: undefined_column, datatype_mismatch.
UserColumns user_columns(TupleDesc tuple, const char *table);

// Which of them somebody wants.
struct WantedColumns {
    bool device_id, profile, fields[kUserFields];
};
WantedColumns wanted_columns(const UsersSegmentation &segmentation);
WantedColumns all_columns();

// Fetch steps. The bytes of the row are those of the tuple, or lie in the current memory context.
void read_user(const UserColumns &columns, HeapTuple tuple, const WantedColumns &wanted,
               UserRow *row);
// Whether values of its profile may be gone at a time: its answers depend on the clock.
bool expires(const UserColumns &columns, HeapTuple tuple);
// About the bytes that read_user() would need for the profile and the device id.
std::size_t user_size(const UserColumns &columns, HeapTuple tuple);

}  // namespace profiles::pg
