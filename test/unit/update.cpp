#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "../../src/core/error.h"
#include "../../src/core/profile/check.h"
#include "../../src/core/profile/document.h"
#include "../../src/core/update/update.h"
#include "random_tree.h"

using namespace profiles;
using namespace profiles::test;

namespace {

struct Result {
    std::string bytes;
    std::vector<std::string> skipped;
    bool changed;
};

std::string profile(std::string_view json)
{
    std::pmr::monotonic_buffer_resource memory;
    Node root = read_json(json, &memory, "test profile");
    normalise_profile(root);
    std::string bytes(root.size, '\0');
    write_node(root, bytes.data());
    return bytes;
}

Result run(const std::string &bytes, std::span<Change> changes, Mode mode, const Limits &limits,
           SkipList &skips, std::pmr::memory_resource *memory)
{
    View view{std::string_view(bytes)};
    Update update(view, changes, mode, limits, skips, memory);
    Result result{bytes, {}, update.changed()};
    if (update.changed()) {
        result.bytes.assign(update.size(), '\0');
        update.write(result.bytes.data());
    }
    check_profile(result.bytes);
    for (const Skip &skip : skips)
        result.skipped.push_back(std::string(skip.key) + " " + std::string(skip.operator_name) +
                                 " " + std::string(skip.reason));
    std::sort(result.skipped.begin(), result.skipped.end());
    return result;
}

Result apply_details(const std::string &bytes, std::string_view details, Mode mode = Mode::lenient,
                     const Limits &limits = {})
{
    std::pmr::monotonic_buffer_resource memory;
    Node node = read_json(details, &memory, "test details");
    seal(node);
    std::pmr::vector<Change> changes(&memory);
    SkipList skips(&memory);
    read_details(node, mode, limits, changes, skips, &memory);
    return run(bytes, changes, mode, limits, skips, &memory);
}

// The same changes, each in an update of its own, in the order that is ruled.
Result apply_one_by_one(const std::string &bytes, std::string_view details)
{
    std::pmr::monotonic_buffer_resource memory;
    Node node = read_json(details, &memory, "test details");
    seal(node);
    Limits limits;
    std::pmr::vector<Change> changes(&memory);
    SkipList skips(&memory);
    read_details(node, Mode::lenient, limits, changes, skips, &memory);
    std::stable_sort(changes.begin(), changes.end(),
                     [](const Change &left, const Change &right) { return left.op < right.op; });
    std::string current = bytes;
    for (Change &change : changes)
        current = run(current, {&change, 1}, Mode::lenient, limits, skips, &memory).bytes;
    Result result{current, {}, current != bytes};
    for (const Skip &skip : skips)
        result.skipped.push_back(std::string(skip.key) + " " + std::string(skip.operator_name) +
                                 " " + std::string(skip.reason));
    std::sort(result.skipped.begin(), result.skipped.end());
    return result;
}

std::string random_operators(RandomTree &random)
{
    static const char *const operators[] = {"$unset", "$set", "$setOnce", "$mul",      "$inc",
                                            "$min",   "$max", "$pull",    "$addToSet", "$push"};
    std::string json = "{";
    for (std::uint64_t count = 1 + random.below(4); count > 0; --count) {
        std::string name = random.pick(operators);
        bool arithmetic = name == "$mul" || name == "$inc" || name == "$min" || name == "$max";
        std::string operand =
            arithmetic && random.chance(80) ? std::to_string(random.below(100)) : random.value(3);
        json += (json.size() > 1 ? ", \"" : "\"") + name + "\": " + operand;
    }
    return json + "}";
}

std::string random_details(RandomTree &random)
{
    std::string json =
        random.chance(30) ? "{\"name\": " + random.scalar() + ", \"custom\": {" : "{\"custom\": {";
    std::uint64_t count = random.chance(10) ? random.below(80) : random.below(6);
    for (std::uint64_t index = 0; index < count; ++index)
        json += (index ? ", \"k" : "\"k") + std::to_string(random.below(100)) +
                "\": " + (random.chance(80) ? random_operators(random) : random.value(3));
    return json + "}}";
}

std::string random_profile(RandomTree &random)
{
    std::string json = "{\"name\": \"Ada\", \"city\": \"x\", \"custom\": {";
    std::uint64_t count = random.chance(20) ? random.below(100) : random.below(10);
    for (std::uint64_t index = 0; index < count; ++index) {
        std::string value = random.chance(40) ? random.array(3, random.below(8)) : random.value(3);
        json += (index ? ", \"k" : "\"k") + std::to_string(random.below(100)) + "\": " + value;
    }
    return profile(json + "}}");
}

std::string after(std::string_view before, std::string_view details, const Limits &limits = {})
{
    Result result = apply_details(profile(before), details, Mode::lenient, limits);
    std::string all = text_of({Type::object, result.bytes});
    for (const std::string &skip : result.skipped)
        all += "\n" + skip;
    return all;
}

}  // namespace

TEST_CASE("many operators in one pass are the same operators one by one")
{
    RandomTree random(8);
    for (int round = 0; round < 1000; ++round) {
        std::string before = random_profile(random), details = random_details(random);
        CAPTURE(text_of({Type::object, before}));
        CAPTURE(details);
        Result together = apply_details(before, details), apart = apply_one_by_one(before, details);
        REQUIRE(text_of({Type::object, together.bytes}) == text_of({Type::object, apart.bytes}));
        REQUIRE(together.bytes == apart.bytes);
        REQUIRE(together.changed == apart.changed);
        REQUIRE(together.skipped == apart.skipped);
    }
}

TEST_CASE("the result is the profile that its own text makes")
{
    RandomTree random(9);
    for (int round = 0; round < 1000; ++round) {
        std::string bytes = apply_details(random_profile(random), random_details(random)).bytes;
        REQUIRE(profile(text_of({Type::object, bytes})) == bytes);
    }
}

TEST_CASE("a strict fault changes nothing and says the same as the lenient skip")
{
    std::string before = profile("{\"custom\": {\"a\": \"x\", \"b\": 1}}");
    CHECK_THROWS_WITH(apply_details(before,
                                    "{\"custom\": {\"b\": {\"$inc\": 1}, \"a\": {\"$inc\": 1}}}",
                                    Mode::strict),
                      "cannot apply $inc to \"a\" of type text");
    CHECK(after("{\"custom\": {\"a\": \"x\", \"b\": 1}}",
                "{\"custom\": {\"b\": {\"$inc\": 1}, \"a\": {\"$inc\": 1}}}") ==
          "{\"custom\": {\"a\": \"x\", \"b\": 2}}\na $inc cannot apply $inc to \"a\" of type text");
}

TEST_CASE("limits: reported, never an error")
{
    Limits limits{.custom_properties = 3, .array_elements = 3, .value_length = 4, .key_length = 5};
    CHECK(after("{\"custom\": {\"a\": 1, \"b\": 2}}", "{\"custom\": {\"c\": 3, \"d\": 4}}",
                limits) == "{\"custom\": {\"a\": 1, \"b\": 2, \"c\": 3}}\nd $set limit of 3 custom "
                           "properties reached");
    CHECK(after("{\"custom\": {\"a\": 1, \"b\": 2, \"c\": 3}}",
                "{\"custom\": {\"a\": {\"$inc\": 1}, \"d\": {\"$unset\": 1}}}",
                limits) == "{\"custom\": {\"a\": 2, \"b\": 2, \"c\": 3}}");
    CHECK(after("{\"custom\": {\"a\": [1, 2]}}", "{\"custom\": {\"a\": {\"$push\": [3, 4]}}}",
                limits) ==
          "{\"custom\": {\"a\": [2, 3, 4]}}\na $push array cut to its newest 3 elements");
    CHECK(after("{}", "{\"custom\": {\"a\": \"12345\"}, \"name\": \"abcde\"}", limits) ==
          "{\"name\": \"abcd\", \"custom\": {\"a\": \"1234\"}}\na $set value cut to 4 "
          "characters\nname $set value cut to 4 characters");
    CHECK(
        after(
            "{}",
            "{\"custom\": {\"a\": \"\u00e9\u00e9\u00e9\u00e9\u00e9\", \"b\": [\"12345\", \"1\"]}}",
            limits) ==
        "{\"custom\": {\"a\": \"\u00e9\u00e9\u00e9\u00e9\", \"b\": [\"1234\", \"1\"]}}\na $set "
        "value cut to 4 characters\nb $set elements cut to 4 characters");
    CHECK(after("{}", "{\"custom\": {\"123456\": 1, \"12345\": 2}}", limits) ==
          "{\"custom\": {\"12345\": 2}}\n123456  property name is longer than 5 characters");
    CHECK(after("{}", "{\"picture\": \"" + std::string(5000, 'x') + "\"}", limits) ==
          "{\"picture\": \"" + std::string(4096, 'x') +
              "\"}\npicture $set value cut to 4096 characters");
    // What was there before the limit stays, and no limit is none.
    CHECK(after("{\"custom\": {\"a\": 1, \"b\": 2, \"c\": 3, \"d\": \"longer\"}}",
                "{\"custom\": {\"d\": \"longer\", \"a\": 5}}",
                limits) == "{\"custom\": {\"a\": 5, \"b\": 2, \"c\": 3, \"d\": \"longer\"}}");
    CHECK(after("{}", "{\"custom\": {\"123456\": \"" + std::string(1000, 'x') + "\"}}") ==
          "{\"custom\": {\"123456\": \"" + std::string(1000, 'x') + "\"}}");
}

TEST_CASE("a property that is removed makes room for one that comes later")
{
    Limits limits{.custom_properties = 2};
    CHECK(after("{\"custom\": {\"a\": 1, \"b\": 2}}", "{\"custom\": {\"a\": null, \"c\": 3}}",
                limits) == "{\"custom\": {\"b\": 2, \"c\": 3}}");
    CHECK(after("{\"custom\": {\"a\": 1, \"z\": 2}}", "{\"custom\": {\"c\": 3, \"z\": null}}",
                limits) == "{\"custom\": {\"a\": 1, \"c\": 3}}");
}

TEST_CASE("large sets and arrays: neither quadratic nor wrong")
{
    std::string numbers = "[", evens = "[";
    for (int index = 0; index < 50000; ++index) {
        numbers += (index ? "," : "") + std::to_string(index);
        evens += (index ? "," : "") + std::to_string(2 * index);
    }
    std::string before = profile("{\"custom\": {\"a\": " + numbers + "]}}");
    Result added = apply_details(before, "{\"custom\": {\"a\": {\"$addToSet\": " + evens + "]}}}");
    Result pulled =
        apply_details(added.bytes, "{\"custom\": {\"a\": {\"$pull\": " + evens + "]}}}");
    auto count = [](const Result &result) {
        return View(*View(*View(std::string_view(result.bytes)).find("custom")).find("a")).count();
    };
    CHECK(count(added) == 75000);
    CHECK(count(pulled) == 25000);
}
