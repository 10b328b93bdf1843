// ingest_bulk(): many requests in one transaction, with the result of one after the other.
//
// All devices are claimed first, in the order of their bytes, then all users are locked, in the order
// of their uids: two bulks cannot deadlock. The states of the users are kept in memory meanwhile; each
// is read once and written once, and all events are appended at once. What needs the rows as they
// would be (a merge; the profile of a late request) has what is pending written before.
#include "../../core/ingest/bulk.h"

#include <algorithm>

#include "../profile/datum.h"
#include "../profile/jsonb.h"
#include "../time.h"
#include "ingest.h"
#include "reports.h"
#include "user_row.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(ingest_bulk);
}

namespace {

constexpr int kTries = 100;                        // of locking users that merges keep moving away
constexpr std::size_t kPendingBytes = 64u << 20u;  // of events and their profiles

struct PendingUser {
    User user;
    UserChanges changes;
    bool is_dirty = false;
    bool has_batches = false;  // that are not written yet
};

struct PendingBatch {
    std::int64_t uid;
    std::string_view device_id;
    Batch batch;
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
    std::span<BulkDevice> devices;
    BulkPlan plan;
    PendingUser *users;  // of plan.users
    PendingBatch *batches;
    std::size_t batch_count, batch_bytes;
    PendingReport **reports;
    std::size_t report_count;
};

template <typename Element>
Element *allocate(std::size_t count)
{
    return static_cast<Element *>(
        palloc_extended(sizeof(Element) * (count + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
}

// Reading

// An error of the request itself is the answer to it.
bool read_one(Bulk &bulk, JsonbElement &element, std::size_t index)
{
    Answer &answer = *new (&bulk.answers[index]) Answer();
    Request &request = bulk.requests[index];
    Failure failure;
    attempt_into(failure, [&](std::pmr::memory_resource *memory) {
        if (element.too_deep)
            throw Error(ErrorCode::limit_exceeded, "value is nested too deeply");
        request = read_request(element.node, bulk.now, bulk.app.settings.limits, memory);
    });
    int error_class = ERRCODE_TO_CATEGORY(failure.failed ? failure.sqlstate : 0);
    bool is_faulty = error_class == ERRCODE_DATA_EXCEPTION ||
                     error_class == ERRCODE_TO_CATEGORY(ERRCODE_PROGRAM_LIMIT_EXCEEDED);
    if (failure.failed && !is_faulty)
        raise_if_failed(failure);
    if (failure.failed) {
        answer.status = "failed";
        answer.reason = pstrdup(failure.message);
        return false;
    }
    return !turned_away(bulk.app, request, answer);
}

void read_all(Bulk &bulk, Jsonb *jsonb)
{
    JsonbElement *elements;
    bulk.count = static_cast<std::size_t>(elements_of_jsonb(jsonb, &elements));
    bulk.requests = allocate<Request>(bulk.count);
    bulk.taken = allocate<const Request *>(bulk.count);
    bulk.answers = allocate<Answer>(bulk.count);
    for (std::size_t index = 0; index < bulk.count; ++index) {
        CHECK_FOR_INTERRUPTS();
        if (read_one(bulk, elements[index], index))
            bulk.taken[index] = &bulk.requests[index];
    }
}

// Finding and locking

ArrayType *array_of(Oid type, Datum *elements, std::size_t count)
{
    int16 length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    return construct_array(elements, static_cast<int>(count), type, length, by_value, alignment);
}

std::int64_t number_at(std::uint64_t row, int column)
{
    bool is_null;
    return DatumGetInt64(
        SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null));
}

void find_devices(Bulk &bulk)
{
    Datum *ids = allocate<Datum>(bulk.devices.size());
    for (std::size_t index = 0; index < bulk.devices.size(); ++index)
        ids[index] = text_datum(bulk.devices[index].id);
    Datum values[] = {PointerGetDatum(array_of(TEXTOID, ids, bulk.devices.size()))};
    std::uint64_t found = run(bulk.statements, Statement::find_devices, values);
    for (std::uint64_t row = 0; row < found; ++row)
        bulk.devices[static_cast<std::size_t>(number_at(row, 1) - 1)].uid = number_at(row, 2);
}

void number_new_users(Bulk &bulk)
{
    std::span<BulkUser> fresh = bulk.plan.users.subspan(bulk.plan.known);
    if (fresh.empty())
        return;
    Datum values[] = {Int32GetDatum(static_cast<std::int32_t>(fresh.size()))};
    run(bulk.statements, Statement::next_uids, values);
    for (std::size_t index = 0; index < fresh.size(); ++index)
        fresh[index].uid = number_at(index, 1);
}

// False when somebody else was faster with one of them.
bool claim_devices(Bulk &bulk)
{
    Datum *ids = allocate<Datum>(bulk.devices.size());
    Datum *uids = allocate<Datum>(bulk.devices.size());
    Datum *times = allocate<Datum>(bulk.devices.size());
    std::size_t count = 0;
    for (const BulkDevice &device : bulk.devices) {
        if (!device.is_claimed)
            continue;
        ids[count] = text_datum(device.id);
        uids[count] = Int64GetDatum(bulk.plan.users[static_cast<std::size_t>(device.user)].uid);
        times[count++] = TimestampTzGetDatum(timestamp_of(device.first_seen));
    }
    if (count == 0)
        return true;
    Datum values[] = {PointerGetDatum(array_of(TEXTOID, ids, count)),
                      PointerGetDatum(array_of(INT8OID, uids, count)),
                      PointerGetDatum(array_of(TIMESTAMPTZOID, times, count))};
    return run(bulk.statements, Statement::claim_devices, values) == count;
}

// False when one of them was merged away meanwhile.
bool lock_users(Bulk &bulk)
{
    bulk.users = allocate<PendingUser>(bulk.plan.users.size());
    Datum *uids = allocate<Datum>(bulk.plan.known);
    for (std::size_t index = 0; index < bulk.plan.known; ++index)
        uids[index] = Int64GetDatum(bulk.plan.users[index].uid);
    if (bulk.plan.known == 0)
        return true;
    Datum values[] = {PointerGetDatum(array_of(INT8OID, uids, bulk.plan.known))};
    if (run(bulk.statements, Statement::lock_users, values) != bulk.plan.known)
        return false;
    for (std::size_t index = 0; index < bulk.plan.known; ++index)
        bulk.users[index].user = user_from_row(SPI_tuptable->vals[index], SPI_tuptable->tupdesc);
    return true;
}

bool claim_and_lock(Bulk &bulk)
{
    std::span<const Request *const> requests(bulk.taken, bulk.count);
    attempt(
        [&](std::pmr::memory_resource *memory) { bulk.devices = bulk_devices(requests, memory); });
    find_devices(bulk);
    attempt([&](std::pmr::memory_resource *memory) {
        bulk.plan = plan_bulk(requests, bulk.devices, memory);
    });
    number_new_users(bulk);
    return claim_devices(bulk) && lock_users(bulk);
}

// Who finds that devices or users have changed hands gives all locks back before it looks again.
void find_users(Bulk &bulk)
{
    MemoryContext memory = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    for (int tries = 0; tries < kTries; ++tries) {
        CHECK_FOR_INTERRUPTS();
        BeginInternalSubTransaction(nullptr);
        MemoryContextSwitchTo(memory);
        bool found = claim_and_lock(bulk);
        if (found)
            ReleaseCurrentSubTransaction();
        else
            RollbackAndReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(memory);
        CurrentResourceOwner = owner;
        if (found)
            return;
    }
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("the users of these requests keep changing"),
                    errhint("Send the requests again.")));
}

// Writing

void write_batches(Bulk &bulk)
{
    if (bulk.batch_count == 0)
        return;
    constexpr int kColumns = 6;
    Datum *columns[kColumns];
    for (Datum *&column : columns)
        column = allocate<Datum>(bulk.batch_count);
    for (std::size_t index = 0; index < bulk.batch_count; ++index) {
        const PendingBatch &pending = bulk.batches[index];
        columns[0][index] = Int64GetDatum(pending.uid);
        columns[1][index] = text_datum(pending.device_id);
        columns[2][index] = TimestampTzGetDatum(timestamp_of(pending.batch.first));
        columns[3][index] = TimestampTzGetDatum(timestamp_of(pending.batch.last));
        columns[4][index] = text_datum(pending.batch.profile);
        columns[5][index] = text_datum(pending.batch.events);
    }
    Oid types[kColumns] = {INT8OID,
                           TEXTOID,
                           TIMESTAMPTZOID,
                           TIMESTAMPTZOID,
                           type_named("profile"),
                           type_named("event_list")};
    Datum values[kColumns];
    for (int column = 0; column < kColumns; ++column)
        values[column] =
            PointerGetDatum(array_of(types[column], columns[column], bulk.batch_count));
    run(bulk.statements, Statement::insert_batches, values);
    bulk.batch_count = bulk.batch_bytes = 0;
    for (std::size_t index = 0; index < bulk.plan.users.size(); ++index)
        bulk.users[index].has_batches = false;
}

Statement statement_for(const UserChanges &changes)
{
    return changes.is_new                    ? Statement::insert_users
           : changes.rare || changes.profile ? Statement::update_users_whole
                                             : Statement::update_users;
}

// Groups of crashes in their order, and under the lock of whoever writes several.
void write_all_reports(Bulk &bulk)
{
    PendingReport **end = bulk.reports + bulk.report_count;
    for (PendingReport **report = bulk.reports; report != end; ++report)
        write_reports(bulk.statements, (*report)->outcome, *(*report)->request);
    attempt([&](std::pmr::memory_resource *) {
        end = std::remove_if(bulk.reports, end,
                             [](PendingReport *report) { return !report->outcome.crash; });
        std::stable_sort(bulk.reports, end, [](PendingReport *left, PendingReport *right) {
            return left->outcome.crash->group < right->outcome.crash->group;
        });
    });
    if (bulk.reports != end)
        run(bulk.statements, Statement::lock_crashes, nullptr);
    for (PendingReport **report = bulk.reports; report != end; ++report)
        write_crash(bulk.statements, (*report)->outcome, *(*report)->request);
    bulk.report_count = 0;
}

// Users with as much to be written as the statement writes.
void write_users(Bulk &bulk, Statement statement)
{
    Datum *rows = allocate<Datum>(bulk.plan.users.size());
    TupleDesc descriptor = user_row_descriptor(type_named("profile"));
    std::size_t count = 0;
    for (std::size_t index = 0; index < bulk.plan.users.size(); ++index) {
        PendingUser &pending = bulk.users[index];
        CHECK_FOR_INTERRUPTS();
        if (!pending.is_dirty || statement_for(pending.changes) != statement)
            continue;
        rows[count++] = user_to_row(pending.user, descriptor);
        pending.is_dirty = false;
        pending.changes = UserChanges();
    }
    if (count == 0)
        return;
    Datum values[] = {PointerGetDatum(array_of(RECORDOID, rows, count))};
    run(bulk.statements, statement, values);
}

// By the primary key, also under a plan that was made when the table was small.
void write_all_users(Bulk &bulk)
{
    int level = NewGUCNestLevel();
    for (const char *setting : {"enable_hashjoin", "enable_mergejoin", "enable_seqscan"})
        set_config_option(setting, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                          false);
    for (Statement statement :
         {Statement::insert_users, Statement::update_users, Statement::update_users_whole})
        write_users(bulk, statement);
    AtEOXact_GUC(true, level);
}

void write_pending(Bulk &bulk)
{
    write_all_users(bulk);
    write_batches(bulk);
    write_all_reports(bulk);
}

// One request after the other

void merge_pending(Bulk &bulk, PendingUser &from, PendingUser &into)
{
    write_pending(bulk);
    into.user = merge_locked(bulk.statements, from.user, into.user);
    into.changes.rare = true;
    into.is_dirty = true;
}

// The user as the request finds it.
User user_of(Bulk &bulk, const BulkStep &step, const Request &request)
{
    PendingUser &pending = bulk.users[step.user];
    switch (step.kind) {
    case BulkStep::Kind::create:
        pending.changes.is_new = true;
        return new_user(bulk.plan.users[static_cast<std::size_t>(step.user)].uid, request);
    case BulkStep::Kind::rename: {
        User user = pending.user;
        user.device_id = request.device_id;
        user.device_id_type = request.device_id_type;
        return user;
    }
    case BulkStep::Kind::merge: merge_pending(bulk, bulk.users[step.from], pending); break;
    default: break;
    }
    return pending.user;
}

bool has_reports(const Outcome &outcome)
{
    return outcome.crash || outcome.consent || !outcome.tokens.empty() ||
           !outcome.enrolments.empty();
}

void keep_outcome(Bulk &bulk, PendingUser &pending, const Outcome &outcome, const Request &request)
{
    pending.user = outcome.user;
    pending.is_dirty = true;
    pending.changes.profile |= outcome.profile_changed;
    pending.changes.rare |= outcome.rarely_changed;
    for (std::size_t index = 0; index < outcome.batch_count; ++index) {
        const Batch &batch = outcome.batches[index];
        bulk.batches[bulk.batch_count++] = {outcome.user.uid, request.device_id, batch};
        bulk.batch_bytes += batch.profile.size() + batch.events.size();
        pending.has_batches = true;
    }
    if (has_reports(outcome))
        bulk.reports[bulk.report_count++] =
            new (allocate<PendingReport>(1)) PendingReport{outcome, &request};
    if (bulk.batch_bytes > kPendingBytes)
        write_batches(bulk);
}

void take(Bulk &bulk, std::size_t index)
{
    const BulkStep &step = bulk.plan.steps[index];
    if (step.kind == BulkStep::Kind::turned_away)
        return;
    const Request &request = *bulk.taken[index];
    PendingUser &pending = bulk.users[step.user];
    User user = user_of(bulk, step, request);
    if (pending.has_batches && is_late(user, request))
        write_batches(bulk);
    Failure unusable;
    std::string_view then = find_profile_then(bulk.statements, user, request);
    Outcome outcome = compute(bulk.app, user, request, bulk.now, then, unusable);
    Answer &answer = bulk.answers[index];
    answer.uid = user.uid;
    if (outcome.duplicate) {
        answer.status = "duplicate";
        answer.reason = "the same request was accepted before";
        return;
    }
    keep_outcome(bulk, pending, outcome, request);
    answer.skipped = skipped_json(request.skips, outcome.skips, unusable);
}

void ingest_all(Bulk &bulk)
{
    bulk.statements = app_statements(bulk.app.name);
    find_users(bulk);
    bulk.batches = allocate<PendingBatch>(2 * bulk.count);
    bulk.reports = allocate<PendingReport *>(bulk.count);
    for (std::size_t index = 0; index < bulk.count; ++index) {
        CHECK_FOR_INTERRUPTS();
        take(bulk, index);
    }
    write_pending(bulk);
}

}  // namespace

extern "C" Datum ingest_bulk(PG_FUNCTION_ARGS)
{
    refuse_null(fcinfo, 0, "app name");
    refuse_null(fcinfo, 1, "requests");
    const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    Jsonb *requests = PG_GETARG_JSONB_P(1);
    if (!JB_ROOT_IS_ARRAY(requests) || JB_ROOT_IS_SCALAR(requests))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("requests must be a JSON array"),
                 errhint("ingest() takes a single request.")));
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    SPI_connect();
    Bulk bulk = {};
    bulk.app = app_by_name(name);
    bulk.now = milliseconds_of(GetCurrentTimestamp());
    read_all(bulk, requests);
    ingest_all(bulk);
    for (std::size_t index = 0; index < bulk.count; ++index) {
        AnswerColumns row = answer_columns(bulk.answers[index]);
        tuplestore_putvalues(result->setResult, result->setDesc, row.values, row.nulls);
    }
    SPI_finish();
    return Datum{0};
}

}  // namespace profiles::pg
