// What the functions that count events are asked for, from their arguments. To be called where ereport may
// be: the results are plain data in the current memory context.
#pragma once

#include "../../core/segment/segmentation.h"
#include "../guard.h"

namespace profiles::pg {

using CellValue = std::optional<std::string_view>;
static_assert(std::is_trivially_destructible_v<CellValue>);
static_assert(std::is_trivially_destructible_v<SegmentationRequest>);

std::span<const std::string_view> breakdown_of(Datum array);
// One value for each breakdown.
std::span<const CellValue> cell_of(Datum array, std::size_t breakdowns);
// The times in milliseconds; `starts` gets them as they are.
std::span<const std::int64_t> starts_of(Datum array, Datum **starts);

}  // namespace profiles::pg
