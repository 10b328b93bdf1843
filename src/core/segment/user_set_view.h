// A user_set as it is stored: a piece for each bucket of 65,536 users that it has users of.
//
//   header     version (1 byte), 3 bytes of zero, number of buckets (4)
//   directory  per bucket, ascending: its number (4), its users minus one (2), its runs (2)
//   data       per bucket the shortest of
//     runs     the first user of each run of neighbours and how many follow it (2, 2); only these have runs
//     list     each user (2); up to 4096 users
//     bits     one for each user there could be (8192)
//
// Users are the low 16 bits of their uids. Everything is little-endian and not aligned. A set has one
// form only, so equal sets have equal bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace profiles {

namespace user_set {

constexpr char kVersion = 1;
constexpr std::size_t kHeader = 8, kEntry = 8;
constexpr std::uint32_t kUsersPerBucket = 1 << 16;
constexpr std::uint32_t kMaxList = 4096;
constexpr std::size_t kBitBytes = kUsersPerBucket / 8;
constexpr std::uint32_t kLastBucket = (1u << 31) - 1;
constexpr std::int64_t kLastUid = (std::int64_t{1} << 47) - 1;
// Keeps what a short text like {1-140737488355327} can ask for within bounds.
constexpr std::size_t kMaxBytes = std::size_t{1} << 28;

constexpr std::size_t size_without_runs(std::uint32_t users)
{
    return users <= kMaxList ? 2 * std::size_t{users} : kBitBytes;
}

}  // namespace user_set

[[noreturn]] void raise_corrupted_user_set();

// The users of one bucket, one bit each.
class BucketBits {
public:
    static constexpr std::size_t kWords = user_set::kUsersPerBucket / 64;

    void clear() { words_.fill(0); }
    // False when it was there.
    bool add(std::uint32_t user)
    {
        std::uint64_t &word = words_[user / 64], bit = std::uint64_t{1} << user % 64;
        bool is_new = (word & bit) == 0;
        word |= bit;
        return is_new;
    }
    void add_run(std::uint32_t first, std::uint32_t last);
    void unite(const BucketBits &other);
    void intersect(const BucketBits &other);
    void subtract(const BucketBits &other);
    std::uint64_t word(std::size_t index) const { return words_[index]; }
    std::uint64_t &word(std::size_t index) { return words_[index]; }

    std::uint32_t count() const;
    // The lowest one; kUsersPerBucket without any.
    std::uint32_t first() const { return next(0, true); }
    // Calls visit(first, last) for each run of neighbours, ascending.
    template <typename Visit>
    void for_each_run(Visit &&visit) const;

private:
    std::uint32_t next(std::uint32_t from, bool set) const;

    std::array<std::uint64_t, kWords> words_{};
};

struct UserBucket {
    std::uint32_t bucket, users, runs;
    std::string_view data;

    bool has(std::uint32_t user) const;
    // Adds to `bits`. Throws corrupted.
    void add_to(BucketBits &bits) const;
};

// Ascending; `uids` has room for bucket.users. Throws corrupted.
std::size_t write_uids(const UserBucket &bucket, std::int64_t *uids);

class UserSetView {
public:
    // Throws corrupted, unsupported.
    explicit UserSetView(std::string_view bytes);

    std::string_view bytes() const { return bytes_; }
    std::uint32_t buckets() const { return buckets_; }
    std::uint64_t count() const { return users_; }
    bool has(std::int64_t uid) const;
    // True when all of `other` are here.
    bool has_all(const UserSetView &other) const;
    bool overlaps(const UserSetView &other) const;

private:
    friend class UserBuckets;

    std::string_view bytes_;
    std::uint32_t buckets_ = 0;
    std::uint64_t users_ = 0;
};

// Goes through the buckets of a set.
class UserBuckets {
public:
    explicit UserBuckets(const UserSetView &set)
        : bytes_(set.bytes_), left_(set.buckets_),
          data_(user_set::kHeader + user_set::kEntry * std::size_t{set.buckets_})
    {
    }

    // The next one, null after the last.
    const UserBucket *next();
    // The next one with this number or a higher one.
    const UserBucket *next_from(std::uint32_t bucket);

private:
    std::string_view bytes_;
    std::uint32_t left_;
    std::size_t entry_ = user_set::kHeader, data_;
    UserBucket current_{};
};

template <typename Visit>
void BucketBits::for_each_run(Visit &&visit) const
{
    for (std::uint32_t first = next(0, true); first < user_set::kUsersPerBucket;) {
        std::uint32_t end = next(first, false);
        visit(first, end - 1);
        first = next(end, true);
    }
}

}  // namespace profiles
