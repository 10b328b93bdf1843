#include "user_columns.h"

#include "../profile/datum.h"
#include "../time.h"
#include "../typed_column.h"

extern "C" {
#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

bool can_hold(Oid column, UserFieldType type)
{
    switch (type) {
    case UserFieldType::boolean: return column == BOOLOID;
    case UserFieldType::integer: return column == INT2OID || column == INT4OID || column == INT8OID;
    case UserFieldType::time: return column == TIMESTAMPTZOID;
    case UserFieldType::number: return column == NUMERICOID;
    case UserFieldType::text: return column == TEXTOID;
    }
    return false;
}

std::int64_t integer_of(Oid type, Datum value)
{
    switch (type) {
    case BOOLOID: return DatumGetBool(value);
    case INT2OID: return DatumGetInt16(value);
    case INT4OID: return DatumGetInt32(value);
    case TIMESTAMPTZOID: return milliseconds_of(DatumGetTimestampTz(value));
    default: return DatumGetInt64(value);
    }
}

// An infinite time is none.
UserValue value_of(Oid type, Datum value)
{
    UserValue made;
    made.missing = type == TIMESTAMPTZOID && TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(value));
    if (type == NUMERICOID)
        made.text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
    else if (type == TEXTOID)
        made.text = bytes_of(PG_DETOAST_DATUM_PACKED(value));
    else if (!made.missing)
        made.integer = integer_of(type, value);
    return made;
}

}  // namespace

UserColumns user_columns(TupleDesc tuple, const char *table)
{
    UserColumns columns;
    columns.tuple = tuple;
    columns.uid = typed_column(tuple, table, "uid", INT8OID);
    columns.device_id = typed_column(tuple, table, "device_id", TEXTOID);
    columns.profile = typed_column(tuple, table, "profile", "profile_in");
    columns.expiry = typed_column(tuple, table, "expiry", "profile_in");
    for (std::size_t index = 0; index < kUserFields; ++index) {
        auto field = static_cast<UserField>(index);
        AttrNumber column = find_column(tuple, table, column_name(field));
        require_type(can_hold(TupleDescAttr(tuple, column - 1)->atttypid, type_of(field)), table,
                     column_name(field));
        columns.fields[index] = column;
    }
    return columns;
}

WantedColumns wanted_columns(const UsersSegmentation &segmentation)
{
    WantedColumns wanted{segmentation.needs_device_id(), segmentation.needs_profile(), {}};
    for (std::size_t index = 0; index < kUserFields; ++index)
        wanted.fields[index] = segmentation.needs(static_cast<UserField>(index));
    return wanted;
}

WantedColumns all_columns()
{
    WantedColumns wanted{true, true, {}};
    std::fill(std::begin(wanted.fields), std::end(wanted.fields), true);
    return wanted;
}

void read_user(const UserColumns &columns, HeapTuple tuple, const WantedColumns &wanted,
               UserRow *row)
{
    Datum values[MaxTupleAttributeNumber];
    bool nulls[MaxTupleAttributeNumber];
    heap_deform_tuple(tuple, columns.tuple, values, nulls);
    auto bytes = [&](AttrNumber column) {
        return nulls[column - 1] ? std::string_view()
                                 : bytes_of(PG_DETOAST_DATUM_PACKED(values[column - 1]));
    };
    new (row) UserRow();
    row->uid = DatumGetInt64(values[columns.uid - 1]);
    if (wanted.device_id)
        row->device_id = bytes(columns.device_id);
    if (wanted.profile) {
        row->profile = bytes(columns.profile);
        row->expiry = bytes(columns.expiry);
    }
    for (std::size_t index = 0; index < kUserFields; ++index) {
        int at = columns.fields[index] - 1;
        if (wanted.fields[index] && !nulls[at])
            row->values[index] = value_of(TupleDescAttr(columns.tuple, at)->atttypid, values[at]);
    }
}

bool expires(const UserColumns &columns, HeapTuple tuple)
{
    return !heap_attisnull(tuple, columns.expiry, columns.tuple);
}

std::size_t user_size(const UserColumns &columns, HeapTuple tuple)
{
    bool is_null;
    Datum profile = heap_getattr(tuple, columns.profile, columns.tuple, &is_null);
    std::size_t size = is_null ? 0 : toast_raw_datum_size(profile);
    Datum device_id = heap_getattr(tuple, columns.device_id, columns.tuple, &is_null);
    return tuple->t_len + size + (is_null ? 0 : toast_raw_datum_size(device_id));
}

}  // namespace profiles::pg
