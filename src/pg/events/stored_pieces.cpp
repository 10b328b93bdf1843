#include "stored_pieces.h"

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
}

namespace profiles::pg {

namespace {

// A table whose pieces lie elsewhere than expected is read through its index.
constexpr int kMostWrongGuesses = 4;

// Those that are still to be read, and where their bytes go to.
struct Wanted {
    ByteRange range;
    int32 next, last;
    char *to;
};

int32 piece_size(const StoredPieces &pieces, int32 piece)
{
    auto rest =
        static_cast<int32>(stored_size(pieces)) - piece * static_cast<int32>(TOAST_MAX_CHUNK_SIZE);
    return Min(rest, static_cast<int32>(TOAST_MAX_CHUNK_SIZE));
}

// A row of a TOAST table as it lies on its page: which value, which piece of it, the bytes.
struct Row {
    Oid value;
    int32 piece;
    char data[FLEXIBLE_ARRAY_MEMBER];
};

// The piece that is wanted next, when this is it; null when not.
const struct varlena *next_piece(const StoredPieces &pieces, const Wanted &wanted,
                                 HeapTupleHeader header, ItemId item)
{
    auto *row = reinterpret_cast<const Row *>(reinterpret_cast<char *>(header) + header->t_hoff);
    std::size_t before = header->t_hoff + offsetof(Row, data);
    int32 size = piece_size(pieces, wanted.next);
    if (ItemIdGetLength(item) < before + size + VARHDRSZ_SHORT ||
        row->value != pieces.value.va_valueid || row->piece != wanted.next)
        return nullptr;
    auto *data = reinterpret_cast<const struct varlena *>(row->data);
    bool is_plain = VARATT_IS_SHORT(data) ? !VARATT_IS_EXTERNAL(data) : VARATT_IS_4B_U(data);
    bool is_whole = is_plain && VARSIZE_ANY(data) + before <= ItemIdGetLength(item) &&
                    VARSIZE_ANY_EXHDR(data) == static_cast<Size>(size);
    return is_whole ? data : nullptr;
}

void copy_piece(const Wanted &wanted, const struct varlena *data)
{
    std::size_t start = static_cast<std::size_t>(wanted.next) * TOAST_MAX_CHUNK_SIZE;
    std::size_t first = Max(start, wanted.range.offset);
    std::size_t last = Min(start + VARSIZE_ANY_EXHDR(data),
                           static_cast<std::size_t>(wanted.range.offset) + wanted.range.size);
    memcpy(wanted.to + (first - wanted.range.offset), VARDATA_ANY(data) + (first - start),
           last - first);
}

// Copies the piece that is wanted next, when it is this row of a page.
void take_row(StoredPieces &pieces, Wanted &wanted, Buffer buffer, OffsetNumber number)
{
    Page content = BufferGetPage(buffer);
    ItemId item = PageGetItemId(content, number);
    if (!ItemIdIsNormal(item))
        return;
    HeapTupleData tuple;
    tuple.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(content, item));
    const struct varlena *data = next_piece(pieces, wanted, tuple.t_data, item);
    if (!data)
        return;
    BlockNumber page = BufferGetBlockNumber(buffer);
    tuple.t_len = ItemIdGetLength(item);
    tuple.t_tableOid = RelationGetRelid(pieces.table);
    tuple.t_self = {{static_cast<uint16>(page >> 16), static_cast<uint16>(page)}, number};
    if (!HeapTupleSatisfiesVisibility(&tuple, &pieces.snapshot, buffer))
        return;
    copy_piece(wanted, data);
    pieces.piece = wanted.next++;
    pieces.page = page;
    pieces.item = number;
}

// As many of the wanted pieces as there are on a page, one after the other.
bool take_from_page(StoredPieces &pieces, Wanted &wanted, BlockNumber page)
{
    CHECK_FOR_INTERRUPTS();
    int32 first = wanted.next;
    Buffer buffer = ReadBuffer(pieces.table, page);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    Page content = BufferGetPage(buffer);
    TestForOldSnapshot(&pieces.snapshot, pieces.table, content);
    auto items = static_cast<OffsetNumber>(PageGetMaxOffsetNumber(content));
    for (OffsetNumber number = FirstOffsetNumber; number <= items && wanted.next <= wanted.last;
         ++number)
        take_row(pieces, wanted, buffer, number);
    UnlockReleaseBuffer(buffer);
    return wanted.next > first;
}

// Where the piece is when no other value was written in between.
BlockNumber likely_page(const StoredPieces &pieces, int32 piece)
{
    if (pieces.page == InvalidBlockNumber || piece < pieces.piece ||
        pieces.wrong_guesses >= kMostWrongGuesses)
        return InvalidBlockNumber;
    auto items = static_cast<BlockNumber>(pieces.item - FirstOffsetNumber + piece - pieces.piece);
    return pieces.page + items / EXTERN_TUPLES_PER_PAGE;
}

// Where the index says that it is.
BlockNumber indexed_page(StoredPieces &pieces, int32 piece)
{
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(pieces.value.va_valueid));
    ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(piece));
    SysScanDesc scan = systable_beginscan_ordered(pieces.table, pieces.indexes[pieces.index],
                                                  &pieces.snapshot, 2, keys);
    HeapTuple tuple = systable_getnext_ordered(scan, ForwardScanDirection);
    BlockNumber page = tuple ? ItemPointerGetBlockNumber(&tuple->t_self) : InvalidBlockNumber;
    systable_endscan_ordered(scan);
    return page;
}

bool take_likely(StoredPieces &pieces, Wanted &wanted)
{
    BlockNumber page = likely_page(pieces, wanted.next);
    if (page >= pieces.pages)
        return false;
    bool taken = take_from_page(pieces, wanted, page);
    pieces.wrong_guesses += !taken;
    return taken;
}

}  // namespace

bool open_pieces(const struct varlena *value, StoredPieces *pieces)
{
    if (!VARATT_IS_EXTERNAL_ONDISK(value))
        return false;
    VARATT_EXTERNAL_GET_POINTER(pieces->value, value);
    if (VARATT_EXTERNAL_IS_COMPRESSED(pieces->value))
        return false;
    pieces->table = table_open(pieces->value.va_toastrelid, AccessShareLock);
    if (pieces->table->rd_tableam != GetHeapamTableAmRoutine()) {
        table_close(pieces->table, AccessShareLock);
        return false;
    }
    pieces->index =
        toast_open_indexes(pieces->table, AccessShareLock, &pieces->indexes, &pieces->index_count);
    init_toast_snapshot(&pieces->snapshot);
    pieces->pages = RelationGetNumberOfBlocks(pieces->table);
    pieces->page = InvalidBlockNumber;
    pieces->wrong_guesses = 0;
    return true;
}

void close_pieces(StoredPieces *pieces)
{
    toast_close_indexes(pieces->indexes, pieces->index_count, AccessShareLock);
    table_close(pieces->table, AccessShareLock);
}

bool read_pieces(StoredPieces *pieces, ByteRange range, char *to)
{
    if (range.size == 0)
        return true;
    Wanted wanted{range, static_cast<int32>(range.offset / TOAST_MAX_CHUNK_SIZE),
                  static_cast<int32>((range.offset + range.size - 1) / TOAST_MAX_CHUNK_SIZE), to};
    while (wanted.next <= wanted.last) {
        if (take_likely(*pieces, wanted))
            continue;
        BlockNumber page = indexed_page(*pieces, wanted.next);
        if (page >= pieces->pages || !take_from_page(*pieces, wanted, page))
            return false;
    }
    return true;
}

}  // namespace profiles::pg
