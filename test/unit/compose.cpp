// What the oracle cannot see of documents that are folded: what ingestion reads, steps under limits, memory.
// The laws themselves are tested against a model (test/oracle).
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "../../src/core/profile/check.h"
#include "../../src/core/profile/document.h"
#include "../../src/core/update/compose.h"
#include "../../src/core/update/diff.h"
#include "random_tree.h"

using namespace profiles;
using namespace profiles::test;

namespace {

using Reader = decltype(&read_document);

struct Outcome {
    std::string bytes;
    std::vector<std::string> skipped;
};

std::string profile(std::string_view json)
{
    std::pmr::monotonic_buffer_resource memory;
    Node root = read_json(json, &memory, "test profile");
    normalise_profile(root);
    return std::string(pack(root, &memory));
}

Outcome apply_document(const std::string &before, std::string_view json, const Limits &limits = {},
                       Reader reader = read_document)
{
    std::pmr::monotonic_buffer_resource memory;
    Node document = read_json(json, &memory, "test document");
    seal(document);
    std::pmr::vector<Change> changes(&memory);
    SkipList skips(&memory);
    reader(document, Mode::lenient, limits, changes, skips, &memory);
    Outcome outcome{before, {}};
    for (std::span<Change> rest = changes; !rest.empty();) {
        std::string current = outcome.bytes;
        View view{std::string_view(current)};
        Update update(view, take_pass(rest), Mode::lenient, limits, skips, &memory);
        if (!update.changed())
            continue;
        outcome.bytes.assign(update.size(), '\0');
        update.write(outcome.bytes.data());
        check_profile(outcome.bytes);
    }
    for (const Skip &skip : skips)
        outcome.skipped.push_back(std::string(skip.key) + ": " + std::string(skip.reason));
    std::sort(outcome.skipped.begin(), outcome.skipped.end());
    return outcome;
}

std::string after_sdk(std::string_view details)
{
    Outcome outcome = apply_document(profile("{\"a\": 1}"), details, {}, read_details);
    std::string all = text_of({Type::object, outcome.bytes});
    for (const std::string &skip : outcome.skipped)
        all += "\n" + skip;
    return all;
}

std::string random_step(RandomTree &random)
{
    static const char *const changes[] = {
        "{\"$inc\": 3}",
        "{\"$mul\": 2, \"$max\": 7}",
        "\"a text that is long\"",
        "null",
        "{\"$push\": [1, \"a text that is long\", 2]}",
        "{\"$addToSet\": [\"a text that is long\", 2, 3]}",
        "{\"$pull\": [1, \"a te\"]}",
        "{\"$pop\": -1}",
        "{\"$setOnce\": [1, 2, 3, 4, 5]}",
        "{\"$min\": \"a text that is longer\"}",
        "{\"$rename\": \"r\"}",
        "{\"$rename\": \"k1\"}",
    };
    std::string json = "{\"custom\": {";
    for (std::uint64_t index = 0, count = random.below(4); index < count; ++index)
        json += (index ? ", \"k" : "\"k") + std::to_string(random.below(4)) +
                "\": " + random.pick(changes);
    return json + "}}";
}

// Counts what is taken and not given back. As a memory context does, it frees everything when it goes.
class CountingMemory final : public std::pmr::memory_resource {
public:
    std::size_t held() const { return held_; }

private:
    void *do_allocate(std::size_t size, std::size_t alignment) override
    {
        held_ += size;
        return pool_.allocate(size, alignment);
    }
    void do_deallocate(void *block, std::size_t size, std::size_t alignment) override
    {
        held_ -= size;
        pool_.deallocate(block, size, alignment);
    }
    bool do_is_equal(const memory_resource &other) const noexcept override
    {
        return this == &other;
    }

    std::pmr::unsynchronized_pool_resource pool_;
    std::size_t held_ = 0;
};

void add_to(Composition &composition, std::string_view json)
{
    std::pmr::monotonic_buffer_resource memory;
    Node document = read_json(json, &memory, "test document");
    seal(document);
    std::pmr::vector<Change> changes(&memory);
    SkipList skips(&memory);
    read_document(document, Mode::strict, {}, changes, skips, &memory);
    composition.add(changes);
}

std::string written(const Composition &composition)
{
    std::pmr::monotonic_buffer_resource memory;
    TextBuffer out(&memory);
    composition.write(out, &memory);
    return std::string(out.view());
}

}  // namespace

TEST_CASE("an SDK may change what it could before, and no more")
{
    CHECK(after_sdk("{\"country\": \"DE\", \"name\": \"Ada\"}") ==
          "{\"a\": 1, \"name\": \"Ada\"}\ncountry: unknown standard property \"country\"");
    CHECK(after_sdk("{\"campaign\": {\"x\": 1}}") ==
          "{\"a\": 1}\ncampaign: unknown standard property \"campaign\"");
    CHECK(after_sdk("{\"name\": {\"$set\": \"Ada\"}}") ==
          "{\"a\": 1}\nname: standard property \"name\" must be a single value, got object");
    CHECK(after_sdk("{\"$seq\": [{\"name\": \"Ada\"}]}") ==
          "{\"a\": 1}\n$seq: unknown standard property \"$seq\"");
    CHECK(after_sdk("{\"custom\": {\"x\": {\"$inc\": 1, \"$pop\": 1, \"$literal\": \"\"}, \"y\": "
                    "{\"$rename\": \"z\"}}}") ==
          "{\"a\": 1, \"custom\": {\"x\": 1}}\nx: unknown operator \"$literal\" for \"x\"\n"
          "x: unknown operator \"$pop\" for \"x\"\ny: unknown operator \"$rename\" for \"y\"");
}

TEST_CASE(
    "the steps of a sequence do what documents do one after the other, also with limits on values")
{
    RandomTree random(11);
    Limits limits{.array_elements = 4, .value_length = 6};
    for (int round = 0; round < 3000; ++round) {
        std::string before =
            profile("{\"custom\": {\"k0\": 1, \"k1\": [1, 2, \"a text\"], \"k2\": \"a\"}}");
        std::string sequence;
        Outcome apart{before, {}};
        for (std::uint64_t count = random.below(6); count > 0; --count) {
            std::string step = random_step(random);
            sequence += (sequence.empty() ? "" : ", ") + step;
            Outcome next = apply_document(apart.bytes, step, limits);
            apart.bytes = next.bytes;
            apart.skipped.insert(apart.skipped.end(), next.skipped.begin(), next.skipped.end());
        }
        std::sort(apart.skipped.begin(), apart.skipped.end());
        CAPTURE(sequence);
        Outcome together = apply_document(before, "{\"$seq\": [" + sequence + "]}", limits);
        REQUIRE(text_of({Type::object, together.bytes}) == text_of({Type::object, apart.bytes}));
        REQUIRE(together.skipped == apart.skipped);
    }
}

TEST_CASE("a composition keeps no more than its document needs")
{
    CountingMemory memory;
    Composition composition(&memory);
    std::string text(1000, 'x');
    std::size_t early = 0;
    for (int index = 0; index < 2000; ++index) {
        add_to(composition, "{\"custom\": {\"text\": \"" + text + std::to_string(index) +
                                "\", \"sum\": {\"$inc\": 1}, \"least\": {\"$min\": \"" + text +
                                "\"}, \"list\": {\"$push\": {\"$each\": [" + std::to_string(index) +
                                "], \"$slice\": -2}}, \"set\": {\"$addToSet\": " +
                                std::to_string(index % 3) + "}, \"less\": {\"$pull\": \"x\"}}}");
        if (index == 300)
            early = memory.held();
    }
    CHECK(memory.held() <= early + 100);
    CHECK(written(composition) ==
          "{\"custom\": {\"set\": {\"$addToSet\": [0, 1, 2]}, \"sum\": {\"$inc\": 2000}, \"less\": "
          "{\"$pull\": \"x\"}, \"list\": {\"$push\": {\"$each\": [1998, 1999], \"$slice\": -2}}, "
          "\"text\": \"" +
              text + "1999\", \"least\": {\"$min\": \"" + text + "\"}}}");
}

TEST_CASE("the text of a composition stays the same while nothing is added")
{
    std::pmr::monotonic_buffer_resource memory;
    Composition composition(&memory);
    CHECK(written(composition) == "{}");
    add_to(composition, "{\"$seq\": [{\"a\": {\"$inc\": 1}}, {\"a\": {\"$mul\": 2}}]}");
    std::string first = written(composition);
    CHECK(first == "{\"$seq\": [{\"a\": {\"$inc\": 1}}, {\"a\": {\"$mul\": 2}}]}");
    CHECK(written(composition) == first);
    add_to(composition, "{}");
    CHECK(written(composition) == first);
}

TEST_CASE("a difference is found in one walk, whatever does not differ")
{
    RandomTree random(12);
    for (int round = 0; round < 500; ++round) {
        std::string before = profile("{\"x\": " + random.value(3) +
                                     ", \"custom\": " + random.object(2, random.below(20)) + "}");
        std::string after = profile("{\"y\": " + random.value(3) +
                                    ", \"campaign\": " + random.object(2, random.below(20)) + "}");
        std::pmr::monotonic_buffer_resource memory;
        TextBuffer out(&memory);
        write_diff(View(std::string_view(before)), View(std::string_view(after)), out);
        CAPTURE(out.view());
        REQUIRE(apply_document(before, out.view()).bytes == after);
    }
}
