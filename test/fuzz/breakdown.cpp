// Breakdowns with ranges, and metrics, an element to a line: they are read or refused, and a number is in the range that
// is named for it.
#include "fuzz.h"

#include <array>
#include <vector>

#include "../../src/core/profile/value.h"
#include "../../src/core/segment/metrics.h"
#include "../../src/core/segment/number_counts.h"
#include "../../src/core/segment/number_ranges.h"

using namespace profiles;

namespace {

constexpr std::array kNumbers = {
    "0", "17", "18", "-1", "-5.5", "0.1", "34.99", "1e30", "-9223372036854775808"};

std::vector<std::string_view> lines_of(std::string_view text)
{
    std::vector<std::string_view> lines;
    for (;;) {
        std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return lines;
        text.remove_prefix(end + 1);
    }
}

template <typename Read>
void read_or_refuse(Read &&read)
{
    try {
        read();
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::invalid_value ||
                          error.code() == ErrorCode::limit_exceeded,
                      "what cannot be read is refused as a bad value or a limit");
    }
}

void check_ranges(const NumberRanges &ranges)
{
    for (const char *text : kNumbers) {
        NumberItem number = pack_number(Number::parse(text));
        std::optional<std::string> name = ranges.find(number.item());
        if (!name)
            continue;
        NumberRanges alone;
        alone.add(*name);
        fuzz::promise(alone.find(number.item()) == name,
                      "a number is in the range that it is given");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::vector<std::string_view> lines = lines_of({reinterpret_cast<const char *>(data), size});
    read_or_refuse([&] {
        for (const BreakdownText &read : read_breakdown(lines))
            check_ranges(read.ranges);
    });
    for (std::string_view line : lines)
        read_or_refuse([&] {
            fuzz::promise(read_metric(line).millionths <= kWholeInMillionths,
                          "a percentile is at most 100");
        });
    return 0;
}
