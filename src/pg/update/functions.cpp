// The update operators as SQL functions: one per operator, and whole documents.
#include "../../core/update/update.h"

#include "../../core/profile/document.h"
#include "../profile/jsonb.h"
#include "skips.h"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_inc);
PG_FUNCTION_INFO_V1(profile_mul);
PG_FUNCTION_INFO_V1(profile_min);
PG_FUNCTION_INFO_V1(profile_max);
PG_FUNCTION_INFO_V1(profile_set);
PG_FUNCTION_INFO_V1(profile_set_once);
PG_FUNCTION_INFO_V1(profile_unset);
PG_FUNCTION_INFO_V1(profile_push);
PG_FUNCTION_INFO_V1(profile_add_to_set);
PG_FUNCTION_INFO_V1(profile_pull);
PG_FUNCTION_INFO_V1(profile_pop);
PG_FUNCTION_INFO_V1(profile_rename);
PG_FUNCTION_INFO_V1(profile_apply);
PG_FUNCTION_INFO_V1(profile_try_apply);
}

namespace {

constexpr Limits kNoLimits;

// The profile after the changes; the argument itself when they change nothing.
struct varlena *update_profile(struct varlena *profile, std::span<Change> changes, Mode mode,
                               SkipList &skips, Scratch &scratch, std::pmr::memory_resource *memory)
{
    struct varlena *result = profile;
    while (!changes.empty()) {
        View view(bytes_of(result));
        Update update(view, take_pass(changes), mode, kNoLimits, skips, scratch.memory());
        if (!update.changed())
            continue;
        struct varlena *before = result;
        result = allocate_varlena(update.size(), memory);
        update.write(VARDATA(result));
        if (before != profile)
            memory->deallocate(before, VARSIZE(before), MAXIMUM_ALIGNOF);
    }
    // Several passes may end where they began.
    return result != profile && bytes_of(result) == bytes_of(profile) ? profile : result;
}

// How deep in the profile the operand will stand: under the root, the group and, for an object that
// is appended, the array. So that no result is deeper than a profile may be.
int operand_depth(Operator op, const Node &operand)
{
    bool appended = op == Operator::push || op == Operator::add_to_set;
    return appended && operand.type == Type::object ? 3 : 2;
}

// The text at `argument`, which is the name of a property.
std::string_view name_argument(FunctionCallInfo fcinfo, int argument)
{
    if (PG_ARGISNULL(argument))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("property name must not be null")));
    return PG_GETARG_BYTES(argument);
}

// Applies one operator to the custom property that argument 1 names. A null operand is the
// operator's to judge; without a profile there is nothing to change.
Datum apply_operator(FunctionCallInfo fcinfo, Operator op)
{
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    struct varlena *profile = PG_GETARG_VARLENA_PP(0);
    std::string_view key = name_argument(fcinfo, 1);
    Node operand;
    if (PG_NARGS() > 2)
        operand = node_from_datum(get_fn_expr_argtype(fcinfo->flinfo, 2), PG_GETARG_DATUM(2),
                                  PG_ARGISNULL(2));

    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        check_property_name(key);
        pack_numbers(operand, scratch.memory());
        seal(operand, operand_depth(op, operand));
        Change change{kCustom, key, op, operand};
        SkipList skips(scratch.memory());
        result = update_profile(profile, {&change, 1}, Mode::strict, skips, scratch, memory);
    });
    PG_RETURN_POINTER(result);
}

}  // namespace

extern "C" Datum profile_inc(PG_FUNCTION_ARGS)
{
    return apply_operator(fcinfo, Operator::increment);
}
extern "C" Datum profile_mul(PG_FUNCTION_ARGS)
{
    return apply_operator(fcinfo, Operator::multiply);
}
extern "C" Datum profile_min(PG_FUNCTION_ARGS) { return apply_operator(fcinfo, Operator::minimum); }
extern "C" Datum profile_max(PG_FUNCTION_ARGS) { return apply_operator(fcinfo, Operator::maximum); }
extern "C" Datum profile_set(PG_FUNCTION_ARGS) { return apply_operator(fcinfo, Operator::set); }
extern "C" Datum profile_set_once(PG_FUNCTION_ARGS)
{
    return apply_operator(fcinfo, Operator::set_once);
}
extern "C" Datum profile_unset(PG_FUNCTION_ARGS) { return apply_operator(fcinfo, Operator::unset); }
extern "C" Datum profile_push(PG_FUNCTION_ARGS) { return apply_operator(fcinfo, Operator::push); }
extern "C" Datum profile_add_to_set(PG_FUNCTION_ARGS)
{
    return apply_operator(fcinfo, Operator::add_to_set);
}
extern "C" Datum profile_pull(PG_FUNCTION_ARGS) { return apply_operator(fcinfo, Operator::pull); }

extern "C" Datum profile_pop(PG_FUNCTION_ARGS)
{
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    struct varlena *profile = PG_GETARG_VARLENA_PP(0);
    std::string_view key = name_argument(fcinfo, 1);
    bool first = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        check_property_name(key);
        Change change{kCustom, key, Operator::pop, make_number(first ? -1 : 1, scratch.memory())};
        SkipList skips(scratch.memory());
        result = update_profile(profile, {&change, 1}, Mode::strict, skips, scratch, memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum profile_rename(PG_FUNCTION_ARGS)
{
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    struct varlena *profile = PG_GETARG_VARLENA_PP(0);
    std::string_view key = name_argument(fcinfo, 1);
    Node target = make_text(name_argument(fcinfo, 2));
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        check_property_name(key);
        check_rename(kCustom, key, target);
        Change changes[] = {{kCustom, key, Operator::rename, target},
                            {kCustom, target.bytes, Operator::arrive, make_text(key)}};
        SkipList skips(scratch.memory());
        result = update_profile(profile, changes, Mode::strict, skips, scratch, memory);
    });
    PG_RETURN_POINTER(result);
}

namespace {

// The changes of a strict document, as plain data in the memory of the query.
struct CompiledDetails {
    Change *changes = nullptr;
    std::size_t count = 0;
};

CompiledDetails compile(Jsonb *document)
{
    Node details = node_from_jsonb(document, kDocumentDepth);
    CompiledDetails compiled;
    attempt([&](std::pmr::memory_resource *memory) {
        pack_numbers(details, memory);
        seal(details, -kDocumentDepth);
        std::pmr::vector<Change> changes(memory);
        SkipList skips(memory);
        read_document(details, Mode::strict, kNoLimits, changes, skips, memory);
        compiled.changes = static_cast<Change *>(
            memory->allocate(changes.size() * sizeof(Change) + 1, alignof(Change)));
        compiled.count = changes.size();
        std::uninitialized_copy(changes.begin(), changes.end(), compiled.changes);
    });
    return compiled;
}

// A document that is the same for every row is read once.
CompiledDetails details_argument(FunctionCallInfo fcinfo)
{
    if (!get_fn_expr_arg_stable(fcinfo->flinfo, 1))
        return compile(PG_GETARG_JSONB_P(1));
    if (!fcinfo->flinfo->fn_extra) {
        MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
        auto *kept = static_cast<CompiledDetails *>(palloc(sizeof(CompiledDetails)));
        *kept = compile(PG_GETARG_JSONB_P_COPY(1));
        fcinfo->flinfo->fn_extra = kept;
        MemoryContextSwitchTo(before);
    }
    return *static_cast<CompiledDetails *>(fcinfo->flinfo->fn_extra);
}

}  // namespace

extern "C" Datum profile_apply(PG_FUNCTION_ARGS)
{
    struct varlena *profile = PG_GETARG_VARLENA_PP(0);
    CompiledDetails details = details_argument(fcinfo);
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        SkipList skips(scratch.memory());
        result = update_profile(profile, {details.changes, details.count}, Mode::strict, skips,
                                scratch, memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum profile_try_apply(PG_FUNCTION_ARGS)
{
    struct varlena *profile = PG_GETARG_VARLENA_PP(0);
    Node details = node_from_jsonb(PG_GETARG_JSONB_P(1), kDocumentDepth);
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");

    struct varlena *result = nullptr;
    const char *skipped = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(details, scratch.memory(), FaultyNumbers::keep);
        seal(details, -kDocumentDepth);
        std::pmr::vector<Change> changes(scratch.memory());
        SkipList skips(scratch.memory());
        read_document(details, Mode::lenient, kNoLimits, changes, skips, scratch.memory());
        result = update_profile(profile, changes, Mode::lenient, skips, scratch, memory);
        skipped = write_skips(skips, memory);
    });
    Datum values[] = {PointerGetDatum(result), BoolGetDatum(result != profile),
                      jsonb_from_text(skipped)};
    bool nulls[] = {false, false, false};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

}  // namespace profiles::pg
