#include "view.h"

#include "../error.h"

namespace profiles {

using layout::Entry;
using layout::Header;

void raise_corrupted_profile() { throw Error(ErrorCode::corrupted, "corrupted profile"); }

namespace {

Header read_header(std::string_view bytes)
{
    if (bytes.size() < layout::kHeaderSize)
        raise_corrupted_profile();
    Header header = layout::unpack_header(layout::load<std::uint32_t>(bytes.data()));
    if (header.version != layout::kVersion)
        throw Error(ErrorCode::unsupported,
                    "unsupported profile format version " + std::to_string(header.version));
    if (header.payload_start() > bytes.size())
        raise_corrupted_profile();
    return header;
}

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

View::View(std::string_view bytes)
    : bytes_(bytes), header_(read_header(bytes)), entries_(bytes.data() + layout::kHeaderSize),
      payloads_(bytes.substr(header_.payload_start()))
{
}

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

Item View::payload(std::uint32_t index) const
{
    if (index >= header_.entries())
        raise_corrupted_profile();
    Entry found = entry(index);
    std::size_t start = offset(index);
    if (start > payloads_.size() || found.length > payloads_.size() - start ||
        static_cast<unsigned>(found.type) > kLastType)
        raise_corrupted_profile();
    return {found.type, payloads_.substr(start, found.length)};
}

View::Place View::place(std::string_view key) const
{
    // By length: the entries alone decide.
    std::uint32_t low = 0, high = header_.count;
    while (low < high) {
        std::uint32_t middle = low + (high - low) / 2;
        if (entry(middle).length < key.size())
            low = middle + 1;
        else
            high = middle;
    }
    std::uint32_t first = low;
    high = header_.count;
    while (low < high) {
        std::uint32_t middle = low + (high - low) / 2;
        if (entry(middle).length <= key.size())
            low = middle + 1;
        else
            high = middle;
    }
    if (first == low)
        return {first, false};
    if (key.empty())
        return {first, true};

    // By bytes: keys of one length lie at equal distances.
    std::string_view keys = payloads(first, low);
    if (keys.size() != std::size_t{low - first} * key.size())
        raise_corrupted_profile();
    std::uint32_t left = 0, right = low - first;
    while (left < right) {
        std::uint32_t middle = left + (right - left) / 2;
        int order = std::memcmp(keys.data() + middle * key.size(), key.data(), key.size());
        if (order == 0)
            return {first + middle, true};
        if (order < 0)
            left = middle + 1;
        else
            right = middle;
    }
    return {first + left, false};
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
