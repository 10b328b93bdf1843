// profile @@ segment. The filter is read once and kept for the rows that
// follow, as long as they bring the same segment.
#include "../profile/datum.h"

#include "../../core/segment/evaluate.h"
#include "../owned.h"
#include "../time.h"

extern "C" {
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segment_matches);
PG_FUNCTION_INFO_V1(segment_matches_at);
PG_FUNCTION_INFO_V1(segment_matched_by);
}

namespace {

// A filter ready to be asked, and the bytes that it was read from.
struct Compiled {
    std::string bytes;
    std::int64_t now;
    Filter filter;
    Evaluation evaluation;

    Compiled(std::string_view segment, std::int64_t at)
        : bytes(segment), now(at), filter(make_node({Type::object, bytes})), evaluation(filter, at)
    {
        for (const Leaf &leaf : filter.leaves())
            if (leaf.reference.scope != Scope::profile)
                throw Error(ErrorCode::invalid_value,
                            quoted(leaf.name) + " is not a property of a profile", {},
                            leaf.reference.scope == Scope::user
                                ? "Counters of users are for profiles.users_segmentation."
                                : "Filters on events and ids are for profiles.segmentation.");
    }
};

void check_timeless(const Filter &filter)
{
    for (const Leaf &leaf : filter.leaves())
        if (leaf.predicate.op == PredicateKind::within)
            throw Error(ErrorCode::invalid_value, "operator \"$within\" needs the current time", {},
                        "Call profiles.segment_matches(profile, segment, now()).");
}

Owned<Compiled> *cache_of(FunctionCallInfo fcinfo)
{
    if (!fcinfo->flinfo->fn_extra)
        fcinfo->flinfo->fn_extra = own_in<Compiled>(fcinfo->flinfo->fn_mcxt);
    return static_cast<Owned<Compiled> *>(fcinfo->flinfo->fn_extra);
}

// The current filter stays whole when the new one cannot be read.
Compiled &compile(Owned<Compiled> &cache, std::string_view segment, std::int64_t now, bool timed)
{
    if (cache.object && cache.object->bytes == segment && cache.object->now == now)
        return *cache.object;
    auto compiled = std::make_unique<Compiled>(segment, now);
    if (!timed)
        check_timeless(compiled->filter);
    delete cache.object;
    cache.object = compiled.release();
    return *cache.object;
}

bool matches(FunctionCallInfo fcinfo, int profile_argument, std::int64_t now, bool timed)
{
    std::string_view profile = PG_GETARG_BYTES(profile_argument);
    std::string_view segment = PG_GETARG_BYTES(1 - profile_argument);
    Owned<Compiled> *cache = cache_of(fcinfo);
    bool answer = false;
    attempt([&](std::pmr::memory_resource *) {
        Compiled &compiled = compile(*cache, segment, now, timed);
        View view(profile);
        Subject subject;
        subject.profile = &view;
        compiled.evaluation.change_user();
        answer = compiled.evaluation.matches(subject);
    });
    return answer;
}

}  // namespace

extern "C" Datum segment_matches(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(matches(fcinfo, 0, 0, false)); }

extern "C" Datum segment_matched_by(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(matches(fcinfo, 1, 0, false));
}

extern "C" Datum segment_matches_at(PG_FUNCTION_ARGS)
{
    TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
    if (TIMESTAMP_NOT_FINITE(at))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("cannot look back from an infinite time")));
    PG_RETURN_BOOL(matches(fcinfo, 0, milliseconds_of(at), true));
}

}  // namespace profiles::pg
