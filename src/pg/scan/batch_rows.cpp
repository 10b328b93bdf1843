// The hot tier and the sessions that are not closed yet: rows with a list of events each, whose conditions are
// asked event by event.
#include "event_scan.h"

#include "../../core/ingest/expiry.h"
#include "../events/event_list.h"
#include "../profile/numeric.h"
#include "../time.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/numeric.h"
}

namespace profiles::pg {

namespace {

constexpr char kSessionKey[] = "[CLY]_session";

Datum text_of(std::string_view text)
{
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

struct FoundItem {
    bool found;
    Item item;
};

FoundItem find_item(const EventScan &scan, int column, const Event &event)
{
    FoundItem answer{};
    const Reference &reference = *reference_of(scan, column);
    attempt([&](std::pmr::memory_resource *) {
        std::optional<Item> item;
        if (reference.scope == Scope::profile)
            item = find_path(View(scan.batch.profile), reference.path);
        else if (event.segmentation)
            item = find_path(View(*event.segmentation), reference.path);
        if (item)
            answer = {true, *item};
    });
    return answer;
}

Datum value_of_event(const EventScan &scan, int number, const Event &event, bool *is_null)
{
    const ScanColumn &column = scan.columns.columns[number];
    *is_null = false;
    switch (column.source) {
    case Source::uid: return Int64GetDatum(scan.batch.uid);
    case Source::ts: return TimestampTzGetDatum(timestamp_of(event.ts));
    case Source::key: return text_of(event.key);
    case Source::count: return Int64GetDatum(event.count);
    case Source::sum: return NumericGetDatum(numeric_from(event.sum));
    case Source::duration: return NumericGetDatum(numeric_from(event.duration));
    case Source::device_id: return text_of(scan.batch.device_id);
    case Source::segmentation:
        return event.segmentation ? jsonb_from_item(*event.segmentation) : scan.empty_segmentation;
    case Source::profile: return scan.batch.profile_datum;
    case Source::property:
    case Source::segment:
        if (FoundItem item = find_item(scan, number, event); item.found)
            return datum_of_item(column, item.item, is_null);
        break;
    case Source::nothing: break;
    }
    *is_null = true;
    return Datum(0);
}

void put_values(EventScan &scan, const ColumnList &columns, const Event &event)
{
    for (int column : columns)
        scan.slot->tts_values[column] =
            value_of_event(scan, column, event, &scan.slot->tts_isnull[column]);
}

// Puts an event into the slot, unless a condition says no.
bool put_event(EventScan &scan, const Event &event)
{
    if (scan.only_key && event.key != scan.only_key)
        return false;
    clear_slot(scan);
    bool chosen = accepts_time(scan, event.ts);
    if (chosen && scan.all_hold) {
        put_values(scan, scan.tested, event);
        chosen = holds(scan, scan.all_hold);
    }
    if (chosen)
        put_values(scan, scan.outputs, event);
    else
        pg_atomic_fetch_add_u64(&scan.shared->rows_removed, 1);
    return chosen;
}

// The next event of the batch that is open.
bool next_of_batch(EventScan &scan)
{
    OpenBatch &batch = scan.batch;
    MemoryContext previous = MemoryContextSwitchTo(scan.segmentation_context);
    bool found = false;
    while (!found && batch.next < batch.count) {
        CHECK_FOR_INTERRUPTS();
        MemoryContextReset(scan.segmentation_context);
        Event event;
        attempt([&](std::pmr::memory_resource *) {
            event = read_event(View(batch.events).item(batch.next));
        });
        ++batch.next;
        found = put_event(scan, event);
    }
    MemoryContextSwitchTo(previous);
    return found;
}

std::string_view bytes_at(const TableReader &reader, AttrNumber column)
{
    bool is_null;
    Datum value = column_of_row(reader, column, &is_null);
    return is_null ? std::string_view() : bytes_of(PG_DETOAST_DATUM_PACKED(value));
}

std::int64_t integer_at(const TableReader &reader, AttrNumber column)
{
    bool is_null;
    Datum value = column_of_row(reader, column, &is_null);
    return is_null ? 0 : DatumGetInt64(value);
}

// The parts point into the row, which stays until the next one is read, or into the context of the batch.
void open_batch(EventScan &scan, const TableReader &reader, const BatchAttributes &attributes,
                std::string_view events)
{
    bool is_null;
    OpenBatch &batch = scan.batch;
    batch.uid = integer_at(reader, attributes.uid);
    batch.device_id = bytes_at(reader, attributes.device_id);
    Datum profile = column_of_row(reader, attributes.profile, &is_null);
    batch.profile_datum = PointerGetDatum(PG_DETOAST_DATUM_PACKED(profile));
    batch.profile = bytes_of(reinterpret_cast<struct varlena *>(batch.profile_datum));
    batch.events = events;
    batch.next = 0;
    attempt([&](std::pmr::memory_resource *) { batch.count = View(batch.events).count(); });
}

bool accepts_user(const EventScan &scan, std::int64_t uid)
{
    return uid >= scan.first_uid && uid <= scan.last_uid;
}

bool is_of_one_user(const EventScan &scan) { return scan.first_uid == scan.last_uid; }

// The next part of the table that nobody has taken; all of it at once where an index leads to the rows.
bool take_chunk(EventScan &scan)
{
    std::uint64_t chunk = scan.offset + pg_atomic_fetch_add_u64(&scan.shared->next_chunk,
                                                                static_cast<int64>(scan.stride));
    if (is_of_one_user(scan)) {
        if (chunk > 0)
            return false;
        read_equal(scan.batches, scan.batch_attributes.uid, INT8OID, Int64GetDatum(scan.first_uid));
        return true;
    }
    if (chunk * kChunkPages >= scan.shared->batch_pages)
        return false;
    read_pages(scan.batches, static_cast<BlockNumber>(chunk * kChunkPages), kChunkPages);
    return true;
}

bool may_have_rows(const EventScan &scan)
{
    const BatchAttributes &attributes = scan.batch_attributes;
    auto time_at = [&](AttrNumber column) {
        return milliseconds_of(static_cast<TimestampTz>(integer_at(scan.batches, column)));
    };
    return accepts_user(scan, integer_at(scan.batches, attributes.uid)) &&
           time_at(attributes.last_ts) >= scan.first_ts &&
           time_at(attributes.first_ts) <= scan.last_ts;
}

bool take_batch(EventScan &scan)
{
    for (;;) {
        while (scan.chunk_open && next_row(scan.batches))
            if (may_have_rows(scan)) {
                MemoryContextReset(scan.batch_context);
                MemoryContext previous = MemoryContextSwitchTo(scan.batch_context);
                open_batch(scan, scan.batches, scan.batch_attributes,
                           bytes_at(scan.batches, scan.batch_attributes.events));
                MemoryContextSwitchTo(previous);
                return true;
            }
        scan.chunk_open = take_chunk(scan);
        if (!scan.chunk_open)
            return false;
    }
}

// The profile of an unfinished session is the one of now, of which some values may be gone.
void hide_expired(EventScan &scan)
{
    OpenBatch &batch = scan.batch;
    std::string_view expiry = bytes_at(scan.users, scan.user_attributes.expiry);
    if (expiry.empty())
        return;
    Time now = milliseconds_of(GetCurrentTransactionStartTimestamp());
    struct varlena *live = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        live = make_varlena(live_profile(batch.profile, expiry, now, scratch.memory()), memory);
    });
    batch.profile_datum = PointerGetDatum(live);
    batch.profile = bytes_of(live);
}

void open_session(EventScan &scan)
{
    const UserAttributes &attributes = scan.user_attributes;
    auto short_at = [&](AttrNumber column) {
        bool is_null;
        Datum value = column_of_row(scan.users, column, &is_null);
        return is_null ? 0 : DatumGetInt32(value);
    };
    Session session;
    session.id = bytes_at(scan.users, attributes.session_id);
    session.start =
        milliseconds_of(static_cast<TimestampTz>(integer_at(scan.users, attributes.session_start)));
    session.duration = short_at(attributes.session_duration);
    session.events = short_at(attributes.session_events);
    BatchAttributes of_user{};
    of_user.uid = attributes.uid;
    of_user.device_id = attributes.device_id;
    of_user.profile = attributes.profile;
    open_batch(scan, scan.users, of_user, bytes_of(list_of_session(session)));
    hide_expired(scan);
}

bool has_session(const EventScan &scan)
{
    bool is_null;
    Datum start = column_of_row(scan.users, scan.user_attributes.session_start, &is_null);
    return !is_null && accepts_time(scan, milliseconds_of(DatumGetTimestampTz(start))) &&
           accepts_user(scan, integer_at(scan.users, scan.user_attributes.uid));
}

// One process reads them all: they are few beside the events, and most questions are about other ones.
bool take_sessions(EventScan &scan)
{
    if (pg_atomic_exchange_u32(&scan.shared->sessions_taken, 1) != 0 ||
        !accepts_key(scan, text_of(kSessionKey)))
        return false;
    if (is_of_one_user(scan))
        read_equal(scan.users, scan.user_attributes.uid, INT8OID, Int64GetDatum(scan.first_uid));
    else
        read_set(scan.users, scan.user_attributes.session_start);
    return true;
}

bool take_session(EventScan &scan)
{
    if (!scan.chunk_open)
        scan.chunk_open = take_sessions(scan);
    while (scan.chunk_open && next_row(scan.users))
        if (has_session(scan)) {
            MemoryContextReset(scan.batch_context);
            MemoryContext previous = MemoryContextSwitchTo(scan.batch_context);
            open_session(scan);
            MemoryContextSwitchTo(previous);
            return true;
        }
    scan.chunk_open = false;
    return false;
}

}  // namespace

bool next_of_batches(EventScan &scan)
{
    while (!next_of_batch(scan))
        if (!take_batch(scan))
            return false;
    return true;
}

bool next_of_sessions(EventScan &scan)
{
    while (!next_of_batch(scan))
        if (!take_session(scan))
            return false;
    return true;
}

}  // namespace profiles::pg
