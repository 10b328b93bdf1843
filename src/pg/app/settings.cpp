// The settings of an app, as SQL checks them.
#include "../../core/app/settings.h"

#include "../profile/jsonb.h"

extern "C" {
#include "funcapi.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(check_settings);
PG_FUNCTION_INFO_V1(compact_policy);
}

namespace {

Settings settings_of(FunctionCallInfo fcinfo)
{
    Node settings = node_from_jsonb(PG_GETARG_JSONB_P(0));
    Settings result;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(settings, scratch.memory());
        seal(settings);
        result = read_settings(settings);
        result.purchase_events = {};  // lie in the scratch
    });
    return result;
}

}  // namespace

extern "C" Datum check_settings(PG_FUNCTION_ARGS)
{
    settings_of(fcinfo);
    PG_RETURN_VOID();
}

// The policy in the settings of an app, with the defaults.
extern "C" Datum compact_policy(PG_FUNCTION_ARGS)
{
    TupleDesc columns;
    if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "compact_policy must return a row");
    CompactPolicy policy = settings_of(fcinfo).compact_policy;
    Datum values[] = {BoolGetDatum(policy.automatic),
                      Int32GetDatum(static_cast<int32>(policy.interval)),
                      Int32GetDatum(static_cast<int32>(policy.batch_age)),
                      Int32GetDatum(static_cast<int32>(policy.batch_events)),
                      Int32GetDatum(static_cast<int32>(policy.merged_users)),
                      Int32GetDatum(static_cast<int32>(policy.small_block))};
    bool nulls[6] = {};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

}  // namespace profiles::pg
