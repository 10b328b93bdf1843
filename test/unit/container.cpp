#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "../../src/core/error.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/check.h"
#include "../../src/core/profile/compare.h"
#include "../../src/core/profile/document.h"
#include "../../src/core/profile/reference.h"
#include "random_tree.h"

using namespace profiles;
using namespace profiles::test;

namespace {

Item object(std::string_view bytes) { return {Type::object, bytes}; }

bool is_valid(std::string_view bytes)
{
    try {
        check_container(bytes);
        return true;
    } catch (const Error &error) {
        CHECK((error.code() == ErrorCode::corrupted || error.code() == ErrorCode::unsupported));
        return false;
    }
}

ErrorCode code_of(std::string_view json)
{
    try {
        build(json);
    } catch (const Error &error) {
        return error.code();
    }
    FAIL("no error");
    return ErrorCode::cancelled;
}

// The fuzz target test/fuzz/bytes.cpp does this at length; here are few cases, because every exception
// costs a millisecond under the sanitizer's watch for dead stack frames.
//
// Everything that reads, over bytes that may be anything. An Error is fine; reading outside is not,
// and that is AddressSanitizer's to see: the bytes lie in a block of exactly their size.
void read_everything(std::string_view bytes)
{
    std::unique_ptr<char[]> exact(new char[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), exact.get());
    std::string_view copy(exact.get(), bytes.size());
    auto attempt = [](auto body) {
        try {
            body();
        } catch (const Error &) {
        }
    };
    attempt([&] { text_of(object(copy)); });
    attempt([&] { find_property(View(copy), "custom.k1"); });
    attempt([&] { compare_items(object(copy), object(bytes)); });
    attempt([&] { contains(object(copy), object(bytes)); });
    attempt([&] {
        View view(copy);
        for (std::uint32_t index = 0; index < std::min(view.count(), 100u); ++index) {
            view.item(index);
            view.key(index);
            view.place(view.key(index));
        }
    });
    attempt([&] { check_profile(copy); });
}

void require_sound(const std::string &bytes, bool expect_valid)
{
    read_everything(bytes);
    if (!is_valid(bytes)) {
        REQUIRE_FALSE(expect_valid);
        return;
    }
    // Valid bytes are the only bytes of their value.
    REQUIRE(build(text_of(View(bytes).is_array() ? Item{Type::array, bytes} : object(bytes))) ==
            bytes);
}

std::string members(std::uint32_t count, std::size_t length)
{
    std::string json = "{";
    for (std::uint32_t index = 0; index < count; ++index)
        json += (index ? ", \"k" : "\"k") + std::to_string(index) + "\": \"" +
                std::string(length, 'v') + "\"";
    return json + "}";
}

}  // namespace

TEST_CASE("random trees: valid, read back equal, one form")
{
    RandomTree random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string bytes = build(random.object(0, random.below(40)));
        std::string text = text_of(object(bytes));
        CAPTURE(text);
        REQUIRE(is_valid(bytes));
        REQUIRE(build(text) == bytes);
        REQUIRE(compare_items(object(bytes), object(build(text))) == 0);
        REQUIRE(contains(object(bytes), object(bytes)));
    }
}

TEST_CASE("the order of members leaves no trace")
{
    RandomTree random(2);
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::string> parts;
        for (std::uint64_t index = 0, count = random.below(70); index < count; ++index)
            parts.push_back("\"" + std::string(random.below(3), 'a') + std::to_string(index) +
                            "\": " + random.value(3));
        auto join = [&] {
            std::string json = "{";
            for (const std::string &part : parts)
                json += (json.size() > 1 ? ", " : "") + part;
            return build(json + "}");
        };
        std::string first = join();
        std::reverse(parts.begin(), parts.end());
        std::string second = join();
        std::rotate(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(parts.size() / 2),
                    parts.end());
        REQUIRE(first == second);
        REQUIRE(first == join());
    }
}

TEST_CASE("order is total and agrees with equality")
{
    RandomTree random(3);
    std::vector<std::string> values;
    for (int round = 0; round < 150; ++round)
        values.push_back(build(random.object(2, random.below(3))));
    auto order = [&](const std::string &left, const std::string &right) {
        return compare_items(object(left), object(right));
    };
    for (const std::string &a : values)
        for (const std::string &b : values) {
            REQUIRE(order(a, b) == -order(b, a));
            REQUIRE((order(a, b) == 0) == (a == b));
        }
    std::sort(values.begin(), values.end(),
              [&](const std::string &a, const std::string &b) { return order(a, b) < 0; });
    for (std::size_t left = 0; left < values.size(); ++left)
        for (std::size_t right = left; right < values.size(); ++right)
            REQUIRE(order(values[left], values[right]) <= 0);
}

TEST_CASE("narrow and wide: at the length of a value and at the size of all payloads")
{
    for (std::size_t length : {0, 1, 4094, 4095, 4096, 4097, 65535, 65536, 70000}) {
        CAPTURE(length);
        std::string bytes = build("{\"k\": \"" + std::string(length, 'x') + "\"}");
        REQUIRE(is_valid(bytes));
        REQUIRE(View(bytes).header().wide == (length > 4095));
        REQUIRE(View(bytes).find("k")->bytes == std::string(length, 'x'));
    }
    for (std::size_t last = 0; last < 8; ++last) {
        // 16 members of 4,001 bytes, and one that brings all payloads to 65,531 bytes and up.
        std::string json = "{";
        for (char name = 'a'; name < 'a' + 16; ++name)
            json += std::string("\"") + name + "\": \"" + std::string(4000, 'x') + "\", ";
        std::size_t rest = 65535 - 16 * 4001 - 1 - 4 + last;
        std::string bytes = build(json + "\"q\": \"" + std::string(rest, 'y') + "\"}");
        CAPTURE(last);
        REQUIRE(is_valid(bytes));
        REQUIRE(View(bytes).header().wide == (last > 4));
        REQUIRE(View(bytes).find("q")->bytes.size() == rest);
    }
    std::string long_key(4096, 'k');
    std::string bytes = build("{\"" + long_key + "\": 1}");
    REQUIRE(View(bytes).header().wide);
    REQUIRE(is_valid(bytes));
    REQUIRE(View(bytes).find(long_key)->type == Type::integer);
}

TEST_CASE("skips: every entry is found around the strides")
{
    for (std::uint32_t count :
         {1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 1000})
        for (std::size_t length : {1, 300}) {  // narrow, and wide from 218 members on
            CAPTURE(count);
            std::string bytes = build(members(count, length));
            REQUIRE(is_valid(bytes));
            View view(bytes);
            Cursor cursor(view);
            for (std::uint32_t index = 0; index < count; ++index) {
                REQUIRE(cursor.next());
                REQUIRE(view.key(index) == cursor.key());
                REQUIRE(view.item(index) == cursor.item());
                REQUIRE(view.place(cursor.key()).position == index);
                REQUIRE(view.find("k" + std::to_string(index))->bytes.size() == length);
                REQUIRE_FALSE(view.find("k" + std::to_string(index) + "x"));
                REQUIRE_FALSE(view.find("j" + std::to_string(index)));
            }
            REQUIRE_FALSE(cursor.next());
            std::uint32_t entries = view.header().entries();
            View::Progress start, last;
            REQUIRE(view.offset(entries) == view.payloads(0, entries, start).size());
            for (std::uint32_t entry = 0; entry <= entries; entry += 1 + entry % 7)
                REQUIRE(view.offset(entry, last) == view.offset(entry));
            REQUIRE(view.offset(0, last) == 0);

            std::string array = "[";
            for (std::uint32_t index = 0; index < count; ++index)
                array += (index ? "," : "") + std::to_string(index);
            std::string elements = build(array + "]");
            for (std::uint32_t index = 0; index < count; ++index)
                REQUIRE(number_of(View(elements).item(index)).integer() == index);
        }
}

TEST_CASE("truncated bytes are refused without reading beyond them")
{
    RandomTree random(4);
    for (int round = 0; round < 12; ++round) {
        std::string bytes = build(random.object(0, random.below(40)));
        for (std::size_t length = 0; length < bytes.size(); length += bytes.size() / 60 + 1)
            require_sound(bytes.substr(0, length), false);
    }
}

TEST_CASE("flipped bits: refused, or another value in its one form")
{
    RandomTree random(5);
    for (int round = 0; round < 12; ++round) {
        std::string bytes =
            build(random.chance(50) ? random.object(0, random.below(40)) : random.object(3, 2));
        require_sound(bytes, true);
        std::size_t step = bytes.size() / 40 + 1;
        for (std::size_t at = 0; at < bytes.size(); at += step)
            for (int bit = 0; bit < 8; ++bit) {
                std::string flipped = bytes;
                flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
                require_sound(flipped, false);
            }
    }
}

TEST_CASE("random bytes behind a header that looks right")
{
    RandomTree random(6);
    for (int round = 0; round < 3000; ++round) {
        std::string bytes(random.below(200), '\0');
        for (char &byte : bytes)
            byte = static_cast<char>(random.chance(60) ? random.below(8) : random.below(256));
        if (bytes.size() >= 4) {
            std::uint32_t header = static_cast<std::uint32_t>(random.below(40)) |
                                   static_cast<std::uint32_t>(random.below(4)) << 24 | 1u << 28;
            std::copy_n(reinterpret_cast<const char *>(&header), 4, bytes.begin());
        }
        require_sound(bytes, false);
    }
}

TEST_CASE("the version is checked first")
{
    std::string bytes = build("{\"a\": 1}");
    bytes[3] = static_cast<char>(2 << 4);
    CHECK_THROWS_WITH(View{std::string_view(bytes)}, "unsupported profile format version 2");
    CHECK_FALSE(is_valid(bytes));
}

TEST_CASE("a container that points into itself is no endless loop")
{
    // Every nested header claims as many entries as fit; depth and length both bound the walk.
    std::string deep = build(std::string(63, '[') + "1" + std::string(63, ']'));
    REQUIRE(text_of({Type::array, deep}) == std::string(63, '[') + "1" + std::string(63, ']'));
    std::string json(64, '[');
    CHECK(code_of("[" + json + "1" + std::string(65, ']')) == ErrorCode::limit_exceeded);
}

TEST_CASE("JSON text: one value, nothing behind it")
{
    CHECK(text_of({Type::array, build(" [ ] ")}) == "[]");
    CHECK(text_of({Type::array, build("[1,2 , 3]")}) == "[1, 2, 3]");
    CHECK(text_of(object(build("{\"a\":{},\"b\":[{}],\"c\":[[],[1]]}"))) ==
          "{\"a\": {}, \"b\": [{}], \"c\": [[], [1]]}");
    for (std::string_view json :
         {"[] x",  "[][]",   "",          " ",        "[1",        "[1,",       "[",
          "{",     "{\"a\"", "{\"a\":",   "{\"a\":1", "{\"a\":1,", "{\"a\" 1}", "[1 2]",
          "]",     "}",      "[}",        "{]",       "nul",       "tru",       "[fals]",
          "\"abc", "\"\\",   "\"\\u12",   "\"\\q\"",  "[1e]",      "[.1]",      "{\"a\":1,}",
          "[1,]",  "{1:2}",  "[\"a\nb\"]"}) {
        CAPTURE(json);
        CHECK(code_of(json) == ErrorCode::invalid_text);
    }
    CHECK(code_of(std::string_view("[]\0", 3)) == ErrorCode::invalid_text);
    CHECK(code_of(std::string_view("[\0]", 3)) == ErrorCode::invalid_text);
    CHECK(code_of(std::string_view("[\"\0\"]", 5)) == ErrorCode::invalid_text);
    CHECK(code_of("[\"\\u0000\"]") == ErrorCode::invalid_encoding);
    for (std::string_view json :
         {"[\"\xff\"]", "[\"\xc0\x80\"]", "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]",
          "[\"abc\xe2\x82\"]", "[\"long enough for the fast path \x80\"]", "[\"\\n\xff\"]",
          "{\"\xff\": 1}"}) {
        CAPTURE(json);
        CHECK(code_of(json) == ErrorCode::invalid_encoding);
    }
    CHECK(code_of("[\"\\ud800\"]") == ErrorCode::invalid_text);
    CHECK(code_of("[\"\\ud800\\ud800\"]") == ErrorCode::invalid_text);
    CHECK(code_of("[\"\\udc00\"]") == ErrorCode::invalid_text);
}

TEST_CASE("a number out of range waits when asked to")
{
    std::pmr::monotonic_buffer_resource memory;
    Node root = read_json("[1, 1e7000]", &memory, "test value", FaultyNumbers::keep);
    CHECK_FALSE(root.children[0].literal);
    CHECK(root.children[1].literal);
    CHECK_THROWS_WITH(require_numbers(root), "number out of range");
    CHECK_THROWS_WITH(pack_numbers(root, &memory), "number out of range");
    pack_numbers(root, &memory, FaultyNumbers::keep);
    require_numbers(root.children[0]);
}

TEST_CASE("UTF-8 as Unicode's table 3-7 has it")
{
    for (std::string_view text :
         {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
          "12345678\xc3\xa9"
          "12345678"})
        CHECK(is_valid_text(text));
    for (std::string_view text :
         {"\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc2\x41", "\xe2\x82", "12345678\xff",
          "1234567\xff"
          "12345678"})
        CHECK_FALSE(is_valid_text(text));
    CHECK_FALSE(is_valid_text(std::string_view("a\0b", 3)));
    CHECK_FALSE(is_valid_text(std::string_view("12345678\0", 9)));
    CHECK_FALSE(is_valid_text(std::string_view("\0"
                                               "12345678",
                                               9)));
}
