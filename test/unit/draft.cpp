#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "../../src/core/error.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/draft.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/profile/json_writer.h"

using namespace profiles;

namespace {

std::pmr::monotonic_buffer_resource &memory()
{
    static std::pmr::monotonic_buffer_resource arena;
    return arena;
}

Node sealed(std::string_view json)
{
    Node node = read_json(json, &memory(), "test");
    seal(node);
    return node;
}

Item object_of(std::string_view json) { return {Type::object, pack(sealed(json), &memory())}; }

Item packed(const Draft &draft)
{
    Node root = draft.finish(&memory());
    seal(root);
    return {Type::object, pack(root, &memory())};
}

std::string text_of(const Item &item)
{
    TextBuffer out(&memory());
    write_json(item, out);
    return std::string(out.view());
}

using Path = std::vector<std::string_view>;

}  // namespace

TEST_CASE("draft: sets and removes by path")
{
    Draft draft(object_of(R"({"a":1,"o":{"x":null,"y":{"z":2}}})"), &memory());
    CHECK_FALSE(draft.changed());
    draft.set(Path{"b", "c"}, Node());
    draft.set(Path{"o", "w"}, Node());
    CHECK_FALSE(draft.changed());
    CHECK_THROWS_AS(draft.set(Path{"a", "b"}, sealed("1")), Error);
    CHECK_THROWS_AS(draft.set(Path{"o", "x", "b"}, sealed("1")), Error);
    draft.set(Path{"o", "x", "b"}, Node());
    CHECK_FALSE(draft.changed());
    CHECK(text_of(packed(draft)) == R"({"a": 1, "o": {"x": null, "y": {"z": 2}}})");

    draft.set(Path{"o", "y", "w"}, sealed("[true]"));
    draft.set(Path{"o", "y", "z"}, Node());
    draft.set(Path{"n", "m"}, sealed(R"({"k":1})"));
    draft.set(Path{"n", "m", "l"}, sealed("2"));
    CHECK(draft.changed());
    CHECK(text_of(packed(draft)) ==
          R"({"a": 1, "n": {"m": {"k": 1, "l": 2}}, "o": {"x": null, "y": {"w": [true]}}})");

    draft.set(Path{"a"}, Node());
    draft.set(Path{"n"}, Node());
    draft.set(Path{"a", "b"}, sealed("3"));
    CHECK(text_of(packed(draft)) == R"({"a": {"b": 3}, "o": {"x": null, "y": {"w": [true]}}})");
}

TEST_CASE("draft: many changes at once are the same changes one by one")
{
    std::mt19937_64 random(20240601);
    const char *values[] = {"1", "\"x\"", "null", "[]", "{}", R"({"a":{"b":1}})", R"({"c":null})"};
    for (int round = 0; round < 300; ++round) {
        std::size_t names = round % 3 == 0 ? 60 : 4;
        std::vector<std::string> keys;
        for (std::size_t name = 0; name < names; ++name)
            keys.push_back("k" + std::to_string(name));
        Draft together(&memory());
        Item before = object_of("{}");
        for (int step = 0; step < 120; ++step) {
            Path path;
            for (std::size_t length = 1 + random() % 3; path.size() < length;)
                path.push_back(keys[random() % names]);
            Node value = sealed(values[random() % std::size(values)]);
            Draft alone(before, &memory());
            bool fails = false;
            try {
                alone.set(path, value);
            } catch (const Error &) {
                fails = true;
            }
            if (fails) {
                CHECK_THROWS_AS(together.set(path, value), Error);
                continue;
            }
            together.set(path, value);
            before = packed(alone);
        }
        REQUIRE(packed(together).bytes == before.bytes);
    }
}
