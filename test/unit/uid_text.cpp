// The text form of a uid: known pairs, the way there and back, and everything that must be refused.
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "../../src/core/error.h"
#include "../../src/core/people/uid_text.h"

using namespace profiles;

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

ErrorCode code_of(std::string_view text)
{
    try {
        parse_uid(text);
    } catch (const Error &error) {
        return error.code();
    }
    FAIL("accepted: ", std::string(text));
    return ErrorCode::corrupted;
}

}  // namespace

TEST_CASE("uid_text: known pairs")
{
    struct Pair {
        std::int64_t uid;
        std::string_view text;
    };
    for (Pair pair : {Pair{0, "0"}, Pair{1, "1"}, Pair{9, "9"}, Pair{10, "a"}, Pair{35, "z"},
                      Pair{36, "A"}, Pair{61, "Z"}, Pair{62, "10"}, Pair{3843, "ZZ"},
                      Pair{3844, "100"}, Pair{65536, "h32"}, Pair{kMax, "aZl8N0y58M7"}}) {
        CHECK(uid_text(pair.uid) == pair.text);
        CHECK(parse_uid(pair.text) == pair.uid);
    }
}

TEST_CASE("uid_text: there and back over all magnitudes")
{
    for (std::int64_t uid = 1; uid < kMax / 3; uid = uid * 3 - 1 + uid % 2) {
        std::string text = uid_text(uid);
        CHECK(text.size() <= kMaxUidDigits);
        CHECK(parse_uid(text) == uid);
        CHECK(parse_uid("#" + text) == uid);
        CHECK(parse_uid("00" + text) == uid);
    }
}

TEST_CASE("uid_text: a negative uid is refused")
{
    for (std::int64_t uid : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
        try {
            uid_text(uid);
            FAIL("accepted");
        } catch (const Error &error) {
            CHECK(error.code() == ErrorCode::out_of_range);
        }
    }
}

TEST_CASE("uid_parse: what is no uid is refused")
{
    for (std::string_view text :
         {"", "#", "##1", "1#", "-1", "+1", " 1", "1 ", "1.0", "a_b", "\xc3\xa9", "\xff",
          "aZl8N0y58M8", "aZl8N0y5900", "ZZZZZZZZZZZ", "100000000000"})
        CHECK(code_of(text) == ErrorCode::invalid_text);
    CHECK(code_of(std::string_view("1\0", 2)) == ErrorCode::invalid_text);
    CHECK(code_of(std::string(100000, 'Z')) == ErrorCode::invalid_text);
}

TEST_CASE("uid_parse: every single byte but the 62 digits is refused")
{
    int accepted = 0;
    for (int byte = 0; byte < 256; ++byte) {
        std::string text(1, static_cast<char>(byte));
        std::int64_t uid = 0;
        try {
            uid = parse_uid(text);
        } catch (const Error &) {
            continue;
        }
        CHECK(uid_text(uid) == text);
        ++accepted;
    }
    CHECK(accepted == 62);
}
