// An event_block where it is stored: only the parts that somebody asks for are fetched.
#pragma once

#include "../guard.h"

#include "../../core/events/block_column.h"

namespace profiles::pg {

// These are fetch steps: they may ereport, and what they return lives in the current memory context.

// Bytes [offset, offset + size) of a stored block, fewer where it ends.
std::string_view block_slice(Datum block, ByteRange range);
// Several of them, one for each range: more quickly than one by one.
void block_slices(Datum block, std::span<const ByteRange> ranges, std::string_view *slices);

// The bytes of its directory, whose size the function reads from the first ones. It may throw.
std::string_view leading_bytes(Datum block, std::uint32_t (*size_from)(std::string_view));
// All bytes of the directory of an event_block.
std::string_view block_directory(Datum block);

}  // namespace profiles::pg
