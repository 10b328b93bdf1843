// A block is counted by rows, by stretches of rows and by what is stored of a column: all say the same.
#include "../../src/core/segment/block_stretches.h"

#include <algorithm>
#include <deque>
#include <map>

#include <doctest/doctest.h>

#include "../../src/core/error.h"
#include "../../src/core/events/block_builder.h"
#include "../../src/core/events/sparse_offsets.h"
#include "../../src/core/segment/segmentation.h"
#include "random_tree.h"

using namespace profiles;
using block::ColumnKind;
using block::Form;

namespace {

constexpr std::int64_t kStart = 1704067200000, kDay = 86'400'000;

// Users who visit now and then: their country stays, their version grows, few of them have a plan, and some events
// have a duration.
class Visits {
public:
    Visits(std::uint64_t seed, int users) : random_(seed)
    {
        for (int uid = 1; uid <= users; ++uid) {
            std::string country = "c" + std::to_string(random_.below(9));
            bool has_plan = random_.chance(20);
            for (std::uint64_t visit = 0, visits = 1 + random_.below(5); visit < visits; ++visit) {
                std::string profile = "{\"country\": \"" + country + "\", \"app_version\": \"" +
                                      std::to_string(visit) + "\"";
                if (has_plan)
                    profile += ", \"custom\": {\"plan\": \"pro\"}";
                add(uid, profile + "}", visit);
            }
        }
    }

    const std::vector<EventBatch> &batches() const { return batches_; }

private:
    std::string_view packed(std::string_view json) { return kept_.emplace_back(test::build(json)); }

    void add(std::int64_t uid, const std::string &profile, std::uint64_t visit)
    {
        std::int64_t time = kStart + static_cast<std::int64_t>(visit) * kDay +
                            static_cast<std::int64_t>(random_.below(1000)) * 60'000;
        std::string events = "[";
        for (std::uint64_t left = 1 + random_.below(9); left > 0; --left, time += 30'000) {
            events += std::string(events.size() > 1 ? ", " : "") + "{\"key\": \"" +
                      (random_.chance(50) ? "view" : "tap") + "\", \"ts\": " + std::to_string(time);
            if (random_.chance(30))
                events += ", \"dur\": " + std::to_string(1 + random_.below(300));
            if (random_.chance(5))
                events += ", \"sum\": " + std::to_string(1 + random_.below(1'000'000)) + ".25";
            events += "}";
        }
        batches_.push_back({uid, "d", packed(profile), packed(events + "]")});
    }

    test::RandomTree random_;
    std::deque<std::string> kept_;
    std::vector<EventBatch> batches_;
};

// A block, and some of its rows.
struct Sample {
    explicit Sample(std::uint64_t seed, int users = 300)
        : visits(seed, users), bytes(build_blocks(visits.batches()).front()), directory(bytes),
          all(std::string_view(bytes)), chosen(directory.rows())
    {
        test::RandomTree random(seed);
        auto percent = static_cast<unsigned>(seed % 3 == 0 ? 100 : 3 + random.below(90));
        for (std::uint32_t row = 0; row < directory.rows(); ++row)
            if (random.chance(percent))
                chosen.add(row);
        rows.resize(chosen.count());
        chosen.list(rows.data());
    }

    BlockColumn column(ColumnKind kind, std::string_view name = {}) const
    {
        const BlockColumnInfo *info = directory.find(kind, name);
        REQUIRE(info);
        return BlockColumn(directory, *info, all);
    }

    Visits visits;
    std::string bytes;
    BlockDirectory directory;
    BlockBytes all;
    RowSet chosen;
    std::vector<std::uint16_t> rows;
};

std::vector<std::uint16_t> codes_of(const Sample &sample, const BlockColumn &column)
{
    std::vector<std::uint16_t> codes(sample.directory.rows());
    column.read_codes(codes);
    return codes;
}

std::int64_t hundredths(const ExactSum &sum)
{
    WideInteger total = 0;
    for (const ExactSum::Term &term : sum.terms()) {
        REQUIRE(term.exponent >= -2);
        WideInteger scaled = term.coefficient;
        for (int exponent = -2; exponent < term.exponent; ++exponent)
            scaled *= 10;
        total += scaled;
    }
    return static_cast<std::int64_t>(total);
}

// One group to a line, its users on the next.
std::string answer(Segmentation &segmentation)
{
    segmentation.finish();
    std::string text;
    for (const Group &group : segmentation.table().groups()) {
        text += std::to_string(group.bucket);
        for (const auto &value : group.segment)
            text += " " + value.value_or("NULL");
        text += ": " + std::to_string(group.users.count()) + " " + std::to_string(group.times);
        text += " " + std::to_string(hundredths(group.sum)) + " " +
                std::to_string(hundredths(group.duration)) + "\n";
        std::vector<std::int64_t> uids(group.users.count());
        group.users.write(uids.data());
        for (std::int64_t uid : uids)
            text += std::to_string(uid) + ",";
        text += "\n";
    }
    return text;
}

void check_same(const Sample &sample, const SegmentationRequest &request)
{
    Segmentation by_event(request), by_block(request);
    for (const EventBatch &batch : sample.visits.batches())
        by_event.add(batch);
    by_block.add_block(BlockParts(sample.directory, sample.all, {}));
    CHECK(answer(by_block) == answer(by_event));
    std::vector<MovedUser> moved = {{7, 70'000}, {9, 5}};
    std::vector<EventBatch> batches = sample.visits.batches();
    for (EventBatch &batch : batches)
        batch.uid = batch.uid == 7 ? 70'000 : batch.uid == 9 ? 5 : batch.uid;
    Segmentation after_merge(request), of_moved(request);
    for (const EventBatch &batch : batches)
        after_merge.add(batch);
    of_moved.add_block(BlockParts(sample.directory, sample.all, moved));
    CHECK(answer(of_moved) == answer(after_merge));
}

}  // namespace

TEST_CASE("block: stretches hold each chosen row once, with its user and codes")
{
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Sample sample(seed);
        BlockUsers users(sample.directory, sample.all);
        std::vector<BlockColumn> columns = {sample.column(ColumnKind::property, "country"),
                                            sample.column(ColumnKind::property, "app_version"),
                                            sample.column(ColumnKind::custom, "plan")};
        std::vector<ColumnRuns> runs;
        std::vector<std::vector<std::uint16_t>> codes;
        std::erase_if(columns, [](const BlockColumn &column) { return !column.has_runs(); });
        REQUIRE(columns.size() >= 2);
        for (const BlockColumn &column : columns) {
            runs.push_back(column.runs());
            codes.push_back(codes_of(sample, column));
        }
        BlockStretches stretches;
        for (std::size_t count = 0; count <= runs.size(); ++count) {
            RowSet every(sample.directory.rows(), true);
            const RowSet &chosen = seed % 2 ? sample.chosen : every;
            if (!stretches.find(users, {runs.data(), count}, chosen))
                continue;
            RowSet seen(sample.directory.rows());
            for (std::size_t index = 0; index < stretches.all().size(); ++index) {
                const Stretch &stretch = stretches.all()[index];
                std::uint32_t among = 0;
                bool is_right = true;
                for (std::uint32_t row = stretch.first; row < stretch.last; ++row) {
                    bool is_chosen = chosen.words()[row / 64] >> row % 64 & 1;
                    among += is_chosen;
                    if (is_chosen)
                        seen.add(row);
                    is_right = is_right && users.first_row(stretch.user) <= row &&
                               row < users.last_row(stretch.user);
                    for (std::size_t column = 0; column < count; ++column)
                        is_right = is_right && codes[column][row] == stretches.codes(column)[index];
                }
                CHECK(is_right);
                CHECK(among > 0);
                CHECK(among == stretch.chosen);
            }
            CHECK(std::ranges::equal(seen.words(), chosen.words()));
        }
    }
}

TEST_CASE("block: codes of some rows, rows of some codes")
{
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Sample sample(seed);
        for (auto [kind, name] :
             {std::pair(ColumnKind::property, "country"),
              std::pair(ColumnKind::property, "app_version"), std::pair(ColumnKind::custom, "plan"),
              std::pair(ColumnKind::key, "")}) {
            BlockColumn column = sample.column(kind, name);
            std::vector<std::uint16_t> codes = codes_of(sample, column), some(sample.rows.size());
            column.read_codes(sample.rows, some);
            std::vector<std::uint16_t> expected(some.size());
            std::ranges::transform(sample.rows, expected.begin(),
                                   [&](std::uint16_t row) { return codes[row]; });
            CHECK(some == expected);
            for (std::uint32_t mask = 0; mask < 8; ++mask) {
                std::vector<std::uint8_t> wanted(column.code_count());
                for (std::uint32_t code = 0; code < wanted.size(); ++code)
                    wanted[code] = mask >> code % 3 & 1;
                RowSet found(sample.directory.rows()), of_codes(sample.directory.rows());
                column.choose_rows(wanted, found.words());
                for (std::uint32_t row = 0; row < codes.size(); ++row)
                    if (wanted[codes[row]])
                        of_codes.add(row);
                CHECK(std::ranges::equal(found.words(), of_codes.words()));
            }
        }
    }
}

TEST_CASE("block: a sparse column adds up by rows and by stretches")
{
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Sample sample(seed);
        BlockUsers users(sample.directory, sample.all);
        for (ColumnKind kind : {ColumnKind::duration, ColumnKind::sum}) {
            const BlockColumnInfo &info = sample.directory.get(kind);
            REQUIRE(SparseOffsets::add_up_in(info));
            SparseOffsets sparse(sample.directory, info, sample.all);
            IntegerColumn column(sample.directory, info, sample.all);
            std::vector<Stretch> stretches;
            std::vector<std::uint32_t> cells_of_stretches, cells_of_rows;
            std::vector<std::uint64_t> expected(5), by_rows(5), by_stretches(5);
            for (std::uint32_t user = 0; user < users.count(); ++user) {
                stretches.push_back({users.first_row(user), users.last_row(user), 0, user});
                cells_of_stretches.push_back(user % 5);
            }
            for (std::uint16_t row : sample.rows) {
                std::uint32_t user = 0;
                while (row >= users.last_row(user))
                    ++user;
                cells_of_rows.push_back(user % 5);
                expected[user % 5] += column.offset(row);
            }
            sparse.add_up(sample.chosen.words(), cells_of_rows, by_rows);
            sparse.add_up(sample.chosen.words(), stretches, cells_of_stretches, by_stretches);
            CHECK(by_rows == expected);
            CHECK(by_stretches == expected);
        }
    }
}

TEST_CASE("segmentation: a block counts as its events do")
{
    std::string filter =
        test::build(R"({"$or": [{"app_version": {"$gte": "1"}}, {"dur": {"$gt": 250}}]})");
    std::string everything = test::build("{}");
    const std::vector<std::vector<std::string_view>> breakdowns = {
        {},
        {"country"},
        {"country", "app_version", "custom.plan"},
        {"custom.none", "country"},
        {"uid"},
        {"dur"},
        {"key", "country"}};
    const std::vector<std::int64_t> days = {kStart, kStart + kDay, kStart + 2 * kDay};
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        Sample sample(seed, 120);
        for (const auto &breakdown : breakdowns)
            for (const std::string &query : {everything, filter})
                for (bool has_days : {false, true}) {
                    SegmentationRequest request;
                    request.filter = query;
                    request.breakdown = breakdown;
                    if (seed % 2)
                        request.event = "view";
                    if (has_days)
                        request.starts = days;
                    if (seed % 3 == 0)
                        request.until = kStart + 2 * kDay + 5'000'000;
                    check_same(sample, request);
                    const std::vector<std::string_view> singly = {"median(dur)"};
                    request.metrics = singly;
                    check_same(sample, request);
                }
    }
}
