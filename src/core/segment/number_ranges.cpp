#include "number_ranges.h"

#include <algorithm>

#include "../error.h"
#include "../profile/value.h"

namespace profiles {

namespace {

constexpr std::size_t kMaxRanges = 100;

[[noreturn]] void raise_bad_range(std::string_view text, std::string detail)
{
    throw Error(ErrorCode::invalid_value, "invalid range of a breakdown: " + quoted(text),
                std::move(detail),
                "Ranges are written as in 'custom.age:0-17,18-34,35-': both ends are included, and "
                "one of them may be left out.");
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool begins_range(std::string_view text)
{
    return !text.empty() && (is_digit(text.front()) || text.front() == '-');
}

bool is_all_ranges(std::string_view text)
{
    return begins_range(text) && text.find_first_not_of("0123456789-., ") == std::string_view::npos;
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

// How many bytes at the front are a number, with its sign.
std::size_t number_length(std::string_view text)
{
    std::size_t length = !text.empty() && text.front() == '-' ? 1 : 0;
    while (length < text.size() && (is_digit(text[length]) || text[length] == '.'))
        ++length;
    return length;
}

Number read_bound(std::string_view text, std::string_view range)
{
    try {
        return Number::parse(text);
    } catch (const Error &) {
        raise_bad_range(range, "It must begin and end with a number.");
    }
}

}  // namespace

// A minus sign in front is the sign of a number that another one follows; without one it stands for "up to".
void NumberRanges::add_one(std::string_view text)
{
    Range range;
    range.name = text;
    std::size_t length = number_length(text);
    bool has_low = length > 0 && length < text.size() && text[length] == '-' &&
                   text.substr(0, length) != "-";  // "--5" is up to -5
    if (has_low)
        range.low = read_bound(text.substr(0, length), text);
    else if (text.empty() || text.front() != '-')
        raise_bad_range(text, "There must be a minus sign between its ends.");
    std::string_view rest = text.substr(has_low ? length + 1 : 1);
    if (!rest.empty())
        range.high = read_bound(rest, text);
    if (!range.low && !range.high)
        raise_bad_range(text, "It must have at least one end.");
    if (range.low && range.high && compare(*range.low, *range.high) > 0)
        raise_bad_range(text, "Its begin is after its end.");
    if (ranges_.size() == kMaxRanges)
        throw Error(ErrorCode::limit_exceeded, "too many ranges of a breakdown", {},
                    "A breakdown can have up to " + std::to_string(kMaxRanges) + " ranges.");
    ranges_.push_back(std::move(range));
}

void NumberRanges::add(std::string_view text)
{
    for (std::size_t comma = 0; comma != std::string_view::npos;) {
        comma = text.find(',');
        add_one(trimmed(text.substr(0, comma)));
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
}

std::optional<std::string> NumberRanges::find(const Item &value) const
{
    if (!value.is_number())
        return std::nullopt;
    Number number = number_of(value);
    auto at = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range &range) {
        return (!range.low || compare(*range.low, number) <= 0) &&
               (!range.high || compare(number, *range.high) <= 0);
    });
    return at == ranges_.end() ? std::nullopt : std::optional(at->name);
}

std::vector<BreakdownText> read_breakdown(std::span<const std::string_view> texts)
{
    std::vector<BreakdownText> made;
    for (std::string_view text : texts) {
        if (!made.empty() && !made.back().ranges.empty() && is_all_ranges(text)) {
            made.back().ranges.add(text);
            continue;
        }
        std::size_t colon = text.rfind(':');
        bool has_ranges =
            colon != std::string_view::npos && begins_range(trimmed(text.substr(colon + 1)));
        BreakdownText &read = made.emplace_back();
        read.property = has_ranges ? text.substr(0, colon) : text;
        if (has_ranges)
            read.ranges.add(text.substr(colon + 1));
    }
    return made;
}

}  // namespace profiles
