// A set of users: exact, ordered, and small for the many groups that hold a
// single user.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "user_set_view.h"

namespace profiles {

class UserSet {
public:
    // They say by how many bytes the set may have grown.
    std::size_t add(std::int64_t uid);
    // In any order, fastest when ascending.
    std::size_t add(std::span<const std::int64_t> uids);
    std::size_t add(const UserSet &other);
    std::uint64_t count() const noexcept;
    // In ascending order: fills `uids`, which has room for count().
    void write(std::int64_t *uids) const noexcept;
    std::size_t bytes() const noexcept;

private:
    // The users of one bucket, by the low bits of their uids: a short list, ascending, or a bit each.
    struct Part {
        std::int64_t bucket;
        std::uint32_t users = 0;
        std::vector<std::uint16_t> list;
        std::unique_ptr<BucketBits> bits;

        std::size_t add(std::span<const std::int64_t> uids);
        std::size_t add_to_bits(std::span<const std::int64_t> uids);
        void add_to_list(std::span<const std::int64_t> uids);
        std::int64_t *write(std::int64_t *uids) const noexcept;
    };

    std::size_t add_to_parts(std::span<const std::int64_t> uids);
    std::size_t add_to_part(std::span<const std::int64_t> uids);

    bool empty_ = true;
    std::int64_t latest_ = 0;  // the user added last: events of one user come together
    std::vector<Part> parts_;  // by bucket, all users, once there are several
};

}  // namespace profiles
