// Ranges, metrics, the cells with the most times, and the limit of memory.
#include <algorithm>

#include <doctest/doctest.h>

#include "../../src/core/error.h"
#include "../../src/core/profile/value.h"
#include "../../src/core/segment/group_table.h"
#include "../../src/core/segment/metrics.h"
#include "../../src/core/segment/number_ranges.h"

using namespace profiles;

namespace {

std::string range_of(const NumberRanges &ranges, std::string_view number)
{
    NumberItem item = pack_number(Number::parse(number));
    return ranges.find(item.item()).value_or("none");
}

std::vector<BreakdownText> breakdowns(std::vector<std::string_view> texts)
{
    return read_breakdown(texts);
}

ErrorCode metric_error(std::string_view text)
{
    try {
        read_metric(text);
    } catch (const Error &error) {
        return error.code();
    }
    return ErrorCode::cancelled;
}

// Cells of one breakdown: value, bucket, user, times.
struct Row {
    std::string value;
    std::uint32_t bucket;
    std::int64_t uid, times;
};

void add(GroupTable &table, const Row &row)
{
    ValueIds::Value value;
    if (!row.value.empty())
        value = row.value;
    GroupKey key;
    key.bucket = row.bucket;
    key.ids[0] = table.id_of(0, value);
    Group &group = table.group(key);
    table.grow(group.users.add(row.uid));
    group.add_times(row.times);
    group.sum.add(Number(row.times * 10));
    table.add_amount(group, &Group::Amounts::sum, Number(row.times * 10));
}

// bucket value users times, one group to a line.
std::string answer(GroupTable &table)
{
    table.sort();
    std::string all;
    for (const Group &group : table.groups())
        all += std::to_string(group.bucket) + " " +
               (group.other ? "OTHER" : group.segment[0].value_or("NULL")) + " " +
               std::to_string(group.users.count()) + " " + std::to_string(group.times) + "\n";
    return all;
}

const std::vector<Row> kRows = {
    {"a", 0, 1, 5}, {"b", 0, 1, 2}, {"b", 1, 2, 4}, {"c", 1, 1, 3}, {"", 0, 3, 3}, {"d", 0, 3, 1},
};

}  // namespace

TEST_CASE("ranges hold their ends; the first that fits wins")
{
    NumberRanges ranges;
    ranges.add("0-17,18-34.5");
    ranges.add("34.5-");
    ranges.add("-10--1.5");
    ranges.add("--20");
    CHECK(range_of(ranges, "0") == "0-17");
    CHECK(range_of(ranges, "17") == "0-17");
    CHECK(range_of(ranges, "17.0000001") == "none");
    CHECK(range_of(ranges, "34.5") == "18-34.5");
    CHECK(range_of(ranges, "34.50000000000000000000000000000001") == "34.5-");
    CHECK(range_of(ranges, "1e6000") == "34.5-");
    CHECK(range_of(ranges, "-1.5") == "-10--1.5");
    CHECK(range_of(ranges, "-1.4") == "none");
    CHECK(range_of(ranges, "-20") == "--20");
    CHECK(range_of(ranges, "-9223372036854775808") == "--20");
    CHECK(ranges.find({Type::text, "5"}) == std::nullopt);
    for (const char *bad : {"", "5", "-", "--", "---", "5-4", "-1--2", "a-5", "5-a", "1-2-3",
                            "0-1,", "1..2-3", "+1-2"})
        CHECK_THROWS_AS(NumberRanges().add(bad), Error);
}

TEST_CASE("a breakdown with ranges goes on over elements")
{
    std::vector<BreakdownText> read = breakdowns(
        {"country", "custom.age:0-17", "18-34, 35-", "-1", "platform", "custom.a:b", "sum:-5"});
    REQUIRE(read.size() == 5);
    CHECK(read[0].property == "country");
    CHECK(read[0].ranges.empty());
    CHECK(read[1].property == "custom.age");
    CHECK(range_of(read[1].ranges, "20") == "18-34");
    CHECK(range_of(read[1].ranges, "-3") == "-1");
    CHECK(read[3].property == "custom.a:b");
    CHECK(read[3].ranges.empty());
    CHECK(read[4].property == "sum");
    CHECK(range_of(read[4].ranges, "5") == "-5");
    CHECK(breakdowns({"18-34"})[0].ranges.empty());  // nothing that it goes on with
    CHECK_THROWS_AS(breakdowns({"custom.age:5"}), Error);
}

TEST_CASE("metrics by name")
{
    CHECK(read_metric("p99.9(dur)").millionths == 999'000);
    CHECK(read_metric("p0.0001(sum)").millionths == 1);
    CHECK(read_metric("p100.0000(sum)").millionths == kWholeInMillionths);
    CHECK(read_metric("median(sum)").millionths == kWholeInMillionths / 2);
    CHECK(read_metric("avg(dur)").kind == Metric::Kind::average);
    CHECK(read_metric("dur/users").measure == Measure::duration);
    CHECK_FALSE(read_metric("avg(sum)").needs_amounts(Measure::sum));
    CHECK(read_metric("max(sum)").needs_amounts(Measure::sum));
    for (const char *bad : {"", "(", ")", "()", "p()", "p5()", "avg(times)", "p5(sum",
                            "p1.2.3(sum)", "p4294967296(sum)", "p100.1(sum)"})
        CHECK(metric_error(bad) == ErrorCode::invalid_value);
}

TEST_CASE("quantiles lie between the two numbers around them")
{
    NumberIds ids;
    NumberCounts counts;
    std::vector<std::int64_t> all;
    for (std::int64_t n = 0; n < 3000; ++n) {
        std::int64_t number = n * 7919 % 1009 - 500;
        all.push_back(number);
        counts.add(ids.id_of(number), 1);
    }
    counts.rename(ids.sort());
    std::sort(all.begin(), all.end());
    CHECK(counts.merged().size() == 1009);
    for (std::uint32_t millionths = 0; millionths <= kWholeInMillionths; millionths += 12'345) {
        Quantile found = find_quantile(counts.merged(), ids, millionths);
        std::uint64_t place = (all.size() - 1) * std::uint64_t{millionths};
        CHECK(found.lower->integer() == all[place / kWholeInMillionths]);
        CHECK(found.part == place % kWholeInMillionths);
        if (found.part > 0)
            CHECK(found.upper->integer() == all[place / kWholeInMillionths + 1]);
    }
    CHECK(find_quantile({}, ids, 0).lower == nullptr);
    NumberCounts one;
    one.add(0, 1);
    CHECK(find_quantile(one.merged(), ids, 999'999).upper->integer() == -500);
}

TEST_CASE("the cells with the most times, and all others as one")
{
    GroupTable all(1), two(1), later(1), enough(1);
    for (const Row &row : kRows)
        for (GroupTable *table : {&all, &two, &later, &enough})
            add(*table, row);
    CHECK(answer(all) == "0 a 1 5\n0 NULL 1 3\n0 b 1 2\n0 d 1 1\n1 b 1 4\n1 c 1 3\n");
    two.keep_top(2);  // b 6, a 5, c 3 before the missing value
    CHECK(answer(two) == "0 a 1 5\n0 b 1 2\n0 OTHER 1 4\n1 b 1 4\n1 OTHER 1 3\n");
    CHECK(two.groups()[2].amounts->sum.merged().size() == 2);
    later.keep_top(2, 1);  // by the second bucket: b 4, c 3
    CHECK(answer(later) == "0 b 1 2\n0 OTHER 2 9\n1 b 1 4\n1 c 1 3\n");
    enough.keep_top(5);
    CHECK(answer(enough) == answer(all));
}

TEST_CASE("every bucket has each cell when filled")
{
    GroupTable table(1);
    for (const Row &row : kRows)
        add(table, row);
    table.keep_top(1);
    table.fill(3);
    CHECK(answer(table) == "0 b 1 2\n0 OTHER 2 9\n1 b 1 4\n1 OTHER 1 3\n2 b 0 0\n2 OTHER 0 0\n");
    GroupTable nothing(1), one(0);
    nothing.fill(3);
    CHECK(nothing.groups().empty());
    one.fill(3);
    CHECK(one.groups().size() == 3);
}

TEST_CASE("amounts travel with the groups")
{
    GroupTable from(1), to(1);
    for (const Row &row : kRows) {
        add(from, row);
        add(to, {row.value, row.bucket, row.uid, 7});
    }
    std::string bytes = from.write();
    to.add(bytes);
    to.sort();
    for (Group &group : to.groups())
        CHECK(group.amounts->sum.merged().size() == 2);
    CHECK(to.amounts().number(0) == Number(10));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        GroupTable table(1);
        try {
            table.add(std::string_view(bytes).substr(0, size));
        } catch (const Error &) {
        }
        std::string bad = bytes;
        bad[size] = static_cast<char>(bad[size] ^ 129);
        try {
            table.add(bad);
            table.sort();
        } catch (const Error &) {
        }
    }
}

TEST_CASE("memory is limited, whatever it goes to")
{
    constexpr std::size_t kLimit = 1 << 20;
    auto raises = [&](auto &&fill) {
        GroupTable table(1, kLimit);
        try {
            for (std::int64_t n = 0; n < 1'000'000; ++n)
                fill(table, n);
        } catch (const Error &error) {
            return error.code() == ErrorCode::limit_exceeded && !error.hint().empty();
        }
        return false;
    };
    CHECK(raises([](GroupTable &table, std::int64_t n) {
        add(table, {std::to_string(n), 0, 1, 1});
    }));
    CHECK(raises([](GroupTable &table, std::int64_t n) { add(table, {"a", 0, n * 100'000, 1}); }));
    CHECK(raises([](GroupTable &table, std::int64_t n) { add(table, {"a", 0, 1, n}); }));
    CHECK(raises([](GroupTable &table, std::int64_t n) { table.id_of(0, std::to_string(n)); }));
    CHECK(raises([](GroupTable &table, std::int64_t n) {
        table.grow(table.group({}).sum.add(1, static_cast<int>(n)));
    }));
    // What does not grow is no reason to stop, however often it is touched.
    CHECK_FALSE(raises([](GroupTable &table, std::int64_t n) {
        add(table, {"a", 0, n % 1000, n % 10});
    }));
}
