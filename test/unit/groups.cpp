// Cells and groups of rows against counts that are made row by row.
#include "../../src/core/scan/groups.h"

#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "../../src/core/scan/row_cells.h"
#include "block_of.h"
#include "sum_text.h"

using namespace profiles;

namespace {

constexpr std::uint32_t kNoGroup = GroupedRows::kNoGroup;

// Users 3, 5 and 9: rows 0 and 1, 2 and 3, 4.
struct Block : test::BlockOf {
    explicit Block(std::vector<MovedUser> merged = {})
        : BlockOf(
              {{3, "a", R"({"country":"DE"})",
                R"([{"key":"buy","ts":10,"sum":2.5},{"key":"buy","ts":20}])"},
               {5, "b", R"({"country":"FR"})", R"([{"key":"buy","ts":15},{"key":"buy","ts":30}])"},
               {9, "c", R"({"country":"DE"})", R"([{"key":"tap","ts":40}])"}},
              std::move(merged))
    {
    }
};

}  // namespace

TEST_CASE("rows with the same codes are a cell")
{
    test::RandomTree random(7);
    for (int round = 0; round < 50; ++round) {
        std::vector<std::uint32_t> counts = {1 + static_cast<std::uint32_t>(random.below(5)),
                                             1 + static_cast<std::uint32_t>(random.below(3000)),
                                             1 + static_cast<std::uint32_t>(random.below(60000))};
        counts.resize(random.below(4));
        std::vector<std::vector<std::uint16_t>> codes;
        for (std::uint32_t count : counts) {
            codes.emplace_back(2000);
            for (std::uint16_t &code : codes.back())
                code = static_cast<std::uint16_t>(random.chance(50) ? random.below(count) : 0);
        }
        std::vector<RowCodes> columns;
        for (std::size_t index = 0; index < counts.size(); ++index)
            columns.push_back({codes[index], counts[index]});
        std::vector<std::uint16_t> rows;
        for (std::uint16_t row = 0; row < 2000; ++row)
            if (random.chance(70))
                rows.push_back(row);
        RowCells cells;
        cells.find(rows, columns);
        std::map<std::vector<std::uint16_t>, std::uint32_t> expected;
        for (std::size_t index = 0; index < rows.size(); ++index) {
            std::vector<std::uint16_t> key;
            for (const auto &column : codes)
                key.push_back(column[rows[index]]);
            std::uint32_t cell =
                expected.try_emplace(key, static_cast<std::uint32_t>(expected.size()))
                    .first->second;
            REQUIRE(cells.cells()[index] == cell);
            if (cells.first_rows()[cell] == rows[index])
                continue;
            REQUIRE(cells.first_rows()[cell] < rows[index]);
        }
        REQUIRE(cells.count() == expected.size());
    }
    RowCells none;
    none.find({}, {});
    CHECK(none.count() == 0);
}

TEST_CASE("values of a block are added by cell, events one by one")
{
    Groups groups(
        {AggregateKind::rows, AggregateKind::values, AggregateKind::sum, AggregateKind::latest});
    CHECK(groups.add() == 0);
    CHECK(groups.add() == 1);
    std::vector<std::uint16_t> rows = {0, 2, 3, 5};
    std::vector<std::uint32_t> cells = {0, 1, 0, 2}, of_cells = {1, kNoGroup, 1};
    GroupedRows grouped{rows, cells, of_cells};
    groups.add_rows(grouped, 0, {});
    CHECK(groups.tally(0, 0).count == 0);
    CHECK(groups.tally(1, 0).count == 3);

    std::vector<std::uint16_t> codes = {1, 0, 1, 0, 0, 1};
    std::vector<std::uint8_t> is_set = {1, 0};
    MeasuredColumn values;
    values.codes = codes;
    values.is_set = is_set;
    groups.add_rows(grouped, 1, values);
    CHECK(groups.tally(1, 1).count == 1);

    std::vector<std::int64_t> integers = {150, 7, 7, 100, 7, -2000};
    MeasuredColumn amounts;
    amounts.integers = integers;
    amounts.digits = 2;
    groups.add_rows(grouped, 2, amounts);
    CHECK(test::terms_of(groups.tally(1, 2).sum) == "-1750e-2");
    CHECK(groups.tally(1, 2).digits == 1);
    groups.add_number(1, 2, Number::parse("0.001"));
    groups.add_number(1, 2, Number(5));
    CHECK(groups.tally(1, 2).digits == 3);
    CHECK(groups.tally(1, 2).count == 5);
    CHECK(test::terms_of(groups.tally(1, 2).sum) == "-1750e-2 1e-3 5e0");

    std::vector<Number> numbers = {Number::parse("1e20"), Number(1)};
    MeasuredColumn odd;
    odd.codes = codes;
    odd.numbers = numbers;
    groups.add_rows(grouped, 2, odd);
    CHECK(groups.tally(1, 2).count == 8);
    CHECK(test::terms_of(groups.tally(1, 2).sum) == "-1750e-2 1e-3 7e0 1e20");

    MeasuredColumn times;
    times.integers = integers;
    groups.add_rows(grouped, 3, times);
    CHECK(groups.tally(1, 3).latest == 150);
    CHECK(groups.tally(1, 3).earliest == -2000);
    groups.add_time(1, 3, 151);
    CHECK(groups.tally(1, 3).latest == 151);
    CHECK(groups.tally(0, 3).count == 0);
    CHECK(groups.bytes() > 0);
}

TEST_CASE("sums do not overflow")
{
    Groups groups({AggregateKind::sum});
    groups.add();
    std::vector<std::uint16_t> rows(1000);
    std::vector<std::uint32_t> cells(1000), of_cells = {0};
    for (std::uint16_t row = 0; row < 1000; ++row)
        rows[row] = row;
    std::vector<std::int64_t> integers(1000, INT64_MIN);
    MeasuredColumn column;
    column.integers = integers;
    groups.add_rows({rows, cells, of_cells}, 0, column);
    CHECK(test::terms_of(groups.tally(0, 0).sum) == "-9223372036854775808000e0");
    CHECK(groups.tally(0, 0).digits == 0);
}

TEST_CASE("users are those of now")
{
    std::vector<std::uint16_t> rows = {0, 1, 2, 4};
    std::vector<std::uint32_t> cells = {0, 0, 1, 0}, of_cells = {0, 1};
    Groups groups({AggregateKind::users});
    groups.add();
    groups.add();
    groups.add_users({rows, cells, of_cells}, Block().rows.parts());
    CHECK(groups.user_count(0) == 2);
    CHECK(groups.user_count(1) == 1);
    groups.add_user(0, 9);
    groups.add_user(0, 100000);
    CHECK(groups.user_count(0) == 3);

    Groups merged({AggregateKind::users});
    merged.add();
    merged.add();
    Block block({{9, 3}});
    merged.add_users({rows, cells, of_cells}, block.rows.parts());
    CHECK(merged.user_count(0) == 1);
    of_cells[0] = kNoGroup;
    Groups part({AggregateKind::users});
    part.add();
    part.add();
    part.add_users({rows, cells, of_cells}, block.rows.parts());
    CHECK(part.user_count(0) == 0);
    CHECK(part.user_count(1) == 1);
}
