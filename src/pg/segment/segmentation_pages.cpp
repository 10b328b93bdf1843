#include "segmentation_pages.h"

#include <algorithm>

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segmentation_pages);
PG_FUNCTION_INFO_V1(segmentation_pages_support);
}

namespace {

constexpr int kParts = 3;

// To count the ten batches of a page, as src/sql/65-segmentation.sql counts costs.
constexpr double kOperatorsPerPage = 280;

bool price_pages(SupportRequestCost *request)
{
    if (!request->node || request->node->type != T_FuncExpr)
        return false;
    List *arguments = reinterpret_cast<FuncExpr *>(request->node)->args;
    auto *count = static_cast<Const *>(lthird(arguments));
    if (count->xpr.type != T_Const || count->constisnull)
        return false;
    request->startup = 0;
    request->per_tuple = static_cast<double>(DatumGetInt64(count->constvalue)) * kOperatorsPerPage *
                         cpu_operator_cost;
    return true;
}

}  // namespace

PagesOfBatches pages_of(Datum array)
{
    ArrayType *parts = DatumGetArrayTypeP(array);
    if (ARR_NDIM(parts) != 1 || ARR_DIMS(parts)[0] != kParts || ARR_HASNULL(parts))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("pages of segmentation_groups come from segmentation_pages")));
    auto *values = reinterpret_cast<const std::int64_t *>(ARR_DATA_PTR(parts));
    auto page = [](std::int64_t value) {
        return static_cast<BlockNumber>(std::clamp<std::int64_t>(value, 0, MaxBlockNumber));
    };
    return {static_cast<Oid>(values[0]), page(values[1]), page(values[2])};
}

extern "C" Datum segmentation_pages(PG_FUNCTION_ARGS)
{
    Datum parts[kParts] = {Int64GetDatum(PG_GETARG_OID(0)), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
    PG_RETURN_ARRAYTYPE_P(construct_array(parts, kParts, INT8OID, 8, true, TYPALIGN_DOUBLE));
}

extern "C" Datum segmentation_pages_support(PG_FUNCTION_ARGS)
{
    auto *request = reinterpret_cast<::Node *>(PG_GETARG_POINTER(0));
    bool priced = request->type == T_SupportRequestCost &&
                  price_pages(reinterpret_cast<SupportRequestCost *>(request));
    PG_RETURN_POINTER(priced ? request : nullptr);
}

}  // namespace profiles::pg
