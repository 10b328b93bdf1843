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

namespace {

// An empty bitmap with its map, what a container of 65,536 numbers costs beside its content, and a number
// in it, at most.
constexpr std::size_t kBytesOfBitmap = 256, kBytesOfContainer = 64, kBytesOfUser = 4;

}  // namespace

UserSet::UserSet() = default;
UserSet::~UserSet() = default;
UserSet::UserSet(UserSet &&) noexcept = default;
UserSet &UserSet::operator=(UserSet &&) noexcept = default;

std::size_t UserSet::add(std::int64_t uid)
{
    if (!empty_ && uid == latest_)
        return 0;
    std::size_t growth = empty_ ? 0 : make_bitmap();
    if (bitmap_) {
        bitmap_->users.add(static_cast<std::uint64_t>(uid));
        growth += kBytesOfContainer;  // at worst, it is alone in one
    }
    latest_ = uid;
    empty_ = false;
    return growth;
}

std::size_t UserSet::make_bitmap()
{
    if (bitmap_)
        return 0;
    bitmap_ = std::make_unique<Bitmap>();
    if (!empty_)
        bitmap_->users.add(static_cast<std::uint64_t>(latest_));
    return kBytesOfBitmap;
}

std::size_t UserSet::add(std::span<const std::int64_t> uids)
{
    std::size_t growth = 0;
    constexpr std::size_t kFew = 4;
    std::uint64_t bits = 0;
    for (std::int64_t uid : uids)
        bits |= static_cast<std::uint64_t>(uid);
    if (uids.size() <= kFew || bits > UINT32_MAX) {
        for (std::int64_t uid : uids)
            growth += add(uid);
        return growth;
    }
    growth += make_bitmap() + kBytesOfContainer + kBytesOfUser * uids.size();
    std::array<std::uint32_t, 1024> part;
    for (std::size_t first = 0; first < uids.size(); first += part.size()) {
        std::size_t size = std::min(part.size(), uids.size() - first);
        for (std::size_t index = 0; index < size; ++index)
            part[index] = static_cast<std::uint32_t>(uids[first + index]);
        bitmap_->users.addMany(size, part.data());
    }
    latest_ = uids.back();
    empty_ = false;
    return growth;
}

std::size_t UserSet::add(const UserSet &other)
{
    if (!other.bitmap_)
        return other.empty_ ? 0 : add(other.latest_);
    std::size_t growth = make_bitmap() + other.bytes();
    bitmap_->users |= other.bitmap_->users;
    latest_ = other.latest_;
    empty_ = false;
    return growth;
}

std::size_t UserSet::bytes() const noexcept
{
    return bitmap_ ? kBytesOfBitmap + bitmap_->users.getSizeInBytes() : 0;
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
