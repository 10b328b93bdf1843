// What people and the table of blocks want to know of a block, from few of its bytes.
#pragma once

#include <vector>

#include "../profile/json_writer.h"
#include "block_column.h"

namespace profiles {

// The keys of its events, in the order of their bytes. Needs the bytes of the column key.
std::vector<std::string_view> block_keys(const BlockDirectory &directory, const BlockBytes &bytes);

// The directory as JSON: rows, users, and the columns with their forms and sizes.
void write_block_info(const BlockDirectory &directory, TextBuffer &out);

}  // namespace profiles
