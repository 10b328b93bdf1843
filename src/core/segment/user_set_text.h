// The text of a user_set: {1,2,5-1000}, single uids and runs of three or more.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "../profile/json_writer.h"
#include "user_set_view.h"

namespace profiles {

// In any order, also twice; with white space. Throws invalid_text, out_of_range, limit_exceeded.
std::pmr::string read_user_set(std::string_view text, std::pmr::memory_resource *memory);
// Ascending.
void write_user_set(const UserSetView &set, TextBuffer &out);

}  // namespace profiles
