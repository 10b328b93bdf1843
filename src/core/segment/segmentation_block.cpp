// Segmentation of a block: rows are counted by the codes of their breakdowns first, in numbers of the
// block's own, and only what came of it is looked up among the groups of the answer.
#include <algorithm>
#include <map>

#include "../error.h"
#include "../interrupt.h"
#include "../events/block_quarters.h"
#include "../events/value_table.h"
#include "cell_numbers.h"
#include "cell_totals.h"
#include "segmentation.h"

namespace profiles {

using block::ColumnKind;

namespace {

// Rows of one bucket of time and one combination of codes.
struct Cell {
    std::uint32_t bucket = 0;
    std::uint32_t place = 0;  // of any of them among the chosen rows: its codes are those of all
    std::uint32_t users = 0;  // how many
    std::int64_t times = 0;
    WideInteger sum = 0, duration = 0;  // in units of the column
};

// What is known of the users of a cell while its rows are gone through.
struct Seen {
    std::uint32_t last_user = UINT32_MAX, users = 0;
};

// The amounts of a column: coefficients of one power of ten, or any numbers.
class Amounts {
public:
    void read(const BlockParts &parts, ColumnKind kind)
    {
        const BlockColumnInfo &info = parts.directory().get(kind);
        exponent_ = -static_cast<int>(info.entry.exponent);
        numbers_.clear();
        coefficients_ = {};
        is_zero_ = false;
        if (!info.holds_integers()) {
            numbers_ = read_numbers(parts.directory(), info, parts.bytes());
        } else {
            coefficients_ = IntegerColumn(parts.directory(), info, parts.bytes());
            is_zero_ = info.entry.width == 0 && info.entry.base == 0;
        }
    }

    // Of all rows alike, and nothing.
    bool is_zero() const { return is_zero_; }
    bool is_odd() const { return !numbers_.empty(); }
    const IntegerColumn &coefficients() const { return coefficients_; }
    std::int64_t coefficient(std::uint32_t row) const { return coefficients_[row]; }
    const Number &number(std::uint32_t row) const { return numbers_[row]; }
    Number scaled(std::int64_t coefficient) const
    {
        return scaled_number(coefficient, static_cast<std::uint16_t>(-exponent_));
    }
    void add_total(const WideInteger &sum, ExactSum &total) const
    {
        if (sum != 0)
            total.add(sum, exponent_);
    }

private:
    int exponent_ = 0;
    bool is_zero_ = true;
    IntegerColumn coefficients_;
    std::vector<Number> numbers_;
};

}  // namespace

// Counts the chosen rows of one block after the other, step by step for all rows. It lives as long as the
// segmentation, so that its memory is asked for once.
class Segmentation::BlockCount {
public:
    explicit BlockCount(Segmentation &to) : to_(to) {}

    void count(const BlockParts &parts, const RowSet &rows)
    {
        parts_ = &parts;
        breakdowns_.clear();
        cells_.clear();
        first_user_.clear();
        choose_rows(rows);
        if (rows_.empty())
            return;
        for (std::size_t index = 0; index < to_.breakdown_.size(); ++index)
            breakdowns_.push_back(make_breakdown(index));
        for (std::size_t index = 0; index < breakdowns_.size(); ++index)
            if (!to_.ranges_[index].empty())
                join_alike(breakdowns_[index]);
        check_interrupt();
        number_cells();
        if (!to_.cell_)
            add_measures();
        check_interrupt();
        add_users();
        for (std::uint32_t cell = 0; cell < cells_.size(); ++cell)
            add_cell(cell);
    }

private:
    // Those in the period, and their buckets.
    void choose_rows(const RowSet &rows)
    {
        rows_.resize(rows.count());
        rows.for_each([to = rows_.data()](std::uint32_t row) mutable {
            *to++ = static_cast<std::uint16_t>(row);
        });
        std::optional<std::uint32_t> bucket = to_.bucket_of_block(parts_->directory());
        bucket_of_row_.assign(rows_.size(), bucket.value_or(0));
        if (!bucket)
            choose_by_time();
    }

    void choose_by_time()
    {
        const BlockDirectory &directory = parts_->directory();
        const BlockColumnInfo &info = directory.get(ColumnKind::time);
        if (to_.asks_only_quarters(directory)) {
            BlockQuarters quarters(directory, info, parts_->bytes());
            choose_by([&](std::uint16_t row) { return to_.buckets_.find_quarter(quarters[row]); },
                      [&](std::uint16_t row) {
                          return to_.is_in_period(quarters[row] * block::kQuarter);
                      });
        } else {
            IntegerColumn times(directory, info, parts_->bytes());
            choose_by([&](std::uint16_t row) { return to_.buckets_.find(times[row]); },
                      [&](std::uint16_t row) { return to_.is_in_period(times[row]); });
        }
    }

    template <typename BucketOf, typename IsInPeriod>
    void choose_by(BucketOf bucket_of, IsInPeriod is_in_period)
    {
        std::span rows(rows_);
        std::uint32_t *buckets = bucket_of_row_.data();
        std::size_t chosen = 0;
        bool all_in_period = to_.holds_block(parts_->directory());
        for (std::uint16_t row : rows) {
            std::optional<std::uint32_t> bucket = bucket_of(row);
            if (!bucket || !(all_in_period || is_in_period(row)))
                continue;
            rows[chosen] = row;
            buckets[chosen++] = *bucket;
        }
        rows_.resize(chosen);
        bucket_of_row_.resize(chosen);
    }

    Breakdown make_breakdown(std::size_t index)
    {
        Breakdown made;
        made.codes.resize(rows_.size());
        const Reference &reference = to_.breakdown_[index];
        const BlockUsers &users = parts_->users();
        if (reference.scope == Scope::field && reference.field == Field::uid) {
            auto at = rows_.begin();
            for (std::uint32_t user = 0; user < users.count(); ++user) {
                for (; at != rows_.end() && *at < users.last_row(user); ++at)
                    made.codes[at - rows_.begin()] = static_cast<std::uint16_t>(user);
                NumberItem uid = pack_number(Number(parts_->uid(user)));
                to_.find_ids(index, uid.item(), made.ids.emplace_back());
            }
            return made;
        }
        const BlockColumnInfo *info = find_column(parts_->directory(), reference);
        if (!info)
            made.ids.push_back({ValueIds::kMissing});
        else if (info->holds_integers())
            break_by_numbers(index, *info, made);
        else
            break_by_values(index, parts_->column(*info), made);
        return made;
    }

    void break_by_values(std::size_t index, const BlockColumn &column, Breakdown &made)
    {
        made.ids.resize(column.code_count());
        for (std::uint32_t code = 0; code < made.ids.size(); ++code) {
            check_interrupt();
            to_.find_ids(index, find_inside(to_.breakdown_[index], column.value(code)),
                         made.ids[code]);
        }
        column.read_codes(rows_, made.codes);
    }

    void break_by_numbers(std::size_t index, const BlockColumnInfo &info, Breakdown &made)
    {
        std::vector<Number> numbers = read_numbers(parts_->directory(), info, parts_->bytes());
        std::vector<NumberItem> packed;
        packed.reserve(rows_.size());
        ValueTable distinct;
        for (std::size_t at = 0; at < rows_.size(); ++at)
            made.codes[at] = static_cast<std::uint16_t>(
                distinct.number_of(packed.emplace_back(pack_number(numbers[rows_[at]])).item()));
        for (const Item &value : distinct.values())
            to_.find_ids(index, value, made.ids.emplace_back());
    }

    // Values of one range need one code.
    static void join_alike(Breakdown &made)
    {
        std::map<Ids, std::uint16_t> known;
        std::vector<Ids> ids;
        std::vector<std::uint16_t> code_of;
        for (const Ids &each : made.ids) {
            auto [at, is_new] = known.try_emplace(each, static_cast<std::uint16_t>(ids.size()));
            if (is_new)
                ids.push_back(each);
            code_of.push_back(at->second);
        }
        for (std::uint16_t &code : made.codes)
            code = code_of[code];
        made.ids = std::move(ids);
    }

    // Codes have 16 bits, which leaves 16 for the buckets.
    void number_cells()
    {
        std::uint64_t combinations = to_.buckets_.count();
        for (const Breakdown &breakdown : breakdowns_)
            combinations *= breakdown.ids.size();
        numbers_.reset(combinations);
        cell_of_row_.resize(rows_.size());
        // Numbers of few combinations make way for those of the cells.
        if (numbers_.is_dense())
            number_by(cell_of_row_);
        else
            number_by(keys_);
    }

    template <typename Key>
    void number_by(std::vector<Key> &keys)
    {
        keys.assign(bucket_of_row_.begin(), bucket_of_row_.end());
        std::span key(keys);
        for (const Breakdown &breakdown : breakdowns_) {
            std::span codes(breakdown.codes);
            auto size = static_cast<Key>(breakdown.ids.size());
            for (std::size_t index = 0; index < key.size(); ++index)
                key[index] = key[index] * size + codes[index];
        }
        std::span cells(cell_of_row_);
        for (std::uint32_t index = 0; index < key.size(); ++index) {
            std::uint32_t &number = numbers_.number_of(key[index]);
            if (number == CellNumbers::kNone) {
                number = static_cast<std::uint32_t>(cells_.size());
                cells_.push_back({bucket_of_row_[index], index});
            }
            cells[index] = number;
        }
    }

    // Who asks for the users of a cell needs none of these.
    void add_measures()
    {
        sums_.read(*parts_, ColumnKind::sum);
        durations_.read(*parts_, ColumnKind::duration);
        add_totals();
        if (sums_.is_odd())
            add_odd_amounts(sums_, &Group::sum);
        if (durations_.is_odd())
            add_odd_amounts(durations_, &Group::duration);
        if (to_.keeps_sums_)
            add_single_amounts(sums_, &Group::Amounts::sum);
        if (to_.keeps_durations_)
            add_single_amounts(durations_, &Group::Amounts::duration);
        check_interrupt();
    }

    void add_totals()
    {
        IntegerColumn counts(parts_->directory(), parts_->directory().get(ColumnKind::count),
                             parts_->bytes());
        totals_.begin(rows_, cell_of_row_, cells_.size());
        std::span<const WideInteger> times = totals_.add_up(counts);
        for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
            cells_[cell].times = static_cast<std::int64_t>(times[cell]);
            if (cells_[cell].times != times[cell])
                raise_too_many_times();
        }
        add_amounts(sums_, &Cell::sum);
        add_amounts(durations_, &Cell::duration);
    }

    void add_amounts(const Amounts &amounts, WideInteger Cell::*to)
    {
        if (amounts.is_zero() || amounts.is_odd())
            return;
        std::span<const WideInteger> totals = totals_.add_up(amounts.coefficients());
        for (std::size_t cell = 0; cell < cells_.size(); ++cell)
            cells_[cell].*to = totals[cell];
    }

    // Rows are in the order of users: one is new in a cell when it is not the last one there.
    void add_users()
    {
        const BlockUsers &users = parts_->users();
        if (found_.size() < rows_.size() + 1)
            found_.resize(rows_.size() + 1);
        auto *found = found_.data();
        std::span rows(rows_);
        std::span numbers(cell_of_row_);
        seen_.assign(cells_.size(), {});
        Seen *seen = seen_.data();
        std::uint32_t user = 0, end = users.last_row(0);
        for (std::size_t index = 0; index < rows.size(); ++index) {
            while (rows[index] >= end)
                end = users.last_row(++user);
            Seen &in_cell = seen[numbers[index]];
            bool is_new = in_cell.last_user != user;
            *found = {numbers[index], static_cast<std::uint16_t>(user)};
            found += is_new;
            in_cell.users += is_new;
            in_cell.last_user = user;
        }
        for (std::size_t cell = 0; cell < cells_.size(); ++cell)
            cells_[cell].users = seen[cell].users;
        std::span all(found_.data(), found);
        std::uint32_t start = 0;
        for (const Cell &cell : cells_) {
            first_user_.push_back(start);
            start += cell.users;
        }
        std::vector<std::uint32_t> next = first_user_;
        users_of_cells_.resize(all.size());
        for (auto [cell, number] : all)
            users_of_cells_[next[cell]++] = parts_->uid(number);
    }

    std::span<const std::int64_t> users_of(std::uint32_t cell) const
    {
        return {users_of_cells_.data() + first_user_[cell], cells_[cell].users};
    }

    template <typename Visit>
    void for_each_group(const Cell &cell, Visit &&visit)
    {
        std::array<const Ids *, kMaxBreakdowns> all{};
        for (std::size_t index = 0; index < breakdowns_.size(); ++index)
            all[index] = &breakdowns_[index].ids[breakdowns_[index].codes[cell.place]];
        for_each_combination(cell.bucket, {all.data(), breakdowns_.size()}, to_.cell_,
                             [&](const GroupKey &key) { visit(to_.table_.group(key)); });
    }

    void add_cell(std::uint32_t number)
    {
        const Cell &cell = cells_[number];
        for_each_group(cell, [&](Group &group) {
            group.add_times(cell.times);
            sums_.add_total(cell.sum, group.sum);
            durations_.add_total(cell.duration, group.duration);
            to_.table_.grow(group.users.add(users_of(number)));
        });
    }

    // Amounts that have no common unit are rare: they are added one by one.
    void add_odd_amounts(const Amounts &amounts, ExactSum Group::*total)
    {
        for (std::size_t index = 0; index < rows_.size(); ++index)
            for_each_group(cells_[cell_of_row_[index]],
                           [&](Group &group) { (group.*total).add(amounts.number(rows_[index])); });
    }

    // For medians and the like: what is alike in a cell is put together first.
    void add_single_amounts(const Amounts &amounts, NumberCounts Group::Amounts::*to)
    {
        if (amounts.is_odd()) {
            for (std::size_t index = 0; index < rows_.size(); ++index)
                add_amount(cell_of_row_[index], amounts.number(rows_[index]), 1, to);
            return;
        }
        amounts_.clear();
        for (std::size_t index = 0; index < rows_.size(); ++index)
            amounts_.emplace_back(cell_of_row_[index],
                                  amounts.is_zero() ? 0 : amounts.coefficient(rows_[index]));
        std::sort(amounts_.begin(), amounts_.end());
        for (auto first = amounts_.begin(); first != amounts_.end();) {
            auto last = std::find_if(first, amounts_.end(),
                                     [&](const auto &amount) { return amount != *first; });
            add_amount(first->first, amounts.scaled(first->second),
                       static_cast<std::uint64_t>(last - first), to);
            first = last;
        }
    }

    void add_amount(std::uint32_t cell, const Number &number, std::uint64_t count,
                    NumberCounts Group::Amounts::*to)
    {
        for_each_group(cells_[cell],
                       [&](Group &group) { to_.table_.add_amount(group, to, number, count); });
    }

    Segmentation &to_;
    const BlockParts *parts_ = nullptr;
    CellTotals totals_;
    Amounts sums_, durations_;
    std::vector<std::uint16_t> rows_;           // the chosen ones
    std::vector<std::uint32_t> bucket_of_row_;  // of each of these
    std::vector<std::uint64_t> keys_;           // of the chosen rows: bucket and codes
    CellNumbers numbers_;
    std::vector<std::pair<std::uint32_t, std::uint16_t>> found_;  // cell, user; longer than needed
    std::vector<Seen> seen_;                                      // of each cell
    std::vector<Breakdown> breakdowns_;
    std::vector<std::uint32_t> cell_of_row_;
    std::vector<Cell> cells_;
    std::vector<std::pair<std::uint32_t, std::int64_t>> amounts_;  // cell, coefficient
    std::vector<std::int64_t> users_of_cells_;                     // cell by cell
    std::vector<std::uint32_t> first_user_;                        // of each cell
};

// What is in no column of codes is looked at when cells are counted.
void Segmentation::keep_cell(const BlockParts &parts, RowSet &rows)
{
    Ids ids;
    for (std::size_t index = 0; index < breakdown_.size(); ++index) {
        const Reference &reference = breakdown_[index];
        if (reference.scope == Scope::field && reference.field == Field::uid)
            continue;
        const BlockColumnInfo *info = find_column(parts.directory(), reference);
        if (!info || info->holds_integers())
            continue;
        BlockColumn column = parts.column(*info);
        std::vector<std::uint8_t> is_in_cell(column.code_count());
        for (std::uint32_t code = 0; code < is_in_cell.size(); ++code) {
            check_interrupt();
            find_ids(index, find_inside(reference, column.value(code)), ids);
            is_in_cell[code] = std::find(ids.begin(), ids.end(), (*cell_)[index]) != ids.end();
        }
        RowSet in_cell(parts.rows());
        column.choose_rows(is_in_cell, in_cell.words());
        rows.keep(in_cell);
    }
}

void Segmentation::add_block(const BlockParts &parts)
{
    RowSet rows(parts.rows(), true);
    if (event_) {
        RowSet named(parts.rows());
        BlockColumn keys = parts.column(parts.directory().get(ColumnKind::key));
        std::vector<std::uint8_t> is_event(keys.code_count());
        for (std::uint32_t code = 0; code < is_event.size(); ++code)
            is_event[code] = keys.value(code) == Item{Type::text, *event_};
        keys.choose_rows(is_event, named.words());
        rows.keep(named);
    }
    if (cell_ && !rows.empty())
        keep_cell(parts, rows);
    if (!rows.empty())
        rows.keep(matching_rows(*filter_, parts, now_));
    if (!rows.empty()) {
        if (!block_count_)
            block_count_ = std::make_shared<BlockCount>(*this);
        block_count_->count(parts, rows);
    }
}

}  // namespace profiles
