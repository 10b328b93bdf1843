#include "request_log.h"

#include "../../core/ingest/request_parts.h"
#include "../profile/datum.h"
#include "../profile/jsonb.h"
#include "../time.h"
#include "bulk.h"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

// As in the statement log_requests.
constexpr std::pair<const char *, Oid> kColumns[] = {
    {"number", INT4OID},      {"is_forced", BOOLOID},   {"request_ts", TIMESTAMPTZOID},
    {"uid", INT8OID},         {"device_id", TEXTOID},   {"sdk_name", TEXTOID},
    {"sdk_version", TEXTOID}, {"app_version", TEXTOID}, {"platform", TEXTOID},
    {"country", TEXTOID},     {"city", TEXTOID},        {"parts", TEXTARRAYOID},
    {"status", TEXTOID},      {"reason", TEXTOID},      {"skipped", JSONBOID},
};
constexpr int kColumnCount = static_cast<int>(std::size(kColumns));

TupleDesc log_descriptor()
{
    TupleDesc descriptor = CreateTemplateTupleDesc(kColumnCount);
    AttrNumber number = 0;
    for (auto [name, type] : kColumns)
        TupleDescInitEntry(descriptor, ++number, name, type, -1, 0);
    return BlessTupleDesc(descriptor);
}

class RowWriter {
public:
    void add(Datum value, bool is_null = false)
    {
        values_[column_] = value;
        nulls_[column_++] = is_null;
    }
    void add_text(std::string_view text) { add(text_datum(text), text.empty()); }
    Datum row(TupleDesc descriptor)
    {
        return HeapTupleGetDatum(heap_form_tuple(descriptor, values_, nulls_));
    }

private:
    Datum values_[kColumnCount];
    bool nulls_[kColumnCount];
    int column_ = 0;
};

// Texts of the profile, and the names of the parts, as plain data.
struct Shown {
    std::string_view app_version, platform, country, city;
    std::string_view parts[12];
    std::size_t part_count = 0;
};

Shown show(const LoggedRequest &logged)
{
    Shown shown;
    attempt([&](std::pmr::memory_resource *memory) {
        auto text = [&](std::string_view property) {
            std::optional<Item> value = View(logged.profile).find(property);
            return value && value->type == Type::text ? value->bytes : std::string_view();
        };
        if (!logged.profile.empty())
            shown = {text("app_version"), text("platform"), text("country"), text("city"), {}};
        if (!logged.request)
            return;
        for (std::string_view part : request_parts(*logged.request, memory))
            shown.parts[shown.part_count++] = part;
    });
    return shown;
}

Datum row_datum(const LoggedRequest &logged, TupleDesc descriptor)
{
    Shown shown = show(logged);
    const Request none{}, &request = logged.request ? *logged.request : none;
    Datum parts[std::size(shown.parts)];
    for (std::size_t index = 0; index < shown.part_count; ++index)
        parts[index] = text_datum(shown.parts[index]);
    RowWriter row;
    row.add(Int32GetDatum(logged.number), logged.number < 0);
    row.add(BoolGetDatum(logged.of_logged_user));
    row.add(TimestampTzGetDatum(timestamp_of(request.time)), !logged.request);
    row.add(Int64GetDatum(logged.answer->uid), logged.answer->uid == 0);
    row.add_text(request.device_id);
    row.add_text(request.sdk_name);
    row.add_text(request.sdk_version);
    row.add_text(shown.app_version);
    row.add_text(shown.platform);
    row.add_text(shown.country);
    row.add_text(shown.city);
    row.add(PointerGetDatum(array_of(TEXTOID, parts, shown.part_count)));
    row.add(CStringGetTextDatum(logged.answer->status));
    row.add_text(logged.answer->reason ? logged.answer->reason : "");
    row.add(jsonb_from_text(logged.answer->skipped));
    return row.row(descriptor);
}

}  // namespace

bool goes_to_log(const App &app, AppStatements *statements, bool of_logged_user)
{
    RequestLog mode = app.settings.request_log;
    return of_logged_user || mode == RequestLog::on ||
           (mode == RequestLog::automatic && *log_rests_until(statements) < GetCurrentTimestamp());
}

void log_requests(const App &app, AppStatements *statements, Jsonb *json,
                  std::span<LoggedRequest> requests)
{
    auto limit = static_cast<std::size_t>(app.settings.request_log_limit);
    if (requests.size() > limit)
        requests = requests.last(limit);
    if (requests.empty())
        return;
    TupleDesc descriptor = log_descriptor();
    Datum *rows = allocate<Datum>(requests.size());
    for (std::size_t index = 0; index < requests.size(); ++index)
        rows[index] = row_datum(requests[index], descriptor);
    bool is_automatic = app.settings.request_log == RequestLog::automatic;
    Datum values[] = {PointerGetDatum(array_of(RECORDOID, rows, requests.size())),
                      JsonbPGetDatum(json), Int64GetDatum(app.settings.request_log_limit),
                      BoolGetDatum(is_automatic)};
    run(statements, Statement::log_requests, values);
    if (is_automatic && first_number() == 0)
        *log_rests_until(statements) = GetCurrentTimestamp() + USECS_PER_MINUTE;
}

}  // namespace profiles::pg
