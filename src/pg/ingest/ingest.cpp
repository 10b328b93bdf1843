// ingest(): one request in one transaction: find and lock the user, let core compute, write one row of
// users and the batches.
//
// Every change of a user happens under the lock of its row. Two rows are locked in the order of their
// uids, so merges cannot deadlock with each other. Who waits for a row that a merge removes finds
// it gone and looks the device up again.
#include "ingest.h"

#include "../../core/ingest/bulk.h"
#include "../../core/ingest/merge.h"
#include "../../core/ingest/whereabouts.h"
#include "../location/location.h"
#include "../profile/datum.h"
#include "../profile/jsonb.h"
#include "../time.h"
#include "checksum.h"
#include "reports.h"
#include "request_log.h"
#include "user_row.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(ingest_request);
PG_FUNCTION_INFO_V1(ingest_request_by_key);
}

Datum text_datum(std::string_view value)
{
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

std::optional<LockedUser> lock_user(AppStatements *statements, std::int64_t uid)
{
    if (const PlainUsers *tables = plain_users(statements)) {
        LockedUser user;
        if (plain::lock_users(*tables, {&uid, 1}, &user) == 0)
            return std::nullopt;
        return user;
    }
    Datum values[] = {Int64GetDatum(uid)};
    if (run(statements, Statement::lock_user, values) == 0)
        return std::nullopt;
    return LockedUser{user_from_row(SPI_tuptable->vals[0], SPI_tuptable->tupdesc)};
}

void insert_batches(AppStatements *statements, std::span<const PendingBatch> batches)
{
    if (batches.empty())
        return;
    if (const PlainBatches *tables = plain_batches(statements, ACL_INSERT)) {
        plain::insert_batches(*tables, batches);
        return;
    }
    for (const auto &[uid, device_id, batch] : batches) {
        Datum values[] = {Int64GetDatum(uid),
                          text_datum(device_id),
                          TimestampTzGetDatum(timestamp_of(batch.first)),
                          TimestampTzGetDatum(timestamp_of(batch.last)),
                          text_datum(batch.profile),
                          text_datum(batch.events)};
        run(statements, Statement::insert_batch, values);
    }
}

namespace {

constexpr int kTries = 100;  // of finding a user that merges keep moving away

std::optional<std::int64_t> find_device(AppStatements *statements, std::string_view device_id)
{
    if (device_id.empty())
        return std::nullopt;
    if (const PlainUsers *tables = plain_users(statements)) {
        std::int64_t uid;
        plain::find_devices(*tables, {&device_id, 1}, &uid);
        return uid ? std::optional(uid) : std::nullopt;
    }
    Datum values[] = {text_datum(device_id)};
    if (run(statements, Statement::find_device, values) == 0)
        return std::nullopt;
    return first_number();
}

bool claim_device(AppStatements *statements, std::string_view device_id, std::int64_t uid,
                  Time first_seen)
{
    Datum values[] = {text_datum(device_id), Int64GetDatum(uid),
                      TimestampTzGetDatum(timestamp_of(first_seen))};
    return run(statements, Statement::claim_device, values) > 0;
}

// Nothing when the device is unknown, or its user was merged away while we waited.
std::optional<LockedUser> lock_user_of(AppStatements *statements, std::string_view device_id)
{
    if (plain_users(statements)) {
        std::optional<std::int64_t> uid = find_device(statements, device_id);
        return uid ? lock_user(statements, *uid) : std::nullopt;
    }
    Datum values[] = {text_datum(device_id)};
    if (run(statements, Statement::lock_user_of, values) == 0)
        return std::nullopt;
    return LockedUser{user_from_row(SPI_tuptable->vals[0], SPI_tuptable->tupdesc)};
}

// A merge that was undone while we waited has given the device back to the other user. The device that
// a user is named by stays with it.
bool is_still_of(AppStatements *statements, std::string_view device_id, const User &user)
{
    return user.device_id == device_id || find_device(statements, device_id) == user.uid;
}

void close_session_of(AppStatements *statements, User &user)
{
    if (!user.session.start)
        return;
    Batch batch;
    attempt([&](std::pmr::memory_resource *memory) { batch = close_open_session(user, memory); });
    PendingBatch pending{user.uid, user.device_id, batch};
    insert_batches(statements, {&pending, 1});
}

}  // namespace

User merge_locked(AppStatements *statements, User from, User into, Time at)
{
    close_session_of(statements, from);
    close_session_of(statements, into);
    User merged;
    attempt(
        [&](std::pmr::memory_resource *memory) { merged = merge_users(from, into, at, memory); });
    Datum uids[] = {Int64GetDatum(from.uid), Int64GetDatum(into.uid)};
    run(statements, Statement::record_merge, uids);
    if (is_opted_out(merged))
        run(statements, Statement::forget_location, &uids[1]);
    // In this order: compact holds what it moves between the tiers, and who waited for it must then
    // see where it went.
    run(statements, Statement::redirect_moved, uids);
    run(statements, Statement::move_batches, uids);
    run(statements, Statement::move_blocks, uids);
    run(statements, Statement::move_devices, uids);
    move_reports(statements, from.uid, into.uid);
    run(statements, Statement::delete_user, uids);
    return merged;
}

// The empty profile is a container without members.
User new_user(std::int64_t uid, const Request &request)
{
    User user;
    user.uid = uid;
    user.device_id = request.device_id;
    attempt([&](std::pmr::memory_resource *memory) {
        Node empty = make_container(Type::object, {});
        seal(empty);
        user.profile = pack(empty, memory);
    });
    return user;
}

namespace {

struct Found {
    LockedUser locked;
    bool is_new = false;      // there is no row yet
    bool is_changed = false;  // merged: the profile must be written in any case
    std::string_view profile_before_merge = {};
};

// A merge that was done for the same request and undone since is not done again: the request is a duplicate.
std::optional<Found> merge_devices(AppStatements *statements, std::int64_t from, std::int64_t into,
                                   const Request &request)
{
    std::optional<LockedUser> first = lock_user(statements, Min(from, into));
    std::optional<LockedUser> second = lock_user(statements, Max(from, into));
    if (!first || !second)
        return std::nullopt;
    LockedUser &old = first->user.uid == from ? *first : *second;
    LockedUser &kept = first->user.uid == from ? *second : *first;
    if (is_duplicate(kept.user, request))
        return Found{kept};
    return Found{{merge_locked(statements, old.user, kept.user, request.time), kept.row},
                 false,
                 true,
                 kept.user.profile};
}

std::int64_t next_uid(AppStatements *statements)
{
    run(statements, Statement::next_uid, nullptr);
    return first_number();
}

// Whoever loses the device to somebody else keeps the number for the next try.
std::optional<Found> create_user(AppStatements *statements, const Request &request,
                                 std::int64_t &spare_uid)
{
    if (spare_uid == 0)
        spare_uid = next_uid(statements);
    if (!claim_device(statements, request.device_id, spare_uid, request.time))
        return std::nullopt;
    return Found{{new_user(spare_uid, request)}, true};
}

// After so many tries in vain.
void look_again(AppStatements *statements, int tries)
{
    CHECK_FOR_INTERRUPTS();
    if (tries == kPatience)
        refuse_hidden_rows(statements);
    if (tries == kTries)
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg("the user of this request keeps changing"),
                        errhint("Send the request again.")));
}

// The old id is known, the new one is not: the user goes on under the new id. Devices are claimed before
// users are locked, everywhere, so that nobody waits for the other's.
std::optional<Found> rename_device(AppStatements *statements, const Request &request,
                                   std::int64_t uid)
{
    if (!claim_device(statements, request.device_id, uid, request.time))
        return std::nullopt;
    std::optional<LockedUser> locked;
    for (int tries = 1; !(locked = lock_user(statements, uid)); ++tries) {
        // Merged away meanwhile: the old device leads to the survivor. Purged: it leads nowhere.
        look_again(statements, tries);
        std::optional<std::int64_t> survivor = find_device(statements, former_device(request));
        uid = survivor ? *survivor : next_uid(statements);
        Datum values[] = {text_datum(request.device_id), Int64GetDatum(uid)};
        run(statements, Statement::redirect_device, values);
        if (!survivor)
            return Found{{new_user(uid, request)}, true};
    }
    locked->user.device_id = request.device_id;
    locked->user.device_id_type = request.device_id_type;
    return Found{*locked};
}

// Nothing when somebody else was faster; the caller looks again.
std::optional<Found> find_user_once(AppStatements *statements, const Request &request,
                                    std::int64_t &spare_uid)
{
    std::string_view former = former_device(request);
    if (former.empty()) {
        std::optional<LockedUser> locked = lock_user_of(statements, request.device_id);
        if (locked && is_still_of(statements, request.device_id, locked->user))
            return Found{*locked};
    }
    std::optional<std::int64_t> uid = find_device(statements, request.device_id);
    std::optional<std::int64_t> old_uid = find_device(statements, former);
    if (!uid)
        return old_uid ? rename_device(statements, request, *old_uid)
                       : create_user(statements, request, spare_uid);
    if (old_uid && *old_uid != *uid)
        return merge_devices(statements, *old_uid, *uid, request);
    std::optional<LockedUser> locked = lock_user(statements, *uid);
    if (!locked || !is_still_of(statements, request.device_id, locked->user))
        return std::nullopt;
    return Found{*locked};
}

Found find_user(AppStatements *statements, const Request &request)
{
    std::int64_t spare_uid = 0;
    for (int tries = 1;; ++tries) {
        if (std::optional<Found> found = find_user_once(statements, request, spare_uid))
            return *found;
        look_again(statements, tries);
    }
}

Day day_in_zone(Time time, const void *zone)
{
    pg_time_t seconds = time >= 0 ? time / 1000 : (time - 999) / 1000;
    const struct pg_tm *local = pg_localtime(&seconds, static_cast<const pg_tz *>(zone));
    if (!local)
        return static_cast<Day>(seconds / 86400);
    return date2j(local->tm_year + 1900, local->tm_mon + 1, local->tm_mday) - UNIX_EPOCH_JDATE;
}

}  // namespace

void write_user(AppStatements *statements, const User &user, const UserChanges &changes,
                HeapTuple &row)
{
    if (const PlainUsers *tables = row ? plain_users(statements) : nullptr) {
        plain::UserWrite write{&user, changes, &row};
        plain::update_users(*tables, {&write, 1});
        return;
    }
    UserParameters parameters;
    user_to_parameters(user, parameters);
    Statement statement = changes.is_new    ? Statement::insert_user
                          : changes.rare    ? Statement::update_all
                          : changes.profile ? Statement::update_profile
                                            : Statement::update_user;
    run(statements, statement, parameters.values, parameters.nulls);
    row = nullptr;
}

// The record of merges has whole users; who opts out shall have no place there either.
void forget_location(AppStatements *statements, const User &before, const User &after)
{
    if (after.merges == 0 || is_opted_out(before) || !is_opted_out(after))
        return;
    Datum values[] = {Int64GetDatum(after.uid)};
    run(statements, Statement::forget_location, values);
}

std::string_view find_profile_then(AppStatements *statements, const User &user,
                                   const Request &request)
{
    if (!is_late(user, request))
        return {};
    Datum values[] = {Int64GetDatum(user.uid), TimestampTzGetDatum(timestamp_of(request.time))};
    if (run(statements, Statement::profile_then, values) == 0)
        return {};
    bool is_null;
    Datum profile = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
    return bytes_of(reinterpret_cast<struct varlena *>(PG_DETOAST_DATUM_PACKED(profile)));
}

std::span<const PendingBatch> pending_batches(const Outcome &outcome, std::string_view device_id)
{
    std::size_t count = outcome.batches.size();
    auto *pending = static_cast<PendingBatch *>(palloc(sizeof(PendingBatch) * (count + 1)));
    for (std::size_t index = 0; index < count; ++index)
        pending[index] = {outcome.user.uid, device_id, outcome.batches[index]};
    return {pending, count};
}

Outcome compute(const App &app, const User &user, const Request &request, Time now,
                const OtherProfiles &others, Failure &unusable)
{
    unusable.failed = false;
    bool looks_up = request.address && !stays_away(user, request);
    location::GeoipSet *databases = looks_up ? usable_geoip_databases(unusable) : nullptr;
    bool may_begin = request.begin_session || !user.session.start;
    bool has_place =
        request.place.point || !request.place.city.empty() || (user.location_at && may_begin);
    location::PlaceIndex *geocoder = has_place ? places() : nullptr;
    Outcome outcome;
    attempt([&](std::pmr::memory_resource *memory) {
        Surroundings surroundings{app.settings, now, {day_in_zone, app.zone}};
        surroundings.geocoder = geocoder;
        if (databases)
            surroundings.geoip = databases->place(*request.address);
        surroundings.profile_then = others.then;
        surroundings.profile_before_merge = others.before_merge;
        outcome = ingest(user, request, surroundings, memory);
    });
    return outcome;
}

bool turned_away(const App &app, const Request &request, Answer &answer)
{
    if (const char *reason = refusal(app, request)) {
        answer.status = "refused";
        answer.reason = reason;
    } else if (is_anonymous_device(request.device_id)) {
        answer.status = "ignored";
        answer.reason = request.device_id[0] == '0' ? "the device id is all zeros"
                                                    : "the device id is a temporary one";
    }
    return answer.reason;
}

void refuse_null(FunctionCallInfo fcinfo, int argument, const char *what)
{
    if (PG_ARGISNULL(argument))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", what)));
}

namespace {

// What became of a request, and what the log shows of its user.
struct Taken {
    Answer answer;
    std::string_view profile = {};
    bool of_logged_user = false;
};

Taken take(const App &app, AppStatements *statements, const Request &request, Time now)
{
    Found found = find_user(statements, request);
    const User &before = found.locked.user;
    Failure unusable;
    OtherProfiles others{find_profile_then(statements, before, request),
                         found.profile_before_merge};
    Outcome outcome = compute(app, before, request, now, others, unusable);
    Taken taken{{}, outcome.user.profile, outcome.user.logged};
    Answer &answer = taken.answer;
    answer.uid = before.uid;
    if (outcome.duplicate) {
        answer.status = "duplicate";
        answer.reason = "the same request was accepted before";
        if (!found.is_changed)
            return taken;
    }
    write_user(statements, outcome.user,
               {found.is_new, outcome.profile_changed, outcome.rarely_changed || found.is_changed},
               found.locked.row);
    forget_location(statements, before, outcome.user);
    insert_batches(statements, pending_batches(outcome, request.device_id));
    write_reports(statements, outcome, request);
    write_crash(statements, outcome, request);
    answer.skipped = skipped_json(request.skips, outcome.skips, unusable);
    return taken;
}

Answer ingest_into(const App &app, Jsonb *json)
{
    Time now = milliseconds_of(GetCurrentTimestamp());
    Node parameters = node_from_jsonb(json);
    Request request;
    attempt([&](std::pmr::memory_resource *memory) {
        request = read_request(parameters, now, app.settings.limits, memory);
    });
    AppStatements *statements = app_statements(app.name);
    Taken taken;
    if (!turned_away(app, request, taken.answer))
        taken = take(app, statements, request, now);
    if (goes_to_log(app, statements, taken.of_logged_user)) {
        LoggedRequest logged{&taken.answer, &request, taken.profile, taken.of_logged_user};
        log_requests(app, statements, json, {&logged, 1});
    }
    return taken.answer;
}

// The answer as a row, made in the caller's memory.
Datum answer_datum(FunctionCallInfo fcinfo, const Answer &answer)
{
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    AnswerColumns row = answer_columns(answer);
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), row.values, row.nulls));
}

// What the request says of its app; null when it says nothing.
const char *app_key_of(Jsonb *request)
{
    JsonbValue value;
    if (!JB_ROOT_IS_OBJECT(request) ||
        !getKeyJsonValueFromContainer(&request->root, "app_key", strlen("app_key"), &value) ||
        value.type != jbvString)
        return nullptr;
    return pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len));
}

template <typename FindApp>
Datum ingest_with(FunctionCallInfo fcinfo, Jsonb *request, FindApp find)
{
    MemoryContext caller = CurrentMemoryContext;
    SPI_connect();
    App app = find();
    Answer answer = ingest_into(app, request);
    MemoryContext of_spi = MemoryContextSwitchTo(caller);
    Datum result = answer_datum(fcinfo, answer);
    MemoryContextSwitchTo(of_spi);
    SPI_finish();
    return result;
}

}  // namespace

extern "C" Datum ingest_request(PG_FUNCTION_ARGS)
{
    refuse_null(fcinfo, 0, "app name");
    refuse_null(fcinfo, 1, "request");
    const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    return ingest_with(fcinfo, PG_GETARG_JSONB_P(1), [&] { return app_by_name(name); });
}

extern "C" Datum ingest_request_by_key(PG_FUNCTION_ARGS)
{
    refuse_null(fcinfo, 0, "request");
    Jsonb *request = PG_GETARG_JSONB_P(0);
    const char *key = app_key_of(request);
    if (!key)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("missing parameter \"app_key\"")));
    return ingest_with(fcinfo, request, [&] { return app_by_key(key); });
}

}  // namespace profiles::pg
