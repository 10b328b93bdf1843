// The columns of `users` that ingestion reads and writes, and a User made of them.
#pragma once

#include "../../core/ingest/user.h"
#include "../guard.h"

extern "C" {
#include "access/htup_details.h"
}

namespace profiles::pg {

struct UserColumn {
    const char *name;
    Oid type;
    bool required = false;  // NOT NULL
};

inline constexpr int kUserColumns = 37;
inline constexpr int kCommonColumns = 25;  // those after them are changed by few requests
extern const UserColumn user_columns[kUserColumns];
inline constexpr int kUidColumn = 0;
inline constexpr int kProfileColumn = 4;

// From a row with exactly these columns, or from their values. The texts point into these or into detoasted
// copies.
User user_from_row(HeapTuple row, TupleDesc descriptor);
User user_from_columns(const Datum *values, const bool *nulls);

// Parameters for insert_user and the statements that update.
struct UserParameters {
    Datum values[kUserColumns];
    bool nulls[kUserColumns];
};
void user_to_parameters(const User &user, UserParameters &parameters);

// Records of these columns; a blessed descriptor of them.
TupleDesc user_row_descriptor(Oid profile_type);
Datum user_to_row(const User &user, TupleDesc descriptor);

}  // namespace profiles::pg
