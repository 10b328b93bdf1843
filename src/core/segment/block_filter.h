// A filter on a block: each condition is asked once for every distinct value of its column, and the
// answers are put together as sets of rows.
#pragma once

#include <span>
#include <vector>

#include "../events/block_column.h"
#include "../interrupt.h"
#include "filter.h"
#include "row_set.h"

namespace profiles {

// A user whose events belong to another one since a merge.
struct MovedUser {
    std::int64_t uid, into_uid;
};

// A block with the parts of it that are at hand, and who its users are now.
class BlockParts {
public:
    // `moved` is in the order of uid; all must outlive this.
    BlockParts(const BlockDirectory &directory, const BlockBytes &bytes,
               std::span<const MovedUser> moved);

    const BlockDirectory &directory() const { return directory_; }
    const BlockBytes &bytes() const { return bytes_; }
    const BlockUsers &users() const { return users_; }
    std::uint32_t rows() const { return directory_.rows(); }
    // False when all of its users are still who they were.
    bool has_moved() const { return !uids_.empty(); }
    std::int64_t uid(std::uint32_t user) const
    {
        return has_moved() ? uids_[user] : users_.uid(user);
    }
    std::vector<std::int64_t> uids() const;

    BlockColumn column(const BlockColumnInfo &info) const
    {
        return BlockColumn(directory_, info, bytes_);
    }
    std::vector<std::int64_t> times() const;

private:
    const BlockDirectory &directory_;
    const BlockBytes &bytes_;
    BlockUsers users_;
    std::vector<std::int64_t> uids_;  // of all users, when some may have moved
};

// False for a whole group of properties, which no column has.
bool is_in_column(const Reference &reference);

// The column that a reference leads to, of another field than uid. Null where the block has none: then
// the value is missing in every row.
const BlockColumnInfo *find_column(const ColumnDirectory &directory, const Reference &reference);

// What the reference finds in a value of its column: the value, or what is deeper inside.
std::optional<Item> find_inside(const Reference &reference, std::optional<Item> value);

// Conditions put together as sets of rows; of_leaf(leaf) is the set of each.
template <typename OfLeaf>
RowSet rows_of(const Condition &condition, std::uint32_t rows, OfLeaf &&of_leaf)
{
    check_interrupt();
    if (condition.kind == Condition::Kind::leaf)
        return of_leaf(*condition.leaf);
    bool all = condition.kind == Condition::Kind::all_of;
    RowSet answer(rows, all);
    for (const Condition &child : condition.children) {
        if (all && answer.empty())
            break;
        if (all)
            answer.keep(rows_of(child, rows, of_leaf));
        else
            answer.add(rows_of(child, rows, of_leaf));
    }
    return answer;
}

// The rows of a column whose value matches.
RowSet rows_by_value(const Leaf &leaf, const BlockColumn &column, std::uint32_t rows,
                     std::int64_t now);

// The rows that match. Every reference must be in a column.
RowSet matching_rows(const Filter &filter, const BlockParts &parts, std::int64_t now);

}  // namespace profiles
