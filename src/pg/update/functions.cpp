// The update operators as SQL functions: one per operator, and whole documents.
#include "../../core/update/update.h"

#include "../../core/profile/document.h"
#include "../profile/jsonb.h"
#include "skips.h"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
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

// Changes as plain data, in one memory context.
struct CompiledChanges {
    Change *changes = nullptr;
    std::size_t count = 0;

    std::span<Change> all() const { return {changes, count}; }
};

// What compile() makes of the arguments from number 1 on. It is kept for the rows that follow when they are
// the same for all of them; then it must not point into the arguments, so compile() is told to copy.
template <typename Compile>
CompiledChanges compiled_once(FunctionCallInfo fcinfo, Compile compile)
{
    if (fcinfo->flinfo->fn_extra)
        return *static_cast<CompiledChanges *>(fcinfo->flinfo->fn_extra);
    for (int argument = 1; argument < PG_NARGS(); ++argument)
        if (!get_fn_expr_arg_stable(fcinfo->flinfo, argument))
            return compile(false);
    // Only a success outlives the row.
    MemoryContext own =
        AllocSetContextCreate(CurrentMemoryContext, "update of profiles", ALLOCSET_SMALL_SIZES);
    MemoryContext before = MemoryContextSwitchTo(own);
    auto *kept = static_cast<CompiledChanges *>(palloc(sizeof(CompiledChanges)));
    *kept = compile(true);
    MemoryContextSwitchTo(before);
    MemoryContextSetParent(own, fcinfo->flinfo->fn_mcxt);
    fcinfo->flinfo->fn_extra = kept;
    return *kept;
}

// How deep in the profile the operand will stand: under the root, the group and, for an object that
// is appended, the array. So that no result is deeper than a profile may be.
int operand_depth(Operator op, const Node &operand)
{
    bool appended = op == Operator::push || op == Operator::add_to_set;
    return appended && operand.type == Type::object ? 3 : 2;
}

// The argument, or a copy of it in the current context.
Datum argument_value(FunctionCallInfo fcinfo, int argument, bool copy)
{
    if (!copy || PG_ARGISNULL(argument))
        return PG_GETARG_DATUM(argument);
    int16 length;
    bool by_value;
    get_typlenbyval(get_fn_expr_argtype(fcinfo->flinfo, argument), &length, &by_value);
    return datumCopy(PG_GETARG_DATUM(argument), by_value, length);
}

// The text at `argument`, which is the name of a property.
std::string_view name_argument(FunctionCallInfo fcinfo, int argument, bool copy = false)
{
    if (PG_ARGISNULL(argument))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("property name must not be null")));
    return bytes_of(PG_DETOAST_DATUM_PACKED(argument_value(fcinfo, argument, copy)));
}

// One operator on the custom property that argument 1 names. A null operand is the operator's to judge.
CompiledChanges compile_operator(FunctionCallInfo fcinfo, Operator op, bool copy)
{
    std::string_view key = name_argument(fcinfo, 1, copy);
    Node operand;
    if (PG_NARGS() > 2)
        operand = node_from_datum(get_fn_expr_argtype(fcinfo->flinfo, 2),
                                  argument_value(fcinfo, 2, copy), PG_ARGISNULL(2));
    CompiledChanges compiled;
    attempt([&](std::pmr::memory_resource *memory) {
        check_property_name(key);
        pack_numbers(operand, memory);
        seal(operand, operand_depth(op, operand));
        void *place = memory->allocate(sizeof(Change), alignof(Change));
        compiled = {new (place) Change{kCustom, key, op, operand}, 1};
    });
    return compiled;
}

// Without a profile there is nothing to change.
Datum apply_operator(FunctionCallInfo fcinfo, Operator op)
{
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    struct varlena *profile = PG_GETARG_PROFILE(0);
    CompiledChanges compiled =
        compiled_once(fcinfo, [&](bool copy) { return compile_operator(fcinfo, op, copy); });
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        SkipList skips(scratch.memory());
        result = update_profile(profile, compiled.all(), Mode::strict, skips, scratch, memory);
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
    struct varlena *profile = PG_GETARG_PROFILE(0);
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
    struct varlena *profile = PG_GETARG_PROFILE(0);
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

CompiledChanges compile_document(Jsonb *document)
{
    Node details = node_from_jsonb(document, kDocumentDepth);
    CompiledChanges compiled;
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

}  // namespace

extern "C" Datum profile_apply(PG_FUNCTION_ARGS)
{
    struct varlena *profile = PG_GETARG_PROFILE(0);
    CompiledChanges details = compiled_once(fcinfo, [&](bool copy) {
        return compile_document(copy ? PG_GETARG_JSONB_P_COPY(1) : PG_GETARG_JSONB_P(1));
    });
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        SkipList skips(scratch.memory());
        result = update_profile(profile, details.all(), Mode::strict, skips, scratch, memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum profile_try_apply(PG_FUNCTION_ARGS)
{
    struct varlena *profile = PG_GETARG_PROFILE(0);
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
