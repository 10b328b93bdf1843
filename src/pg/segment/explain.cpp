// How a segmentation was counted: the plans of the queries that it ran on the tables of the app, with what they
// did, as EXPLAIN (ANALYZE, BUFFERS) shows them. The queries are caught while they run: hooks of the executor are in
// place for the time of one call.
#include "../guard.h"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segmentation_explain);
}

namespace {

struct Watch {
    Oid schema;        // of the app
    StringInfo plans;  // what was found so far
    ExecutorStart_hook_type next_start;
    ExecutorEnd_hook_type next_end;
};
Watch *watch = nullptr;

bool reads_app(const QueryDesc *query)
{
    ListCell *cell;
    foreach (cell, query->plannedstmt->relationOids)
        if (get_rel_namespace(lfirst_oid(cell)) == watch->schema)
            return true;
    return false;
}

void start_query(QueryDesc *query, int flags)
{
    if (reads_app(query))
        query->instrument_options |= INSTRUMENT_ALL;
    if (watch->next_start)
        watch->next_start(query, flags);
    else
        standard_ExecutorStart(query, flags);
}

void end_query(QueryDesc *query)
{
    if (reads_app(query)) {
        ExplainState *explain = NewExplainState();
        explain->analyze = explain->buffers = explain->timing = true;
        explain->costs = false;
        ExplainBeginOutput(explain);
        ExplainPrintPlan(explain, query);
        ExplainEndOutput(explain);
        appendStringInfoString(watch->plans, explain->str->data);
    }
    if (watch->next_end)
        watch->next_end(query);
    else
        standard_ExecutorEnd(query);
}

// The arguments as they came, for whichever overload is meant.
void run_segmentation(FunctionCallInfo fcinfo)
{
    constexpr int kArguments = 7;
    Oid types[kArguments];
    Datum values[kArguments];
    char nulls[kArguments];
    for (int index = 0; index < kArguments; ++index) {
        types[index] = get_fn_expr_argtype(fcinfo->flinfo, index);
        values[index] = fcinfo->args[index].value;
        nulls[index] = fcinfo->args[index].isnull ? 'n' : ' ';
    }
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    SPI_execute_with_args("SELECT pg_catalog.count(*)"
                          " FROM profiles.segmentation($1, $2, $3, $4, $5, $6, $7)",
                          kArguments, types, values, nulls, true, 0);
    SPI_finish();
}

void put_lines(char *text, ReturnSetInfo *result)
{
    char *rest = nullptr;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(nullptr, "\n", &rest)) {
        Datum value = CStringGetTextDatum(line);
        bool is_null = false;
        tuplestore_putvalues(result->setResult, result->setDesc, &value, &is_null);
    }
}

}  // namespace

extern "C" Datum segmentation_explain(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    Watch mine{InvalidOid, makeStringInfo(), ExecutorStart_hook, ExecutorEnd_hook};
    if (!PG_ARGISNULL(0))
        mine.schema = get_namespace_oid(text_to_cstring(PG_GETARG_TEXT_PP(0)), true);
    if (watch)  // a policy of row security may call anything
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("segmentation_explain cannot be called by what it explains")));
    PG_TRY();
    {
        watch = &mine;
        ExecutorStart_hook = start_query;
        ExecutorEnd_hook = end_query;
        run_segmentation(fcinfo);
    }
    PG_FINALLY();
    {
        ExecutorStart_hook = mine.next_start;
        ExecutorEnd_hook = mine.next_end;
        watch = nullptr;
    }
    PG_END_TRY();
    put_lines(mine.plans->data, reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
    return Datum(0);
}

}  // namespace profiles::pg
