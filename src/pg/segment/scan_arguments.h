// What the functions that count events are asked for, from their arguments. To be called where ereport may
// be: the results are plain data in the current memory context.
#pragma once

#include "../../core/segment/segmentation.h"
#include "../guard.h"

namespace profiles::pg {

using CellValue = std::optional<std::string_view>;
static_assert(std::is_trivially_destructible_v<CellValue>);
static_assert(std::is_trivially_destructible_v<SegmentationRequest>);

// Elements of the array that `name` says; null ones are an error.
std::span<const std::string_view> names_of(Datum array, const char *name);
std::span<const CellValue> cell_of(Datum array);
// The times in milliseconds; `starts` gets them as they are.
std::span<const std::int64_t> starts_of(Datum array, Datum **starts);

// profiles.segmentation_memory, in bytes.
std::size_t segmentation_memory();
void init_segmentation();

}  // namespace profiles::pg
