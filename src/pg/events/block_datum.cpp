#include "block_datum.h"

#include "../profile/datum.h"
#include "stored_pieces.h"

namespace profiles::pg {

namespace {

// Holds the directory of most blocks, so that one look into the TOAST table is enough.
constexpr std::uint32_t kUsualDirectory = 3900;

std::string_view slice_by_postgres(Datum block, ByteRange range)
{
    return bytes_of(reinterpret_cast<struct varlena *>(PG_DETOAST_DATUM_SLICE(
        block, static_cast<int32>(range.offset), static_cast<int32>(range.size))));
}

// Fewer bytes where the value ends.
ByteRange range_inside(ByteRange range, std::uint32_t size)
{
    std::uint32_t offset = Min(range.offset, size);
    return {offset, Min(range.size, size - offset)};
}

}  // namespace

void block_slices(Datum block, std::span<const ByteRange> ranges, std::string_view *slices)
{
    StoredPieces pieces;
    auto *value = reinterpret_cast<struct varlena *>(DatumGetPointer(block));
    bool has_pieces = open_pieces(value, &pieces);
    for (std::size_t index = 0; index < ranges.size(); ++index) {
        if (has_pieces) {
            ByteRange range = range_inside(ranges[index], stored_size(pieces));
            auto *bytes = static_cast<char *>(palloc(range.size));
            new (slices + index) std::string_view(bytes, range.size);
            if (read_pieces(&pieces, range, bytes))
                continue;
            pfree(bytes);
        }
        new (slices + index) std::string_view(slice_by_postgres(block, ranges[index]));
    }
    if (has_pieces)
        close_pieces(&pieces);
}

std::string_view block_slice(Datum block, ByteRange range)
{
    std::string_view slice;
    block_slices(block, {&range, 1}, &slice);
    return slice;
}

std::string_view leading_bytes(Datum block, std::uint32_t (*size_from)(std::string_view))
{
    std::string_view bytes = block_slice(block, {0, kUsualDirectory});
    std::uint32_t size = 0;
    attempt([&](std::pmr::memory_resource *) { size = size_from(bytes); });
    if (size > PG_INT32_MAX)
        attempt([](std::pmr::memory_resource *) { raise_corrupted_block(); });
    return size <= bytes.size() ? bytes : block_slice(block, {0, size});
}

std::string_view block_directory(Datum block)
{
    return leading_bytes(block, BlockDirectory::size_from);
}

}  // namespace profiles::pg
