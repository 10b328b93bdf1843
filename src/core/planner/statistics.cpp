#include "statistics.h"

#include <charconv>

#include "../profile/json_writer.h"

namespace profiles {

ItemText bucket_prefix(std::string_view path) { return std::string(path) + " ["; }

ItemText bucket_item(std::string_view path, const Bucket &bucket)
{
    ItemText text = bucket_prefix(path);
    char number[32];
    text.append(number, std::to_chars(number, number + sizeof number, bucket.low).ptr);
    text.append(", ");
    text.append(number, std::to_chars(number, number + sizeof number, bucket.high).ptr);
    return text + ']';
}

Bucket read_bucket(std::string_view text)
{
    Bucket bucket;
    const char *end = text.data() + text.size();
    const char *at = std::from_chars(text.data(), end, bucket.low).ptr;
    if (end - at > 2)
        std::from_chars(at + 2, end, bucket.high);
    return bucket;
}

void append_item_value(ItemText &path, const Item &scalar)
{
    std::pmr::monotonic_buffer_resource memory(256);
    TextBuffer text(&memory);
    write_json(scalar, text);
    path.push_back('=');
    path.append(text.view());
}

}  // namespace profiles
