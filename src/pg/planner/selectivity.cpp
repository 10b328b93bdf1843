// Selectivity of @@, @>, ? and their like: fetches the statistics of the column and lets core estimate.
#include "../profile/texts.h"

#include "../../core/planner/estimate.h"
#include "../time.h"
#include "statistics.h"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segment_matchsel);
PG_FUNCTION_INFO_V1(profile_containsel);
PG_FUNCTION_INFO_V1(profile_hassel);
}

namespace {

// The column on one side and the constant on the other.
struct Clause {
    VariableStatData variable;
    Const *constant;  // null when it is not known
    bool variable_left;
};

bool fetch_clause(FunctionCallInfo fcinfo, Clause &clause)
{
    auto *root = reinterpret_cast<PlannerInfo *>(PG_GETARG_POINTER(0));
    auto *args = reinterpret_cast<List *>(PG_GETARG_POINTER(2));
    ::Node *other;
    if (!get_restriction_variable(root, args, PG_GETARG_INT32(3), &clause.variable, &other,
                                  &clause.variable_left))
        return false;
    clause.constant = other->type == T_Const ? reinterpret_cast<Const *>(other) : nullptr;
    return true;
}

// Statistics may tell of values that the user must not see; an operator that could show them has none.
bool has_statistics(FunctionCallInfo fcinfo, Clause &clause)
{
    return HeapTupleIsValid(clause.variable.statsTuple) &&
           statistic_proc_security_check(&clause.variable, get_opcode(PG_GETARG_OID(1)));
}

// The estimate of one clause: `answer` is core code. Whatever is wrong with the statistics or the constant,
// only what runs the query may say so.
template <typename Answer>
double estimate(Clause &clause, Answer answer)
{
    HeapTuple tuple = clause.variable.statsTuple;
    double nulls = reinterpret_cast<Form_pg_statistic>(GETSTRUCT(tuple))->stanullfrac;
    const StatisticsView &view = fetch_statistics(tuple);
    double share = 0;
    Failure failure;
    attempt_into(failure, [&](std::pmr::memory_resource *) { share = answer(Estimate(view)); });
    if (failure.failed && failure.cancelled)
        raise_if_failed(failure);
    return failure.failed ? DEFAULT_MATCHING_SEL : share * (1 - nulls);
}

// How the three functions are alike: what is not known, or needs no statistics.
template <typename Estimator>
Datum selectivity(FunctionCallInfo fcinfo, Estimator estimator)
{
    Clause clause;
    if (!fetch_clause(fcinfo, clause))
        PG_RETURN_FLOAT8(DEFAULT_MATCHING_SEL);
    double share = DEFAULT_MATCHING_SEL;
    if (clause.constant && clause.constant->constisnull)
        share = 0;
    else if (clause.constant && has_statistics(fcinfo, clause))
        share = estimator(clause);
    ReleaseVariableStats(clause.variable);
    CLAMP_PROBABILITY(share);
    PG_RETURN_FLOAT8(share);
}

std::string_view bytes_of_constant(const Clause &clause)
{
    return bytes_of(PG_DETOAST_DATUM_PACKED(clause.constant->constvalue));
}

double matches_share(Clause &clause)
{
    std::string_view segment = bytes_of_constant(clause);
    std::int64_t now = milliseconds_of(GetCurrentTransactionStartTimestamp());
    return estimate(clause, [&](const Estimate &known) {
        Filter filter(make_node({Type::object, segment}));
        return known.filter(filter, now);
    });
}

double contains_share(Clause &clause)
{
    std::string_view part = bytes_of_constant(clause);
    return estimate(clause, [&](const Estimate &known) { return known.containment(View(part)); });
}

double has_share(Clause &clause, bool all)
{
    std::string_view one;
    std::span<const std::string_view> references;
    if (clause.constant->consttype == TEXTOID) {
        one = bytes_of_constant(clause);
        references = {&one, 1};
    } else
        references = texts_of_array(DatumGetArrayTypeP(clause.constant->constvalue));
    return estimate(clause,
                    [&](const Estimate &known) { return known.properties(references, all); });
}

}  // namespace

extern "C" Datum segment_matchsel(PG_FUNCTION_ARGS) { return selectivity(fcinfo, matches_share); }

// @> and <@: which side contains which depends on where the column stands.
extern "C" Datum profile_containsel(PG_FUNCTION_ARGS)
{
    bool commuted = strcmp(get_opname(PG_GETARG_OID(1)), "<@") == 0;
    return selectivity(fcinfo, [&](Clause &clause) {
        return clause.variable_left == commuted ? DEFAULT_MATCHING_SEL : contains_share(clause);
    });
}

// ?, ?| and ?&
extern "C" Datum profile_hassel(PG_FUNCTION_ARGS)
{
    bool any = strcmp(get_opname(PG_GETARG_OID(1)), "?|") == 0;
    return selectivity(fcinfo, [&](Clause &clause) { return has_share(clause, !any); });
}

}  // namespace profiles::pg
