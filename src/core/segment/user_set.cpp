#include "user_set.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace profiles {

namespace {

// More users of a bucket than these have a bit each: adding to a long list moves much of it.
constexpr std::size_t kMaxList = 1024;
constexpr std::size_t kBytesOfUser =
    2 * sizeof(std::uint16_t);  // with the room that a vector keeps

std::int64_t bucket_of(std::int64_t uid) { return uid >> block::kBucketBits; }

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
    std::vector<std::int64_t> uids;
    for (const Part &part : other.parts_) {
        uids.resize(part.users);
        part.write(uids.data());
        growth += add(uids);
    }
    return growth;
}

std::size_t UserSet::add_to_parts(std::span<const std::int64_t> uids)
{
    std::size_t growth = 0;
    if (!empty_ && parts_.empty())
        growth += add_to_part({&latest_, 1});
    for (std::size_t first = 0, last = 0; first < uids.size(); first = last) {
        std::int64_t bucket = bucket_of(uids[first]);
        while (last < uids.size() && bucket_of(uids[last]) == bucket)
            ++last;
        growth += add_to_part(uids.subspan(first, last - first));
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
    std::size_t growth = 0;
    if (!empty_ && parts_.empty())
        growth += add_to_part({&latest_, 1});
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

// Of one bucket.
std::size_t UserSet::add_to_part(std::span<const std::int64_t> uids)
{
    std::size_t growth = 0;
    Part &part = part_of(bucket_of(uids.front()), growth);
    return growth + part.add(uids);
}

std::size_t UserSet::Part::add(std::span<const std::int64_t> uids)
{
    if (bits || list.size() + uids.size() > kMaxList)
        return add_to_bits(uids);
    add_to_list(uids);
    users = static_cast<std::uint32_t>(list.size());
    return kBytesOfUser * uids.size();
}

std::size_t UserSet::Part::add_to_bits(std::span<const std::int64_t> uids)
{
    std::size_t growth = make_bits();
    for (std::int64_t uid : uids)
        users += bits->add(static_cast<std::uint16_t>(uid));
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

void UserSet::Part::add_to_list(std::span<const std::int64_t> uids)
{
    if (uids.size() == 1) {
        auto user = static_cast<std::uint16_t>(uids.front());
        auto at = std::lower_bound(list.begin(), list.end(), user);
        if (at == list.end() || *at != user)
            list.insert(at, user);
        return;
    }
    std::size_t known = list.size();
    list.resize(known + uids.size());
    std::transform(uids.begin(), uids.end(), list.begin() + static_cast<std::ptrdiff_t>(known),
                   [](std::int64_t uid) { return static_cast<std::uint16_t>(uid); });
    auto first = list.begin() + static_cast<std::ptrdiff_t>(known);
    // Mostly they ascend and are behind the others.
    auto from = known > 0 ? first - 1 : first;
    if (std::adjacent_find(from, list.end(), std::greater_equal<>()) == list.end())
        return;
    std::sort(first, list.end());
    std::inplace_merge(list.begin(), first, list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
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
