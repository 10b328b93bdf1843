#include "finder.h"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg::plain {

void begin_reading()
{
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
}

Finder open_finder(Oid table, Oid index, int keys)
{
    Finder finder;
    finder.table = table_open(table, NoLock);
    finder.index = index_open(index, AccessShareLock);
    finder.scan = index_beginscan(finder.table, finder.index, GetActiveSnapshot(), keys, 0);
    finder.slot = table_slot_create(finder.table, nullptr);
    return finder;
}

void begin_search(Finder &finder, ScanKey keys, int count)
{
    index_rescan(finder.scan, keys, count, nullptr, 0);
}

bool find_next(Finder &finder)
{
    CHECK_FOR_INTERRUPTS();
    return index_getnext_slot(finder.scan, ForwardScanDirection, finder.slot);
}

void close_finder(Finder &finder)
{
    index_endscan(finder.scan);
    ExecDropSingleTupleTableSlot(finder.slot);
    index_close(finder.index, NoLock);
    table_close(finder.table, NoLock);
}

}  // namespace profiles::pg::plain
