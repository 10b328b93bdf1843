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

// The profile is detoasted for the first event that needs it.
Datum fetched_profile(EventScan &scan)
{
    OpenBatch &batch = scan.batch;
    if (batch.profile.data() == nullptr) {
        MemoryContext previous = MemoryContextSwitchTo(scan.batch_context);
        batch.profile_datum = PointerGetDatum(PG_DETOAST_DATUM_PACKED(batch.profile_datum));
        batch.profile = bytes_of(reinterpret_cast<struct varlena *>(batch.profile_datum));
        MemoryContextSwitchTo(previous);
    }
    return batch.profile_datum;
}

FoundItem find_item(EventScan &scan, int column, const Event &event)
{
    FoundItem answer{};
    const Reference &reference = *reference_of(scan, column);
    if (reference.scope == Scope::profile)
        fetched_profile(scan);
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

Datum value_of_event(EventScan &scan, int number, const Event &event, bool *is_null)
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
    case Source::profile: return fetched_profile(scan);
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

void remember_verdict(EventScan &scan, std::string_view key, bool accepted)
{
    if (key.size() > KeyVerdict::kLongest)
        return;
    KeyVerdict &verdict = scan.verdicts[scan.next_verdict];
    verdict.accepted = accepted;
    verdict.size = static_cast<std::uint8_t>(key.size());
    memcpy(verdict.key, key.data(), key.size());
    scan.next_verdict = (scan.next_verdict + 1) % EventScan::kVerdicts;
    scan.verdict_count = std::min(scan.verdict_count + 1, EventScan::kVerdicts);
}

// What the conditions on the key say is asked once for each key, as long as it is remembered.
bool has_accepted_key(EventScan &scan, std::string_view key)
{
    if (!scan.has_key_condition)
        return true;
    for (std::size_t index = 0; index < scan.verdict_count; ++index)
        if (const KeyVerdict &known = scan.verdicts[index];
            key == std::string_view(known.key, known.size))
            return known.accepted;
    bool accepted = accepts_key(scan, text_of(key));
    remember_verdict(scan, key, accepted);
    return accepted;
}

bool is_chosen(EventScan &scan, const Event &event)
{
    if (!accepts_time(scan, event.ts) || !has_accepted_key(scan, event.key))
        return false;
    clear_slot(scan);
    if (!scan.rest_holds)
        return true;
    put_values(scan, scan.tested, event);
    return holds(scan, scan.rest_holds);
}

// The next event of the batch that is open, in the slot, unless a condition says no.
bool next_of_batch(EventScan &scan)
{
    std::span<const Event> events = scan.events->object->list;
    MemoryContext previous = MemoryContextSwitchTo(scan.segmentation_context);
    std::int64_t removed = 0;
    bool found = false;
    while (!found && scan.batch.next < events.size()) {
        CHECK_FOR_INTERRUPTS();
        const Event &event = events[scan.batch.next++];
        if (scan.only_key && event.key != scan.only_key)
            continue;
        MemoryContextReset(scan.segmentation_context);
        found = is_chosen(scan, event);
        if (found)
            put_values(scan, scan.outputs, event);
        else
            ++removed;
    }
    if (removed > 0)
        pg_atomic_fetch_add_u64(&scan.shared->rows_removed, removed);
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

void read_events(EventScan &scan, std::string_view bytes)
{
    attempt([&](std::pmr::memory_resource *) {
        BatchEvents &events = *scan.events->object;
        events.list.clear();
        View list(bytes);
        events.list.reserve(list.count());
        for (Cursor cursor(list); cursor.next();) {
            check_interrupt();
            events.reader.read(cursor.item(), std::nullopt, events.list.emplace_back());
        }
    });
}

// The parts point into the row, which stays until the next one is read, or into the context of the batch.
void open_batch(EventScan &scan, std::int64_t uid, std::string_view device_id, Datum profile,
                std::string_view events)
{
    scan.batch = {uid, device_id, profile, {}, 0};
    read_events(scan, events);
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
        read_equal(scan.batches, scan.batch_table.uid, INT8OID, Int64GetDatum(scan.first_uid));
        return true;
    }
    if (chunk * kChunkPages >= scan.shared->batch_pages)
        return false;
    auto first = static_cast<BlockNumber>(chunk * kChunkPages);
    if (scan.batch_reader)
        read_batches(*scan.batch_reader, first, kChunkPages);
    else
        read_pages(scan.batches, first, kChunkPages);
    return true;
}

struct varlena *varlena_at(const TableReader &reader, AttrNumber column)
{
    bool is_null;
    Datum value = column_of_row(reader, column, &is_null);
    if (is_null)
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("relation \"%s\" must not contain nulls",
                               RelationGetRelationName(reader.table))));
    return reinterpret_cast<struct varlena *>(DatumGetPointer(value));
}

bool next_stored(EventScan &scan, Batch *batch)
{
    if (scan.batch_reader && !is_of_one_user(scan))
        return next_batch(*scan.batch_reader, batch);
    if (!next_row(scan.batches))
        return false;
    const BatchTable &columns = scan.batch_table;
    *batch = {
        integer_at(scan.batches, columns.uid),     integer_at(scan.batches, columns.first_ts),
        integer_at(scan.batches, columns.last_ts), varlena_at(scan.batches, columns.device_id),
        varlena_at(scan.batches, columns.profile), varlena_at(scan.batches, columns.events)};
    return true;
}

bool may_have_rows(const EventScan &scan, const Batch &batch)
{
    return accepts_user(scan, batch.uid) && milliseconds_of(batch.last_ts) >= scan.first_ts &&
           milliseconds_of(batch.first_ts) <= scan.last_ts;
}

void open_stored(EventScan &scan, const Batch &batch)
{
    MemoryContextReset(scan.batch_context);
    MemoryContext previous = MemoryContextSwitchTo(scan.batch_context);
    open_batch(scan, batch.uid, bytes_of(pg_detoast_datum_packed(batch.device_id)),
               PointerGetDatum(batch.profile), bytes_of(pg_detoast_datum_packed(batch.events)));
    MemoryContextSwitchTo(previous);
}

bool take_batch(EventScan &scan)
{
    for (;;) {
        for (Batch batch; scan.chunk_open && next_stored(scan, &batch);)
            if (may_have_rows(scan, batch)) {
                open_stored(scan, batch);
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
    fetched_profile(scan);
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
    open_batch(scan, integer_at(scan.users, attributes.uid),
               bytes_at(scan.users, attributes.device_id),
               PointerGetDatum(varlena_at(scan.users, attributes.profile)),
               bytes_of(list_of_session(session)));
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
