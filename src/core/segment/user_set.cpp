#include "user_set.h"

#include <algorithm>
#include <array>
#include <bit>

namespace profiles {

namespace {

// More users of a bucket than these have a bit each: adding to a long list moves much of it.
constexpr std::size_t kMaxList = 1024;
constexpr std::size_t kBytesOfUser =
    2 * sizeof(std::uint16_t);  // with the room that a vector keeps

std::int64_t bucket_of(std::int64_t uid) { return uid >> block::kBucketBits; }

// The place of the first user that is not below this one, of a list that has one. Without branches: users of the hot
// tier come in any order, and a processor would guess every second of them wrong.
std::ptrdiff_t place_of(std::span<const std::uint16_t> list, std::uint16_t user)
{
    const std::uint16_t *first = list.data();
    for (std::size_t left = list.size(); left > 1;) {
        std::size_t half = left / 2;
        first += first[half - 1] < user ? half : 0;
        left -= half;
    }
    return first - list.data();
}

}  // namespace

std::size_t UserSet::add(std::int64_t uid)
{
    if (!empty_)
        return uid == latest_ ? 0 : add_to_parts({&uid, 1});
    latest_ = uid;
    empty_ = false;
    return 0;
}

std::size_t UserSet::add(std::span<const std::int64_t> uids)
{
    if (uids.empty())
        return 0;
    return uids.size() == 1 ? add(uids.front()) : add_to_parts(uids);
}

std::size_t UserSet::add(const UserSet &other)
{
    if (other.parts_.empty())
        return other.empty_ ? 0 : add(other.latest_);
    std::size_t growth = 0;
    for (const Part &part : other.parts_)
        growth += part.bits ? add(part.bucket, *part.bits) : add(part.bucket, part.list);
    return growth;
}

std::size_t UserSet::add(std::int64_t bucket, std::span<const std::uint16_t> users)
{
    if (users.empty())
        return 0;
    std::int64_t last = (bucket << block::kBucketBits) + users.back();
    if (users.size() == 1)
        return add(last);
    std::size_t growth = begin_parts() + add_to_part(bucket, users);
    latest_ = last;
    empty_ = false;
    return growth;
}

std::size_t UserSet::begin_parts()
{
    if (empty_ || !parts_.empty())
        return 0;
    auto user = static_cast<std::uint16_t>(latest_);
    return add_to_part(bucket_of(latest_), {&user, 1});
}

// By stretches of one bucket.
std::size_t UserSet::add_to_parts(std::span<const std::int64_t> uids)
{
    std::size_t growth = begin_parts();
    std::array<std::uint16_t, kMaxList> users;
    for (std::size_t index = 0; index < uids.size();) {
        std::int64_t bucket = bucket_of(uids[index]);
        std::size_t count = 0;
        bool ascend = true;
        for (; count < users.size() && index < uids.size() && bucket_of(uids[index]) == bucket;
             ++index, ++count) {
            users[count] = static_cast<std::uint16_t>(uids[index]);
            ascend = ascend && (count == 0 || users[count - 1] < users[count]);
        }
        auto end = users.begin() + static_cast<std::ptrdiff_t>(count);
        if (!ascend) {
            std::sort(users.begin(), end);
            end = std::unique(users.begin(), end);
        }
        growth += add_to_part(bucket, {users.begin(), end});
    }
    latest_ = uids.back();
    empty_ = false;
    return growth;
}

std::size_t UserSet::add(std::int64_t bucket, const BucketBits &bits)
{
    std::uint32_t first = bits.first();
    if (first == user_set::kUsersPerBucket)
        return 0;
    std::size_t growth = begin_parts();
    Part &part = part_of(bucket, growth);
    growth += part.make_bits();
    part.bits->unite(bits);
    part.users = part.bits->count();
    latest_ = (bucket << block::kBucketBits) + first;
    empty_ = false;
    return growth;
}

UserSet::Part &UserSet::part_of(std::int64_t bucket, std::size_t &growth)
{
    auto at = std::lower_bound(
        parts_.begin(), parts_.end(), bucket,
        [](const Part &part, std::int64_t sought) { return part.bucket < sought; });
    if (at == parts_.end() || at->bucket != bucket) {
        at = parts_.insert(at, Part{bucket, 0, {}, nullptr});
        growth += 2 * sizeof(Part);
    }
    return *at;
}

std::size_t UserSet::add_to_part(std::int64_t bucket, std::span<const std::uint16_t> users)
{
    std::size_t growth = 0;
    Part &part = part_of(bucket, growth);
    return growth + part.add(users);
}

std::size_t UserSet::Part::add(std::span<const std::uint16_t> more)
{
    if (bits || list.size() + more.size() > kMaxList)
        return add_to_bits(more);
    add_to_list(more);
    users = static_cast<std::uint32_t>(list.size());
    return kBytesOfUser * more.size();
}

std::size_t UserSet::Part::add_to_bits(std::span<const std::uint16_t> more)
{
    std::size_t growth = make_bits();
    for (std::uint16_t user : more)
        users += bits->add(user);
    return growth;
}

std::size_t UserSet::Part::make_bits()
{
    if (bits)
        return 0;
    bits = std::make_unique<BucketBits>();
    for (std::uint16_t user : list)
        bits->add(user);
    list = {};
    return sizeof *bits;
}

void UserSet::Part::add_to_list(std::span<const std::uint16_t> more)
{
    // Mostly they are behind the others.
    if (list.empty() || list.back() < more.front()) {
        list.insert(list.end(), more.begin(), more.end());
    } else if (more.size() == 1) {
        auto at = list.begin() + place_of(list, more.front());
        if (*at != more.front())
            list.insert(at, more.front());
    } else {
        auto known = static_cast<std::ptrdiff_t>(list.size());
        list.insert(list.end(), more.begin(), more.end());
        std::inplace_merge(list.begin(), list.begin() + known, list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
    }
}

std::uint64_t UserSet::count() const noexcept
{
    if (parts_.empty())
        return empty_ ? 0 : 1;
    std::uint64_t users = 0;
    for (const Part &part : parts_)
        users += part.users;
    return users;
}

void UserSet::write(std::int64_t *uids) const noexcept
{
    if (parts_.empty() && !empty_)
        *uids = latest_;
    for (const Part &part : parts_)
        uids = part.write(uids);
}

std::int64_t *UserSet::Part::write(std::int64_t *uids) const noexcept
{
    std::int64_t base = bucket << block::kBucketBits;
    for (std::uint16_t user : list)
        *uids++ = base + user;
    for (std::size_t index = 0; bits && index < BucketBits::kWords; ++index)
        for (std::uint64_t word = bits->word(index); word != 0; word &= word - 1)
            *uids++ = base + static_cast<std::int64_t>(index * 64) + std::countr_zero(word);
    return uids;
}

std::size_t UserSet::bytes() const noexcept
{
    std::size_t bytes = parts_.capacity() * sizeof(Part);
    for (const Part &part : parts_)
        bytes += part.list.capacity() * sizeof part.list[0] + (part.bits ? sizeof *part.bits : 0);
    return bytes;
}

}  // namespace profiles
