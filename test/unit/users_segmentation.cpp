// A copy of users by column gives what the users one by one give, for random users and questions, and
// whatever its bytes say, nothing is read outside of them.
#include "../../src/core/people/users_segmentation.h"

#include <deque>
#include <random>

#include <doctest/doctest.h>

#include "../../src/core/error.h"
#include "../../src/core/people/user_block_builder.h"
#include "random_filter.h"
#include "random_tree.h"

using namespace profiles;

namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;

std::deque<std::string> &kept()
{
    static std::deque<std::string> texts;
    return texts;
}

std::string_view keep(std::string text) { return kept().emplace_back(std::move(text)); }

class RandomUsers {
public:
    explicit RandomUsers(std::uint64_t seed)
        : random_(seed), generator_([this](std::size_t count) { return random_() % count; })
    {
    }

    std::size_t below(std::size_t count) { return random_() % count; }

    UserRow user(std::int64_t uid)
    {
        UserRow row;
        row.uid = uid;
        row.device_id = keep("device " + std::to_string(below(5)));
        row.profile = keep(test::build(generator_.profile()));
        if (below(4) == 0)
            row.expiry = keep(test::build(expiry()));
        for (std::size_t index = 0; index < kUserFields; ++index)
            row.values[index] = value(static_cast<UserField>(index));
        return row;
    }

    // Gone, just gone, to go, of a session that goes on, and of one that has ended.
    std::string expiry()
    {
        const std::int64_t hour = 3'600'000;
        std::string moments[] = {std::to_string(kNow - hour), std::to_string(kNow),
                                 std::to_string(kNow + 1), "\"SESSION\"",
                                 std::to_string(-(kNow + hour))};
        return "{\"custom\":{\"a\":" + moments[below(5)] + ",\"b\":" + moments[below(5)] + "}}";
    }

    // The generator's property c has the name of an event's count, so it needs its prefix.
    static std::string with_prefix(std::string filter)
    {
        constexpr std::string_view kName = "\"c\":";
        for (std::size_t at = 0; (at = filter.find(kName, at)) != std::string::npos; at += 8)
            filter.replace(at, kName.size(), "\"up.c\":");
        return filter;
    }

    std::string filter()
    {
        static const char *const conditions[] = {"3",
                                                 "{\"$gte\":2}",
                                                 "{\"$lt\":2.5}",
                                                 "{\"$in\":[1,3,null]}",
                                                 "null",
                                                 "{\"$ne\":2}",
                                                 "{\"$not\":{\"$gt\":1}}",
                                                 "{\"$within\":\"3days\"}",
                                                 "{\"$not\":{\"$within\":\"1hours\"}}",
                                                 "true",
                                                 "\"home\"",
                                                 "{\"rgxcn\":\"o\"}",
                                                 "{\"$exists\":true}",
                                                 "{\"$lte\":\"x\"}",
                                                 "{\"$gt\":9223372036854775807}",
                                                 "{\"$lte\":-9223372036854775808}"};
        std::string field(column_name(static_cast<UserField>(below(kUserFields))));
        std::string own =
            "{\"user." + field + "\":" + conditions[below(std::size(conditions))] + "}";
        std::string more = "{\"uid\":{\"$gt\":" + std::to_string(below(80)) + "}}";
        static const char *const joins[] = {"$and", "$or", "$nor"};
        return "{\"" + std::string(joins[below(3)]) + "\":[" + with_prefix(generator_.filter(1)) +
               "," + own + "," + (below(3) == 0 ? more : own) + "]}";
    }

    std::string breakdown()
    {
        switch (below(4)) {
        case 0:
            return "user." + std::string(column_name(static_cast<UserField>(below(kUserFields))));
        case 1: return below(2) == 0 ? "uid" : "did";
        default:
            std::string property = generator_.reference();
            return property == "c" ? "up.c" : property;
        }
    }

private:
    UserValue value(UserField field)
    {
        static const char *const texts[] = {"home", "cart", ""}, *const numbers[] = {"2", "0.5",
                                                                                     "1e3"};
        UserValue made;
        made.missing = below(4) == 0;
        switch (type_of(field)) {
        case UserFieldType::boolean: made.integer = static_cast<std::int64_t>(below(2)); break;
        case UserFieldType::integer:
            made.integer = static_cast<std::int64_t>(below(4));
            if (field == UserField::time_spent && below(20) == 0)
                made.integer = below(2) == 0 ? INT64_MIN : INT64_MAX;
            break;
        case UserFieldType::time:
            made.integer = kNow - 86'400'000 * static_cast<std::int64_t>(below(6));
            break;
        case UserFieldType::number: made.text = numbers[below(3)]; break;
        case UserFieldType::text: made.text = texts[below(3)]; break;
        }
        return made;
    }

    std::mt19937_64 random_;
    test::Generator generator_;
};

struct Question {
    std::string_view filter;
    std::vector<std::string_view> breakdown;

    UsersSegmentation segmentation() const
    {
        UsersSegmentationRequest request;
        request.filter = filter;
        request.breakdown = breakdown;
        request.now = kNow;
        return UsersSegmentation(request);
    }
};

std::string answer(UsersSegmentation &segmentation)
{
    segmentation.table().sort();
    std::string text;
    for (const Group &group : segmentation.table().groups()) {
        for (const std::optional<std::string> &value : group.segment)
            text += value.value_or("(missing)") + "/";
        text += " " + std::to_string(group.times) + "\n";
    }
    return text;
}

void add_copy(UsersSegmentation &segmentation, std::string_view block, std::uint32_t from)
{
    UserBlockDirectory directory(block);
    BlockBytes bytes;
    for (ByteRange range : segmentation.needed_bytes(directory, true))
        bytes.add(range.offset, block.substr(range.offset, range.size));
    RowSet rows(directory.rows());
    rows.add(std::min(from, directory.rows()), directory.rows());
    segmentation.add_block(directory, bytes, std::move(rows));
}

std::string copy_of(std::span<const UserRow> users)
{
    UserBlockBuilder builder(kNow);
    for (std::size_t index = 0; index < users.size(); ++index) {
        if (index % 7 == 0)
            builder.add_page(1000 + index);
        builder.add_user(static_cast<std::uint16_t>(1 + index % 7), users[index]);
    }
    return builder.finish({{}, 0, 5, {}});
}

}  // namespace

TEST_CASE("users: a copy by column answers as the users do")
{
    RandomUsers random(20240501);
    int asked = 0;
    for (int round = 0; round < 40; ++round) {
        std::vector<UserRow> users;
        for (std::size_t count = 1 + random.below(90); users.size() < count;)
            users.push_back(random.user(static_cast<std::int64_t>(1 + users.size() * 3)));
        std::string block = copy_of(users);
        for (int turn = 0; turn < 40; ++turn) {
            Question question{keep(test::build(random.filter())), {}};
            for (std::size_t more = random.below(4); more > 0; --more)
                question.breakdown.push_back(keep(random.breakdown()));
            UsersSegmentation by_column = question.segmentation(), by_row = question.segmentation();
            if (!by_column.reads_columns())
                continue;
            auto from = static_cast<std::uint32_t>(random.below(users.size()));
            add_copy(by_column, block, from);
            for (std::size_t index = from; index < users.size(); ++index)
                by_row.add(users[index]);
            CHECK(answer(by_column) == answer(by_row));
            ++asked;
        }
    }
    CHECK(asked > 1000);
}

TEST_CASE("users: the users of a cell")
{
    RandomUsers random(7);
    std::vector<UserRow> users;
    while (users.size() < 60)
        users.push_back(random.user(static_cast<std::int64_t>(users.size()) + 70'000'000'000));
    std::string block = copy_of(users);
    for (std::optional<std::string_view> value :
         {std::optional<std::string_view>("1"), {std::nullopt}}) {
        std::string_view breakdown[] = {"user.session_count"};
        std::optional<std::string_view> cell[] = {value};
        UsersSegmentationRequest request;
        request.filter = keep(test::build("{}"));
        request.breakdown = breakdown;
        request.cell = cell;
        UsersSegmentation by_column(request), by_row(request);
        add_copy(by_column, block, 0);
        for (const UserRow &user : users)
            by_row.add(user);
        REQUIRE(by_column.table().groups().size() == 1);
        const UserSet &one = by_column.table().groups().front().users,
                      &other = by_row.table().groups().front().users;
        REQUIRE(one.count() == other.count());
        std::vector<std::int64_t> ours(one.count()), theirs(one.count());
        one.write(ours.data());
        other.write(theirs.data());
        CHECK(ours == theirs);
    }
}

TEST_CASE("users: what a copy does not take is left to be looked at")
{
    UserRow user;
    user.uid = 1;
    user.profile = keep(test::build("{}"));
    UserRow odd = user;
    odd.uid = 2;
    odd.values[static_cast<std::size_t>(UserField::purchase_total)] = {false, 0, "1e99999"};
    UserRow large = user;
    large.uid = 3;
    large.device_id = keep(std::string((std::size_t{64} << 20) + 1, 'x'));
    UserBlockBuilder builder(kNow);
    builder.add_page(10);
    builder.add_user(1, user);
    builder.add_page(11);
    builder.add_user(1, odd);
    builder.add_page(12);
    builder.add_user(1, user);
    builder.add_user(2, large);
    builder.add_page(13);
    std::string block = builder.finish({{}, 2048, 99, {}});
    UserBlockDirectory directory(block);
    CHECK(directory.rows() == 2);
    CHECK(directory.first_page() == 2048);
    CHECK(directory.oldest_running() == 99);
    UserBlockPages pages(BlockBytes(block).at(directory.page_bytes()), directory.pages(),
                         directory.rows());
    REQUIRE(pages.count() == 4);
    std::vector<std::uint64_t> lsns;
    for (std::uint32_t page = 0; page < pages.count(); ++page)
        lsns.push_back(pages.lsn(page));
    CHECK(lsns == std::vector<std::uint64_t>{10, 0, 0, 13});
    CHECK(pages.last_row(0) == 1);
    CHECK(pages.first_row(1) == pages.last_row(1));
    CHECK(pages.line(1) == 1);
}

TEST_CASE("users: a copy says from when on the clock has made it wrong")
{
    auto user = [](const char *expiry) {
        UserRow row;
        row.uid = 1;
        row.profile = keep(test::build("{\"custom\":{\"a\":1,\"b\":2}}"));
        if (*expiry)
            row.expiry = keep(test::build(expiry));
        return row;
    };
    UserBlockBuilder builder(1000);
    const char *const expiries[][2] = {
        {"", ""},
        {"{\"custom\":{\"a\":1700,\"b\":1500}}", "{\"custom\":{\"a\":1600}}"},
        {"{\"custom\":{\"a\":1000,\"b\":-1400}}", ""},
        {"{\"custom\":{\"a\":900}}", "{\"custom\":{\"a\":\"SESSION\"}}"}};
    for (const auto &page : expiries) {
        builder.add_page(1);
        builder.add_user(1, user(page[0]));
        builder.add_user(2, user(page[1]));
    }
    std::string block = builder.finish({{}, 0, 5, {}});
    UserBlockDirectory directory(block);
    UserBlockPages pages(BlockBytes(block).at(directory.page_bytes()), directory.pages(),
                         directory.rows());
    auto holds = [&](std::uint32_t page, std::int64_t now) {
        return user_block::is_current(directory.made_at(), pages.lapses_at(page), now);
    };
    CHECK(holds(0, 0));
    CHECK(holds(0, INT64_MAX));
    CHECK(!holds(1, 999));
    CHECK(holds(1, 1000));
    CHECK(holds(1, 1499));
    CHECK(!holds(1, 1500));
    CHECK(holds(2, 1399));
    CHECK(!holds(2, 1400));
    CHECK(!holds(3, 999));  // when `a` was still there
    CHECK(holds(3, INT64_MAX - 2));
    CHECK(directory.is_current(1399));
    CHECK(!directory.is_current(1400));
    CHECK(!directory.is_current(999));
}

TEST_CASE("users: broken bytes of a copy are an error or an answer")
{
    RandomUsers random(99);
    std::vector<UserRow> users;
    while (users.size() < 40)
        users.push_back(random.user(static_cast<std::int64_t>(users.size()) + 1));
    std::string block = copy_of(users);
    for (int turn = 0; turn < 3000; ++turn) {
        std::string broken = block;
        for (std::size_t count = 1 + random.below(3); count > 0; --count)
            broken[random.below(turn % 2 == 0 ? broken.size() : 3000)] =
                static_cast<char>(random.below(256));
        if (turn % 5 == 0)
            broken.resize(random.below(broken.size()));
        Question question{keep(test::build(random.filter())), {keep(random.breakdown())}};
        try {
            UsersSegmentation segmentation = question.segmentation();
            if (segmentation.reads_columns())
                add_copy(segmentation, broken, 0);
        } catch (const std::out_of_range &) {  // of substr() above: a range that is not there
        } catch (const Error &error) {
            CHECK((error.code() == ErrorCode::corrupted || error.code() == ErrorCode::unsupported ||
                   error.code() == ErrorCode::out_of_range));  // what the digits of a number make
        }
    }
}
