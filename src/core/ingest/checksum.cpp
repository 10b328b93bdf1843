#include "checksum.h"

namespace profiles {

namespace {

int digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    char lower = static_cast<char>(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string_view checked_text(std::string_view query_string, std::pmr::memory_resource *memory)
{
    auto *bytes = static_cast<char *>(memory->allocate(query_string.size() + 1, 1));
    std::size_t size = 0;
    while (!query_string.empty()) {
        std::size_t end = std::min(query_string.find('&'), query_string.size());
        std::string_view parameter = query_string.substr(0, end);
        query_string.remove_prefix(std::min(end + 1, query_string.size()));
        if (parameter.starts_with("checksum=") || parameter.starts_with("checksum256="))
            continue;
        if (size > 0)
            bytes[size++] = '&';
        size += parameter.copy(bytes + size, parameter.size());
    }
    return {bytes, size};
}

const char *unverifiable(const Request &request)
{
    if (request.checksum.empty() && request.checksum256.empty())
        return "the app has a salt and the request has no checksum";
    if (request.query_string.empty())
        return "the app has a salt and the request came without its query_string";
    return nullptr;
}

bool is_digest(std::string_view digits, std::string_view bytes)
{
    if (digits.size() != 2 * bytes.size())
        return false;
    for (std::size_t at = 0; at < bytes.size(); ++at)
        if (digit(digits[2 * at]) * 16 + digit(digits[2 * at + 1]) !=
            static_cast<unsigned char>(bytes[at]))
            return false;
    return true;
}

}  // namespace profiles
