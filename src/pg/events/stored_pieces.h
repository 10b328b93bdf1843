// A value in its TOAST table, read as it lies there. PostgreSQL finds each piece of about 2,000 bytes through the
// index. But the pieces of a block are written in one go, four to a page: so the page of the next piece is mostly
// known, and looking for it in the index would cost more than a piece of columns takes to be counted.
#pragma once

#include "../../core/events/block_directory.h"

extern "C" {
#include "postgres.h"
#include "access/detoast.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
}

namespace profiles::pg {

struct StoredPieces {
    varatt_external value;
    Relation table;
    Relation *indexes;
    int index_count, index;  // the one that is valid
    SnapshotData snapshot;
    BlockNumber pages;  // of the table
    // The piece that was read last, and where it was.
    int32 piece;
    BlockNumber page;
    OffsetNumber item;
    int wrong_guesses;
};

// False for a value that is stored in another way. What was opened has to be closed.
bool open_pieces(const struct varlena *value, StoredPieces *pieces);
void close_pieces(StoredPieces *pieces);

inline std::uint32_t stored_size(const StoredPieces &pieces)
{
    return VARATT_EXTERNAL_GET_EXTSIZE(pieces.value);
}

// Copies bytes of the value, of which there are as many. False when a piece is not what it should be, so that
// PostgreSQL's own function may say what is wrong.
bool read_pieces(StoredPieces *pieces, ByteRange range, char *to);

}  // namespace profiles::pg
