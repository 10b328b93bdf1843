#include "table_figures.h"

#include "../typed_column.h"
#include "tables.h"

extern "C" {
#include "access/table.h"
#include "catalog/pg_type.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg {

namespace {

constexpr int kMostBlocks = 1000;   // that are looked at
constexpr double kBatchEvents = 2;  // of a request

BlockNumber pages_of_toast(Relation table)
{
    if (!OidIsValid(table->rd_rel->reltoastrelid))
        return 0;
    Relation toast = table_open(table->rd_rel->reltoastrelid, AccessShareLock);
    BlockNumber pages = RelationGetNumberOfBlocks(toast);
    table_close(toast, AccessShareLock);
    return pages;
}

// Exactly, unless there are very many: then as in the first of them.
void read_blocks(Relation table, TableFigures &figures)
{
    AttrNumber events = typed_column(table, "events", INT4OID),
               first = typed_column(table, "first_uid", INT8OID),
               last = typed_column(table, "last_uid", INT8OID);
    TableReader reader = open_reader(table, GetActiveSnapshot());
    double users = 0;
    std::int64_t first_uid = PG_INT64_MAX, last_uid = PG_INT64_MIN;
    bool is_null;
    for (read_all(reader); figures.blocks < kMostBlocks && next_row(reader); ++figures.blocks) {
        std::int64_t from = DatumGetInt64(column_of_row(reader, first, &is_null));
        std::int64_t until = DatumGetInt64(column_of_row(reader, last, &is_null)) + 1;
        figures.block_events += DatumGetInt32(column_of_row(reader, events, &is_null));
        users += static_cast<double>(until - from);
        first_uid = Min(first_uid, from);
        last_uid = Max(last_uid, until);
    }
    if (figures.blocks == kMostBlocks) {
        BlockNumber pages = ItemPointerGetBlockNumber(&reader.slot->tts_tid) + 1;
        double factor = static_cast<double>(RelationGetNumberOfBlocks(table)) / pages;
        figures.blocks *= factor;
        figures.block_events *= factor;
        users *= factor;
        last_uid =
            Max(last_uid, first_uid + static_cast<std::int64_t>(
                                          static_cast<double>(last_uid - first_uid) * factor));
    }
    if (figures.blocks > 0)
        figures.blocks_of_user =
            Max(1.0, users / Max(1.0, static_cast<double>(last_uid - first_uid)));
    close_reader(reader);
}

void read_batches(Relation table, TableFigures &figures)
{
    double batches, visible;
    estimate_rel_size(table, nullptr, &figures.batch_pages, &batches, &visible);
    figures.batch_events = figures.batch_pages > 0 ? kBatchEvents * batches : 0;
}

}  // namespace

TableFigures read_figures(Oid table)
{
    TableFigures figures{};
    Relation foreign = table_open(table, NoLock);
    AppTables tables = open_app_tables(foreign);
    read_blocks(tables.blocks, figures);
    figures.block_pages = pages_of_toast(tables.blocks);
    read_batches(tables.batches, figures);
    close_app_tables(tables);
    table_close(foreign, NoLock);
    return figures;
}

}  // namespace profiles::pg
