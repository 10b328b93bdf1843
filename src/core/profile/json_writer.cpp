#include "json_writer.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

namespace {

constexpr std::size_t kLongestText = 0x3fffffff;  // what a PostgreSQL text can hold

void write_escaped(unsigned char byte, TextBuffer &out)
{
    static const char digits[] = "0123456789abcdef";
    switch (byte) {
    case '"': out.add("\\\""); return;
    case '\\': out.add("\\\\"); return;
    case '\b': out.add("\\b"); return;
    case '\f': out.add("\\f"); return;
    case '\n': out.add("\\n"); return;
    case '\r': out.add("\\r"); return;
    case '\t': out.add("\\t"); return;
    default:
        out.add("\\u00");
        out.add(digits[byte >> 4]);
        out.add(digits[byte & 15]);
    }
}

bool needs_escape(char byte)
{
    return byte == '"' || byte == '\\' || static_cast<unsigned char>(byte) < 0x20;
}

void write_scalar(const Item &item, TextBuffer &out)
{
    switch (item.type) {
    case Type::null: out.add("null"); return;
    case Type::no: out.add("false"); return;
    case Type::yes: out.add("true"); return;
    case Type::integer:
    case Type::decimal: out.add(to_text(number_of(item)).view()); return;
    default: write_json_string(item.bytes, out);
    }
}

void write_container(const Item &item, TextBuffer &out, int depth)
{
    if (depth >= layout::kMaxDepth)
        raise_corrupted_profile();
    View view(item);
    Cursor cursor(view);
    out.add(view.is_array() ? '[' : '{');
    while (cursor.next()) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        if (cursor.position() > 0)
            out.add(", ");
        if (view.is_object()) {
            write_json_string(cursor.key(), out);
            out.add(": ");
        }
        if (cursor.item().is_container())
            write_container(cursor.item(), out, depth + 1);
        else
            write_scalar(cursor.item(), out);
    }
    out.add(view.is_array() ? ']' : '}');
}

void new_line(TextBuffer &out, int level)
{
    out.add('\n');
    for (int step = 0; step < level; ++step)
        out.add("    ");
}

}  // namespace

void TextBuffer::grow(std::size_t more)
{
    if (more > kLongestText || length_ + more > kLongestText)
        throw Error(ErrorCode::limit_exceeded, "text form of the value is too long");
    std::size_t capacity =
        std::min(std::max({2 * capacity_, length_ + more, std::size_t{256}}), kLongestText + 1);
    auto *bytes = static_cast<char *>(memory_->allocate(capacity, 1));
    if (bytes_) {
        std::memcpy(bytes, bytes_, length_);
        memory_->deallocate(bytes_, capacity_, 1);
    }
    bytes_ = bytes;
    capacity_ = capacity;
}

void write_json_string(std::string_view text, TextBuffer &out)
{
    out.add('"');
    for (InterruptPoll poll; !text.empty(); poll.step()) {
        const char *stop = find_byte(text.data(), text.data() + text.size(), needs_escape);
        auto clean = static_cast<std::size_t>(stop - text.data());
        out.add(text.substr(0, clean));
        if (clean == text.size())
            break;
        write_escaped(static_cast<unsigned char>(text[clean]), out);
        text.remove_prefix(clean + 1);
    }
    out.add('"');
}

void write_json(const Item &item, TextBuffer &out)
{
    if (item.is_container())
        write_container(item, out, 0);
    else
        write_scalar(item, out);
}

void write_plain(const Item &item, TextBuffer &out)
{
    if (item.type == Type::text)
        out.add(item.bytes);
    else
        write_json(item, out);
}

void write_pretty(const Item &item, TextBuffer &out, int level)
{
    if (!item.is_container()) {
        write_scalar(item, out);
        return;
    }
    if (level >= layout::kMaxDepth)
        raise_corrupted_profile();
    View view(item);
    Cursor cursor(view);
    out.add(view.is_array() ? '[' : '{');
    while (cursor.next()) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        if (cursor.position() > 0)
            out.add(',');
        new_line(out, level + 1);
        if (view.is_object()) {
            write_json_string(cursor.key(), out);
            out.add(": ");
        }
        write_pretty(cursor.item(), out, level + 1);
    }
    new_line(out, level);
    out.add(view.is_array() ? ']' : '}');
}

}  // namespace profiles
