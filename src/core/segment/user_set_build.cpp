#include "user_set_build.h"

#include <algorithm>
#include <memory>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

using namespace user_set;

namespace {

constexpr std::size_t kFewestWaiting = 256, kMostWaiting = std::size_t{1} << 20;

template <typename Number>
void put(std::pmr::string &out, Number number)
{
    out.append(reinterpret_cast<const char *>(&number), sizeof number);
}

void put_list(std::pmr::string &out, const BucketBits &bits)
{
    bits.for_each_run([&](std::uint32_t first, std::uint32_t last) {
        for (std::uint32_t user = first; user <= last; ++user)
            put(out, static_cast<std::uint16_t>(user));
    });
}

void put_runs(std::pmr::string &out, const BucketBits &bits)
{
    bits.for_each_run([&](std::uint32_t first, std::uint32_t last) {
        put(out, static_cast<std::uint16_t>(first));
        put(out, static_cast<std::uint16_t>(last - first));
    });
}

void put_bits(std::pmr::string &out, const BucketBits &bits)
{
    for (std::size_t index = 0; index < BucketBits::kWords; ++index)
        put(out, bits.word(index));
}

// What both sets have of one bucket.
void combine_bucket(const UserBucket &left, const UserBucket &right, SetOperation operation,
                    BucketBits &bits, BucketBits &other)
{
    bits.clear();
    left.add_to(bits);
    if (operation == SetOperation::unite) {
        right.add_to(bits);
        return;
    }
    other.clear();
    right.add_to(other);
    if (operation == SetOperation::intersect)
        bits.intersect(other);
    else
        bits.subtract(other);
}

// Sorts. Throws out_of_range.
std::pmr::string pack(std::pmr::vector<std::int64_t> &uids, std::pmr::memory_resource *memory)
{
    if (!std::is_sorted(uids.begin(), uids.end()))
        std::sort(uids.begin(), uids.end());
    UserSetWriter writer(memory);
    BucketBits bits;
    for (std::size_t index = 0; index < uids.size();) {
        std::int64_t bucket = uids[index] >> 16;
        bits.clear();
        for (; index < uids.size() && uids[index] >> 16 == bucket; ++index)
            bits.add(static_cast<std::uint32_t>(uids[index]) % kUsersPerBucket);
        writer.add(static_cast<std::uint32_t>(bucket), bits);
    }
    return writer.take();
}

}  // namespace

void check_uid(std::int64_t uid)
{
    if (uid < 1 || uid > kLastUid)
        throw Error(ErrorCode::out_of_range, "uid " + std::to_string(uid) + " is out of range",
                    "A uid lies between 1 and " + std::to_string(kLastUid) + ".");
}

void raise_user_set_too_large()
{
    throw Error(ErrorCode::limit_exceeded, "user_set is too large",
                "It may have " + std::to_string(kMaxBytes) + " bytes.");
}

void UserSetWriter::add_entry(std::uint32_t bucket, std::uint32_t users, std::uint32_t runs,
                              std::size_t size)
{
    if (kHeader + directory_.size() + kEntry + data_.size() + size > kMaxBytes)
        raise_user_set_too_large();
    put(directory_, bucket);
    put(directory_, static_cast<std::uint16_t>(users - 1));
    put(directory_, static_cast<std::uint16_t>(runs));
    ++buckets_;
}

void UserSetWriter::add(std::uint32_t bucket, const BucketBits &bits)
{
    check_interrupt();
    std::uint32_t users = bits.count(), runs = 0;
    if (users == 0)
        return;
    bits.for_each_run([&](std::uint32_t, std::uint32_t) { ++runs; });
    std::size_t size = size_without_runs(users);
    if (4 * std::size_t{runs} < size) {
        add_entry(bucket, users, runs, 4 * std::size_t{runs});
        put_runs(data_, bits);
        return;
    }
    add_entry(bucket, users, 0, size);
    if (users <= kMaxList)
        put_list(data_, bits);
    else
        put_bits(data_, bits);
}

void UserSetWriter::add(const UserBucket &bucket)
{
    poll_.step();
    add_entry(bucket.bucket, bucket.users, bucket.runs, bucket.data.size());
    data_.append(bucket.data);
}

std::pmr::string UserSetWriter::take()
{
    std::pmr::string bytes(directory_.get_allocator());
    bytes.reserve(kHeader + directory_.size() + data_.size());
    bytes.assign(4, '\0');
    bytes[0] = kVersion;
    put(bytes, buckets_);
    bytes.append(directory_);
    bytes.append(data_);
    return bytes;
}

std::pmr::string combine(const UserSetView &left, const UserSetView &right, SetOperation operation,
                         std::pmr::memory_resource *memory)
{
    UserSetWriter writer(memory);
    UserBuckets lefts(left), rights(right);
    const UserBucket *mine = lefts.next(), *theirs = rights.next();
    BucketBits bits, other;
    for (InterruptPoll poll; mine || theirs; poll.step()) {
        if (mine && (!theirs || mine->bucket < theirs->bucket)) {
            if (operation != SetOperation::intersect)
                writer.add(*mine);
            mine = lefts.next();
        } else if (!mine || theirs->bucket < mine->bucket) {
            if (operation == SetOperation::unite)
                writer.add(*theirs);
            theirs = rights.next();
        } else {
            combine_bucket(*mine, *theirs, operation, bits, other);
            writer.add(mine->bucket, bits);
            mine = lefts.next();
            theirs = rights.next();
        }
    }
    return writer.take();
}

UserSetBuilder::UserSetBuilder(std::pmr::memory_resource *memory)
    : memory_(memory), waiting_(memory), room_(kFewestWaiting),
      set_(UserSetWriter(memory).take(), memory)
{
}

void UserSetBuilder::add(std::int64_t uid)
{
    check_uid(uid);
    waiting_.push_back(uid);
    if (waiting_.size() >= room_)
        fold();
}

void UserSetBuilder::add(const UserSetView &set)
{
    set_ = combine(UserSetView(set_), set, SetOperation::unite, memory_);
}

std::string_view UserSetBuilder::view()
{
    if (!waiting_.empty())
        fold();
    return set_;
}

void UserSetBuilder::fold()
{
    std::pmr::string more = pack(waiting_, memory_);
    waiting_.clear();
    add(UserSetView(more));
    room_ = std::clamp(set_.size() / sizeof(std::int64_t), kFewestWaiting, kMostWaiting);
}

void check_user_set(std::string_view bytes, std::pmr::memory_resource *memory)
{
    UserSetView set(bytes);
    UserSetWriter writer(memory);
    UserBuckets all(set);
    BucketBits bits;
    std::int64_t previous = -1;
    while (const UserBucket *bucket = all.next()) {
        if (bucket->bucket <= previous || bucket->bucket > kLastBucket)
            raise_corrupted_user_set();
        previous = bucket->bucket;
        bits.clear();
        bucket->add_to(bits);
        if (bucket->bucket == 0 && (bits.word(0) & 1) != 0)
            raise_corrupted_user_set();
        writer.add(bucket->bucket, bits);
    }
    if (writer.take() != bytes)
        raise_corrupted_user_set();
}

}  // namespace profiles
