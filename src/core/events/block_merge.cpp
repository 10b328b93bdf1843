#include "block_merge.h"

#include <algorithm>

#include "block_builder.h"
#include "block_reader.h"

namespace profiles {

std::vector<std::string> merge_blocks(std::span<const std::string_view> blocks)
{
    std::pmr::monotonic_buffer_resource memory;
    std::vector<EventBatch> batches;
    for (std::string_view bytes : blocks) {
        BlockReader reader(bytes);
        for (EventBatch batch; reader.next(batch, &memory);)
            batches.push_back(batch);
    }
    std::stable_sort(
        batches.begin(), batches.end(),
        [](const EventBatch &left, const EventBatch &right) { return left.uid < right.uid; });
    return build_blocks(batches);
}

}  // namespace profiles
