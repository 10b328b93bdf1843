// A set of users: exact, ordered, and small for the many groups that hold a
// single user.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace profiles {

class UserSet {
public:
    UserSet();
    ~UserSet();
    UserSet(UserSet &&) noexcept;
    UserSet &operator=(UserSet &&) noexcept;

    // They say by how many bytes the set may have grown.
    std::size_t add(std::int64_t uid);
    // Fastest when ascending.
    std::size_t add(std::span<const std::int64_t> uids);
    std::size_t add(const UserSet &other);
    std::uint64_t count() const noexcept;
    // In ascending order: fills `uids`, which has room for count().
    void write(std::int64_t *uids) const noexcept;
    std::size_t bytes() const noexcept;

private:
    struct Bitmap;

    std::size_t make_bitmap();

    bool empty_ = true;
    std::int64_t latest_ = 0;         // the user added last: events of one user come together
    std::unique_ptr<Bitmap> bitmap_;  // all users, once there are several
};

}  // namespace profiles
