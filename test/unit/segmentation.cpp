#include "../../src/core/segment/segmentation.h"

#include <algorithm>
#include <deque>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "../../src/core/error.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/json_reader.h"
#include "sum_text.h"

using namespace profiles;

namespace {

std::pmr::monotonic_buffer_resource &memory()
{
    static std::pmr::monotonic_buffer_resource arena;
    return arena;
}

std::string_view packed(std::string_view json)
{
    Node node = read_json(json, &memory(), "test");
    seal(node);
    return pack(node, &memory());
}

using Names = std::vector<std::string_view>;

SegmentationRequest request(std::string_view filter, const Names &breakdown = {})
{
    static std::deque<Names> kept;
    SegmentationRequest made;
    made.filter = packed(filter);
    made.breakdown = kept.emplace_back(breakdown);
    return made;
}

// bucket|a,b,c|users|times|sum|dur, one group to a line.
std::string answer(Segmentation &segmentation)
{
    segmentation.table().sort();
    std::string all;
    for (const Group &group : segmentation.table().groups()) {
        all += std::to_string(group.bucket) + "|";
        for (const auto &value : group.segment)
            all += (all.back() == '|' ? "" : ",") + value.value_or("NULL");
        all += "|" + std::to_string(group.users.count()) + "|" + std::to_string(group.times) + "|" +
               test::terms_of(group.sum) + "|" + test::terms_of(group.duration) + "\n";
    }
    return all;
}

void feed(Segmentation &segmentation)
{
    segmentation.add({1, "d1", packed(R"({"country":"DE","tags":["a","b","a"]})"),
                      packed(
                          R"([{"key":"buy","ts":100,"sum":0.1,"segmentation":{"item":"book"}},
                                 {"key":"buy","ts":250,"count":2,"sum":5,"dur":1.5},
                                 {"key":"view","ts":120}])")});
    segmentation.add(
        {2, "d2", packed(R"({"country":"FR"})"),
         packed(R"([{"key":"buy","ts":199,"sum":0.2,"segmentation":{"item":"pen"}}])")});
    segmentation.add(
        {2, "d3", {}, packed(R"([{"key":"buy","ts":300,"segmentation":{"item":7}}])")});
}

}  // namespace

TEST_CASE("one group: events are summed exactly, users counted once")
{
    Segmentation all(request("{}"));
    feed(all);
    CHECK(answer(all) == "0||2|6|3e-1 5e0|15e-1\n");

    SegmentationRequest one = request("{}");
    one.event = "buy";
    Segmentation buys(one);
    feed(buys);
    CHECK(answer(buys) == "0||2|5|3e-1 5e0|15e-1\n");
}

TEST_CASE("no event, no group")
{
    SegmentationRequest none = request("{}");
    none.event = "other";
    Segmentation segmentation(none);
    feed(segmentation);
    CHECK(answer(segmentation).empty());
}

TEST_CASE("buckets begin at their starts, the period ends before `until`")
{
    std::vector<std::int64_t> starts = {100, 200, 300};
    SegmentationRequest by_time = request("{}");
    by_time.starts = starts;
    by_time.until = 300;
    Segmentation segmentation(by_time);
    feed(segmentation);
    CHECK(answer(segmentation) == "0||2|3|3e-1|\n1||1|2|5e0|15e-1\n");

    by_time.from = 120;
    Segmentation later(by_time);
    feed(later);
    CHECK(answer(later) == "0||2|2|2e-1|\n1||1|2|5e0|15e-1\n");
}

TEST_CASE("breakdown: most times first, then by value, missing last")
{
    Segmentation by_country(request("{}", {"country"}));
    feed(by_country);
    CHECK(answer(by_country) == "0|DE|1|4|1e-1 5e0|15e-1\n0|FR|1|1|2e-1|\n0|NULL|1|1||\n");

    SegmentationRequest two = request("{}", {"sg.item", "did"});
    two.event = "buy";
    Segmentation by_two(two);
    feed(by_two);
    CHECK(answer(by_two) == "0|NULL,d1|1|2|5e0|15e-1\n0|7,d3|1|1||\n0|book,d1|1|"
                            "1|1e-1|\n0|pen,d2|1|1|2e-1|\n");
    CHECK_FALSE(by_two.needs_profile());
    CHECK(by_country.needs_profile());
}

TEST_CASE("an array counts each distinct element once per event")
{
    Segmentation by_tag(request("{}", {"tags", "country"}));
    feed(by_tag);
    CHECK(answer(by_tag) == "0|a,DE|1|4|1e-1 5e0|15e-1\n0|b,DE|1|4|1e-1 "
                            "5e0|15e-1\n0|NULL,FR|1|1|2e-1|\n0|NULL,NULL|1|1||\n");
}

TEST_CASE("filters on the user, the event and its columns")
{
    auto count = [](std::string_view filter) {
        Segmentation segmentation(request(filter));
        feed(segmentation);
        segmentation.table().sort();
        return segmentation.table().groups().empty() ? 0
                                                     : segmentation.table().groups().front().times;
    };
    CHECK(count(R"({"country":"DE"})") == 4);
    CHECK(count(R"({"country":{"$ne":"DE"}})") == 2);
    CHECK(count(R"({"event.item":"book"})") == 1);
    CHECK(count(R"({"sg.item":{"$exists":false}})") == 3);
    CHECK(count(R"({"sg.item":7,"uid":2})") == 1);
    CHECK(count(R"({"uid":{"$in":[2,3]}})") == 2);
    CHECK(count(R"({"event.sum":{"$gte":0.2}})") == 3);
    CHECK(count(R"({"c":2})") == 2);
    CHECK(count(R"({"event.count":1})") == 4);
    CHECK(count(R"({"event.key":{"$in":["view"]}})") == 1);
    CHECK(count(R"({"dur":{"$gt":0}})") == 2);
    CHECK(count(R"({"dur":0})") == 4);
    CHECK(count(R"({"did":{"rgxbw":"d"},"$or":[{"country":"FR"},{"event.item":"book"}]})") == 2);
}

TEST_CASE("one cell")
{
    Names breakdown = {"country"};
    std::vector<std::optional<std::string_view>> cell = {"DE"};
    SegmentationRequest in_germany = request("{}", breakdown);
    in_germany.cell = cell;
    Segmentation germany(in_germany);
    feed(germany);
    CHECK(answer(germany) == "0|DE|1|4|1e-1 5e0|15e-1\n");

    cell = {std::nullopt};
    in_germany.cell = cell;
    Segmentation nowhere(in_germany);
    feed(nowhere);
    CHECK(answer(nowhere) == "0|NULL|1|1||\n");
}

TEST_CASE("user sets are exact and ordered")
{
    UserSet set;
    CHECK(set.count() == 0);
    for (std::int64_t uid : {7L, 7L, 5'000'000'000L, 3L, 7L, 3L})
        set.add(uid);
    UserSet moved = std::move(set);
    std::vector<std::int64_t> uids(moved.count());
    moved.write(uids.data());
    CHECK(uids == std::vector<std::int64_t>{3, 7, 5'000'000'000});
    UserSet one;
    one.add(9);
    one.add(9);
    CHECK(one.count() == 1);
}

TEST_CASE("many users at once")
{
    auto users_of = [](const std::vector<std::int64_t> &before,
                       const std::vector<std::int64_t> &more) {
        UserSet set;
        for (std::int64_t uid : before)
            set.add(uid);
        set.add(more);
        std::vector<std::int64_t> uids(set.count());
        set.write(uids.data());
        return uids;
    };
    using Uids = std::vector<std::int64_t>;
    CHECK(users_of({}, {}) == Uids{});
    CHECK(users_of({4}, {}) == Uids{4});
    CHECK(users_of({}, {2, 2, 2, 2, 2, 2}) == Uids{2});
    CHECK(users_of({4}, {1, 2, 3, 4, 5, 6}) == Uids{1, 2, 3, 4, 5, 6});
    CHECK(users_of({9, 4}, {6, 5, 3, 2, 1}) == Uids{1, 2, 3, 4, 5, 6, 9});
    CHECK(users_of({}, {1, 2, 3, 5'000'000'000, 5'000'000'001, 4}) ==
          Uids{1, 2, 3, 4, 5'000'000'000, 5'000'000'001});
    Uids many;
    for (std::int64_t uid = 1; uid < 200'000; uid += 3)
        many.push_back(uid);
    CHECK(users_of({}, many) == many);
}

TEST_CASE("users of overlapping stretches, few and many of a bucket")
{
    UserSet set;
    std::set<std::int64_t> expected;
    for (std::int64_t round = 0; round < 60; ++round) {
        std::vector<std::int64_t> uids;
        for (std::int64_t uid = 65'000 + 37 * round % 400; uid < 66'000 + 90 * round;
             uid += 1 + round % 7)
            uids.push_back(uid);
        if (round % 5 == 0)
            std::reverse(uids.begin(), uids.end());
        set.add(uids);
        set.add(uids.front());
        set.add(100 * round);
        expected.insert(uids.begin(), uids.end());
        expected.insert(100 * round);
        UserSet both;
        both.add(7);
        both.add(set);
        REQUIRE(both.count() == expected.size() + 1);
        std::vector<std::int64_t> found(set.count());
        set.write(found.data());
        REQUIRE(found == std::vector<std::int64_t>(expected.begin(), expected.end()));
    }
}

TEST_CASE("users of groups travel in lists and bits, whichever are there")
{
    constexpr std::int64_t kBucket = 1 << 16;
    std::mt19937_64 random(11);
    for (int round = 0; round < 60; ++round) {
        // One user, a short list, bits of few and bits of many, in up to three buckets that are not all first.
        std::set<std::int64_t> expected;
        GroupTable sum(0);
        for (int part = 0; part < 3; ++part) {
            GroupTable table(0);
            const std::size_t sizes[] = {0, 1, 2, 900, 1500, 5000};
            for (int bucket = 0; bucket < 3; ++bucket)
                for (std::size_t count = sizes[random() % 6]; count > 0; --count) {
                    auto uid = static_cast<std::int64_t>(random() % kBucket) +
                               kBucket * (7 * bucket + round % 2);
                    table.group({}).users.add(uid);
                    expected.insert(uid);
                }
            sum.add(table.write());
            if (part == 1) {  // nothing is forgotten by those who add up
                GroupTable again(0);
                again.add(sum.write());
                sum = std::move(again);
            }
        }
        if (expected.empty()) {
            CHECK((sum.groups().empty() || sum.groups()[0].users.count() == 0));
            continue;
        }
        UserSet &users = sum.group({}).users;
        std::vector<std::int64_t> found(users.count());
        users.write(found.data());
        CHECK(found == std::vector<std::int64_t>(expected.begin(), expected.end()));
        users.add(*expected.begin());
        CHECK(users.count() == expected.size());
        std::int64_t other = 3 * kBucket + 5;
        users.add(other);
        CHECK(users.count() == expected.size() + 1);
    }
}

TEST_CASE("buckets of time of any length")
{
    CHECK(TimeBuckets().find(INT64_MIN) == 0u);
    std::vector<std::int64_t> starts = {-100, -99, 5, 1000, 1001, 2'000'000'000'000};
    TimeBuckets buckets(starts);
    CHECK(!buckets.find(-101));
    CHECK(!buckets.find(INT64_MIN));
    CHECK(buckets.find(INT64_MAX) == 5u);
    for (std::size_t bucket = 0; bucket < starts.size(); ++bucket) {
        CHECK(buckets.find(starts[bucket]) == bucket);
        if (bucket > 0)
            CHECK(buckets.find(starts[bucket] - 1) == bucket - 1);
    }
    std::vector<std::int64_t> one = {7};
    CHECK(!TimeBuckets(one).find(6));
    CHECK(TimeBuckets(one).find(7) == 0u);
}

TEST_CASE("buckets of whole quarters of an hour")
{
    CHECK(TimeBuckets().are_of_quarters());
    CHECK(TimeBuckets().find_quarter(-5) == 0u);
    std::vector<std::int64_t> starts = {-2 * block::kQuarter, 0, 96 * block::kQuarter,
                                        192 * block::kQuarter};
    TimeBuckets buckets(starts);
    REQUIRE(buckets.are_of_quarters());
    for (std::int64_t quarter = -4; quarter < 300; ++quarter)
        CHECK(buckets.find_quarter(quarter) == buckets.find(quarter * block::kQuarter));

    std::vector<std::int64_t> odd = {0, block::kQuarter + 1};
    CHECK(!TimeBuckets(odd).are_of_quarters());
    std::vector<std::int64_t> centuries = {0, (std::int64_t{1} << 21) * block::kQuarter};
    CHECK(!TimeBuckets(centuries).are_of_quarters());
}

TEST_CASE("groups travel as bytes and add up")
{
    Names breakdown = {"country", "event.item"};
    Segmentation counted(request("{}", breakdown)), twice(request("{}", breakdown));
    feed(counted);
    feed(twice);
    twice.add({9, "d", packed(R"({"country":""})"),
               packed(R"([{"key":"buy","ts":1,"sum":1e30,"segmentation":{"item":"book"}}])")});
    std::string bytes = twice.table().write();
    GroupTable sum(2);
    sum.add(counted.table().write());
    sum.add(bytes);
    sum.sort();
    feed(twice);
    twice.table().sort();
    REQUIRE(sum.groups().size() == twice.table().groups().size());
    for (std::size_t index = 0; index < sum.groups().size(); ++index) {
        const Group &one = sum.groups()[index], &other = twice.table().groups()[index];
        CHECK(one.segment == other.segment);
        CHECK(one.users.count() == other.users.count());
        CHECK(one.times == other.times);
        CHECK(test::terms_of(one.sum) == test::terms_of(other.sum));
        CHECK(test::terms_of(one.duration) == test::terms_of(other.duration));
    }
    GroupTable empty(3);
    empty.add(GroupTable(3).write());
    CHECK(empty.groups().empty());
    CHECK(GroupTable::breakdowns_of(bytes) == 2);
    CHECK_THROWS_AS(empty.add(bytes), Error);
    CHECK_THROWS_AS(GroupTable::breakdowns_of({}), Error);
    CHECK_THROWS_AS(GroupTable::breakdowns_of("\4"), Error);
    // Whatever is cut off or changed is an error or other numbers, and never read beyond its end.
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        for (int change : {0, 1, 127, 255}) {
            std::string bad = bytes.substr(0, size);
            if (change && size > 0)
                bad[size / 2] = static_cast<char>(bad[size / 2] ^ change);
            GroupTable table(2);
            try {
                table.add(bad);
            } catch (const Error &) {
            }
        }
    }
}

TEST_CASE("sums have no limit")
{
    ExactSum sum;
    Number big = Number::parse("9999999999999999999999999999999999");
    for (int index = 0; index < 20'000; ++index)
        sum.add(big);
    CHECK(sum.terms().size() == 2);
    sum.add(Number::parse("1e6144"));
    sum.add(Number::parse("-1e-6143"));
    CHECK(sum.terms().size() == 4);
    ExactSum nothing;
    nothing.add(Number::parse("0.1"));
    nothing.add(Number::parse("-0.1"));
    CHECK(nothing.terms().empty());
    ExactSum lowest;
    lowest.add(std::numeric_limits<std::int64_t>::min());
    CHECK(test::terms_of(lowest) == "-9223372036854775808e0");
}

TEST_CASE("what cannot be counted is refused")
{
    CHECK_THROWS_AS(Segmentation{request("{}", {"a", "b", "c", "d"})}, Error);
    CHECK_THROWS_AS(Segmentation{request("{}", {"a..b"})}, Error);
    Segmentation segmentation(request("{}"));
    for (const char *bad : {R"({"key":"x"})", R"([5])", R"(["x"])"}) {
        std::string_view events = packed(bad);
        CHECK_THROWS_AS(segmentation.add({1, "d", {}, events}), Error);
    }
    segmentation.add({1, "d", {}, packed(R"([{"key":"x","ts":1,"count":9223372036854775807}])")});
    CHECK_THROWS_AS(segmentation.add({1, "d", {}, packed(R"([{"key":"x","ts":1}])")}), Error);
}
