// Batches into blocks, and blocks into batches.
#include "block_datum.h"

#include "../../core/events/block_builder.h"
#include "../../core/events/block_merge.h"
#include "../../core/events/block_reader.h"
#include "../owned.h"
#include "../profile/datum.h"
#include "../time.h"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(build_event_blocks);
PG_FUNCTION_INFO_V1(merge_event_blocks);
PG_FUNCTION_INFO_V1(event_block_batches);
}

namespace {

struct Elements {
    Datum *values;
    int count;
};

Elements elements_of(FunctionCallInfo fcinfo, int argument)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);
    int16 length;
    bool by_value, *nulls;
    char alignment;
    get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
    Elements elements;
    deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &elements.values,
                      &nulls, &elements.count);
    for (int index = 0; index < elements.count; ++index)
        if (nulls[index])
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("batches of events must not contain nulls")));
    return elements;
}

std::string_view element_bytes(const Elements &elements, int index)
{
    return bytes_of(PG_DETOAST_DATUM_PACKED(elements.values[index]));
}

// The batches of arguments uids, device_ids, profiles and events.
std::span<const EventBatch> batches_of(FunctionCallInfo fcinfo)
{
    Elements uids = elements_of(fcinfo, 0), devices = elements_of(fcinfo, 1);
    Elements snapshots = elements_of(fcinfo, 2), events = elements_of(fcinfo, 3);
    if (devices.count != uids.count || snapshots.count != uids.count || events.count != uids.count)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("batches of events need as many users as devices, profiles and "
                               "lists of events"),
                        errdetail("Users: %d, devices: %d, profiles: %d, lists of events: %d.",
                                  uids.count, devices.count, snapshots.count, events.count)));
    auto *batches = static_cast<EventBatch *>(
        palloc_extended(sizeof(EventBatch) * (uids.count + 1), MCXT_ALLOC_HUGE));
    for (int index = 0; index < uids.count; ++index)
        new (batches + index)
            EventBatch{DatumGetInt64(uids.values[index]), element_bytes(devices, index),
                       element_bytes(snapshots, index), element_bytes(events, index)};
    return {batches, static_cast<std::size_t>(uids.count)};
}

struct Varlenas {
    Datum *values;
    int count;
};

Varlenas varlenas_of(std::span<const std::string> blocks, std::pmr::memory_resource *memory)
{
    auto *values =
        static_cast<Datum *>(memory->allocate(sizeof(Datum) * (blocks.size() + 1), alignof(Datum)));
    for (std::size_t index = 0; index < blocks.size(); ++index)
        values[index] = PointerGetDatum(make_varlena(blocks[index], memory));
    return {values, static_cast<int>(blocks.size())};
}

Datum block_array(FunctionCallInfo fcinfo, const Varlenas &blocks)
{
    Oid type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
    return PointerGetDatum(
        construct_array(blocks.values, blocks.count, type, -1, false, TYPALIGN_INT));
}

void put_batch(ReturnSetInfo *result, const EventBatch &batch, std::int64_t first,
               std::int64_t last)
{
    auto varlena_of = [](std::string_view bytes) {
        return PointerGetDatum(
            cstring_to_text_with_len(bytes.data(), static_cast<int>(bytes.size())));
    };
    Datum values[] = {Int64GetDatum(batch.uid),
                      varlena_of(batch.device_id),
                      TimestampTzGetDatum(timestamp_of(first)),
                      TimestampTzGetDatum(timestamp_of(last)),
                      varlena_of(batch.profile),
                      varlena_of(batch.events)};
    bool nulls[6] = {};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

// Within a batch the events are in the order of their times.
bool next_batch(BlockReader &reader, EventBatch &batch, std::int64_t &first, std::int64_t &last)
{
    bool found = false;
    attempt([&](std::pmr::memory_resource *memory) {
        found = reader.next(batch, memory);
        if (!found)
            return;
        View events(batch.events);
        first = read_event(events.item(0)).ts;
        last = read_event(events.item(events.count() - 1)).ts;
    });
    return found;
}

}  // namespace

extern "C" Datum build_event_blocks(PG_FUNCTION_ARGS)
{
    std::span<const EventBatch> batches = batches_of(fcinfo);
    Varlenas blocks;
    attempt([&](std::pmr::memory_resource *memory) {
        blocks = varlenas_of(build_blocks(batches), memory);
    });
    return block_array(fcinfo, blocks);
}

extern "C" Datum merge_event_blocks(PG_FUNCTION_ARGS)
{
    Elements given = elements_of(fcinfo, 0);
    auto *views =
        static_cast<std::string_view *>(palloc(sizeof(std::string_view) * (given.count + 1)));
    for (int index = 0; index < given.count; ++index)
        new (views + index) std::string_view(element_bytes(given, index));
    Varlenas blocks;
    attempt([&](std::pmr::memory_resource *memory) {
        std::span<const std::string_view> all(views, static_cast<std::size_t>(given.count));
        blocks = varlenas_of(merge_blocks(all), memory);
    });
    return block_array(fcinfo, blocks);
}

extern "C" Datum event_block_batches(PG_FUNCTION_ARGS)
{
    std::string_view block = PG_GETARG_BYTES(0);
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    auto *owned = own_in<BlockReader>(CurrentMemoryContext);
    attempt([&](std::pmr::memory_resource *) {
        owned->object = new BlockReader(block);
        if (PG_NARGS() == 2)
            owned->object->choose_user(PG_GETARG_INT64(1));
    });

    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "event_block_batches", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(per_row);
    EventBatch batch;
    std::int64_t first = 0, last = 0;
    while (next_batch(*owned->object, batch, first, last)) {
        CHECK_FOR_INTERRUPTS();
        put_batch(result, batch, first, last);
        MemoryContextReset(per_row);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(per_row);
    return Datum{0};
}

}  // namespace profiles::pg
