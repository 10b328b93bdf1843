// The GIN operator class profile_ops. Core makes the terms of a profile and the query of an operator; here
// they become what GIN asks for. A query is read once per scan and lives in the scan's memory.
#include "../profile/texts.h"

#include <memory>

#include "../../core/index/index_query.h"
#include "../owned.h"
#include "declared.h"

extern "C" {
#include "access/gin.h"
#include "access/stratnum.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_gin_extract_value);
PG_FUNCTION_INFO_V1(profile_gin_extract_query);
PG_FUNCTION_INFO_V1(profile_gin_consistent);
PG_FUNCTION_INFO_V1(profile_gin_triconsistent);
PG_FUNCTION_INFO_V1(profile_gin_compare_partial);
}

static_assert(GIN_FALSE == static_cast<int>(Certainty::no));
static_assert(GIN_TRUE == static_cast<int>(Certainty::yes));
static_assert(GIN_MAYBE == static_cast<int>(Certainty::maybe));

namespace {

// As in the operator class of src/sql/61-profile-gin.sql; the numbers of jsonb's.
enum Strategy : StrategyNumber {
    kContains = 7,
    kHas = 9,
    kHasAny = 10,
    kHasAll = 11,
    kMatches = 16
};

struct Question {
    std::unique_ptr<Filter> filter;  // the query points into it
    std::unique_ptr<IndexQuery> query;
};

// One lookup of a question: what GIN hands back as "extra data".
struct Lookup {
    const IndexQuery *query;
    const QueryTerm *term;
};

Datum *make_entries(const TermList &terms, std::pmr::memory_resource *memory)
{
    auto *entries =
        static_cast<Datum *>(memory->allocate(terms.size() * sizeof(Datum) + 1, alignof(Datum)));
    for (std::size_t index = 0; index < terms.size(); ++index)
        entries[index] = PointerGetDatum(make_varlena(terms[index], memory));
    return entries;
}

// The right side of the operator, as plain data.
struct Operand {
    StrategyNumber strategy;
    std::string_view bytes;  // a profile, a segment or one reference
    std::span<const std::string_view> references = {};
};

Operand fetch_operand(FunctionCallInfo fcinfo)
{
    Operand operand{.strategy = PG_GETARG_UINT16(2), .bytes = {}};
    if (operand.strategy == kHasAny || operand.strategy == kHasAll)
        operand.references = texts_of_array(PG_GETARG_ARRAYTYPE_P(0));
    else
        operand.bytes = PG_GETARG_BYTES(0);
    if (operand.strategy != kHasAny && operand.strategy != kHasAll && operand.strategy != kHas &&
        operand.strategy != kContains && operand.strategy != kMatches)
        elog(ERROR, "unrecognized strategy number: %d", operand.strategy);
    return operand;
}

IndexQuery query_of(const Operand &operand, const Question &question,
                    const DeclaredProperties *declared)
{
    switch (operand.strategy) {
    case kContains: return IndexQuery::of_containment(View(operand.bytes), declared);
    case kHas: return IndexQuery::of_properties({&operand.bytes, 1}, true, declared);
    case kHasAny: return IndexQuery::of_properties(operand.references, false, declared);
    case kHasAll: return IndexQuery::of_properties(operand.references, true, declared);
    default: return IndexQuery::of_filter(*question.filter, declared);
    }
}

std::unique_ptr<Question> read_question(const Operand &operand, const DeclaredProperties *declared)
{
    auto question = std::make_unique<Question>();
    if (operand.strategy == kMatches)
        question->filter = std::make_unique<Filter>(make_node({Type::object, operand.bytes}));
    question->query = std::make_unique<IndexQuery>(query_of(operand, *question, declared));
    return question;
}

// What extractQuery returns, arrays of one element a lookup.
struct Lookups {
    Datum *keys;
    bool *partial;
    Pointer *extra;
};

Lookups make_lookups(const IndexQuery &query, std::pmr::memory_resource *memory)
{
    std::size_t count = query.terms().size();
    // The first element of `extra` is what the consistent functions read, so it is always there.
    auto *lookups =
        static_cast<Lookup *>(memory->allocate((count + 1) * sizeof(Lookup), alignof(Lookup)));
    Lookups made{
        static_cast<Datum *>(memory->allocate((count + 1) * sizeof(Datum), alignof(Datum))),
        static_cast<bool *>(memory->allocate(count + 1, 1)),
        static_cast<Pointer *>(memory->allocate((count + 1) * sizeof(Pointer), alignof(Pointer)))};
    lookups[0] = {&query, nullptr};
    made.extra[0] = reinterpret_cast<Pointer>(&lookups[0]);
    for (std::size_t index = 0; index < count; ++index) {
        const QueryTerm &term = query.terms()[index];
        lookups[index] = {&query, &term};
        made.keys[index] = PointerGetDatum(make_varlena(term.low, memory));
        made.partial[index] = term.partial;
        made.extra[index] = reinterpret_cast<Pointer>(&lookups[index]);
    }
    return made;
}

// The question of a scan, from the extra data of its lookups; null when GIN kept none.
const IndexQuery *query_of_scan(Pointer *extra)
{
    return extra && extra[0] ? reinterpret_cast<Lookup *>(extra[0])->query : nullptr;
}

Certainty answer_of(Pointer *extra, const char *found)
{
    const IndexQuery *query = query_of_scan(extra);
    return query ? query->answer(found) : Certainty::maybe;
}

}  // namespace

extern "C" Datum profile_gin_extract_value(PG_FUNCTION_ARGS)
{
    std::string_view profile = PG_GETARG_BYTES(0);
    auto *count = reinterpret_cast<int32 *>(PG_GETARG_POINTER(1));
    Declared declared = declared_of(fcinfo);
    Datum *entries = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        TermList terms = profile_terms(View(profile), declared.get(), scratch.memory());
        entries = make_entries(terms, memory);
        *count = static_cast<int32>(terms.size());
    });
    PG_RETURN_POINTER(entries);
}

extern "C" Datum profile_gin_extract_query(PG_FUNCTION_ARGS)
{
    auto *count = reinterpret_cast<int32 *>(PG_GETARG_POINTER(1));
    auto *partial = reinterpret_cast<bool **>(PG_GETARG_POINTER(3));
    auto *extra = reinterpret_cast<Pointer **>(PG_GETARG_POINTER(4));
    auto *search_mode = reinterpret_cast<int32 *>(PG_GETARG_POINTER(6));
    Operand operand = fetch_operand(fcinfo);
    Declared declared = declared_of(fcinfo);
    Owned<Question> *owned = own_in<Question>(CurrentMemoryContext);
    Lookups lookups{};
    attempt([&](std::pmr::memory_resource *memory) {
        owned->object = read_question(operand, declared.get()).release();
        lookups = make_lookups(*owned->object->query, memory);
    });
    const IndexQuery &query = *owned->object->query;
    *count = static_cast<int32>(query.terms().size());
    *partial = lookups.partial;
    *extra = lookups.extra;
    *search_mode = query.needs_full_scan() ? GIN_SEARCH_MODE_ALL : GIN_SEARCH_MODE_DEFAULT;
    PG_RETURN_POINTER(lookups.keys);
}

extern "C" Datum profile_gin_consistent(PG_FUNCTION_ARGS)
{
    auto *found = reinterpret_cast<const char *>(PG_GETARG_POINTER(0));
    auto *extra = reinterpret_cast<Pointer *>(PG_GETARG_POINTER(4));
    auto *recheck = reinterpret_cast<bool *>(PG_GETARG_POINTER(5));
    Certainty answer = answer_of(extra, found);
    *recheck = answer == Certainty::maybe;
    PG_RETURN_BOOL(answer != Certainty::no);
}

extern "C" Datum profile_gin_triconsistent(PG_FUNCTION_ARGS)
{
    auto *found = reinterpret_cast<const char *>(PG_GETARG_POINTER(0));
    auto *extra = reinterpret_cast<Pointer *>(PG_GETARG_POINTER(4));
    PG_RETURN_GIN_TERNARY_VALUE(static_cast<GinTernaryValue>(answer_of(extra, found)));
}

extern "C" Datum profile_gin_compare_partial(PG_FUNCTION_ARGS)
{
    std::string_view term = PG_GETARG_BYTES(1);
    const auto *lookup = reinterpret_cast<const Lookup *>(PG_GETARG_POINTER(3));
    int order = 1;
    Failure failure;
    attempt_into(failure,
                 [&](std::pmr::memory_resource *) { order = lookup->term->compare(term); });
    // GIN holds a page here, so PostgreSQL does not report its own interrupt.
    if (failure.failed && failure.cancelled)
        ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                        errmsg("canceling statement due to user request")));
    raise_if_failed(failure);
    PG_RETURN_INT32(order);
}

}  // namespace profiles::pg
