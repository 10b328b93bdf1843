// The planner support function of the functions that ask a profile something. A call that means what an
// operator means becomes the operator, so that indexes on columns and on expressions, statistics and
// selectivity are the same for both spellings. A call that implies an operator keeps its meaning and is
// found by the operator's index.
#include "../profile/datum.h"

#include "../../core/segment/filter.h"
#include "clauses.h"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "utils/lsyscache.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_support);
}

namespace {

// A function that does what an operator of the same two arguments does.
struct Synonym {
    const char *function;
    const char *op;
};

constexpr Synonym kSynonyms[] = {
    {"profile_get", "->"},       {"profile_get_text", "->>"}, {"profile_has", "?"},
    {"profile_has_any", "?|"},   {"profile_has_all", "?&"},   {"profile_contains", "@>"},
    {"profile_contained", "<@"}, {"segment_matches", "@@"},   {"segment_matched_by", "@@"},
};

// A reference by its one name, so that p ->> 'up.cc' is the same expression as p ->> 'country'.
Expr *canonical_reference(Expr *expression)
{
    auto *constant = reinterpret_cast<Const *>(expression);
    if (expression->type != T_Const || constant->constisnull || constant->consttype != TEXTOID)
        return expression;
    std::string_view text = bytes_of(PG_DETOAST_DATUM_PACKED(constant->constvalue));
    struct varlena *name = nullptr;
    Failure
        failure;  // for what is no reference the function itself raises its error, if it is called
    attempt_into(failure, [&](std::pmr::memory_resource *memory) {
        if (text.find('.') == std::string_view::npos)
            return;
        Scratch scratch(memory);
        Reference reference = parse_reference(text, scratch.memory());
        std::string_view canonical = canonical_name(reference, scratch.memory());
        if (reference.scope == Scope::profile && canonical != text)
            name = make_varlena(canonical, memory);
    });
    if (!name)
        return expression;
    auto *renamed = static_cast<Const *>(copyObjectImpl(constant));
    renamed->constvalue = PointerGetDatum(name);
    return reinterpret_cast<Expr *>(renamed);
}

// The call as an operator; null where there is none.
::Node *simplify(SupportRequestSimplify *request)
{
    FuncExpr *call = request->fcall;
    const char *function = get_func_name(call->funcid);
    for (const Synonym &synonym : kSynonyms) {
        if (list_length(call->args) != 2 || strcmp(function, synonym.function) != 0)
            continue;
        auto *left = static_cast<Expr *>(linitial(call->args)),
             *right = static_cast<Expr *>(lsecond(call->args));
        Oid op = find_operator(call->funcid, synonym.op, type_of(left), type_of(right));
        if (!OidIsValid(op) || get_opcode(op) != call->funcid)
            return nullptr;
        return reinterpret_cast<::Node *>(make_opclause(op, call->funcresulttype, false, left,
                                                        canonical_reference(right),
                                                        call->funccollid, call->inputcollid));
    }
    return nullptr;
}

// What the call of a function of a profile and two more arguments implies, as a clause; null when it implies
// nothing.
OpExpr *implied_clause(PlannerInfo *root, Oid function, List *arguments)
{
    if (list_length(arguments) != 3)
        return nullptr;
    auto *profile = static_cast<Expr *>(linitial(arguments)),
         *segment = static_cast<Expr *>(lsecond(arguments));
    const char *name = get_func_name(function);
    if (strcmp(name, "profile_text_is") == 0)
        segment =
            make_text_segment(root, function, segment, static_cast<Expr *>(lthird(arguments)));
    else if (strcmp(name, "segment_matches") != 0)
        return nullptr;
    if (!segment)
        return nullptr;
    return reinterpret_cast<OpExpr *>(make_condition(function, "@@", profile, segment));
}

List *index_condition(SupportRequestIndexCondition *request)
{
    if (request->node->type != T_FuncExpr || request->indexarg != 0)
        return NIL;
    List *arguments = reinterpret_cast<FuncExpr *>(request->node)->args;
    for (int argument = 1; argument < list_length(arguments); ++argument)
        if (!is_pseudo_constant_for_index(request->root,
                                          static_cast<::Node *>(list_nth(arguments, argument)),
                                          request->index))
            return NIL;
    OpExpr *clause = implied_clause(request->root, request->funcid, arguments);
    if (!clause || !op_in_opfamily(clause->opno, request->opfamily))
        return NIL;
    request->lossy = true;
    return list_make1(clause);
}

bool estimate_selectivity(SupportRequestSelectivity *request)
{
    OpExpr *clause =
        request->is_join ? nullptr : implied_clause(request->root, request->funcid, request->args);
    if (!clause)
        return false;
    request->selectivity = restriction_selectivity(request->root, clause->opno, clause->args,
                                                   InvalidOid, request->varRelid);
    return true;
}

}  // namespace

extern "C" Datum profile_support(PG_FUNCTION_ARGS)
{
    auto *request = reinterpret_cast<::Node *>(PG_GETARG_POINTER(0));
    void *answer = nullptr;
    if (request->type == T_SupportRequestSimplify)
        answer = simplify(reinterpret_cast<SupportRequestSimplify *>(request));
    else if (request->type == T_SupportRequestIndexCondition)
        answer = index_condition(reinterpret_cast<SupportRequestIndexCondition *>(request));
    else if (request->type == T_SupportRequestSelectivity &&
             estimate_selectivity(reinterpret_cast<SupportRequestSelectivity *>(request)))
        answer = request;
    PG_RETURN_POINTER(answer);
}

}  // namespace profiles::pg
