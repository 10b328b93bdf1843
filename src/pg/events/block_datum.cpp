#include "block_datum.h"

#include "../profile/datum.h"

namespace profiles::pg {

namespace {

// Holds the directory of most blocks, so that one look into the TOAST table is enough.
constexpr std::uint32_t kUsualDirectory = 3900;

}  // namespace

std::string_view block_slice(Datum block, std::uint32_t offset, std::uint32_t size)
{
    return bytes_of(reinterpret_cast<struct varlena *>(
        PG_DETOAST_DATUM_SLICE(block, static_cast<int32>(offset), static_cast<int32>(size))));
}

std::string_view leading_bytes(Datum block, std::uint32_t (*size_from)(std::string_view))
{
    std::string_view bytes = block_slice(block, 0, kUsualDirectory);
    std::uint32_t size = 0;
    attempt([&](std::pmr::memory_resource *) { size = size_from(bytes); });
    if (size > PG_INT32_MAX)
        attempt([](std::pmr::memory_resource *) { raise_corrupted_block(); });
    return size <= bytes.size() ? bytes : block_slice(block, 0, size);
}

std::string_view block_directory(Datum block)
{
    return leading_bytes(block, BlockDirectory::size_from);
}

}  // namespace profiles::pg
