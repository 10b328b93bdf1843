#include "user_set.h"

#include <algorithm>
#include <array>

// CRoaring's C++ header is not clean under the warnings of this tree.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <roaring/roaring64map.hh>
#pragma GCC diagnostic pop

// Where the class lives depends on the version: in the global namespace up to
// 0.2, in roaring later.
namespace roaring {
}
using namespace roaring;

namespace profiles {

struct UserSet::Bitmap {
    Roaring64Map users;
};

UserSet::UserSet() = default;
UserSet::~UserSet() = default;
UserSet::UserSet(UserSet &&) noexcept = default;
UserSet &UserSet::operator=(UserSet &&) noexcept = default;

void UserSet::add(std::int64_t uid)
{
    if (!empty_ && uid == latest_)
        return;
    if (!empty_)
        make_bitmap();
    if (bitmap_)
        bitmap_->users.add(static_cast<std::uint64_t>(uid));
    latest_ = uid;
    empty_ = false;
}

void UserSet::make_bitmap()
{
    if (bitmap_)
        return;
    bitmap_ = std::make_unique<Bitmap>();
    if (!empty_)
        bitmap_->users.add(static_cast<std::uint64_t>(latest_));
}

void UserSet::add(std::span<const std::int64_t> uids)
{
    constexpr std::size_t kFew = 4;
    std::uint64_t bits = 0;
    for (std::int64_t uid : uids)
        bits |= static_cast<std::uint64_t>(uid);
    if (uids.size() <= kFew || bits > UINT32_MAX) {
        for (std::int64_t uid : uids)
            add(uid);
        return;
    }
    make_bitmap();
    std::array<std::uint32_t, 1024> part;
    for (std::size_t first = 0; first < uids.size(); first += part.size()) {
        std::size_t size = std::min(part.size(), uids.size() - first);
        for (std::size_t index = 0; index < size; ++index)
            part[index] = static_cast<std::uint32_t>(uids[first + index]);
        bitmap_->users.addMany(size, part.data());
    }
    latest_ = uids.back();
    empty_ = false;
}

std::uint64_t UserSet::count() const noexcept
{
    if (bitmap_)
        return bitmap_->users.cardinality();
    return empty_ ? 0 : 1;
}

void UserSet::write(std::int64_t *uids) const noexcept
{
    static_assert(sizeof(std::int64_t) == sizeof(std::uint64_t));
    if (bitmap_)
        bitmap_->users.toUint64Array(reinterpret_cast<std::uint64_t *>(uids));
    else if (!empty_)
        *uids = latest_;
}

}  // namespace profiles
