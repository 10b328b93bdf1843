#include "../../src/core/events/block_builder.h"

#include <algorithm>
#include <deque>

#include <doctest/doctest.h>

#include "../../src/core/error.h"
#include "../../src/core/events/block_check.h"
#include "../../src/core/events/block_merge.h"
#include "../../src/core/events/block_quarters.h"
#include "../../src/core/events/block_reader.h"
#include "random_tree.h"

using namespace profiles;
using block::ColumnKind;
using block::Form;

namespace {

std::deque<std::string> &kept()
{
    static std::deque<std::string> texts;
    return texts;
}

std::string_view packed(std::string_view json) { return kept().emplace_back(test::build(json)); }

EventBatch batch(std::int64_t uid, std::string_view device, std::string_view profile,
                 std::string_view events)
{
    return {uid, kept().emplace_back(device), packed(profile), packed(events)};
}

// What an event says, with what it leaves out.
std::string event_text(const Item &item)
{
    Event event = read_event(item);
    std::string text = test::text_of({Type::text, event.key}) + " " + std::to_string(event.ts) +
                       " x" + std::to_string(event.count) + " ";
    text.append(to_text(event.sum).view()).append(" ");
    text.append(to_text(event.duration).view()).append(" ");
    text += test::text_of(event.hour) + " " + test::text_of(event.weekday);
    return text + " " + (event.segmentation ? test::text_of(*event.segmentation) : "{}");
}

struct Line {
    std::int64_t uid, ts;
    std::string text;
};

void add_lines(const EventBatch &batch, std::vector<Line> &lines)
{
    View events(batch.events);
    for (Cursor cursor(events); cursor.next();)
        lines.push_back({batch.uid, read_event(cursor.item()).ts,
                         std::to_string(batch.uid) + " " + std::string(batch.device_id) + " " +
                             test::text_of({Type::object, batch.profile}) + " " +
                             event_text(cursor.item())});
}

// In the order of a block, as text.
std::string joined(std::vector<Line> lines)
{
    std::stable_sort(lines.begin(), lines.end(), [](const Line &left, const Line &right) {
        return left.uid != right.uid ? left.uid < right.uid : left.ts < right.ts;
    });
    std::string all;
    for (const Line &line : lines)
        all += line.text + "\n";
    return all;
}

std::string text_of(const std::vector<EventBatch> &batches)
{
    std::vector<Line> lines;
    for (const EventBatch &batch : batches)
        add_lines(batch, lines);
    return joined(lines);
}

std::string text_of_block(std::string_view bytes)
{
    std::vector<Line> lines;
    BlockReader reader(bytes);
    std::pmr::monotonic_buffer_resource memory;
    for (EventBatch batch; reader.next(batch, &memory);)
        add_lines(batch, lines);
    return joined(lines);
}

std::string build_one(const std::vector<EventBatch> &batches)
{
    std::vector<std::string> blocks = build_blocks(batches);
    REQUIRE(blocks.size() == 1);
    check_block(blocks.front());
    return blocks.front();
}

const BlockColumnInfo &column(const BlockDirectory &directory, ColumnKind kind,
                              std::string_view name = {})
{
    const BlockColumnInfo *found = directory.find(kind, name);
    REQUIRE(found != nullptr);
    return *found;
}

// Batches of a few users with random properties. Times collide often, or are any of three months.
class RandomEvents {
public:
    explicit RandomEvents(std::uint64_t seed) : random_(seed), of_months_(random_.chance(50)) {}

    std::vector<EventBatch> batches(std::size_t count)
    {
        std::vector<EventBatch> batches;
        std::string profile = "{}";
        for (std::size_t index = 0; index < count; ++index) {
            if (random_.chance(50))
                profile = this->profile();
            batches.push_back(batch(static_cast<std::int64_t>(random_.below(9)) + 65536,
                                    "d" + std::to_string(random_.below(4)), profile, events()));
        }
        return batches;
    }

    test::RandomTree &random() { return random_; }

private:
    std::string value()
    {
        std::string text = random_.value(2);
        return text == "null" ? "0" : text;
    }

    std::string members(bool nulls)
    {
        std::string text = "{";
        for (std::uint64_t left = random_.below(5); left > 0; --left)
            text += std::string(text.size() > 1 ? ", " : "") + "\"p" +
                    std::to_string(random_.below(12)) +
                    "\": " + (nulls && random_.chance(10) ? "null" : value());
        return text + "}";
    }

    std::string profile()
    {
        std::string text = members(false);
        for (const char *group : {"custom", "campaign"})
            if (std::string inside = members(false); inside != "{}" && random_.chance(70)) {
                text.pop_back();
                text +=
                    std::string(text.size() > 1 ? ", " : "") + "\"" + group + "\": " + inside + "}";
            }
        return text;
    }

    std::string amount()
    {
        static const char *const amounts[] = {"1", "0", "9.99", "-0.5", "1e30", "0.000001", "7e3"};
        return random_.chance(98) ? std::to_string(random_.below(100)) + ".5"
                                  : random_.pick(amounts);
    }

    std::int64_t time()
    {
        constexpr std::uint64_t kMonths = std::uint64_t{90} * 24 * 60 * 60 * 1000;
        std::uint64_t after = of_months_ ? random_.below(kMonths) : random_.below(9) * 500;
        return 1714557600000 + static_cast<std::int64_t>(after);
    }

    std::string events()
    {
        std::string text = "[";
        for (std::uint64_t left = random_.below(4) + 1; left > 0; --left) {
            text += std::string(text.size() > 1 ? ", " : "") + "{\"key\": \"k" +
                    std::to_string(random_.below(5)) + "\", \"ts\": " + std::to_string(time());
            if (random_.chance(20))
                text += ", \"count\": " + std::to_string(random_.below(1000) + 1);
            if (random_.chance(40))
                text += ", \"sum\": " + amount();
            if (random_.chance(40))
                text += ", \"dur\": " + std::to_string(random_.below(100)) + ".25";
            if (random_.chance(20))
                text += ", \"hour\": 23, \"dow\": " + std::to_string(random_.below(7) + 1);
            if (random_.chance(70))
                text += ", \"segmentation\": " + members(true);
            text += "}";
        }
        return text + "]";
    }

    test::RandomTree random_;
    bool of_months_;
};

// Times and sums of one user's events.
std::string block_of(std::span<const std::int64_t> times, std::span<const std::int64_t> sums)
{
    std::string events = "[";
    for (std::size_t row = 0; row < times.size(); ++row)
        events += std::string(row ? "," : "") + R"({"key":"a","ts":)" + std::to_string(times[row]) +
                  R"(,"sum":)" + std::to_string(sums[row]) + "}";
    return build_one({batch(1, "d", "{}", events + "]")});
}

// By both ways of reading them.
std::vector<std::int64_t> integers(std::string_view bytes, ColumnKind kind)
{
    BlockDirectory directory(bytes);
    std::vector<std::int64_t> read(directory.rows());
    read_integers(directory, column(directory, kind), BlockBytes(bytes), read);
    IntegerColumn one_by_one(directory, column(directory, kind), BlockBytes(bytes));
    for (std::uint32_t row = 0; row < read.size(); ++row)
        CHECK(one_by_one[row] == read[row]);
    return read;
}

void check_quarters(std::string_view bytes, std::span<const std::int64_t> times)
{
    BlockDirectory directory(bytes);
    const BlockColumnInfo &info = column(directory, ColumnKind::time);
    REQUIRE(BlockQuarters::are_in(info));
    ByteRange range = BlockQuarters::bytes(directory, info);
    CHECK(range.size ==
          block::size_of_first_parts(info.entry.runs, static_cast<std::uint32_t>(times.size())));
    BlockBytes only;
    only.add(range.offset, bytes.substr(range.offset, range.size));
    BlockQuarters quarters(directory, info, only);
    std::vector<std::uint16_t> memory, every_other, parts;
    const char *all = quarters.offsets().all(memory);
    for (std::uint32_t row = 0; row < times.size(); ++row) {
        auto offset = layout::load<std::uint16_t>(all + row * sizeof(std::uint16_t));
        std::int64_t start = (quarters.first() + offset) * block::kQuarter;
        bool is_inside = start <= times[row] && times[row] < start + block::kQuarter;
        CHECK(is_inside);
        if (row % 2) {
            every_other.push_back(static_cast<std::uint16_t>(row));
            parts.push_back(offset);
        }
    }
    std::vector<std::uint16_t> read(parts.size());
    quarters.offsets().read(every_other, read);
    CHECK(read == parts);
}

}  // namespace

TEST_CASE("event_block: what it holds comes back, in order")
{
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        RandomEvents random(seed);
        std::vector<EventBatch> batches = random.batches(seed % 60 + 1);
        std::string bytes = build_one(batches);
        CHECK(text_of_block(bytes) == text_of(batches));
        kept().clear();
    }
}

TEST_CASE("event_block: blocks merged are as if built at once")
{
    RandomEvents random(7);
    std::vector<EventBatch> first = random.batches(40), second = random.batches(40), all = first;
    all.insert(all.end(), second.begin(), second.end());
    std::string one = build_one(first), other = build_one(second);
    std::vector<std::string_view> both{one, other};
    std::vector<std::string> merged = merge_blocks(both);
    REQUIRE(merged.size() == 1);
    CHECK(merged.front() == build_one(all));
    CHECK(merge_blocks({}).empty());
}

TEST_CASE("event_block: each column has the form that takes the least")
{
    std::vector<EventBatch> batches;
    for (int user = 1; user <= 100; ++user) {
        std::string country = user <= 50 ? "DE" : "FR", events = "[";
        for (int event = 0; event < 10; ++event)
            events += std::string(event ? "," : "") + R"({"key": "buy", "ts": )" +
                      std::to_string(1714557600000 + 60000 * event) + R"(, "sum": )" +
                      std::to_string(event) + R"(.25, "segmentation": {"n": )" +
                      std::to_string(event) + R"(, "all": )" + std::to_string(user * 10 + event) +
                      "}}";
        batches.push_back(batch(user, "d", R"({"platform": "iOS", "country": ")" + country + "\"}",
                                events + "]"));
    }
    std::string bytes = build_one(batches);
    BlockDirectory directory(bytes);
    CHECK(directory.rows() == 1000);
    CHECK(directory.users() == 100);
    CHECK(column(directory, ColumnKind::property, "platform").entry.form == Form::constant);
    CHECK(column(directory, ColumnKind::property, "country").entry.form == Form::runs);
    CHECK(column(directory, ColumnKind::property, "country").codes.size == 2 * 3);
    CHECK(column(directory, ColumnKind::segmentation, "n").entry.form == Form::planes);
    CHECK(column(directory, ColumnKind::segmentation, "n").codes.size == 4 * 16 * 8);  // four bits
    CHECK(column(directory, ColumnKind::segmentation, "all").codes.size == 2000);
    CHECK(column(directory, ColumnKind::time).codes.size == 1000);  // minutes in one byte
    CHECK(column(directory, ColumnKind::sum).codes.size == 1000);   // whole steps of 1
    CHECK(column(directory, ColumnKind::sum).entry.exponent == 2);
    CHECK(column(directory, ColumnKind::count).codes.size == 0);
    CHECK(directory.find(ColumnKind::property, "city") == nullptr);
}

TEST_CASE("event_block: the quarters of times of months can be read alone")
{
    for (std::int64_t first : {std::int64_t{1714557600123}, std::int64_t{-3 * 86400000 + 1}}) {
        std::vector<std::int64_t> times, sums(1000);
        for (std::int64_t row = 0; row < 1000; ++row)
            times.push_back(first + row * 7654321 + row % 7);
        std::string bytes = block_of(times, sums);
        BlockDirectory directory(bytes);
        CHECK(column(directory, ColumnKind::time).entry.form == Form::split);
        CHECK(column(directory, ColumnKind::time).codes.size == 5000);  // as without a split
        CHECK(integers(bytes, ColumnKind::time) == times);
        check_quarters(bytes, times);
    }
    // Visits of four events: a bit a row, and two bytes for each quarter that rows come together in.
    for (std::size_t rows : {std::size_t{64}, std::size_t{1001}}) {
        std::vector<std::int64_t> times;
        for (std::size_t row = 0; row < rows; ++row)
            times.push_back(static_cast<std::int64_t>(row / 4 * 86'400'123 + row % 4 * 60'000));
        std::string bytes = block_of(times, std::vector<std::int64_t>(rows));
        BlockDirectory directory(bytes);
        const BlockColumnInfo &info = column(directory, ColumnKind::time);
        CHECK(info.entry.form == Form::split);
        CHECK(info.entry.runs == (rows + 3) / 4);
        CHECK(info.codes.size == (rows + 63) / 64 * 8 + (rows + 3) / 4 * 2 + rows * 3);
        CHECK(integers(bytes, ColumnKind::time) == times);
        check_quarters(bytes, times);
        // A run that is not there, or one more.
        for (unsigned bit : {0, 1, 8}) {
            std::string damaged = bytes;
            damaged[info.codes.offset + bit / 8] ^= static_cast<char>(1 << bit % 8);
            CHECK_THROWS_AS(check_block(damaged), Error);
        }
    }
    // In whole seconds they take three bytes, in hours two, and so they stay; two years are too long.
    for (std::int64_t step :
         {std::int64_t{7654000}, std::int64_t{3600000}, std::int64_t{63072000123}}) {
        std::vector<std::int64_t> times{0, step, 2 * step}, sums(3);
        std::string bytes = block_of(times, sums);
        CHECK(column(BlockDirectory(bytes), ColumnKind::time).entry.form == Form::integers);
        CHECK(integers(bytes, ColumnKind::time) == times);
    }
}

TEST_CASE("event_block: amounts that are mostly nothing take the bytes of the others")
{
    for (std::size_t rows : {std::size_t{63}, std::size_t{64}, std::size_t{1001}}) {
        std::vector<std::int64_t> times(rows), sums(rows);
        for (std::size_t row = 0; row < rows; row += 10)
            sums[row] = static_cast<std::int64_t>(row) + 300;
        sums.back() = 70000;
        std::string bytes = block_of(times, sums);
        BlockDirectory directory(bytes);
        const BlockColumnInfo &sum = column(directory, ColumnKind::sum);
        std::size_t others =
            rows - static_cast<std::size_t>(std::count(sums.begin(), sums.end(), 0));
        CHECK(sum.entry.form == Form::sparse);
        CHECK(sum.entry.runs == others);
        CHECK(sum.codes.size == (rows + 63) / 64 * 8 + others * sum.entry.width);
        CHECK(integers(bytes, ColumnKind::sum) == sums);
    }
    std::vector<std::int64_t> times(3), sums{5, 0, 5};
    CHECK(column(BlockDirectory(block_of(times, sums)), ColumnKind::sum).entry.form ==
          Form::integers);
}

TEST_CASE("event_block: what the bits of a sparse column say must be there")
{
    std::vector<std::int64_t> times(70), sums(70);
    sums[3] = 1;
    std::string bytes = block_of(times, sums);
    std::uint32_t bits = column(BlockDirectory(bytes), ColumnKind::sum).codes.offset;
    for (auto [word, flipped] :
         {std::pair{0, 1 << 5}, std::pair{0, 1 << 3}, std::pair{8, 1 << 6}}) {
        std::string damaged = bytes;  // one more, one less, one of no row
        damaged[bits + word] ^= static_cast<char>(flipped);
        CHECK_THROWS_AS(check_block(damaged), Error);
    }
}

TEST_CASE("event_block: a missing value is not a null")
{
    std::string bytes = build_one({batch(1, "d", "{}", R"([{"key": "a", "ts": 1},
        {"key": "a", "ts": 2, "segmentation": {"x": null}},
        {"key": "a", "ts": 3, "segmentation": {"x": 5}}])")});
    BlockDirectory directory(bytes);
    BlockColumn x(directory, column(directory, ColumnKind::segmentation, "x"), BlockBytes(bytes));
    REQUIRE(x.code_count() == 3);
    CHECK(!x.value(0));
    CHECK(x.value(1)->type == Type::null);
    CHECK(x.value(2)->type == Type::integer);
}

TEST_CASE("event_block: sums without a common form in 64 bits are values")
{
    std::vector<EventBatch> batches{batch(1, "d", "{}",
                                          R"([{"key": "a", "ts": 1, "sum": 1e33},
                                         {"key": "a", "ts": 2, "sum": 0.1},
                                         {"key": "a", "ts": 3, "sum": -7}])")};
    std::string bytes = build_one(batches);
    CHECK(column(BlockDirectory(bytes), ColumnKind::sum).entry.form == Form::plain);
    CHECK(text_of_block(bytes) == text_of(batches));
}

TEST_CASE("event_block: extreme numbers and times")
{
    std::vector<EventBatch> batches{batch(
        1, "", R"({"custom": {"a": {"b": [1, {"c": null}]}}})",
        R"([{"key": "a", "ts": -62135596800000, "sum": -9223372036854775808, "count": 9223372036854775807},
            {"key": "a", "ts": 253402300799999, "sum": 9223372036854775807}])")};
    CHECK(text_of_block(build_one(batches)) == text_of(batches));
}

TEST_CASE("event_block: a large batch is divided, events of several buckets are refused")
{
    std::string events = "[";
    for (int event = 0; event < 70000; ++event)
        events +=
            std::string(event ? "," : "") + R"({"key":"a","ts":)" + std::to_string(event) + "}";
    std::vector<EventBatch> batches{batch(65535, "d", "{}", events + "]")};
    std::vector<std::string> blocks = build_blocks(batches);
    REQUIRE(blocks.size() == 2);
    CHECK(BlockDirectory(blocks[0]).rows() == 65536);
    CHECK(BlockDirectory(blocks[1]).rows() == 4464);
    CHECK(text_of_block(blocks[0]) + text_of_block(blocks[1]) == text_of(batches));

    batches = {batch(65535, "d", "{}", R"([{"key":"a","ts":1}])"),
               batch(65536, "d", "{}", R"([{"key":"a","ts":1}])")};
    CHECK_THROWS_WITH(build_blocks(batches), "events of several buckets of users in one block");
}

TEST_CASE("event_block: many properties make shorter blocks")
{
    std::vector<EventBatch> batches;
    for (int user = 1; user <= 300; ++user) {
        std::string segmentation;
        for (int name = 0; name < 1000; ++name)
            segmentation += std::string(name ? "," : "") + "\"" + std::to_string(user) + "_" +
                            std::to_string(name) + "\":1";
        batches.push_back(batch(user, "d", "{}",
                                R"([{"key":"a","ts":1,"segmentation":{)" + segmentation + "}}]"));
    }
    std::vector<std::string> blocks = build_blocks(batches);
    CHECK(blocks.size() > 1);
    std::string all;
    for (const std::string &bytes : blocks) {
        check_block(bytes);
        all += text_of_block(bytes);
    }
    CHECK(all == text_of(batches));
}

TEST_CASE("event_block: a user's rows can be read alone")
{
    std::vector<EventBatch> batches{batch(3, "d", "{}", R"([{"key":"a","ts":1}])"),
                                    batch(5, "d", "{}", R"([{"key":"b","ts":1}])")};
    std::string bytes = build_one(batches);
    BlockReader reader(bytes);
    std::pmr::monotonic_buffer_resource memory;
    reader.go_to(1);
    EventBatch read;
    REQUIRE(reader.next(read, &memory));
    CHECK(read.uid == 5);
    CHECK(!reader.next(read, &memory));
}

TEST_CASE("event_block: damage is an error or makes no difference to the reader")
{
    RandomEvents random(11);
    std::string sound = build_one(random.batches(30));
    int found = 0, passed = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string bytes = sound;
        bool shorter = random.random().chance(10);
        for (std::uint64_t left = random.random().below(3) + 1; left > 0; --left)
            bytes[random.random().below(bytes.size())] ^=
                static_cast<char>(1u << random.random().below(8));
        if (shorter)
            bytes.resize(random.random().below(bytes.size()));
        bool valid = true;
        try {
            check_block(bytes);
        } catch (const Error &error) {
            valid = false;
            bool expected =
                error.code() == ErrorCode::corrupted || error.code() == ErrorCode::unsupported;
            CHECK(expected);
        }
        ++(valid ? passed : found);
        try {
            text_of_block(bytes);
        } catch (const Error &) {
            CHECK(!valid);
        }
    }
    CHECK(found > 2000);
    CHECK(passed > 0);
}
