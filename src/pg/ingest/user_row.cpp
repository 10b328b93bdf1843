#include "user_row.h"

#include "../profile/datum.h"
#include "../time.h"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

// The types of profile columns are found when statements are prepared: InvalidOid stands for profile.
const UserColumn user_columns[kUserColumns] = {
    {"uid", INT8OID, true},
    {"device_id", TEXTOID, true},
    {"device_id_type", INT2OID},
    {"identified", BOOLOID, true},
    {"profile", InvalidOid, true},
    {"first_seen", TIMESTAMPTZOID},
    {"last_seen", TIMESTAMPTZOID},
    {"first_session", TIMESTAMPTZOID},
    {"last_session", TIMESTAMPTZOID},
    {"first_sync", TIMESTAMPTZOID},
    {"last_sync", TIMESTAMPTZOID},
    {"session_count", INT4OID, true},
    {"time_spent", INT8OID, true},
    {"event_count", INT8OID, true},
    {"merges", INT4OID, true},
    {"session_id", TEXTOID},
    {"session_start", TIMESTAMPTZOID},
    {"session_end", TIMESTAMPTZOID},
    {"session_duration", INT4OID},
    {"session_events", INT4OID},
    {"recent_day", DATEOID},
    {"recent_sessions", INT2ARRAYOID},
    {"location_source", TEXTOID},
    {"location_at", TIMESTAMPTZOID},
    {"recent_requests", BYTEAOID},
    // the rarely changed ones
    {"consent", InvalidOid},
    {"session_views", INT4OID, true},
    {"view_count", INT8OID, true},
    {"last_view", TEXTOID},
    {"last_view_id", TEXTOID},
    {"last_view_at", TIMESTAMPTZOID},
    {"purchase_count", INT4OID, true},
    {"purchase_total", NUMERICOID},
    {"last_purchase_amount", NUMERICOID},
    {"last_purchase", TIMESTAMPTZOID},
    {"expiry", InvalidOid},
    {"logged", BOOLOID, true},
};

namespace {

// Takes the columns of a row in order.
class RowReader {
public:
    RowReader(const Datum *values, const bool *nulls) : values_(values), nulls_(nulls) {}

    // False for null.
    bool next()
    {
        value_ = values_[column_];
        return !nulls_[column_++];
    }
    Datum value() const { return value_; }

    std::string_view bytes()
    {
        if (!next())
            return {};
        return bytes_of(reinterpret_cast<struct varlena *>(PG_DETOAST_DATUM_PACKED(value_)));
    }
    std::optional<Time> time()
    {
        if (!next() || TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(value_)))
            return std::nullopt;
        return milliseconds_of(DatumGetTimestampTz(value_));
    }
    std::string_view number_text()
    {
        return next() ? DatumGetCString(DirectFunctionCall1(numeric_out, value_)) : "";
    }
    std::int64_t big_integer() { return next() ? DatumGetInt64(value_) : 0; }
    std::int32_t integer() { return next() ? DatumGetInt32(value_) : 0; }

private:
    const Datum *values_;
    const bool *nulls_;
    int column_ = 0;
    Datum value_ = 0;
};

RecentDays read_recent(RowReader &row)
{
    RecentDays recent;
    bool has_day = row.next() && !DATE_NOT_FINITE(DatumGetDateADT(row.value()));
    if (has_day)
        recent.last = static_cast<Day>(DatumGetDateADT(row.value()) + kEpochDays);
    if (!row.next() || !has_day)
        return recent;
    Datum *elements;
    bool *nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(row.value()), INT2OID, 2, true, TYPALIGN_SHORT, &elements,
                      &nulls, &count);
    for (int day = 0; day < count && day < RecentDays::kDays; ++day)
        if (!nulls[day])
            recent.sessions[static_cast<std::size_t>(day)] = DatumGetInt16(elements[day]);
    return recent;
}

void read_rare(RowReader &row, User &user)
{
    user.consent = row.bytes();
    user.session.views = row.integer();
    user.view_count = row.big_integer();
    user.view.name = row.bytes();
    user.view.id = row.bytes();
    user.view.at = row.time();
    user.purchases.count = row.integer();
    user.purchases.total = row.number_text();
    user.purchases.last_amount = row.number_text();
    user.purchases.last = row.time();
    user.expiry = row.bytes();
    user.logged = row.next() && DatumGetBool(row.value());
}

// Gives the parameters in the order of the columns.
class ParameterWriter {
public:
    explicit ParameterWriter(UserParameters &parameters) : parameters_(parameters) {}

    void add(Datum value, bool is_null = false)
    {
        parameters_.values[column_] = value;
        parameters_.nulls[column_++] = is_null;
    }
    // Empty is null but where the column cannot be.
    void add_text(std::string_view value)
    {
        bool is_null = value.empty() && !user_columns[column_].required;
        add(is_null ? Datum{0}
                    : PointerGetDatum(
                          cstring_to_text_with_len(value.data(), static_cast<int>(value.size()))),
            is_null);
    }
    void add_number(std::string_view text)
    {
        add(text.empty() ? Datum{0} : numeric_of(text), text.empty());
    }
    void add_time(const std::optional<Time> &time)
    {
        add(time ? TimestampTzGetDatum(timestamp_of(*time)) : Datum{0}, !time);
    }

private:
    static Datum numeric_of(std::string_view text)
    {
        return DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(text.data(), text.size())),
                                   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
    }

    UserParameters &parameters_;
    int column_ = 0;
};

Datum recent_array(const RecentDays &recent)
{
    Datum elements[RecentDays::kDays];
    bool nulls[RecentDays::kDays];
    for (int day = 0; day < RecentDays::kDays; ++day) {
        std::int16_t sessions = recent.sessions[static_cast<std::size_t>(day)];
        elements[day] = Int16GetDatum(sessions);
        nulls[day] = sessions == RecentDays::kInactive;
    }
    int dimension = RecentDays::kDays, lower_bound = 1;
    return PointerGetDatum(construct_md_array(elements, nulls, 1, &dimension, &lower_bound, INT2OID,
                                              2, true, TYPALIGN_SHORT));
}

}  // namespace

User user_from_row(HeapTuple row, TupleDesc descriptor)
{
    Datum values[kUserColumns];
    bool nulls[kUserColumns];
    heap_deform_tuple(row, descriptor, values, nulls);
    return user_from_columns(values, nulls);
}

User user_from_columns(const Datum *values, const bool *nulls)
{
    RowReader row(values, nulls);
    User user;
    user.uid = row.big_integer();
    user.device_id = row.bytes();
    if (row.next())
        user.device_id_type = DatumGetInt16(row.value());
    user.identified = row.next() && DatumGetBool(row.value());
    user.profile = row.bytes();
    for (std::optional<Time> *time : {&user.first_seen, &user.last_seen, &user.first_session,
                                      &user.last_session, &user.first_sync, &user.last_sync})
        *time = row.time();
    user.session_count = row.integer();
    user.time_spent = row.big_integer();
    user.event_count = row.big_integer();
    user.merges = row.integer();
    user.session.id = row.bytes();
    user.session.start = row.time();
    user.session.end = row.time();
    user.session.duration = row.integer();
    user.session.events = row.integer();
    user.recent = read_recent(row);
    user.location_source = row.bytes();
    user.location_at = row.time();
    user.recent_requests = row.bytes();
    read_rare(row, user);
    return user;
}

void user_to_parameters(const User &user, UserParameters &parameters)
{
    ParameterWriter out(parameters);
    out.add(Int64GetDatum(user.uid));
    out.add_text(user.device_id);
    out.add(Int16GetDatum(user.device_id_type.value_or(0)), !user.device_id_type);
    out.add(BoolGetDatum(user.identified));
    out.add_text(user.profile);
    for (const std::optional<Time> *time : {&user.first_seen, &user.last_seen, &user.first_session,
                                            &user.last_session, &user.first_sync, &user.last_sync})
        out.add_time(*time);
    out.add(Int32GetDatum(user.session_count));
    out.add(Int64GetDatum(user.time_spent));
    out.add(Int64GetDatum(user.event_count));
    out.add(Int32GetDatum(user.merges));
    bool has_session = !user.session.id.empty();
    out.add_text(user.session.id);
    out.add_time(user.session.start);
    out.add_time(user.session.end);
    out.add(Int32GetDatum(user.session.duration), !has_session);
    out.add(Int32GetDatum(user.session.events), !has_session);
    std::optional<Day> day = user.recent.last;
    out.add(DateADTGetDatum(static_cast<DateADT>(day.value_or(0) - kEpochDays)), !day);
    out.add(recent_array(user.recent), !day);
    out.add_text(user.location_source);
    out.add_time(user.location_at);
    out.add_text(user.recent_requests);
    out.add_text(user.consent);
    out.add(Int32GetDatum(user.session.views));
    out.add(Int64GetDatum(user.view_count));
    out.add_text(user.view.name);
    out.add_text(user.view.id);
    out.add_time(user.view.at);
    out.add(Int32GetDatum(user.purchases.count));
    out.add_number(user.purchases.total);
    out.add_number(user.purchases.last_amount);
    out.add_time(user.purchases.last);
    out.add_text(user.expiry);
    out.add(BoolGetDatum(user.logged));
}

TupleDesc user_row_descriptor(Oid profile_type)
{
    TupleDesc descriptor = CreateTemplateTupleDesc(kUserColumns);
    for (int column = 0; column < kUserColumns; ++column) {
        Oid type = user_columns[column].type;
        TupleDescInitEntry(descriptor, static_cast<AttrNumber>(column + 1),
                           user_columns[column].name, OidIsValid(type) ? type : profile_type, -1,
                           0);
    }
    return BlessTupleDesc(descriptor);
}

Datum user_to_row(const User &user, TupleDesc descriptor)
{
    UserParameters parameters;
    user_to_parameters(user, parameters);
    return HeapTupleGetDatum(heap_form_tuple(descriptor, parameters.values, parameters.nulls));
}

}  // namespace profiles::pg
