// user_set_agg: one set of many uids, or of many sets.
//
// The state is a user_set, so that it can be combined by parallel workers and by machines. While one
// aggregate runs, it is an expanded object of PostgreSQL's: a builder that grows by each uid at the cost of
// that uid.
#include "../../core/segment/user_set_build.h"
#include "../profile/datum.h"

extern "C" {
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(user_set_agg_uid);
PG_FUNCTION_INFO_V1(user_set_agg_set);
}

namespace {

// Everything in it lies in one context and goes with it, so nothing needs a destructor.
struct ExpandedUserSet {
    ExpandedObjectHeader header;
    ContextMemory memory;
    UserSetBuilder builder;

    explicit ExpandedUserSet(MemoryContext context) : memory(context), builder(&memory) {}
};

ExpandedUserSet *expanded(ExpandedObjectHeader *header)
{
    return reinterpret_cast<ExpandedUserSet *>(header);
}

std::string_view bytes_of_state(ExpandedUserSet *state)
{
    std::string_view bytes;
    attempt([&](std::pmr::memory_resource *) { bytes = state->builder.view(); });
    return bytes;
}

Size flat_size(ExpandedObjectHeader *header)
{
    return VARHDRSZ + bytes_of_state(expanded(header)).size();
}

void flatten(ExpandedObjectHeader *header, void *out, Size size)
{
    std::string_view bytes = bytes_of_state(expanded(header));
    SET_VARSIZE(out, size);
    memcpy(VARDATA(out), bytes.data(), bytes.size());
}

constexpr ExpandedObjectMethods kMethods = {flat_size, flatten};

constexpr const char *kContextName = "sets of users";

// As for compose_agg: all groups share one child of the aggregate's context, and a step gives back the
// state that it was given.
MemoryContext shared_context(MemoryContext aggregate)
{
    for (MemoryContext child = aggregate->firstchild; child; child = child->nextchild)
        if (child->name == kContextName)
            return child;
    return AllocSetContextCreateInternal(aggregate, kContextName, ALLOCSET_DEFAULT_SIZES);
}

ExpandedUserSet *expand(MemoryContext aggregate)
{
    MemoryContext context = shared_context(aggregate);
    void *place = MemoryContextAlloc(context, sizeof(ExpandedUserSet));
    ExpandedUserSet *state = nullptr;
    attempt([&](std::pmr::memory_resource *) { state = new (place) ExpandedUserSet(context); });
    EOH_init_header(&state->header, &kMethods, context);
    return state;
}

void add_set(ExpandedUserSet *state, std::string_view set)
{
    attempt([&](std::pmr::memory_resource *) { state->builder.add(UserSetView(set)); });
}

// The state of this group, which begins with none or with one that came from elsewhere.
ExpandedUserSet *state_of(FunctionCallInfo fcinfo)
{
    MemoryContext aggregate;
    if (!AggCheckCallContext(fcinfo, &aggregate))
        elog(ERROR, "a step of user_set_agg was called outside of it");
    if (PG_ARGISNULL(0))
        return expand(aggregate);
    Datum given = PG_GETARG_DATUM(0);
    if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(given)) &&
        DatumGetEOHP(given)->eoh_methods == &kMethods)
        return expanded(DatumGetEOHP(given));
    ExpandedUserSet *state = expand(aggregate);
    add_set(state, PG_GETARG_BYTES(0));
    return state;
}

}  // namespace

extern "C" Datum user_set_agg_uid(PG_FUNCTION_ARGS)
{
    ExpandedUserSet *state = state_of(fcinfo);
    if (!PG_ARGISNULL(1)) {
        std::int64_t uid = PG_GETARG_INT64(1);
        attempt([&](std::pmr::memory_resource *) { state->builder.add(uid); });
    }
    PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
}

// One more set, or one more state.
extern "C" Datum user_set_agg_set(PG_FUNCTION_ARGS)
{
    ExpandedUserSet *state = state_of(fcinfo);
    if (!PG_ARGISNULL(1))
        add_set(state, PG_GETARG_BYTES(1));
    PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
}

}  // namespace profiles::pg
