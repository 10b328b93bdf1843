#include "user_set_view.h"

#include <bit>
#include <cstring>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

using namespace user_set;

namespace {

static_assert(std::endian::native == std::endian::little, "a user_set is little-endian");

template <typename Word>
Word load(const char *at)
{
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

std::uint32_t load_user(std::string_view data, std::size_t index)
{
    return load<std::uint16_t>(data.data() + 2 * index);
}

}  // namespace

void raise_corrupted_user_set() { throw Error(ErrorCode::corrupted, "corrupted user_set"); }

void BucketBits::add_run(std::uint32_t first, std::uint32_t last)
{
    std::uint64_t from = ~std::uint64_t{0} << first % 64,
                  until = ~std::uint64_t{0} >> (63 - last % 64);
    if (first / 64 == last / 64) {
        words_[first / 64] |= from & until;
        return;
    }
    words_[first / 64] |= from;
    for (std::size_t index = first / 64 + 1; index < last / 64; ++index)
        words_[index] = ~std::uint64_t{0};
    words_[last / 64] |= until;
}

void BucketBits::unite(const BucketBits &other)
{
    for (std::size_t index = 0; index < kWords; ++index)
        words_[index] |= other.words_[index];
}

void BucketBits::intersect(const BucketBits &other)
{
    for (std::size_t index = 0; index < kWords; ++index)
        words_[index] &= other.words_[index];
}

void BucketBits::subtract(const BucketBits &other)
{
    for (std::size_t index = 0; index < kWords; ++index)
        words_[index] &= ~other.words_[index];
}

std::uint32_t BucketBits::count() const
{
    std::uint32_t users = 0;
    for (std::uint64_t word : words_)
        users += static_cast<std::uint32_t>(std::popcount(word));
    return users;
}

// The first user from `from` on whose bit is as asked for.
std::uint32_t BucketBits::next(std::uint32_t from, bool set) const
{
    std::uint64_t flip = set ? 0 : ~std::uint64_t{0};
    for (std::size_t index = from / 64; index < kWords; ++index) {
        std::uint64_t word = words_[index] ^ flip;
        if (index == from / 64)
            word &= ~std::uint64_t{0} << from % 64;
        if (word != 0)
            return static_cast<std::uint32_t>(index * 64) +
                   static_cast<std::uint32_t>(std::countr_zero(word));
    }
    return kUsersPerBucket;
}

bool UserBucket::has(std::uint32_t user) const
{
    if (runs == 0 && users > kMaxList)
        return (static_cast<unsigned char>(data[user / 8]) >> user % 8 & 1) != 0;
    // The last run or user that begins at or before this one.
    std::size_t low = 0, high = runs > 0 ? runs : users, step = runs > 0 ? 2 : 1;
    while (low < high) {
        std::size_t middle = (low + high) / 2;
        if (load_user(data, middle * step) <= user)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    std::uint32_t first = load_user(data, (low - 1) * step);
    return user - first <= (runs > 0 ? load_user(data, (low - 1) * step + 1) : 0);
}

void UserBucket::add_to(BucketBits &bits) const
{
    if (runs > 0) {
        for (std::uint32_t run = 0; run < runs; ++run) {
            std::uint32_t first = load_user(data, 2 * run);
            std::uint32_t last = first + load_user(data, 2 * run + 1);
            if (last >= kUsersPerBucket)
                raise_corrupted_user_set();
            bits.add_run(first, last);
        }
    } else if (users <= kMaxList) {
        for (std::uint32_t index = 0; index < users; ++index)
            bits.add(load_user(data, index));
    } else {
        for (std::size_t index = 0; index < BucketBits::kWords; ++index)
            bits.word(index) |= load<std::uint64_t>(data.data() + 8 * index);
    }
}

std::size_t write_uids(const UserBucket &bucket, std::int64_t *uids)
{
    BucketBits bits;
    bucket.add_to(bits);
    if (bits.count() != bucket.users)
        raise_corrupted_user_set();
    std::int64_t base = std::int64_t{bucket.bucket} << 16;
    bits.for_each_run([&](std::uint32_t first, std::uint32_t last) {
        for (std::uint32_t user = first; user <= last; ++user)
            *uids++ = base + user;
    });
    return bucket.users;
}

const UserBucket *UserBuckets::next()
{
    if (left_ == 0)
        return nullptr;
    --left_;
    const char *entry = bytes_.data() + entry_;
    entry_ += kEntry;
    current_.bucket = load<std::uint32_t>(entry);
    current_.users = load<std::uint16_t>(entry + 4) + 1u;
    current_.runs = load<std::uint16_t>(entry + 6);
    std::size_t size =
        current_.runs > 0 ? 4 * std::size_t{current_.runs} : size_without_runs(current_.users);
    if (size > bytes_.size() - data_)
        raise_corrupted_user_set();
    current_.data = bytes_.substr(data_, size);
    data_ += size;
    return &current_;
}

const UserBucket *UserBuckets::next_from(std::uint32_t bucket)
{
    const UserBucket *found = next();
    while (found && found->bucket < bucket)
        found = next();
    return found;
}

UserSetView::UserSetView(std::string_view bytes) : bytes_(bytes)
{
    if (bytes.size() < kHeader)
        raise_corrupted_user_set();
    if (bytes[0] != kVersion)
        throw Error(ErrorCode::unsupported, "user_set has an unknown format version");
    buckets_ = load<std::uint32_t>(bytes.data() + 4);
    if (buckets_ > (bytes.size() - kHeader) / kEntry)
        raise_corrupted_user_set();
    std::size_t size = kHeader + kEntry * std::size_t{buckets_};
    UserBuckets all(*this);
    for (InterruptPoll poll; const UserBucket *bucket = all.next(); poll.step()) {
        users_ += bucket->users;
        size += bucket->data.size();
    }
    if (size != bytes.size())
        raise_corrupted_user_set();
}

bool UserSetView::has(std::int64_t uid) const
{
    if (uid < 0 || uid > kLastUid)
        return false;
    auto number = static_cast<std::uint32_t>(uid >> 16);
    UserBuckets mine(*this);
    const UserBucket *bucket = mine.next_from(number);
    return bucket && bucket->bucket == number &&
           bucket->has(static_cast<std::uint32_t>(uid) % kUsersPerBucket);
}

bool UserSetView::has_all(const UserSetView &other) const
{
    UserBuckets mine(*this), theirs(other);
    BucketBits missing, here;
    for (InterruptPoll poll; const UserBucket *wanted = theirs.next(); poll.step(64)) {
        const UserBucket *bucket = mine.next_from(wanted->bucket);
        if (!bucket || bucket->bucket != wanted->bucket || bucket->users < wanted->users)
            return false;
        missing.clear();
        here.clear();
        wanted->add_to(missing);
        bucket->add_to(here);
        missing.subtract(here);
        if (missing.count() > 0)
            return false;
    }
    return true;
}

bool UserSetView::overlaps(const UserSetView &other) const
{
    UserBuckets mine(*this), theirs(other);
    const UserBucket *left = mine.next(), *right = theirs.next();
    BucketBits both, here;
    for (InterruptPoll poll; left && right; poll.step(64)) {
        if (left->bucket < right->bucket) {
            left = mine.next();
        } else if (right->bucket < left->bucket) {
            right = theirs.next();
        } else {
            both.clear();
            here.clear();
            left->add_to(both);
            right->add_to(here);
            both.intersect(here);
            if (both.count() > 0)
                return true;
            left = mine.next();
            right = theirs.next();
        }
    }
    return false;
}

}  // namespace profiles
