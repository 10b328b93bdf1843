#include "text.h"

#include <algorithm>
#include <cstring>

namespace profiles {

namespace {

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

}  // namespace

std::size_t character_count(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string_view cut_characters(std::string_view text, std::size_t limit)
{
    if (text.size() <= limit)
        return text;
    std::size_t seen = 0;
    for (std::size_t index = 0; index < text.size(); ++index)
        if (starts_character(text[index]) && seen++ == limit)
            return text.substr(0, index);
    return text;
}

std::string_view keep_text(std::string_view text, std::pmr::memory_resource *memory)
{
    auto *bytes = static_cast<char *>(memory->allocate(text.size() + 1, 1));
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
}

}  // namespace profiles
