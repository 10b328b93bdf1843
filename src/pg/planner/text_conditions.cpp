// `p ->> 'country' = 'DE'`, and IN and IS NOT NULL, by a GIN index on p. The operator is text's own, and
// PostgreSQL asks no support function of ours about it. So when the paths to a table have been made, those by
// indexes are made once more, and what such conditions imply (`p @@ segment`, `p ? property`) is shown to GIN.
// The conditions themselves stay: they are checked on every row that an index finds.
//
// The library has been loaded by then: the planner simplified ->>, whose support function is in it.
#include "text_conditions.h"

#include "../../core/profile/reference.h"
#include "../profile/datum.h"
#include "clauses.h"

extern "C" {
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace profiles::pg {

namespace {

set_rel_pathlist_hook_type previous_hook = nullptr;

// `profile ->> property`
struct TextAccess {
    ::Node *expression = nullptr;  // null: it is something else
    Oid function = InvalidOid;
    Expr *profile = nullptr;
    Expr *property = nullptr;
};

// A condition on such a text: that it is equal to the value, or to any in an array, or that there is one.
struct TextCondition {
    TextAccess access = {};
    Expr *value = nullptr;  // null: that there is one
};

// Only a superuser can give a function our support function, so the name cannot be another's.
bool is_text_access(Oid function)
{
    const char *support = get_func_name(get_func_support(function));
    return support && strcmp(support, "profile_support") == 0 &&
           strcmp(get_func_name(function), "profile_get_text") == 0;
}

// Does the constant name a property; ->> itself says what is wrong when it does not.
bool is_property(const Expr *expression)
{
    const auto *constant = reinterpret_cast<const Const *>(expression);
    if (expression->type != T_Const || constant->constisnull)
        return false;
    std::string_view text = bytes_of(PG_DETOAST_DATUM_PACKED(constant->constvalue));
    bool valid = false;
    Failure failure;
    attempt_into(failure, [&](std::pmr::memory_resource *memory) {
        valid = parse_reference(text, memory).scope == Scope::profile;
    });
    return valid;
}

TextAccess text_access(void *expression)
{
    auto *call = static_cast<OpExpr *>(expression);
    if (call->xpr.type != T_OpExpr || !is_text_access(call->opfuncid))
        return {};
    auto *property = static_cast<Expr *>(lsecond(call->args));
    if (!is_property(property))
        return {};
    return {static_cast<::Node *>(expression), call->opfuncid,
            static_cast<Expr *>(linitial(call->args)), property};
}

// Texts that are equal have equal bytes, but not under every collation.
TextCondition text_equality(void *text, void *value, Oid collation)
{
    bool bytewise = !OidIsValid(collation) || get_collation_isdeterministic(collation);
    if (!bytewise || !is_pseudo_constant_clause(static_cast<::Node *>(value)))
        return {};
    return {text_access(text), static_cast<Expr *>(value)};
}

TextCondition text_condition(Expr *clause)
{
    if (auto *call = reinterpret_cast<OpExpr *>(clause);
        clause->type == T_OpExpr && call->opfuncid == F_TEXTEQ) {
        void *left = linitial(call->args), *right = lsecond(call->args);
        TextCondition condition = text_equality(left, right, call->inputcollid);
        return condition.access.expression ? condition
                                           : text_equality(right, left, call->inputcollid);
    }
    if (auto *call = reinterpret_cast<ScalarArrayOpExpr *>(clause);
        clause->type == T_ScalarArrayOpExpr && call->useOr && get_opcode(call->opno) == F_TEXTEQ)
        return text_equality(linitial(call->args), lsecond(call->args), call->inputcollid);
    if (auto *test = reinterpret_cast<NullTest *>(clause);
        clause->type == T_NullTest && test->nulltesttype == IS_NOT_NULL)
        return {text_access(test->arg)};
    return {};
}

// What the condition implies of the profile: `profile @@ segment` or `profile ? property`.
Expr *implied_condition(PlannerInfo *root, const TextCondition &condition)
{
    const TextAccess &access = condition.access;
    if (!condition.value)
        return make_condition(access.function, "?", access.profile, access.property);
    Expr *segment = make_text_segment(root, access.function, access.property, condition.value);
    return segment ? make_condition(access.function, "@@", access.profile, segment) : nullptr;
}

// Does an index of the expression serve conditions on it. Then the expression needs no other: PostgreSQL would take
// both conditions for independent and read two indexes where one is enough.
bool is_indexed(const RelOptInfo *relation, TextAccess access)
{
    ListCell *cell;
    foreach (cell, relation->indexlist) {
        auto *index = lfirst_node(IndexOptInfo, cell);
        if (index->predOK || index->indpred == NIL)
            if (match_index_to_operand(access.expression, 0, index))
                return true;
    }
    return false;
}

List *implied_conditions(PlannerInfo *root, const RelOptInfo *relation)
{
    List *implied = NIL;
    ListCell *cell;
    foreach (cell, relation->baserestrictinfo) {
        auto *restriction = lfirst_node(RestrictInfo, cell);
        TextCondition condition = text_condition(restriction->clause);
        if (!condition.access.expression || is_indexed(relation, condition.access))
            continue;
        // The same security level: a condition of a view or a policy stays before those of the query.
        if (Expr *clause = implied_condition(root, condition))
            implied = lappend(implied, make_restrictinfo(root, clause, true, false, false,
                                                         restriction->security_level, nullptr,
                                                         nullptr, nullptr));
    }
    return implied;
}

bool has_gin_index(const RelOptInfo *relation)
{
    ListCell *cell;
    foreach (cell, relation->indexlist)
        if (lfirst_node(IndexOptInfo, cell)->relam == GIN_AM_OID)
            return true;
    return false;
}

// The index as it is, but told of more conditions.
IndexOptInfo *extended(const IndexOptInfo *index, const List *implied)
{
    auto *copy = static_cast<IndexOptInfo *>(palloc(sizeof(IndexOptInfo)));
    *copy = *index;
    copy->indrestrictinfo = list_concat_copy(index->indrestrictinfo, implied);
    return copy;
}

// PostgreSQL makes the paths itself, and keeps those that are cheaper than what there is.
void add_paths(PlannerInfo *root, RelOptInfo *relation, const List *implied)
{
    List *indexes = relation->indexlist;
    relation->indexlist = NIL;
    ListCell *cell;
    foreach (cell, indexes) {
        auto *index = lfirst_node(IndexOptInfo, cell);
        if (index->relam == GIN_AM_OID)
            index = extended(index, implied);
        relation->indexlist = lappend(relation->indexlist, index);
    }
    create_index_paths(root, relation);
    relation->indexlist = indexes;
}

void add_paths_of_text_conditions(PlannerInfo *root, RelOptInfo *relation, Index number,
                                  RangeTblEntry *entry)
{
    if (previous_hook)
        previous_hook(root, relation, number, entry);
    if (entry->rtekind != RTE_RELATION || IS_DUMMY_REL(relation) || !has_gin_index(relation))
        return;
    if (List *implied = implied_conditions(root, relation))
        add_paths(root, relation, implied);
}

}  // namespace

void init_text_conditions()
{
    previous_hook = set_rel_pathlist_hook;
    set_rel_pathlist_hook = add_paths_of_text_conditions;
}

}  // namespace profiles::pg
