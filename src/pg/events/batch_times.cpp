// Between which times the hot tier has events, for buckets of a period without ends.
#include "batch_table.h"

#include <algorithm>

extern "C" {
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(batch_times);
}

namespace {

// Null without a batch.
struct Times {
    Datum ends[2];
    bool nulls[2];
};

Times times_of_pages(const BatchTable &table)
{
    BatchReader *reader = make_batch_reader(table, GetActiveSnapshot());
    read_batches(*reader, 0, table.pages);
    TimestampTz first = DT_NOEND, last = DT_NOBEGIN;
    bool found = false;
    for (Batch batch; next_batch(*reader, &batch); found = true) {
        first = std::min(first, batch.first_ts);
        last = std::max(last, batch.last_ts);
    }
    return {{TimestampTzGetDatum(first), TimestampTzGetDatum(last)}, {!found, !found}};
}

Times times_by_sql(Relation table)
{
    const char *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)),
                                                  RelationGetRelationName(table));
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    SPI_execute(psprintf("SELECT pg_catalog.min(first_ts), pg_catalog.max(last_ts) FROM %s", name),
                true, 0);
    Times times{};
    for (int end = 0; end < 2; ++end)
        times.ends[end] =
            SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, end + 1, &times.nulls[end]);
    SPI_finish();
    return times;
}

}  // namespace

extern "C" Datum batch_times(PG_FUNCTION_ARGS)
{
    TupleDesc row;
    if (get_call_result_type(fcinfo, nullptr, &row) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "batch_times gives a row");
    BatchTable table = open_batches(PG_GETARG_OID(0));
    Times times = table.has_pages ? times_of_pages(table) : times_by_sql(table.relation);
    close_pages(table);
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), times.ends, times.nulls));
}

}  // namespace profiles::pg
