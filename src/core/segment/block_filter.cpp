#include "block_filter.h"

#include <algorithm>

#include "../interrupt.h"
#include "../profile/document.h"

namespace profiles {

using block::ColumnKind;

namespace {

ColumnKind kind_of(Field field)
{
    switch (field) {
    case Field::device_id: return ColumnKind::device_id;
    case Field::count: return ColumnKind::count;
    case Field::sum: return ColumnKind::sum;
    case Field::duration: return ColumnKind::duration;
    default: return ColumnKind::key;
    }
}

// How many steps of a path its column is.
std::size_t steps_to_column(const Reference &reference)
{
    bool in_group = reference.scope == Scope::profile &&
                    (reference.path[0] == kCustom || reference.path[0] == kCampaign);
    return in_group ? 2 : 1;
}

// Conditions on the rows of one block.
class Matcher {
public:
    Matcher(const BlockParts &parts, std::int64_t now) : parts_(parts), now_(now) {}

    RowSet rows(const Leaf &leaf)
    {
        const Reference &reference = leaf.reference;
        if (reference.scope == Scope::field && reference.field == Field::uid)
            return rows_by_user(leaf);
        const BlockColumnInfo *info = find_column(parts_.directory(), reference);
        if (!info)
            return RowSet(parts_.rows(), matches(leaf, std::nullopt));
        if (info->holds_integers())
            return rows_by_number(leaf, *info);
        return rows_by_value(leaf, parts_.column(*info), parts_.rows(), now_);
    }

private:
    bool matches(const Leaf &leaf, const std::optional<Item> &value) const
    {
        return profiles::matches(leaf.predicate, value, now_);
    }

    RowSet rows_by_user(const Leaf &leaf)
    {
        RowSet answer(parts_.rows());
        const BlockUsers &users = parts_.users();
        for (std::uint32_t user = 0; user < users.count(); ++user)
            if (matches(leaf, pack_number(parts_.uid(user)).item()))
                answer.add(users.first_row(user), users.last_row(user));
        return answer;
    }

    RowSet rows_by_number(const Leaf &leaf, const BlockColumnInfo &info)
    {
        std::vector<std::int64_t> coefficients(parts_.rows());
        read_integers(parts_.directory(), info, parts_.bytes(), coefficients);
        RowSet answer(parts_.rows());
        bool last = false;
        for (std::uint32_t row = 0; row < parts_.rows(); ++row) {
            if (row == 0 || coefficients[row] != coefficients[row - 1]) {
                check_interrupt();
                Number number = scaled_number(coefficients[row], info.entry.exponent);
                last = matches(leaf, pack_number(number).item());
            }
            if (last)
                answer.add(row);
        }
        return answer;
    }

    const BlockParts &parts_;
    std::int64_t now_;
};

std::int64_t current_uid(std::int64_t uid, std::span<const MovedUser> moved)
{
    auto at = std::lower_bound(
        moved.begin(), moved.end(), uid,
        [](const MovedUser &user, std::int64_t sought) { return user.uid < sought; });
    return at != moved.end() && at->uid == uid ? at->into_uid : uid;
}

}  // namespace

BlockParts::BlockParts(const BlockDirectory &directory, const BlockBytes &bytes,
                       std::span<const MovedUser> moved)
    : directory_(directory), bytes_(bytes), users_(directory, bytes)
{
    auto first =
        std::lower_bound(moved.begin(), moved.end(), users_.uid(0),
                         [](const MovedUser &user, std::int64_t uid) { return user.uid < uid; });
    if (first == moved.end() || first->uid > users_.uid(users_.count() - 1))
        return;
    uids_.reserve(users_.count());
    for (std::uint32_t user = 0; user < users_.count(); ++user)
        uids_.push_back(current_uid(users_.uid(user), moved));
}

std::vector<std::int64_t> BlockParts::uids() const
{
    std::vector<std::int64_t> uids(users_.count());
    for (std::uint32_t user = 0; user < uids.size(); ++user)
        uids[user] = uid(user);
    return uids;
}

std::vector<std::int64_t> BlockParts::times() const
{
    std::vector<std::int64_t> times(rows());
    read_integers(directory_, directory_.get(ColumnKind::time), bytes_, times);
    return times;
}

bool is_in_column(const Reference &reference)
{
    return reference.scope == Scope::field || reference.path.size() >= steps_to_column(reference);
}

const BlockColumnInfo *find_column(const ColumnDirectory &directory, const Reference &reference)
{
    if (reference.scope == Scope::field)
        return &directory.get(kind_of(reference.field));
    if (reference.scope == Scope::event)
        return directory.find(ColumnKind::segmentation, reference.path[0]);
    if (reference.path[0] == kCustom)
        return directory.find(ColumnKind::custom, reference.path[1]);
    if (reference.path[0] == kCampaign)
        return directory.find(ColumnKind::campaign, reference.path[1]);
    return directory.find(ColumnKind::property, reference.path[0]);
}

std::optional<Item> find_inside(const Reference &reference, std::optional<Item> value)
{
    if (reference.scope == Scope::field)
        return value;
    std::size_t step = steps_to_column(reference);
    for (; value && step < reference.path.size(); ++step)
        value =
            value->type == Type::object ? View(*value).find(reference.path[step]) : std::nullopt;
    return value;
}

RowSet rows_by_value(const Leaf &leaf, const BlockColumn &column, std::uint32_t rows,
                     std::int64_t now)
{
    std::vector<std::uint8_t> match(column.code_count());
    for (std::uint32_t code = 0; code < match.size(); ++code) {
        check_interrupt();
        match[code] = matches(leaf.predicate, find_inside(leaf.reference, column.value(code)), now);
    }
    RowSet answer(rows);
    column.choose_rows(match, answer.words());
    return answer;
}

RowSet matching_rows(const Filter &filter, const BlockParts &parts, std::int64_t now)
{
    Matcher matcher(parts, now);
    return rows_of(filter.root(), parts.rows(),
                   [&](const Leaf &leaf) { return matcher.rows(leaf); });
}

}  // namespace profiles
