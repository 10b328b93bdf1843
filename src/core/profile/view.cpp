#include "view.h"

#include "../error.h"

namespace profiles {

using layout::Entry;

void raise_corrupted_profile() { throw Error(ErrorCode::corrupted, "corrupted profile"); }

void View::raise_unsupported_version(unsigned version)
{
    throw Error(ErrorCode::unsupported,
                "unsupported profile format version " + std::to_string(version));
}

namespace {

// Sums lengths four (narrow) or two (wide) at a time in the lanes of one word. A sum spans less than
// kStride entries, so no lane overflows: 8 * 4095 < 2^16, 16 * (2^28 - 1) < 2^32.
template <typename Word, Word Mask, std::uint64_t LaneMask>
std::size_t sum_lengths(const char *entries, std::uint32_t from, std::uint32_t to)
{
    constexpr std::uint32_t kLanes = 8 / sizeof(Word);
    std::uint64_t lanes = 0;
    const char *at = entries + sizeof(Word) * std::size_t{from};
    for (; from + kLanes <= to; from += kLanes, at += 8)
        lanes += layout::load<std::uint64_t>(at) & LaneMask;
    std::size_t sum = 0;
    for (std::uint32_t lane = 0; lane < kLanes; ++lane)
        sum += lanes >> (lane * 8 * sizeof(Word)) & static_cast<Word>(~Word{0});
    for (; from < to; ++from, at += sizeof(Word))
        sum += layout::load<Word>(at) & Mask;
    return sum;
}

constexpr auto sum_narrow = sum_lengths<std::uint16_t, layout::kNarrowLength, 0x0fff0fff0fff0fffu>;
constexpr auto sum_wide = sum_lengths<std::uint32_t, layout::kWideLength, 0x0fffffff0fffffffu>;

}  // namespace

std::size_t View::offset(std::uint32_t entry) const
{
    std::uint32_t stretch = entry / layout::kStride;
    if (stretch > header_.skips())
        --stretch;  // the end of the last entry, when it closes a full stride
    const char *skips = entry_bytes(header_.entries());
    std::size_t start = 0;
    if (header_.wide) {
        if (stretch > 0)
            start = layout::load<std::uint32_t>(skips + 4 * std::size_t{stretch - 1});
        return start + sum_wide(entries_, stretch * layout::kStride, entry);
    }
    if (stretch > 0)
        start = layout::load<std::uint16_t>(skips + 2 * std::size_t{stretch - 1});
    return start + sum_narrow(entries_, stretch * layout::kStride, entry);
}

std::string_view View::payloads(std::uint32_t from, std::uint32_t to) const
{
    std::size_t start = offset(from), end = to == from ? start : offset(to);
    if (end < start || end > payloads_.size())
        raise_corrupted_profile();
    return payloads_.substr(start, end - start);
}

// Up to 64 keys of a narrow object, four at a time in the lanes of one word and without a branch on
// what they are: adding 0x8000 - length sets the top bit of a lane whose key is at least that long.
View::Alike View::few_keys_of_length(std::size_t length) const
{
    constexpr std::uint64_t kEach = 0x0001000100010001u, kTops = 0x8000 * kEach;
    const std::uint64_t at_least = (0x8000 - length) * kEach, longer = at_least - kEach;
    std::uint64_t shorter_lanes = 0, not_longer_lanes = 0, length_lanes = 0;
    auto look = [&](std::uint64_t entries, std::uint64_t used) {
        std::uint64_t lengths = entries & layout::kNarrowLength * kEach;
        std::uint64_t shorter = ~(lengths + at_least) & used;
        shorter_lanes += shorter >> 15;
        not_longer_lanes += (~(lengths + longer) & used) >> 15;
        length_lanes += lengths & (shorter - (shorter >> 15));
    };
    auto sum = [](std::uint64_t lanes) {
        return (lanes & 0xffff) + (lanes >> 16 & 0xffff) + (lanes >> 32 & 0xffff) + (lanes >> 48);
    };
    std::uint32_t rest = header_.count % 4;
    for (std::uint32_t key = 0; key + 4 <= header_.count; key += 4)
        look(layout::load<std::uint64_t>(entries_ + 2 * std::size_t{key}), kTops);
    if (rest > 0) {
        // The last ones come to lie in the upper lanes.
        std::uint64_t last = 0;
        if (header_.count > 4)
            last = layout::load<std::uint64_t>(entries_ + 2 * std::size_t{header_.count - 4});
        else
            for (std::uint32_t key = 0; key < rest; ++key)
                last |= std::uint64_t{layout::load<std::uint16_t>(entries_ + 2 * std::size_t{key})}
                        << 16 * (4 - rest + key);
        look(last, kTops << 16 * (4 - rest));
    }
    return {static_cast<std::uint32_t>(sum(shorter_lanes)),
            static_cast<std::uint32_t>(sum(not_longer_lanes)), sum(length_lanes)};
}

View::Alike View::keys_of_length(std::size_t length) const
{
    if (!header_.wide && header_.count <= 64 && length <= layout::kNarrowLength)
        return few_keys_of_length(length);
    auto first_with = [&](auto beyond) {
        std::uint32_t low = 0, high = header_.count;
        while (low < high) {
            std::uint32_t middle = low + (high - low) / 2;
            if (beyond(entry(middle).length))
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    };
    std::uint32_t first = first_with([&](std::size_t other) { return other >= length; });
    std::uint32_t end = first_with([&](std::size_t other) { return other > length; });
    return {first, end, offset(first)};
}

View::Place View::place(std::string_view key) const
{
    // By length: the entries alone decide.
    Alike alike = keys_of_length(key.size());
    if (alike.first >= alike.end)
        return {alike.first, false};
    if (key.empty())
        return {alike.first, true};

    // By bytes: keys of one length lie at equal distances.
    std::size_t size = std::size_t{alike.end - alike.first} * key.size();
    if (alike.offset > payloads_.size() || size > payloads_.size() - alike.offset)
        raise_corrupted_profile();
    const char *keys = payloads_.data() + alike.offset;
    std::uint32_t left = 0, right = alike.end - alike.first;
    while (left < right) {
        std::uint32_t middle = left + (right - left) / 2;
        int order = std::memcmp(keys + middle * key.size(), key.data(), key.size());
        if (order == 0)
            return {alike.first + middle, true};
        if (order < 0)
            left = middle + 1;
        else
            right = middle;
    }
    return {alike.first + left, false};
}

std::optional<Item> View::find(std::string_view key) const
{
    if (header_.array)
        return std::nullopt;
    Place at = place(key);
    if (!at.found)
        return std::nullopt;
    return item(at.position);
}

Cursor::Cursor(const View &view) : view_(view)
{
    if (view.is_object())
        value_offset_ = view.offset(view.count());
}

std::string_view Cursor::take(std::size_t &offset, std::size_t length) const
{
    std::string_view all = view_.bytes().substr(view_.header().payload_start());
    if (offset > all.size() || length > all.size() - offset)
        raise_corrupted_profile();
    std::string_view taken = all.substr(offset, length);
    offset += length;
    return taken;
}

bool Cursor::next()
{
    if (position_ >= view_.count())
        return false;
    if (view_.is_object())
        key_ = take(key_offset_, view_.entry(position_).length);
    Entry value = view_.entry(view_.value_entry(position_));
    if (static_cast<unsigned>(value.type) > kLastType)
        raise_corrupted_profile();
    item_ = {value.type, take(value_offset_, value.length)};
    ++position_;
    return true;
}

}  // namespace profiles
