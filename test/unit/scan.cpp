#include "../../src/core/scan/block_rows.h"

#include <string>

#include <doctest/doctest.h>

#include "../../src/core/error.h"
#include "block_of.h"

using namespace profiles;
using block::ColumnKind;

namespace {

// Two users: 3 has rows 0 and 1, 5 has rows 2 to 4.
struct Block : test::BlockOf {
    explicit Block(std::vector<MovedUser> merged = {})
        : BlockOf(
              {{3, "a", R"({"country":"DE"})",
                R"([{"key":"buy","ts":10,"sum":2.5},{"key":"view","ts":20}])"},
               {5, "b", R"({"country":"FR","custom":{"plan":"pro"}})",
                R"([{"key":"buy","ts":15,"segmentation":{"item":"pen"}},{"key":"buy","ts":30}])"},
               {5, "b", R"({"country":"DE","custom":{"plan":"pro"}})",
                R"([{"key":"tap","ts":40}])"}},
              std::move(merged))
    {
    }

    const BlockColumnInfo &column(ColumnKind kind, std::string_view name = {}) const
    {
        return *rows.directory().find(kind, name);
    }

    // 1 for the code of this text.
    std::vector<std::uint8_t> match(const BlockColumnInfo &info, std::string_view text) const
    {
        const BlockColumn &values = rows.coded(info).values;
        std::vector<std::uint8_t> answer(values.code_count());
        for (std::uint32_t code = 0; code < answer.size(); ++code)
            answer[code] = values.value(code) == Item{Type::text, text};
        return answer;
    }

    void keep(ColumnKind kind, std::string_view name, std::string_view text)
    {
        rows.keep_codes(column(kind, name), match(column(kind, name), text));
    }

    std::string chosen()
    {
        std::string text;
        for (std::uint16_t row : rows.numbers())
            text += std::to_string(row);
        return text;
    }
};

}  // namespace

TEST_CASE("rows of a block are narrowed by codes, users, numbers and ranges")
{
    Block block;
    CHECK(block.chosen() == "01234");
    block.keep(ColumnKind::key, {}, "buy");
    CHECK(block.chosen() == "023");
    block.rows.keep_times(12, 40);
    CHECK(block.chosen() == "23");
    block.rows.keep_numbered(std::vector<std::uint8_t>{0, 1});
    CHECK(block.chosen() == "3");
    block.rows.keep_users(std::vector<std::uint8_t>{1, 0});
    CHECK(block.chosen().empty());

    Block moved({{3, 70000}});
    CHECK(moved.rows.uids()[0] == 70000);
    moved.rows.keep_uids(70000, 70000);
    CHECK(moved.chosen() == "01");
    moved.rows.keep_none();
    CHECK(moved.rows.chosen().empty());
}

TEST_CASE("only codes and users of rows that are left are present")
{
    Block block;
    block.rows.keep_times(0, 20);
    const BlockColumnInfo &keys = block.column(ColumnKind::key);
    std::span<const std::uint8_t> present = block.rows.present_codes(keys);
    std::size_t count = 0;
    for (std::uint8_t code : present)
        count += code;
    CHECK(present.size() == 3);
    CHECK(count == 2);
    block.rows.keep_uids(5, 5);
    std::span<const std::uint8_t> users = block.rows.present_users();
    CHECK(users[0] == 0);
    CHECK(users[1] == 1);
}

TEST_CASE("each alternative starts with the rows that none before it has kept")
{
    Block block;
    block.rows.keep_times(10, 30);  // 0123
    block.rows.begin_alternatives();
    block.keep(ColumnKind::property, "country", "DE");
    CHECK(block.chosen() == "01");
    block.rows.next_alternative();
    CHECK(block.chosen() == "23");
    block.keep(ColumnKind::segmentation, "item", "pen");
    block.rows.next_alternative();
    block.rows.end_alternatives();
    CHECK(block.chosen() == "012");
}

TEST_CASE("profile and segmentation of a row are put together")
{
    Block block;
    std::pmr::monotonic_buffer_resource memory;
    auto text = [&](Node node) {
        seal(node);
        return test::text_of({Type::object, pack(node, &memory)});
    };
    CHECK(text(profile_of_row(block.rows.profile_columns(), 2, &memory)) ==
          R"({"custom": {"plan": "pro"}, "country": "FR"})");
    CHECK(text(segmentation_of_row(block.rows.segmentation_columns(), 2, &memory)) ==
          R"({"item": "pen"})");
    CHECK(text(segmentation_of_row(block.rows.segmentation_columns(), 3, &memory)) == "{}");
    CHECK(have_same_values(block.rows.profile_columns(), 2, 3));
    CHECK_FALSE(have_same_values(block.rows.profile_columns(), 3, 4));
}

TEST_CASE("a column that was not read is refused")
{
    Block block;
    BlockRows rows(block.bytes, {});
    CHECK_FALSE(rows.has(*rows.directory().find(ColumnKind::key)));
    CHECK_THROWS_AS(rows.coded(*rows.directory().find(ColumnKind::key)), const Error &);
    CHECK_THROWS_AS(rows.integers(*rows.directory().find(ColumnKind::time)), const Error &);
}
