// ingest_bulk(): many requests in one transaction, with the result of one after the other.
//
// All devices are claimed first, in the order of their bytes, then all users are locked, in the order
// of their uids: two bulks cannot deadlock. The states of the users are kept in memory meanwhile; each
// is read once and written once, and all events are appended at once. What needs the rows as they
// would be (a merge; the profile of a late request) has what is pending written before.
#include "bulk.h"

#include "../profile/jsonb.h"
#include "../time.h"
#include "request_log.h"

extern "C" {
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(ingest_bulk);
}

namespace {

// Of one request: its own, that of a session and those of values that expired.
constexpr std::size_t kMostBatches = 1000;
constexpr std::size_t kPendingBytes = 64u << 20u;  // of events and their profiles

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
    bulk.profiles = allocate<std::string_view>(bulk.count);
    for (std::size_t index = 0; index < bulk.count; ++index) {
        CHECK_FOR_INTERRUPTS();
        if (read_one(bulk, elements[index], index))
            bulk.taken[index] = &bulk.requests[index];
    }
}

// One request after the other

void merge_pending(Bulk &bulk, PendingUser &from, PendingUser &into, Time at)
{
    write_pending(bulk);
    into.user = merge_locked(bulk.statements, from.user, into.user, at);
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
    case BulkStep::Kind::merge:
        merge_pending(bulk, bulk.users[step.from], pending, request.time);
        break;
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
    if (bulk.batch_count + outcome.batches.size() > bulk.batch_room)
        write_batches(bulk);
    for (const Batch &batch : outcome.batches) {
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
    OtherProfiles others;
    if (step.kind == BulkStep::Kind::merge)
        others.before_merge = pending.user.profile;
    User user = user_of(bulk, step, request);
    if (pending.has_batches && is_late(user, request))
        write_batches(bulk);
    Failure unusable;
    others.then = find_profile_then(bulk.statements, user, request);
    Outcome outcome = compute(bulk.app, user, request, bulk.now, others, unusable);
    Answer &answer = bulk.answers[index];
    answer.uid = user.uid;
    bulk.profiles[index] = outcome.user.profile;
    if (outcome.duplicate) {
        answer.status = "duplicate";
        answer.reason = "the same request was accepted before";
        return;
    }
    forget_location(bulk.statements, user, outcome.user);
    keep_outcome(bulk, pending, outcome, request);
    answer.skipped = skipped_json(request.skips, outcome.skips, unusable);
}

void ingest_all(Bulk &bulk)
{
    bulk.statements = app_statements(bulk.app.name);
    find_users(bulk);
    bulk.batch_room = 2 * bulk.count + kMostBatches;
    bulk.batches = allocate<PendingBatch>(bulk.batch_room);
    bulk.reports = allocate<PendingReport *>(bulk.count);
    for (std::size_t index = 0; index < bulk.count; ++index) {
        CHECK_FOR_INTERRUPTS();
        take(bulk, index);
    }
    write_pending(bulk);
}

bool is_of_logged_user(const Bulk &bulk, std::size_t index)
{
    int user = bulk.plan.steps[index].user;
    return user >= 0 && bulk.users[user].user.logged;
}

void log_all(Bulk &bulk, Jsonb *json)
{
    auto *logged = allocate<LoggedRequest>(bulk.count);
    std::size_t count = 0;
    for (std::size_t index = 0; index < bulk.count; ++index) {
        bool of_logged_user = is_of_logged_user(bulk, index);
        if (!goes_to_log(bulk.app, bulk.statements, of_logged_user))
            continue;
        bool is_read = strcmp(bulk.answers[index].status, "failed") != 0;
        logged[count++] = {&bulk.answers[index], is_read ? &bulk.requests[index] : nullptr,
                           bulk.profiles[index], of_logged_user, static_cast<int>(index)};
    }
    log_requests(bulk.app, bulk.statements, json, {logged, count});
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
    log_all(bulk, requests);
    for (std::size_t index = 0; index < bulk.count; ++index) {
        AnswerColumns row = answer_columns(bulk.answers[index]);
        tuplestore_putvalues(result->setResult, result->setDesc, row.values, row.nulls);
    }
    SPI_finish();
    return Datum{0};
}

}  // namespace profiles::pg
