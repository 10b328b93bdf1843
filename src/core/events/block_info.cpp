#include "block_info.h"

#include <algorithm>

#include "../interrupt.h"

namespace profiles {

using block::ColumnKind;
using block::Form;

namespace {

void add_member(TextBuffer &out, std::string_view name, std::uint64_t value)
{
    char digits[24];
    std::size_t at = sizeof digits;
    do
        digits[--at] = static_cast<char>('0' + value % 10);
    while (value /= 10);
    out.add(", \"");
    out.add(name);
    out.add("\": ");
    out.add({digits + at, sizeof digits - at});
}

// The reference that leads to the column in a query; what no query can ask for is named in brackets.
void add_name(TextBuffer &out, const BlockColumnInfo &column)
{
    std::pmr::string name;
    switch (column.kind()) {
    case ColumnKind::time: name = "[time]"; break;
    case ColumnKind::key: name = "event.key"; break;
    case ColumnKind::device_id: name = "device_id"; break;
    case ColumnKind::count: name = "event.count"; break;
    case ColumnKind::sum: name = "event.sum"; break;
    case ColumnKind::duration: name = "event.dur"; break;
    case ColumnKind::hour: name = "[hour]"; break;
    case ColumnKind::weekday: name = "[dow]"; break;
    case ColumnKind::property: name = column.name; break;
    case ColumnKind::custom: name = "custom."; break;
    case ColumnKind::campaign: name = "campaign."; break;
    case ColumnKind::segmentation: name = "event."; break;
    case ColumnKind::user_field: name = "user."; break;
    }
    if (column.kind() > ColumnKind::property)
        name += column.name;
    write_json_string(name, out);
}

std::string_view form_name(const block::Entry &entry)
{
    switch (entry.form) {
    case Form::constant: return "constant";
    case Form::plain: return "plain";
    case Form::runs: return "runs";
    case Form::planes: return "planes";
    case Form::integers: return "integers";
    case Form::sparse: return "sparse";
    case Form::split: return "split";
    }
    return "unknown";
}

void add_column(TextBuffer &out, const BlockColumnInfo &column)
{
    out.add("{\"name\": ");
    add_name(out, column);
    out.add(", \"form\": \"");
    out.add(form_name(column.entry));
    out.add('"');
    add_member(out, "width", column.entry.width);
    if (!column.holds_integers()) {
        add_member(out, "values", column.entry.values);
        out.add(column.entry.has_missing ? ", \"missing\": true" : ", \"missing\": false");
    }
    if (column.entry.form == Form::runs)
        add_member(out, "runs", column.entry.runs);
    add_member(out, "bytes", column.bytes().size);
    out.add('}');
}

}  // namespace

std::vector<std::string_view> block_keys(const BlockDirectory &directory, const BlockBytes &bytes)
{
    BlockColumn column(directory, directory.get(ColumnKind::key), bytes);
    std::vector<std::string_view> keys;
    for (std::uint32_t code = 0; code < column.code_count(); ++code) {
        std::optional<Item> key = column.value(code);
        require_block(key && key->type == Type::text);
        keys.push_back(key->bytes);
    }
    return keys;
}

void write_block_info(const BlockDirectory &directory, TextBuffer &out)
{
    out.add("{\"version\": 1");
    add_member(out, "events", directory.rows());
    add_member(out, "users", directory.users());
    add_member(out, "bucket",
               static_cast<std::uint64_t>(directory.first_uid()) >> block::kBucketBits);
    add_member(out, "bytes", directory.size());
    out.add(", \"columns\": [");
    bool first = true;
    for (const BlockColumnInfo &column : directory.columns()) {
        check_interrupt();
        if (!first)
            out.add(", ");
        first = false;
        add_column(out, column);
    }
    out.add("]}");
}

}  // namespace profiles
