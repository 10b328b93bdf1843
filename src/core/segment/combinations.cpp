#include "combinations.h"

#include <algorithm>

#include "../profile/json_writer.h"

namespace profiles {

namespace {

std::string plain_text(const Item &item)
{
    if (item.type == Type::text)
        return std::string(item.bytes);
    std::array<char, 512> buffer;
    std::pmr::monotonic_buffer_resource arena(buffer.data(), buffer.size());
    TextBuffer out(&arena);
    write_plain(item, out);
    return std::string(out.view());
}

// An array gives each distinct element once; what is missing, null or empty gives one missing value.
void collect_values(const std::optional<Item> &found,
                    std::vector<std::optional<std::string>> &values)
{
    values.clear();
    if (found && found->type == Type::array) {
        View elements(*found);
        for (Cursor cursor(elements); cursor.next();) {
            check_interrupt();
            values.push_back(cursor.item().type == Type::null ? std::optional<std::string>()
                                                              : plain_text(cursor.item()));
        }
        std::sort(values.begin(), values.end());
        values.erase(std::unique(values.begin(), values.end()), values.end());
    } else if (found && found->type != Type::null) {
        values.push_back(plain_text(*found));
    }
    if (values.empty())
        values.push_back(std::nullopt);
}

}  // namespace

void find_ids(const std::optional<Item> &found, ValueIds &values,
              std::vector<std::optional<std::string>> &scratch, Ids &ids)
{
    collect_values(found, scratch);
    ids.clear();
    for (const std::optional<std::string> &value : scratch)
        ids.push_back(values.id_of(value));
}

}  // namespace profiles
