// The type event_list: the events of one request, as event_batches keeps them.
#include "event_list.h"

#include "../../core/events/event_list.h"
#include "../../core/profile/json_reader.h"
#include "../profile/forms.h"
#include "../profile/jsonb.h"
#include "../profile/numeric.h"
#include "../time.h"

extern "C" {
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(event_list_in);
PG_FUNCTION_INFO_V1(event_list_out);
PG_FUNCTION_INFO_V1(event_list_recv);
PG_FUNCTION_INFO_V1(event_list_send);
PG_FUNCTION_INFO_V1(event_list_to_jsonb);
PG_FUNCTION_INFO_V1(event_list_length);
PG_FUNCTION_INFO_V1(event_list_each);
PG_FUNCTION_INFO_V1(unfinished_session);
}

namespace {

struct varlena *list_from_text(std::string_view json)
{
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Node list = read_json(json, scratch.memory(), "type event_list");
        normalise_events(list);
        result = make_varlena(list, memory);
    });
    return result;
}

// One row of event_list_each.
void put_event(const Event &event, std::uint32_t position, ReturnSetInfo *result)
{
    Datum values[7];
    bool nulls[7] = {};
    values[0] = Int32GetDatum(static_cast<int32>(position) + 1);
    values[1] = PointerGetDatum(
        cstring_to_text_with_len(event.key.data(), static_cast<int>(event.key.size())));
    values[2] = TimestampTzGetDatum(timestamp_of(event.ts));
    values[3] = Int64GetDatum(event.count);
    values[4] = NumericGetDatum(numeric_from(event.sum));
    values[5] = NumericGetDatum(numeric_from(event.duration));
    values[6] = event.segmentation ? jsonb_from_item(*event.segmentation) : jsonb_from_text("{}");
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace

extern "C" Datum event_list_in(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(list_from_text(PG_GETARG_CSTRING(0)));
}

extern "C" Datum event_list_out(PG_FUNCTION_ARGS)
{
    PG_RETURN_CSTRING(json_text({Type::array, PG_GETARG_BYTES(0)}));
}

extern "C" Datum event_list_recv(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(list_from_text(receive_json(fcinfo, "event_list")));
}

extern "C" Datum event_list_send(PG_FUNCTION_ARGS)
{
    return send_json({Type::array, PG_GETARG_BYTES(0)});
}

extern "C" Datum event_list_to_jsonb(PG_FUNCTION_ARGS)
{
    return jsonb_from_item({Type::array, PG_GETARG_BYTES(0)});
}

extern "C" Datum event_list_length(PG_FUNCTION_ARGS)
{
    std::string_view list = PG_GETARG_BYTES(0);
    std::uint32_t count = 0;
    attempt([&](std::pmr::memory_resource *) { count = View(list).count(); });
    PG_RETURN_INT32(static_cast<int32>(count));
}

extern "C" Datum event_list_each(PG_FUNCTION_ARGS)
{
    std::string_view list = PG_GETARG_BYTES(0);
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    std::uint32_t count = 0;
    attempt([&](std::pmr::memory_resource *) { count = View(list).count(); });

    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "event_list_each", ALLOCSET_SMALL_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(per_row);
    for (std::uint32_t position = 0; position < count; ++position) {
        CHECK_FOR_INTERRUPTS();
        Event event;
        attempt(
            [&](std::pmr::memory_resource *) { event = read_event(View(list).item(position)); });
        put_event(event, position, result);
        MemoryContextReset(per_row);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(per_row);
    return Datum{0};
}

struct varlena *list_of_session(const Session &session)
{
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Node event = session_event(session, false, scratch.memory());
        Node list = make_container(Type::array, {&event, 1});
        normalise_events(list);
        result = make_varlena(list, memory);
    });
    return result;
}

extern "C" Datum unfinished_session(PG_FUNCTION_ARGS)
{
    if (PG_ARGISNULL(1))
        PG_RETURN_NULL();
    Session session;
    if (!PG_ARGISNULL(0))
        session.id = PG_GETARG_BYTES(0);
    session.start = milliseconds_of(PG_GETARG_TIMESTAMPTZ(1));
    session.duration = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
    session.events = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3);
    PG_RETURN_POINTER(list_of_session(session));
}

}  // namespace profiles::pg
