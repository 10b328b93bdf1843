// Makes a user_set: of uids in any order, of two other sets, of bytes that nobody vouches for.
#pragma once

#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "../interrupt.h"
#include "user_set_view.h"

namespace profiles {

// Throws out_of_range unless it is the uid of a user there could be.
void check_uid(std::int64_t uid);
[[noreturn]] void raise_user_set_too_large();

// Writes buckets, which come in ascending order.
class UserSetWriter {
public:
    explicit UserSetWriter(std::pmr::memory_resource *memory) : directory_(memory), data_(memory) {}

    // Throw limit_exceeded. A bucket without users is not written.
    void add(std::uint32_t bucket, const BucketBits &bits);
    void add(const UserBucket &bucket);
    // Ends the writing.
    std::pmr::string take();

private:
    void add_entry(std::uint32_t bucket, std::uint32_t users, std::uint32_t runs, std::size_t size);

    InterruptPoll poll_;
    std::uint32_t buckets_ = 0;
    std::pmr::string directory_, data_;
};

enum class SetOperation { unite, intersect, subtract };

// Throws limit_exceeded.
std::pmr::string combine(const UserSetView &left, const UserSetView &right, SetOperation operation,
                         std::pmr::memory_resource *memory);

// A set that grows by uids in any order and by other sets. What is new waits in a list until there is
// as much of it as of the set, so that each uid is moved a few times only.
class UserSetBuilder {
public:
    explicit UserSetBuilder(std::pmr::memory_resource *memory);

    // Throws out_of_range, limit_exceeded.
    void add(std::int64_t uid);
    void add(const UserSetView &set);
    // Everything so far; valid until the next add().
    std::string_view view();

private:
    void fold();

    std::pmr::memory_resource *memory_;
    std::pmr::vector<std::int64_t> waiting_;
    std::size_t room_;  // how many may wait
    std::pmr::string set_;
};

// Throws corrupted or unsupported unless every byte is as user_set_view.h wants it.
void check_user_set(std::string_view bytes, std::pmr::memory_resource *memory);

}  // namespace profiles
