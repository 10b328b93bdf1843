#include "clauses.h"

extern "C" {
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace profiles::pg {

Oid type_of(const void *expression) { return exprType(static_cast<const ::Node *>(expression)); }

// By its catalogue entry and not by a search of the schema, which the user of a view need not have access to.
Oid find_operator(Oid function, const char *name, Oid left, Oid right)
{
    return GetSysCacheOid4(OPERNAMENSP, Anum_pg_operator_oid, CStringGetDatum(name),
                           ObjectIdGetDatum(left), ObjectIdGetDatum(right),
                           ObjectIdGetDatum(get_func_namespace(function)));
}

Expr *make_condition(Oid sibling, const char *name, Expr *left, Expr *right)
{
    Oid op = find_operator(sibling, name, type_of(left), type_of(right));
    if (!OidIsValid(op))
        return nullptr;
    return make_opclause(op, BOOLOID, false, left, right, InvalidOid, DEFAULT_COLLATION_OID);
}

Expr *make_text_segment(PlannerInfo *root, Oid sibling, Expr *property, Expr *value)
{
    Oid types[] = {TEXTOID, type_of(value)};
    oidvector *signature = buildoidvector(types, 2);
    Oid function =
        GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("segment_of_text"),
                        PointerGetDatum(signature), ObjectIdGetDatum(get_func_namespace(sibling)));
    if (!OidIsValid(function))
        return nullptr;
    auto *call = makeFuncExpr(function, get_func_rettype(function), list_make2(property, value),
                              InvalidOid, DEFAULT_COLLATION_OID, COERCE_EXPLICIT_CALL);
    return reinterpret_cast<Expr *>(eval_const_expressions(root, reinterpret_cast<::Node *>(call)));
}

}  // namespace profiles::pg
