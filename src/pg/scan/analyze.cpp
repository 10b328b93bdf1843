// ANALYZE of events and sessions: a sample of their rows.
#include "event_scan.h"

#include "plan.h"

extern "C" {
#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg {

namespace {

// Of blocks and chunks that are read: enough for any statistics target, and no more than some seconds' work.
constexpr double kMostParts = 300;

struct Sample {
    HeapTuple *rows;
    int room, count;
    double seen;     // rows so far
    double to_skip;  // until the next one that is kept; -1 not known
    ReservoirStateData reservoir;
    MemoryContext context;
};

// The row in the slot becomes one of the sample, perhaps instead of another one.
void keep_row(Sample &sample, TupleTableSlot *slot)
{
    int at = sample.count;
    if (sample.count == sample.room) {
        at = static_cast<int>(sample.room * sampler_random_fract(&sample.reservoir.randstate));
        heap_freetuple(sample.rows[at]);
    } else
        ++sample.count;
    MemoryContext previous = MemoryContextSwitchTo(sample.context);
    sample.rows[at] = ExecCopySlotHeapTuple(slot);
    MemoryContextSwitchTo(previous);
}

// How many rows come before the next one to keep.
double rows_before_next(Sample &sample)
{
    if (sample.count < sample.room)
        return 0;
    if (sample.to_skip < 0)
        sample.to_skip = reservoir_get_next_S(&sample.reservoir, sample.seen, sample.room);
    return sample.to_skip;
}

void pass_rows(Sample &sample, double rows)
{
    sample.seen += rows;
    if (sample.count == sample.room)
        sample.to_skip -= rows;
}

void sample_blocks(EventScan &scan, Sample &sample)
{
    while (open_next_block(scan))
        for (;;) {
            vacuum_delay_point();
            auto left = static_cast<double>(scan.row_count - scan.next_row_index);
            double before = rows_before_next(sample);
            if (before >= left) {
                pass_rows(sample, left);
                scan.next_row_index = scan.row_count;
                break;
            }
            pass_rows(sample, before);
            scan.next_row_index += static_cast<std::size_t>(before);
            next_of_blocks(scan);
            keep_row(sample, scan.slot);
            sample.seen += 1;
            sample.to_skip = -1;
        }
}

void sample_batches(EventScan &scan, Sample &sample)
{
    while (next_of_batches(scan)) {
        vacuum_delay_point();
        if (rows_before_next(sample) >= 1) {
            pass_rows(sample, 1);
            continue;
        }
        keep_row(sample, scan.slot);
        sample.seen += 1;
        sample.to_skip = -1;
    }
}

// All columns of the table, without conditions.
void ask_for_all(EventScan &scan, Relation relation)
{
    TupleDesc columns = RelationGetDescr(relation);
    scan.columns.count = columns->natts;
    Size count = static_cast<Size>(columns->natts) + 1;
    scan.columns.columns = static_cast<ScanColumn *>(palloc0(sizeof(ScanColumn) * count));
    Bitmapset *outputs = nullptr;
    for (int column = 0; column < columns->natts; ++column) {
        scan.columns.columns[column] =
            column_of_attribute(RelationGetRelid(relation), static_cast<AttrNumber>(column + 1));
        if (!TupleDescAttr(columns, column)->attisdropped)
            outputs = bms_add_member(outputs, column);
    }
    scan.outputs = list_of(outputs);
    scan.slot = MakeSingleTupleTableSlot(columns, &TTSOpsVirtual);
    scan.only_key = only_key_of(RelationGetRelid(relation));
}

// Parts are chosen at equal distances from a random one on.
void choose_parts(EventScan &scan, Sample &sample)
{
    double blocks = 0, chunks = scan.shared->batch_pages / kChunkPages + 1.0;
    for (read_all(scan.blocks); next_row(scan.blocks);)
        ++blocks;
    double most = Max(blocks, chunks);
    scan.stride = static_cast<std::uint64_t>(Max(1.0, most / kMostParts));
    scan.offset = static_cast<std::uint64_t>(static_cast<double>(scan.stride) *
                                             sampler_random_fract(&sample.reservoir.randstate));
}

int sample_rows(Relation relation, int, HeapTuple *rows, int room, double *total, double *dead)
{
    Sample sample{};
    sample.rows = rows;
    sample.room = room;
    sample.to_skip = -1;
    sample.context = CurrentMemoryContext;
    reservoir_init_selection_state(&sample.reservoir, room);

    auto *scan = static_cast<EventScan *>(palloc0(sizeof(EventScan)));
    ask_for_all(*scan, relation);
    open_scan(*scan, relation, GetActiveSnapshot());
    choose_parts(*scan, sample);
    find_limits(*scan);
    sample_blocks(*scan, sample);
    sample_batches(*scan, sample);
    *total = sample.seen * static_cast<double>(scan->stride);
    *dead = 0;
    close_scan(*scan);
    ExecDropSingleTupleTableSlot(scan->slot);
    return sample.count;
}

}  // namespace

bool can_analyze(Relation, AcquireSampleRowsFunc *sample, BlockNumber *pages)
{
    *sample = sample_rows;
    *pages = 1;
    return true;
}

}  // namespace profiles::pg
