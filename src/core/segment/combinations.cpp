#include "combinations.h"

#include <algorithm>

#include "../error.h"
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

// An array gives each distinct element, or each range that holds one, once; what is missing, null, empty or
// in no range gives a missing value.
void collect_values(const std::optional<Item> &found, const NumberRanges &ranges,
                    std::vector<std::optional<std::string>> &values)
{
    auto value_of = [&](const Item &item) -> std::optional<std::string> {
        if (item.type == Type::null)
            return std::nullopt;
        return ranges.empty() ? plain_text(item) : ranges.find(item);
    };
    values.clear();
    if (found && found->type == Type::array) {
        View elements(*found);
        for (Cursor cursor(elements); cursor.next();) {
            check_interrupt();
            values.push_back(value_of(cursor.item()));
        }
        std::sort(values.begin(), values.end());
        values.erase(std::unique(values.begin(), values.end()), values.end());
    } else if (found) {
        values.push_back(value_of(*found));
    }
    if (values.empty())
        values.push_back(std::nullopt);
}

}  // namespace

void find_ids(const std::optional<Item> &found, const NumberRanges &ranges, GroupTable &table,
              std::size_t breakdown, std::vector<std::optional<std::string>> &scratch, Ids &ids)
{
    ids.clear();
    if (!found || (found->type == Type::text && ranges.empty())) {
        ids.push_back(table.id_of(breakdown, found ? std::optional(found->bytes) : std::nullopt));
        return;
    }
    collect_values(found, ranges, scratch);
    for (const std::optional<std::string> &value : scratch)
        ids.push_back(table.id_of(breakdown, value));
}

CellIds only_cell(std::span<const std::optional<std::string_view>> values, GroupTable &table)
{
    if (values.size() != table.breakdowns())
        throw Error(ErrorCode::invalid_value, "segment must have one value for each breakdown",
                    "Values: " + std::to_string(values.size()) +
                        ", breakdowns: " + std::to_string(table.breakdowns()) + ".",
                    "NULL stands for a missing value.");
    CellIds ids{};
    for (std::size_t index = 0; index < values.size(); ++index) {
        const std::optional<std::string_view> &value = values[index];
        ids[index] = table.id_of(index, value);
        table.values(index).close();
    }
    return ids;
}

}  // namespace profiles
