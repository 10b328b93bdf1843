// A reader that knows events by the names of their members reads what read_event() reads, whatever the bytes are.
#include "../../src/core/events/event_reader.h"

#include <algorithm>
#include <memory>

#include <doctest/doctest.h>

#include "../../src/core/error.h"
#include "random_tree.h"

using namespace profiles;

namespace {

std::string text_of(const Event &event)
{
    auto shown = [](const Item &item) {
        return std::string(type_name(item.type)) + ' ' + std::string(item.bytes) + ' ';
    };
    return std::string(event.key) + ' ' + std::to_string(event.ts) + ' ' +
           std::to_string(event.count) + ' ' + std::string(to_text(event.sum).view()) + ' ' +
           std::string(to_text(event.duration).view()) + ' ' + shown(event.hour) +
           shown(event.weekday) + (event.segmentation ? shown(*event.segmentation) : "none");
}

// What a reading ends with: the event, nothing for one with another key, or an error. Of two kinds of damage each may
// find another one first.
template <typename Read>
std::string outcome(Read &&read)
{
    Event event;
    event.sum = Number(99);  // of an event before
    event.segmentation = Item();
    try {
        return read(event) ? text_of(event) : "another key";
    } catch (const Error &) {
        return "damaged";
    }
}

std::string random_event(test::RandomTree &random)
{
    static const char *const keys[] = {"buy", "view", "a key that is longer"};
    static const char *const members[] = {
        R"(, "count": 300)", R"(, "sum": -0.25)",   R"(, "dur": 7)",
        R"(, "hour": 23)",   R"(, "dow": 1)",       R"(, "segmentation": {"item": "pen", "n": 2})",
        R"(, "sum": 1e30)",  R"(, "other": "one")", R"(, "xyz": 5)"};
    std::string text = R"({"key": ")" + std::string(random.pick(keys)) + R"(", "ts": )" +
                       std::to_string(random.below(2'000'000'000'000));
    std::string used;
    for (const char *member : members)
        if (random.chance(25) && used.find(std::string(member).substr(2, 5)) == std::string::npos) {
            text += member;
            used += member;
        }
    return test::build(text + "}");
}

void compare(EventReader &reader, const Item &element, const std::optional<std::string> &key)
{
    std::string expected = outcome([&](Event &event) { return read_event(element, key, event); });
    std::string found = outcome([&](Event &event) { return reader.read(element, key, event); });
    // Of an event with another key, what comes behind the key is not looked at.
    REQUIRE(found == expected);
}

}  // namespace

TEST_CASE("events of many kinds, one after the other")
{
    test::RandomTree random(11);
    EventReader reader;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = random_event(random);
        std::optional<std::string> key;
        if (random.chance(50))
            key = random.chance(50) ? "buy" : "nothing";
        compare(reader, {Type::object, bytes}, key);
    }
}

TEST_CASE("damaged events are the same error")
{
    test::RandomTree random(12);
    EventReader reader;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = random_event(random);
        for (std::uint64_t change = random.below(3); change > 0; --change)
            bytes[random.below(bytes.size())] ^= static_cast<char>(1 << random.below(8));
        if (random.chance(20))
            bytes.resize(random.below(bytes.size() + 1));
        auto kept = std::make_unique<char[]>(bytes.size());  // its end is watched
        std::copy(bytes.begin(), bytes.end(), kept.get());
        Item element{random.chance(95) ? Type::object : Type::text, {kept.get(), bytes.size()}};
        std::string found =
            outcome([&](Event &event) { return reader.read(element, std::nullopt, event); });
        std::string expected =
            outcome([&](Event &event) { return read_event(element, std::nullopt, event); });
        REQUIRE(found == expected);
    }
}

TEST_CASE("integers of every length")
{
    for (int bits = 0; bits < 64; ++bits)
        for (std::int64_t near : {-2, -1, 0, 1}) {
            auto value = static_cast<std::int64_t>((std::uint64_t{1} << bits) + near);
            for (std::int64_t each :
                 {value, static_cast<std::int64_t>(-static_cast<std::uint64_t>(value))}) {
                NumberItem packed = pack_number(Number(each));
                auto kept = std::make_unique<char[]>(packed.length);
                std::copy_n(packed.bytes, packed.length, kept.get());
                CHECK(number_of({packed.type, {kept.get(), packed.length}}) == Number(each));
                std::int64_t top = packed.length < 8 ? each >> (8 * packed.length - 1) : 0;
                CHECK((top == 0 || top == -1));
                bool is_shortest = packed.length == 1 ||
                                   (each >> (8 * (packed.length - 1) - 1)) != (each < 0 ? -1 : 0);
                CHECK(is_shortest);
            }
        }
}
