// Counts the users of a block: each condition is asked once for every distinct value of its column, or
// of all its integers at once, and what matches is counted by the codes of the breakdowns.
#include <algorithm>

#include "../segment/block_filter.h"
#include "../segment/integer_range.h"
#include "users_segmentation.h"

namespace profiles {

using block::ColumnKind;

namespace {

const BlockColumnInfo *find_user_column(const ColumnDirectory &directory,
                                        const Reference &reference)
{
    if (reference.scope == Scope::user)
        return directory.find(ColumnKind::user_field, column_name(reference.user_field));
    if (reference.scope == Scope::field && reference.field == Field::uid)
        return directory.find(ColumnKind::user_field, user_block::kUid);
    return find_column(directory, reference);
}

// Conditions on the rows of one block.
class UserMatcher {
public:
    UserMatcher(const ColumnDirectory &directory, const BlockBytes &bytes, std::int64_t now)
        : directory_(directory), bytes_(bytes), now_(now)
    {
    }

    RowSet rows(const Leaf &leaf) const
    {
        if (leaf.predicate.op == PredicateKind::near)
            return rows_near(leaf);
        const BlockColumnInfo *info = find_user_column(directory_, leaf.reference);
        if (!info)
            return RowSet(directory_.rows(), matches(leaf.predicate, std::nullopt, now_));
        if (info->holds_integers())
            return rows_by_integer(leaf, read_user_integers(directory_, *info, bytes_));
        return rows_by_value(leaf, BlockColumn(directory_, *info, bytes_), directory_.rows(), now_);
    }

private:
    RowSet rows_by_integer(const Leaf &leaf, const UserIntegers &integers) const
    {
        bool of_missing = matches(leaf.predicate, std::nullopt, now_);
        std::optional<IntegerRange> range = integer_range(leaf.predicate, now_);
        if (!range)
            return rows_one_by_one(leaf, integers);
        RowSet answer(directory_.rows());
        bool negated = leaf.predicate.negated;
        std::int64_t missing = integers.missing.value_or(0);
        bool any_missing = integers.missing.has_value();
        for (std::uint32_t row = 0; row < directory_.rows(); ++row) {
            std::int64_t value = integers.values[row];
            bool match = range->contains(value) != negated;
            match = any_missing && value == missing ? of_missing : match;
            answer.words()[row / 64] |= std::uint64_t{match} << row % 64;
        }
        return answer;
    }

    RowSet rows_one_by_one(const Leaf &leaf, const UserIntegers &integers) const
    {
        RowSet answer(directory_.rows());
        bool last = false;
        for (std::uint32_t row = 0; row < directory_.rows(); ++row) {
            std::int64_t value = integers.values[row];
            if (row == 0 || value != integers.values[row - 1]) {
                check_interrupt();
                last = value == integers.missing
                           ? matches(leaf.predicate, std::nullopt, now_)
                           : matches(leaf.predicate, pack_number(Number(value)).item(), now_);
            }
            if (last)
                answer.add(row);
        }
        return answer;
    }

    std::vector<std::optional<Item>> values_of(std::string_view property) const
    {
        std::vector<std::optional<Item>> values(directory_.rows());
        if (const BlockColumnInfo *info = directory_.find(ColumnKind::property, property)) {
            BlockColumn column(directory_, *info, bytes_);
            column.for_each_run([&](std::uint32_t first, std::uint32_t last, std::uint32_t code) {
                std::fill(values.begin() + first, values.begin() + last, column.value(code));
            });
        }
        return values;
    }

    RowSet rows_near(const Leaf &leaf) const
    {
        RowSet answer(directory_.rows());
        std::vector<std::optional<Item>> latitudes = values_of("latitude"),
                                         longitudes = values_of("longitude");
        for (std::uint32_t row = 0; row < directory_.rows(); ++row) {
            check_interrupt();
            if (is_near(leaf.predicate, make_point(latitudes[row], longitudes[row])))
                answer.add(row);
        }
        return answer;
    }

    const ColumnDirectory &directory_;
    const BlockBytes &bytes_;
    std::int64_t now_;
};

}  // namespace

// It lives as long as the segmentation, so that its memory is asked for once.
class UsersSegmentation::BlockCount {
public:
    explicit BlockCount(UsersSegmentation &to) : to_(to) {}

    void count(const UserBlockDirectory &directory, const BlockBytes &bytes, const RowSet &rows)
    {
        directory_ = &directory;
        bytes_ = &bytes;
        uids_ = to_.cell_ ? read_uids() : std::vector<std::int64_t>();
        breakdowns_.clear();
        for (std::size_t index = 0; index < to_.breakdown_.size(); ++index)
            breakdowns_.push_back(make_breakdown(index));
        check_interrupt();
        number_cells(rows);
        for (const Cell &cell : cells_)
            add_cell(cell);
    }

private:
    // Rows of one combination of codes.
    struct Cell {
        std::uint32_t row;  // any of them
        std::int64_t users = 0;
        std::vector<std::int64_t> uids = {};
    };

    std::vector<std::int64_t> read_uids() const
    {
        const BlockColumnInfo &info = directory_->get(ColumnKind::user_field, user_block::kUid);
        return read_user_integers(*directory_, info, *bytes_).values;
    }

    Breakdown make_breakdown(std::size_t index)
    {
        Breakdown made;
        made.codes.resize(directory_->rows());
        const BlockColumnInfo *info = find_user_column(*directory_, to_.breakdown_[index]);
        if (!info)
            made.ids.push_back({ValueIds::kMissing});
        else if (info->holds_integers())
            break_by_integers(index, read_user_integers(*directory_, *info, *bytes_), made);
        else
            break_by_values(index, BlockColumn(*directory_, *info, *bytes_), made);
        return made;
    }

    void break_by_values(std::size_t index, const BlockColumn &column, Breakdown &made)
    {
        made.ids.resize(column.code_count());
        for (std::uint32_t code = 0; code < made.ids.size(); ++code) {
            check_interrupt();
            find_ids(find_inside(to_.breakdown_[index], column.value(code)), {}, to_.table_, index,
                     to_.found_, made.ids[code]);
        }
        column.read_codes(made.codes);
    }

    void break_by_integers(std::size_t index, const UserIntegers &integers, Breakdown &made)
    {
        std::unordered_map<std::int64_t, std::uint16_t> codes;
        for (std::uint32_t row = 0; row < directory_->rows(); ++row) {
            std::int64_t value = integers.values[row];
            auto [at, is_new] =
                codes.try_emplace(value, static_cast<std::uint16_t>(made.ids.size()));
            made.codes[row] = at->second;
            if (!is_new)
                continue;
            check_interrupt();
            ValueIds::Value text;
            if (value != integers.missing)
                text = std::to_string(value);
            made.ids.push_back({to_.table_.values(index).id_of(text)});
        }
    }

    void number_cells(const RowSet &rows)
    {
        cells_.clear();
        std::uint64_t combinations = 1;
        for (const Breakdown &breakdown : breakdowns_)
            combinations *= breakdown.ids.size();
        numbers_.reset(combinations);
        rows.for_each([&](std::uint32_t row) {
            std::uint64_t key = 0;
            for (const Breakdown &breakdown : breakdowns_)
                key = key * breakdown.ids.size() + breakdown.codes[row];
            std::uint32_t &number = numbers_.number_of(key);
            if (number == CellNumbers::kNone) {
                number = static_cast<std::uint32_t>(cells_.size());
                cells_.push_back({row});
            }
            Cell &cell = cells_[number];
            ++cell.users;
            if (!uids_.empty())
                cell.uids.push_back(uids_[row]);
        });
    }

    void add_cell(const Cell &cell)
    {
        std::array<const Ids *, kMaxBreakdowns> all{};
        for (std::size_t index = 0; index < breakdowns_.size(); ++index)
            all[index] = &breakdowns_[index].ids[breakdowns_[index].codes[cell.row]];
        to_.count({all.data(), breakdowns_.size()}, cell.users, cell.uids);
    }

    UsersSegmentation &to_;
    const UserBlockDirectory *directory_ = nullptr;
    const BlockBytes *bytes_ = nullptr;
    std::vector<Breakdown> breakdowns_;
    std::vector<std::int64_t> uids_;  // of all rows, where they are wanted
    CellNumbers numbers_;
    std::vector<Cell> cells_;
};

bool UsersSegmentation::reads_columns() const
{
    for (const Leaf &leaf : filter_->leaves())
        if (leaf.predicate.op != PredicateKind::near && leaf.reference.scope == Scope::profile &&
            !is_in_column(leaf.reference))
            return false;
    return std::all_of(breakdown_.begin(), breakdown_.end(), [](const Reference &reference) {
        return reference.scope != Scope::profile || is_in_column(reference);
    });
}

std::vector<ByteRange> UsersSegmentation::needed_bytes(const UserBlockDirectory &directory,
                                                       bool pages) const
{
    std::vector<ByteRange> ranges;
    if (pages)
        ranges.push_back(directory.page_bytes());
    auto add = [&](const BlockColumnInfo *column) {
        if (column && column->bytes().size > 0)
            ranges.push_back(column->bytes());
    };
    for (const Leaf &leaf : filter_->leaves()) {
        if (leaf.predicate.op != PredicateKind::near) {
            add(find_user_column(directory, leaf.reference));
        } else {
            add(directory.find(ColumnKind::property, "latitude"));
            add(directory.find(ColumnKind::property, "longitude"));
        }
    }
    for (const Reference &reference : breakdown_)
        add(find_user_column(directory, reference));
    if (cell_)
        add(directory.find(ColumnKind::user_field, user_block::kUid));
    return joined(std::move(ranges));
}

void UsersSegmentation::add_block(const UserBlockDirectory &directory, const BlockBytes &bytes,
                                  RowSet rows)
{
    UserMatcher matcher(directory, bytes, now_);
    if (!rows.empty())
        rows.keep(rows_of(filter_->root(), directory.rows(),
                          [&](const Leaf &leaf) { return matcher.rows(leaf); }));
    if (rows.empty())
        return;
    if (!block_count_)
        block_count_ = std::make_shared<BlockCount>(*this);
    block_count_->count(directory, bytes, rows);
}

}  // namespace profiles
