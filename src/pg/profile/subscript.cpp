// Subscripting: p['country'], p['custom']['plan'], p['custom.plan']. A value is read and assigned as
// jsonb, so that UPDATE ... SET p['custom.plan'] = '"pro"' does what it says; null removes.
//
// The first subscript is a property reference, the following ones are names inside nested JSON as
// they are. There are no slices and no array positions.
#include "../../core/profile/document.h"
#include "../../core/profile/draft.h"
#include "../../core/profile/reference.h"
#include "jsonb.h"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/execExpr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/subscripting.h"
#include "parser/parse_coerce.h"
#include "parser/parse_expr.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_subscript);
}

namespace {

// The subscripts of one evaluation, as views of their texts.
struct Subscripts {
    std::string_view names[MAXDIM * 4];
    int count;
};

Subscripts subscripts_of(const SubscriptingRefState *state)
{
    Subscripts subscripts;
    subscripts.count = state->numupper;
    for (int index = 0; index < state->numupper; ++index)
        subscripts.names[index] = bytes_of(PG_DETOAST_DATUM_PACKED(state->upperindex[index]));
    return subscripts;
}

// For compute steps.
Reference path_of(const Subscripts &subscripts, std::pmr::memory_resource *memory)
{
    Reference reference = parse_reference(subscripts.names[0], memory);
    if (reference.scope != Scope::profile)
        throw Error(ErrorCode::invalid_value,
                    quoted(subscripts.names[0]) + " is not a property of a profile");
    for (int index = 1; index < subscripts.count; ++index)
        reference.path.push_back(subscripts.names[index]);
    return reference;
}

Datum fetch(Datum profile_datum, const SubscriptingRefState *state, bool *is_null)
{
    std::string_view profile = bytes_of(PG_DETOAST_DATUM_PACKED(profile_datum));
    Subscripts subscripts = subscripts_of(state);
    bool found = false;
    Item item;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Reference reference = path_of(subscripts, scratch.memory());
        if (std::optional<Item> value = find_path(View(profile), reference.path)) {
            found = true;
            item = *value;
        }
    });
    *is_null = !found;
    return found ? jsonb_from_item(item) : Datum{0};
}

bool check_subscripts(ExprState *, ExprEvalStep *op, ExprContext *)
{
    const SubscriptingRefState *state = op->d.sbsref_subscript.state;
    for (int index = 0; index < state->numupper; ++index) {
        if (!state->upperindexnull[index])
            continue;
        if (state->isassignment)
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("profile subscript in assignment must not be null")));
        *op->resnull = true;
        return false;
    }
    return true;
}

void fetch_value(ExprState *, ExprEvalStep *op, ExprContext *)
{
    *op->resvalue = fetch(*op->resvalue, op->d.sbsref.state, op->resnull);
}

void fetch_old_value(ExprState *, ExprEvalStep *op, ExprContext *)
{
    SubscriptingRefState *state = op->d.sbsref.state;
    state->prevnull = true;
    if (!*op->resnull)
        state->prevvalue = fetch(*op->resvalue, state, &state->prevnull);
}

void assign_value(ExprState *, ExprEvalStep *op, ExprContext *)
{
    SubscriptingRefState *state = op->d.sbsref.state;
    std::string_view profile;
    if (!*op->resnull)
        profile = bytes_of(PG_DETOAST_DATUM_PACKED(*op->resvalue));
    Subscripts subscripts = subscripts_of(state);
    Node value;
    if (!state->replacenull)
        value = node_from_jsonb(DatumGetJsonbP(state->replacevalue));

    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(value, scratch.memory());
        seal(value);
        Draft draft = profile.empty() ? Draft(scratch.memory())
                                      : Draft({Type::object, profile}, scratch.memory());
        draft.set(path_of(subscripts, scratch.memory()).path, value);
        Node root = draft.finish(scratch.memory());
        normalise_profile(root);
        result = make_varlena(root, memory);
    });
    *op->resvalue = PointerGetDatum(result);
    *op->resnull = false;
}

void set_up_execution(const SubscriptingRef *, SubscriptingRefState *, SubscriptExecSteps *steps)
{
    steps->sbs_check_subscripts = check_subscripts;
    steps->sbs_fetch = fetch_value;
    steps->sbs_assign = assign_value;
    steps->sbs_fetch_old = fetch_old_value;
}

::Node *text_subscript(ParseState *parse_state, const A_Indices *indices)
{
    ::Node *expression = transformExpr(parse_state, indices->uidx, parse_state->p_expr_kind);
    int location = exprLocation(expression);
    ::Node *coerced = coerce_to_target_type(parse_state, expression, exprType(expression), TEXTOID,
                                            -1, COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
    if (!coerced)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("profile subscript must have type text"),
                        parser_errposition(parse_state, location)));
    return coerced;
}

void transform(SubscriptingRef *reference, List *indirection, ParseState *parse_state,
               bool is_slice, bool)
{
    if (is_slice)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("profile subscript does not support slices")));
    if (list_length(indirection) > static_cast<int>(lengthof(Subscripts::names)))
        ereport(ERROR,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many profile subscripts")));
    List *subscripts = NIL;
    ListCell *cell;
    foreach (cell, indirection)
        subscripts = lappend(subscripts, text_subscript(parse_state, lfirst_node(A_Indices, cell)));
    reference->refupperindexpr = subscripts;
    reference->reflowerindexpr = NIL;
    reference->refrestype = JSONBOID;
    reference->reftypmod = -1;
}

constexpr SubscriptRoutines kRoutines = {
    transform, set_up_execution,
    true,   // fetch_strict: null in, null out
    false,  // fetch_leakproof: a malformed reference is an error that shows it
    false,  // store_leakproof
};

}  // namespace

extern "C" Datum profile_subscript(PG_FUNCTION_ARGS)
{
    (void)fcinfo;
    PG_RETURN_POINTER(&kRoutines);
}

}  // namespace profiles::pg
