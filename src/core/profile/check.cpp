#include "check.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "view.h"

namespace profiles {

namespace {

void require(bool condition)
{
    if (!condition)
        raise_corrupted_profile();
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The length of the character that starts here, 0 when it is none. Follows Unicode's table 3-7:
// no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t character_length(std::string_view rest)
{
    auto byte = [&](std::size_t index) { return static_cast<unsigned char>(rest[index]); };
    std::size_t length = byte(0) < 0x80   ? 1
                         : byte(0) < 0xC2 ? 0
                         : byte(0) < 0xE0 ? 2
                         : byte(0) < 0xF0 ? 3
                         : byte(0) < 0xF5 ? 4
                                          : 0;
    if (length == 0 || length > rest.size() || byte(0) == 0)
        return 0;
    for (std::size_t index = 1; index < length; ++index)
        if (!is_continuation(rest[index]))
            return 0;
    if ((byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xED && byte(1) > 0x9F) ||
        (byte(0) == 0xF0 && byte(1) < 0x90) || (byte(0) == 0xF4 && byte(1) > 0x8F))
        return 0;
    return length;
}

// The length of a prefix of plain ASCII, eight bytes at a time.
std::size_t ascii_prefix(std::string_view text)
{
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
    std::size_t length = 0;
    for (; text.size() - length >= 8; length += 8) {
        auto bytes = layout::load<std::uint64_t>(text.data() + length);
        // A high bit is set where a byte is above 127 or, by the borrow of the subtraction, 0.
        if (((bytes | (bytes - kOnes)) & kHighs) != 0)
            break;
    }
    return length;
}

bool is_canonical(const Item &number)
{
    try {
        return pack_number(number_of(number)).item() == number;
    } catch (const Error &) {
        return false;  // more digits than any number has
    }
}

void check_members(std::string_view bytes, int depth)
{
    require(depth < layout::kMaxDepth);
    View view(bytes);
    const layout::Header &header = view.header();
    require(!header.reserved);

    std::size_t payload = 0, longest = 0;
    const char *skips = view.entry_bytes(header.entries());
    for (std::uint32_t index = 0; index < header.entries(); ++index) {
        if (index > 0 && index % layout::kStride == 0) {
            std::size_t skip = header.wide ? layout::load<std::uint32_t>(skips)
                                           : layout::load<std::uint16_t>(skips);
            require(skip == payload);
            skips += header.entry_size();
        }
        layout::Entry entry = view.entry(index);
        require(view.is_array() || index >= header.count || entry.type == Type::null);
        payload += entry.length;
        longest = std::max(longest, entry.length);
    }
    require(payload == bytes.size() - header.payload_start());
    require(header.wide == (longest > layout::kNarrowLength || payload > layout::kNarrowPayload));

    std::string_view previous;
    for (Cursor cursor(view); cursor.next();) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        if (view.is_object()) {
            require(is_valid_text(cursor.key()));
            require(cursor.position() == 0 || compare_keys(previous, cursor.key()) < 0);
            previous = cursor.key();
        }
        check_value(cursor.item(), depth);
    }
}

}  // namespace

bool is_valid_text(std::string_view text)
{
    constexpr std::size_t kStretch = 1 << 20;
    for (InterruptPoll poll; !text.empty(); poll.step()) {
        std::size_t plain = ascii_prefix(text.substr(0, kStretch));
        poll.step(plain / 256);
        text.remove_prefix(plain);
        if (text.empty())
            return true;
        std::size_t length = character_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

void check_value(const Item &item, int depth)
{
    switch (item.type) {
    case Type::null:
    case Type::no:
    case Type::yes: require(item.bytes.empty()); return;
    case Type::integer:
    case Type::decimal: require(is_canonical(item)); return;
    case Type::text: require(is_valid_text(item.bytes)); return;
    case Type::array:
    case Type::object:
        require(View(item).is_array() == (item.type == Type::array));
        check_members(item.bytes, depth + 1);
    }
}

void check_container(std::string_view bytes) { check_members(bytes, 0); }

}  // namespace profiles
