// Groups as bytes, for whoever adds up parts: the values of each breakdown, then the groups. They travel
// between processes of one server, so that they are in its byte order; every length is checked all the same.
#include <algorithm>
#include <cstring>
#include <functional>

#include "../error.h"
#include "../events/block_layout.h"
#include "../interrupt.h"
#include "group_table.h"

namespace profiles {

namespace {

[[noreturn]] void raise_corrupted_groups()
{
    throw Error(ErrorCode::corrupted, "corrupted groups of a segmentation");
}

template <typename T>
void put(std::string &out, const T &value)
{
    out.append(reinterpret_cast<const char *>(&value), sizeof value);
}

void put_variable(std::string &out, std::uint64_t value)
{
    for (; value >= 128; value >>= 7)
        out.push_back(static_cast<char>(value | 128));
    out.push_back(static_cast<char>(value));
}

class Input {
public:
    explicit Input(std::string_view bytes) : bytes_(bytes) {}

    bool at_end() const { return bytes_.empty(); }
    std::string_view take(std::size_t size)
    {
        if (size > bytes_.size())
            raise_corrupted_groups();
        std::string_view taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }
    template <typename T>
    T get()
    {
        T value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    std::uint64_t get_variable()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            auto byte = static_cast<unsigned char>(get<char>());
            value |= std::uint64_t{byte & 127u} << shift;
            if (byte < 128)
                return value;
        }
        raise_corrupted_groups();
    }
    // How many things of at least one byte each follow.
    std::size_t get_count()
    {
        std::uint64_t count = get_variable();
        if (count > bytes_.size())
            raise_corrupted_groups();
        return static_cast<std::size_t>(count);
    }

private:
    std::string_view bytes_;
};

void put_sum(std::string &out, const ExactSum &sum)
{
    put_variable(out, sum.terms().size());
    for (const ExactSum::Term &term : sum.terms()) {
        put(out, term.exponent);
        put(out, term.coefficient);
    }
}

std::size_t add_sum(Input &in, ExactSum &sum)
{
    std::size_t growth = 0;
    for (std::size_t left = in.get_count(); left > 0; --left) {
        int exponent = in.get<int>();
        growth += sum.add(in.get<WideInteger>(), exponent);
    }
    return growth;
}

// Bucket by bucket, ascending: the distance to the bucket before, how many users of it, and in the shorter of
// two forms the low bits of each or a bit for each that there could be.
void put_users(std::string &out, const UserSet &users)
{
    put_variable(out, users.buckets());
    std::int64_t last = 0;
    users.for_each_bucket(
        [&](std::int64_t bucket, std::span<const std::uint16_t> list, const BucketBits *bits) {
            put_variable(out, static_cast<std::uint64_t>(bucket - last));
            put_variable(out, list.size());
            if (bits)
                put(out, *bits);
            else
                out.append(reinterpret_cast<const char *>(list.data()), list.size_bytes());
            last = bucket;
        });
}

std::size_t add_users(Input &in, UserSet &users)
{
    std::size_t growth = 0;
    std::uint64_t bucket = 0;
    for (std::size_t left = in.get_count(); left > 0; --left) {
        bucket += in.get_variable();
        std::size_t count = in.get_count();
        if (count > user_set::kMaxList)
            raise_corrupted_groups();
        auto number = static_cast<std::int64_t>(bucket);
        if (count == 0) {
            growth += users.add(number, in.get<BucketBits>());
            continue;
        }
        std::array<std::uint16_t, user_set::kMaxList> list;
        std::memcpy(list.data(), in.take(count * sizeof list[0]).data(), count * sizeof list[0]);
        std::span added(list.data(), count);
        if (std::adjacent_find(added.begin(), added.end(), std::greater_equal<>()) != added.end())
            raise_corrupted_groups();
        growth += users.add(number, added);
    }
    return growth;
}

void put_numbers(std::string &out, const NumberIds &numbers)
{
    put_variable(out, numbers.size());
    for (std::uint32_t id = 0; id < numbers.size(); ++id) {
        Decimal decimal = numbers.number(id).decimal();
        put(out, decimal.negative);
        put(out, decimal.exponent);
        put(out, decimal.coefficient);
    }
}

// From the ids of what was written to those of this table.
std::vector<std::uint32_t> get_numbers(Input &in, NumberIds &numbers)
{
    std::vector<std::uint32_t> ids(in.get_count());
    for (std::uint32_t &id : ids) {
        Decimal decimal;
        decimal.negative = in.get<char>() != 0;
        decimal.exponent = in.get<std::int16_t>();
        decimal.coefficient = in.get<Coefficient>();
        id = numbers.id_of(Number::of(decimal));
    }
    return ids;
}

void put_counts(std::string &out, std::span<const NumberCounts::Entry> entries)
{
    put_variable(out, entries.size());
    for (const NumberCounts::Entry &entry : entries) {
        put_variable(out, entry.id);
        put_variable(out, entry.count);
    }
}

std::size_t add_counts(Input &in, NumberCounts &counts, std::span<const std::uint32_t> ids)
{
    std::size_t growth = 0;
    for (std::size_t left = in.get_count(); left > 0; --left) {
        std::uint64_t id = in.get_variable();
        if (id >= ids.size())
            raise_corrupted_groups();
        growth += counts.add(ids[id], in.get_variable());
    }
    return growth;
}

void put_amounts(std::string &out, Group::Amounts *amounts)
{
    put(out, static_cast<char>(amounts != nullptr));
    if (!amounts)
        return;
    put_counts(out, amounts->sum.merged());
    put_counts(out, amounts->duration.merged());
}

std::size_t add_amounts(Input &in, Group &group, std::span<const std::uint32_t> ids)
{
    if (in.get<char>() == 0)
        return 0;
    if (!group.amounts)
        group.amounts = std::make_unique<Group::Amounts>();
    std::size_t growth = add_counts(in, group.amounts->sum, ids);
    return growth + add_counts(in, group.amounts->duration, ids);
}

}  // namespace

std::string GroupTable::write() const
{
    std::string out;
    put_variable(out, values_.size());
    for (const ValueIds &values : values_) {
        put_variable(out, values.size() - 1);  // the first one is the missing value
        for (std::uint32_t id = 1; id < values.size(); ++id) {
            put_variable(out, values.value_of(id)->size());
            out += *values.value_of(id);
        }
    }
    put_numbers(out, amounts_);
    for (const auto &[key, number] : numbers_) {
        check_interrupt();
        const Group &group = groups_[number];
        put_variable(out, key.bucket);
        for (std::size_t index = 0; index < values_.size(); ++index)
            put_variable(out, key.ids[index]);
        put(out, group.times);
        put_sum(out, group.sum);
        put_sum(out, group.duration);
        put_users(out, group.users);
        put_amounts(out, group.amounts.get());
    }
    return out;
}

std::size_t GroupTable::breakdowns_of(std::string_view written)
{
    std::uint64_t breakdowns = Input(written).get_variable();
    if (breakdowns > kMaxBreakdowns)
        raise_corrupted_groups();
    return static_cast<std::size_t>(breakdowns);
}

void GroupTable::add(std::string_view written)
{
    Input in(written);
    if (in.get_variable() != values_.size())
        raise_corrupted_groups();
    std::vector<std::vector<std::uint32_t>> ids(values_.size());
    for (std::size_t index = 0; index < values_.size(); ++index) {
        ids[index].resize(in.get_count() + 1);
        for (std::size_t id = 1; id < ids[index].size(); ++id)
            ids[index][id] = id_of(index, in.take(in.get_count()));
    }
    std::size_t known = amounts_.size();
    std::vector<std::uint32_t> number_ids = get_numbers(in, amounts_);
    grow((amounts_.size() - known) * 4 * sizeof(Number));
    while (!in.at_end()) {
        check_interrupt();
        GroupKey key;
        key.bucket = static_cast<std::uint32_t>(in.get_variable());
        for (std::size_t index = 0; index < values_.size(); ++index) {
            std::uint64_t id = in.get_variable();
            if (id >= ids[index].size() || ids[index][id] == ValueIds::kUnknown)
                raise_corrupted_groups();
            key.ids[index] = ids[index][id];
        }
        Group &to = group(key);
        to.add_times(in.get<std::int64_t>());
        grow(add_sum(in, to.sum));
        grow(add_sum(in, to.duration));
        grow(add_users(in, to.users));
        grow(add_amounts(in, to, number_ids));
    }
}

}  // namespace profiles
