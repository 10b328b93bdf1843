#include "reports.h"

#include "../time.h"

extern "C" {
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

Datum text_datum(std::string_view value)
{
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

Datum time_datum(Time time) { return TimestampTzGetDatum(timestamp_of(time)); }

void count_crash(AppStatements *statements, std::int64_t uid, const CrashReport &crash, Time time)
{
    Datum values[] = {Int64GetDatum(uid),
                      text_datum(crash.group),
                      text_datum(crash.name),
                      text_datum(crash.error),
                      text_datum(crash.platform),
                      BoolGetDatum(crash.fatal),
                      text_datum(crash.app_version),
                      time_datum(time)};
    bool nulls[] = {
        false, false, false, false, crash.platform.empty(), false, crash.app_version.empty(),
        false};
    run(statements, Statement::count_crash, values, nulls);
}

void write_consent(AppStatements *statements, std::int64_t uid, const ConsentChange &consent,
                   const Request &request)
{
    Datum values[] = {Int64GetDatum(uid),         text_datum(request.device_id),
                      time_datum(request.time),   text_datum(consent.change),
                      text_datum(consent.before), text_datum(consent.after)};
    bool nulls[] = {false, false, false, false, consent.before.empty(), false};
    run(statements, Statement::log_consent, values, nulls);
}

void write_token(AppStatements *statements, std::int64_t uid, const PushToken &token, Time time)
{
    Datum values[] = {Int64GetDatum(uid), text_datum(token.provider), Int16GetDatum(token.mode),
                      text_datum(token.token), time_datum(time)};
    run(statements, token.token.empty() ? Statement::clear_tokens : Statement::set_token, values);
}

void write_enrolment(AppStatements *statements, std::int64_t uid, const Enrolment &enrolment,
                     Time time)
{
    Datum values[] = {Int64GetDatum(uid), text_datum(enrolment.key), text_datum(enrolment.method),
                      text_datum(enrolment.variant), time_datum(time)};
    bool nulls[] = {false, false, false, enrolment.variant.empty(), false};
    switch (enrolment.kind) {
    case Enrolment::Kind::enrol: run(statements, Statement::enrol, values, nulls); return;
    case Enrolment::Kind::leave: run(statements, Statement::leave, values); return;
    case Enrolment::Kind::leave_all: run(statements, Statement::leave_all, values); return;
    }
}

}  // namespace

void write_reports(AppStatements *statements, const Outcome &outcome, const Request &request)
{
    std::int64_t uid = outcome.user.uid;
    if (outcome.consent)
        write_consent(statements, uid, *outcome.consent, request);
    for (const PushToken &token : outcome.tokens)
        write_token(statements, uid, token, request.time);
    for (const Enrolment &enrolment : outcome.enrolments)
        write_enrolment(statements, uid, enrolment, request.time);
}

void write_crash(AppStatements *statements, const Outcome &outcome, const Request &request)
{
    if (outcome.crash)
        count_crash(statements, outcome.user.uid, *outcome.crash, request.time);
}

void move_reports(AppStatements *statements, std::int64_t from, std::int64_t into)
{
    Datum uids[] = {Int64GetDatum(from), Int64GetDatum(into)};
    run(statements, Statement::lock_crashes, nullptr);
    for (Statement statement : {Statement::move_consents, Statement::move_tokens,
                                Statement::move_enrolments, Statement::move_crashes})
        run(statements, statement, uids);
}

}  // namespace profiles::pg
