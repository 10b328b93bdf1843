// Characters of UTF-8 text, and texts that must live as long as a memory resource.
#pragma once

#include <memory_resource>
#include <string_view>

namespace profiles {

std::size_t character_count(std::string_view text);
// The first `limit` characters.
std::string_view cut_characters(std::string_view text, std::size_t limit);
std::string_view keep_text(std::string_view text, std::pmr::memory_resource *memory);

}  // namespace profiles
