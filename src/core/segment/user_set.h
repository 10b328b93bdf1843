// A set of users: exact, ordered, and small for the many groups that hold a
// single user.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "../events/block_layout.h"
#include "user_set_view.h"

namespace profiles {

class UserSet {
public:
    // They say by how many bytes the set may have grown.
    std::size_t add(std::int64_t uid);
    // In any order.
    std::size_t add(std::span<const std::int64_t> uids);
    // Of one bucket, by the low bits of their uids, ascending: the fastest way.
    std::size_t add(std::int64_t bucket, std::span<const std::uint16_t> users);
    std::size_t add(const UserSet &other);
    // Of one bucket.
    std::size_t add(std::int64_t bucket, const BucketBits &bits);
    std::uint64_t count() const noexcept;
    // In ascending order: fills `uids`, which has room for count().
    void write(std::int64_t *uids) const noexcept;
    std::size_t bytes() const noexcept;

    std::size_t buckets() const noexcept { return parts_.empty() && !empty_ ? 1 : parts_.size(); }
    // Calls visit(bucket, list, bits) for each, ascending: with the low bits of its users, ascending, or where
    // there are many with a bit for each.
    template <typename Visit>
    void for_each_bucket(Visit &&visit) const;

private:
    // The users of one bucket, by the low bits of their uids: a short list, ascending, or a bit each.
    struct Part {
        std::int64_t bucket;
        std::uint32_t users = 0;
        std::vector<std::uint16_t> list;
        std::unique_ptr<BucketBits> bits;

        // Ascending.
        std::size_t add(std::span<const std::uint16_t> more);
        std::size_t add_to_bits(std::span<const std::uint16_t> more);
        std::size_t make_bits();
        void add_to_list(std::span<const std::uint16_t> more);
        std::int64_t *write(std::int64_t *uids) const noexcept;
    };

    std::size_t add_to_parts(std::span<const std::int64_t> uids);
    std::size_t add_to_part(std::int64_t bucket, std::span<const std::uint16_t> users);
    Part &part_of(std::int64_t bucket, std::size_t &growth);
    // The only user so far becomes one of a part.
    std::size_t begin_parts();

    bool empty_ = true;
    std::int64_t latest_ = 0;  // the user added last: events of one user come together
    std::vector<Part> parts_;  // by bucket, all users, once there are several
};

template <typename Visit>
void UserSet::for_each_bucket(Visit &&visit) const
{
    if (parts_.empty() && !empty_) {
        auto user = static_cast<std::uint16_t>(latest_);
        visit(latest_ >> block::kBucketBits, std::span(&user, 1), nullptr);
    }
    std::vector<std::int64_t> uids;
    std::vector<std::uint16_t> list;
    for (const Part &part : parts_) {
        if (!part.bits) {
            visit(part.bucket, std::span(part.list), nullptr);
        } else if (part.users > user_set::kMaxList) {
            visit(part.bucket, std::span<const std::uint16_t>(), part.bits.get());
        } else {
            uids.resize(part.users);
            part.write(uids.data());
            list.assign(uids.begin(), uids.end());
            visit(part.bucket, std::span(list), nullptr);
        }
    }
}

}  // namespace profiles
