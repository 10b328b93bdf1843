// Sets of users: every form of a bucket, the algebra against std::set, the text, and what the check must refuse.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "../../src/core/error.h"
#include "../../src/core/segment/user_set_build.h"
#include "../../src/core/segment/user_set_text.h"

using namespace profiles;

namespace {

using Uids = std::set<std::int64_t>;

std::pmr::memory_resource *memory() { return std::pmr::new_delete_resource(); }

std::string build(const Uids &uids, bool backwards = false)
{
    UserSetBuilder builder(memory());
    std::vector<std::int64_t> order(uids.begin(), uids.end());
    if (backwards)
        std::reverse(order.begin(), order.end());
    for (std::int64_t uid : order)
        builder.add(uid);
    return std::string(builder.view());
}

Uids read(std::string_view bytes)
{
    UserSetView set(bytes);
    Uids uids;
    UserBuckets all(set);
    std::vector<std::int64_t> some(user_set::kUsersPerBucket);
    while (const UserBucket *bucket = all.next())
        uids.insert(some.begin(),
                    some.begin() + static_cast<std::ptrdiff_t>(write_uids(*bucket, some.data())));
    CHECK(set.count() == uids.size());
    return uids;
}

std::string text_of(std::string_view bytes)
{
    std::pmr::monotonic_buffer_resource arena;
    TextBuffer out(&arena);
    write_user_set(UserSetView(bytes), out);
    return std::string(out.view());
}

ErrorCode refused(std::string_view bytes)
{
    try {
        check_user_set(bytes, memory());
    } catch (const Error &error) {
        return error.code();
    }
    FAIL("accepted");
    return ErrorCode::cancelled;
}

// Uids of several buckets: a list, runs, bits and whole buckets.
Uids random_uids(std::mt19937 &random)
{
    Uids uids;
    for (int parts = static_cast<int>(random() % 4); parts > 0; --parts) {
        std::int64_t base = static_cast<std::int64_t>(random() % 3) << 16;
        std::int64_t count = std::int64_t{1} << random() % 15,
                     step = 1 + static_cast<std::int64_t>(random() % 5);
        for (std::int64_t index = 0; index < count; ++index)
            uids.insert(1 + (base + static_cast<std::int64_t>(random() % 7) + index * step) %
                                (3 << 16));
    }
    if (random() % 4 == 0)
        for (std::int64_t uid = 65536; uid < 131072; ++uid)
            uids.insert(uid);
    return uids;
}

}  // namespace

TEST_CASE("user_set: one form of each bucket")
{
    CHECK(build({}) == std::string("\1\0\0\0\0\0\0\0", 8));
    // A list of two users: header, entry (bucket 0, 2 users, 0 runs), users 1 and 3.
    CHECK(build({1, 3}) == std::string("\1\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\1\0\3\0", 20));
    // One run of 3 users takes 4 bytes and not 6.
    CHECK(build({70000, 70001, 70002}) ==
          std::string("\1\0\0\0\1\0\0\0\1\0\0\0\2\0\1\0\x70\x11\2\0", 20));
    Uids sparse, dense;
    for (std::int64_t uid = 2; uid <= 2 * 4096; uid += 2)
        sparse.insert(uid);
    CHECK(build(sparse).size() == 16 + 2 * 4096);
    sparse.insert(9000);
    CHECK(build(sparse).size() == 16 + 8192);
    for (std::int64_t uid = 1; uid <= 200000; ++uid)
        dense.insert(uid);
    CHECK(build(dense).size() == 8 + 4 * (8 + 4));
    CHECK(build(dense, true) == build(dense));
}

TEST_CASE("user_set: the algebra is that of sets")
{
    std::mt19937 random(20240229);
    for (int round = 0; round < 200; ++round) {
        Uids a = random_uids(random), b = random_uids(random), both, either, rest;
        std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::inserter(either, either.end()));
        std::set_intersection(a.begin(), a.end(), b.begin(), b.end(),
                              std::inserter(both, both.end()));
        std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                            std::inserter(rest, rest.end()));
        std::string left = build(a), right = build(b, true);
        check_user_set(left, memory());
        CHECK(read(left) == a);
        UserSetView x(left), y(right);
        CHECK(std::string(combine(x, y, SetOperation::unite, memory())) == build(either));
        CHECK(std::string(combine(x, y, SetOperation::intersect, memory())) == build(both));
        CHECK(std::string(combine(x, y, SetOperation::subtract, memory())) == build(rest));
        CHECK(x.overlaps(y) == !both.empty());
        CHECK(x.has_all(y) == (both.size() == b.size()));
        for (int tries = 0; tries < 50; ++tries) {
            std::int64_t uid = 1 + static_cast<std::int64_t>(random() % (4 << 16));
            CHECK(x.has(uid) == a.contains(uid));
        }
        CHECK(std::string(read_user_set(text_of(left), memory())) == left);
    }
}

TEST_CASE("user_set: text")
{
    auto round = [](std::string_view text) {
        return text_of(std::string(read_user_set(text, memory())));
    };
    CHECK(round("{}") == "{}");
    CHECK(round(" { 3 , 1-2 } ") == "{1-3}");
    CHECK(round("{9,8,1,2}") == "{1,2,8,9}");
    CHECK(round("{5-9,1-6,2}") == "{1-9}");
    CHECK(round("{65530-65540,131072}") == "{65530-65540,131072}");
    CHECK(round("{1-200000}") == "{1-200000}");
    CHECK(round("{65535-131073}") == "{65535-131073}");
    CHECK(round("{131072,65536-131071,65536}") == "{65536-131072}");
    CHECK(round("{140737488355327}") == "{140737488355327}");
    for (std::string_view text : {"", "{", "}", "1", "{1", "{1,}", "{,1}", "{1-}", "{-1}", "{1 2}",
                                  "{2-1}", "{1}{", "{a}", "{1.5}", "{+1}", "{1--2}"}) {
        INFO(std::string(text));
        CHECK_THROWS_AS(read_user_set(text, memory()), Error);
    }
    for (std::string_view text :
         {"{0}", "{140737488355328}", "{99999999999999999999}", "{1-140737488355327}"}) {
        INFO(std::string(text));
        CHECK_THROWS_AS(read_user_set(text, memory()), Error);
    }
}

TEST_CASE("user_set: every byte is checked")
{
    std::string list = build({1, 3}), run = build({70000, 70001, 70002});
    for (std::size_t size = 0; size < list.size(); ++size)
        CHECK(refused(std::string_view(list).substr(0, size)) == ErrorCode::corrupted);
    CHECK(refused(list + '\0') == ErrorCode::corrupted);
    auto with = [](std::string bytes, std::size_t at, char byte) {
        bytes[at] = byte;
        return bytes;
    };
    CHECK(refused(with(list, 0, 2)) == ErrorCode::unsupported);
    CHECK(refused(with(list, 1, 1)) == ErrorCode::corrupted);  // not zero
    CHECK(refused(with(list, 4, 2)) == ErrorCode::corrupted);  // more buckets than there are
    CHECK(refused(with(list, 7, '\xFF')) == ErrorCode::corrupted);
    CHECK(refused(with(list, 11, '\x80')) == ErrorCode::corrupted);  // a bucket that no uid has
    CHECK(refused(with(list, 12, 2)) == ErrorCode::corrupted);       // more users than there are
    CHECK(refused(with(list, 16, 0)) == ErrorCode::corrupted);       // user 0
    CHECK(refused(with(list, 16, 3)) == ErrorCode::corrupted);       // twice the same
    CHECK(refused(with(list, 16, 5)) == ErrorCode::corrupted);       // not ascending
    CHECK(refused(with(run, 12, 3)) == ErrorCode::corrupted);        // 4 users, a run of 3
    CHECK(refused(with(run, 14, 0)) == ErrorCode::corrupted);        // a list that should be a run
    CHECK(refused(with(run, 19, '\xFF')) == ErrorCode::corrupted);   // beyond the bucket
    std::string two = build({1, 70000});
    std::swap_ranges(two.begin() + 8, two.begin() + 16, two.begin() + 16);
    CHECK(refused(two) == ErrorCode::corrupted);  // buckets in the wrong order
    // Without the check nothing is read outside of them either.
    for (std::size_t at = 8; at < run.size(); ++at)
        for (int byte = 0; byte < 256; ++byte) {
            std::string bytes = with(run, at, static_cast<char>(byte));
            try {
                UserSetView set(bytes);
                set.has(70001);
                read(bytes);
            } catch (const Error &) {
            }
        }
}

TEST_CASE("user_set: uids out of range")
{
    UserSetBuilder builder(memory());
    for (std::int64_t uid :
         {std::int64_t{0}, std::int64_t{-1}, user_set::kLastUid + 1, INT64_MAX, INT64_MIN})
        CHECK_THROWS_AS(builder.add(uid), Error);
    builder.add(user_set::kLastUid);
    CHECK(UserSetView(builder.view()).has(user_set::kLastUid));
    CHECK_FALSE(UserSetView(builder.view()).has(INT64_MAX));
}
