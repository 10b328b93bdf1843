// Several blocks of one bucket into few: what becomes of small blocks.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace profiles {

// The older block first: events of a user and a millisecond stay in the order of the blocks. Throws
// invalid_value for blocks of several buckets.
std::vector<std::string> merge_blocks(std::span<const std::string_view> blocks);

}  // namespace profiles
