#include "error.h"

namespace profiles {

namespace {

constexpr std::size_t kMaxQuoted = 64;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

std::string quoted(std::string_view text)
{
    std::string result = "\"";
    if (text.size() <= kMaxQuoted)
        return result.append(text).append("\"");
    std::size_t end = kMaxQuoted;
    while (end > 0 && is_continuation(text[end]))
        --end;
    return result.append(text.substr(0, end)).append("...\"");
}

}  // namespace profiles
