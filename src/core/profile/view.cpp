#include "view.h"

#include "../error.h"

namespace profiles {

void raise_corrupted_profile() { throw Error(ErrorCode::corrupted, "corrupted profile"); }

void View::raise_unsupported_version(unsigned version)
{
    throw Error(ErrorCode::unsupported,
                "unsupported profile format version " + std::to_string(version));
}

namespace {

// Sums lengths four (narrow) or two (wide) at a time in the lanes of one word. A sum spans at most
// kStride entries, so no lane overflows: 8 * 4095 < 2^16, 16 * (2^28 - 1) < 2^32.
template <typename Word, Word Mask, std::uint64_t LaneMask>
std::size_t sum_lanes(const char *entries, std::uint32_t from, std::uint32_t to)
{
    constexpr std::uint32_t kLanes = 8 / sizeof(Word);
    std::uint64_t lanes = 0;
    const char *at = entries + sizeof(Word) * std::size_t{from};
    for (; from + kLanes <= to; from += kLanes, at += 8)
        lanes += layout::load<std::uint64_t>(at) & LaneMask;
    if constexpr (sizeof(Word) == 2)
        lanes = (lanes & 0x0000ffff0000ffffu) + (lanes >> 16 & 0x0000ffff0000ffffu);
    std::size_t sum = (lanes & 0xffffffffu) + (lanes >> 32);
    for (; from < to; ++from, at += sizeof(Word))
        sum += layout::load<Word>(at) & Mask;
    return sum;
}

constexpr auto sum_narrow = sum_lanes<std::uint16_t, layout::kNarrowLength, 0x0fff0fff0fff0fffu>;
constexpr auto sum_wide = sum_lanes<std::uint32_t, layout::kWideLength, 0x0fffffff0fffffffu>;

}  // namespace

std::size_t sum_lengths(const char *entries, bool wide, std::uint32_t from, std::uint32_t to)
{
    return wide ? sum_wide(entries, from, to) : sum_narrow(entries, from, to);
}

std::size_t View::offset(std::uint32_t entry) const
{
    std::uint32_t stretch = entry / layout::kStride;
    if (stretch > header_.skips())
        --stretch;  // the end of the last entry, when it closes a full stride
    std::size_t start = 0;
    if (stretch > 0) {
        const char *skip = entry_bytes(header_.entries() + stretch - 1);
        start =
            header_.wide ? layout::load<std::uint32_t>(skip) : layout::load<std::uint16_t>(skip);
    }
    return start + sum_lengths(entries_, header_.wide, stretch * layout::kStride, entry);
}

std::size_t View::offset(std::uint32_t entry, Progress &last) const
{
    if (entry < last.entry || entry - last.entry > layout::kStride)
        last.offset = offset(entry);
    else
        last.offset += sum_lengths(entries_, header_.wide, last.entry, entry);
    last.entry = entry;
    return last.offset;
}

std::string_view View::payloads(std::uint32_t from, std::uint32_t to, Progress &last) const
{
    std::size_t start = offset(from, last), end = offset(to, last);
    if (end < start || end > payloads_.size())
        raise_corrupted_profile();
    return payloads_.substr(start, end - start);
}

namespace {

// Eight entries at a time. GCC and clang make of it what the processor has.
using Lanes = std::uint16_t __attribute__((vector_size(16)));

Lanes load_lanes(const char *entries, std::uint32_t from)
{
    return layout::load<Lanes>(entries + sizeof(std::uint16_t) * std::size_t{from});
}

std::uint32_t sum_of(Lanes lanes)
{
    constexpr std::uint64_t kEven = 0x0000ffff0000ffffu;
    std::uint64_t halves[2];
    std::memcpy(halves, &lanes, sizeof halves);
    std::uint64_t pairs = (halves[0] & kEven) + (halves[0] >> 16 & kEven) + (halves[1] & kEven) +
                          (halves[1] >> 16 & kEven);
    return static_cast<std::uint32_t>(pairs) + static_cast<std::uint32_t>(pairs >> 32);
}

}  // namespace

// From 8 to 64 keys of a narrow object, without a branch on what they are. The last ones come in lanes of
// which some were looked at before.
View::Alike View::few_keys_of_length(std::size_t length) const
{
    const Lanes sought = Lanes{} + static_cast<std::uint16_t>(length);
    Lanes shorter{}, longer{}, lengths{};
    auto look = [&](std::uint32_t from, Lanes used) {
        Lanes found = load_lanes(entries_, from) & layout::kNarrowLength;
        Lanes is_shorter = (found < sought) & used;
        shorter -= is_shorter;
        longer -= (found > sought) & used;
        lengths += found & is_shorter;
    };
    std::uint32_t key = 0;
    for (; key + 8 <= header_.count; key += 8)
        look(key, ~Lanes{});
    if (key < header_.count) {
        constexpr Lanes kNumbers = {0, 1, 2, 3, 4, 5, 6, 7};
        auto seen = static_cast<std::uint16_t>(key + 8 - header_.count);
        look(header_.count - 8, kNumbers >= (Lanes{} + seen));
    }
    return {sum_of(shorter), header_.count - sum_of(longer), sum_of(lengths)};
}

View::Alike View::keys_of_length(std::size_t length) const
{
    if (!header_.wide && header_.count >= 8 && header_.count <= 64 &&
        length <= layout::kNarrowLength)
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

}  // namespace profiles
