// Segmentation of a block: rows are counted by the codes of their breakdowns first, in numbers of the
// block's own, and only what came of it is looked up among the groups of the answer.
#include <algorithm>
#include <map>

#include "../error.h"
#include "../interrupt.h"
#include "../events/block_quarters.h"
#include "../events/value_table.h"
#include "block_amounts.h"
#include "block_stretches.h"
#include "cell_numbers.h"
#include "cell_users.h"
#include "segmentation.h"

namespace profiles {

using block::ColumnKind;

namespace {

// Rows of one bucket of time and one combination of codes.
struct Cell {
    std::uint32_t bucket = 0;
    std::uint32_t unit = 0;  // any of them: its codes are those of all
    std::int64_t times = 0;
    WideInteger sum = 0, duration = 0;  // in units of the column
};

}  // namespace

// Counts the chosen rows of one block after the other, step by step for all units. These are rows, or stretches of
// rows where nothing is asked that may differ inside of one. It lives as long as the segmentation, so that its
// memory is asked for once.
class Segmentation::BlockCount {
public:
    explicit BlockCount(Segmentation &to) : to_(to) {}

    // Takes rows that are not in the period out of the set.
    void count(const BlockParts &parts, RowSet &rows)
    {
        parts_ = &parts;
        chosen_ = &rows;
        breakdowns_.clear();
        cells_.clear();
        find_columns();
        by_stretch_ = choose_stretches();
        if (!by_stretch_)
            choose_rows();
        if (units() == 0)
            return;
        for (std::size_t index = 0; index < to_.breakdown_.size(); ++index)
            breakdowns_.push_back(make_breakdown(index));
        for (std::size_t index = 0; index < breakdowns_.size(); ++index)
            if (!to_.ranges_[index].empty())
                join_alike(breakdowns_[index]);
        check_interrupt();
        number_cells();
        by_stretch_ ? add_users_of_stretches() : add_users_of_rows();
        check_interrupt();
        if (!to_.cell_)
            add_measures();
        check_interrupt();
        for (std::uint32_t cell = 0; cell < cells_.size(); ++cell)
            add_cell(cell);
    }

private:
    static bool is_uid(const Reference &reference)
    {
        return reference.scope == Scope::field && reference.field == Field::uid;
    }

    std::size_t units() const { return by_stretch_ ? stretches_.all().size() : rows_.size(); }

    // Of values, by breakdown.
    void find_columns()
    {
        columns_.clear();
        for (const Reference &reference : to_.breakdown_) {
            const BlockColumnInfo *info = find_column(parts_->directory(), reference);
            std::optional<BlockColumn> &column = columns_.emplace_back();
            if (!is_uid(reference) && info && !info->holds_integers())
                column.emplace(parts_->column(*info));
        }
    }

    // Whether all rows of a stretch are of one cell, and nothing is asked of the single ones.
    bool may_count_stretches() const
    {
        auto has_runs = [&](std::size_t index) {
            const Reference &reference = to_.breakdown_[index];
            return columns_[index]
                       ? columns_[index]->has_runs()
                       : !is_uid(reference) && !find_column(parts_->directory(), reference);
        };
        const BlockDirectory &directory = parts_->directory();
        for (std::size_t index = 0; index < columns_.size(); ++index)
            if (!has_runs(index))
                return false;
        return to_.cell_ || (!to_.keeps_sums_ && !to_.keeps_durations_ &&
                             directory.get(ColumnKind::sum).holds_integers() &&
                             directory.get(ColumnKind::duration).holds_integers());
    }

    bool choose_stretches()
    {
        std::optional<std::uint32_t> bucket = to_.bucket_of_block(parts_->directory());
        if (!bucket || !may_count_stretches())
            return false;
        std::array<ColumnRuns, kMaxBreakdowns> runs;
        for (std::size_t index = 0; index < columns_.size(); ++index)
            runs[index] = columns_[index] ? columns_[index]->runs() : ColumnRuns(parts_->rows());
        if (!stretches_.find(parts_->users(), {runs.data(), columns_.size()}, *chosen_))
            return false;
        bucket_of_unit_.assign(stretches_.all().size(), *bucket);
        return true;
    }

    // Those in the period, and their buckets.
    void choose_rows()
    {
        rows_.resize(chosen_->count());
        chosen_->list(rows_.data());
        bucket_of_unit_.resize(rows_.size());
        if (auto bucket = to_.bucket_of_block(parts_->directory()))
            std::fill(bucket_of_unit_.begin(), bucket_of_unit_.end(), *bucket);
        else
            choose_by_time();
    }

    void choose_by_time()
    {
        const BlockDirectory &directory = parts_->directory();
        const BlockColumnInfo &info = directory.get(ColumnKind::time);
        if (!to_.asks_only_quarters(directory)) {
            IntegerColumn times(directory, info, parts_->bytes());
            return choose_by([&](std::uint16_t row) { return to_.buckets_.find(times[row]); },
                             [&](std::uint16_t row) { return to_.is_in_period(times[row]); });
        }
        BlockQuarters quarters(directory, info, parts_->bytes());
        std::optional<TimeBuckets::Quarters> table = to_.buckets_.quarters_from(quarters.first());
        if (table && to_.holds_block(directory))
            return take_buckets(quarters, *table);
        std::vector<std::uint16_t> memory;
        const char *offsets = quarters.offsets().all(memory);
        auto quarter_of = [&](std::uint16_t row) {
            return quarters.first() + layout::load<std::uint16_t>(offsets + row * sizeof row);
        };
        choose_by(
            [&](std::uint16_t row) { return to_.buckets_.find_quarter(quarter_of(row)); },
            [&](std::uint16_t row) { return to_.is_in_period(quarter_of(row) * block::kQuarter); });
    }

    void take_buckets(const BlockQuarters &quarters, const TimeBuckets::Quarters &table)
    {
        quarters_.resize(rows_.size());
        quarters.offsets().read(rows_, quarters_);
        std::uint32_t *bucket = bucket_of_unit_.data();
        for (std::uint16_t quarter : quarters_)
            *bucket++ = table.buckets[std::min<std::size_t>(quarter, table.last)];
    }

    template <typename BucketOf, typename IsInPeriod>
    void choose_by(BucketOf bucket_of, IsInPeriod is_in_period)
    {
        std::span rows(rows_);
        std::uint32_t *buckets = bucket_of_unit_.data();
        std::size_t chosen = 0;
        bool all_in_period = to_.holds_block(parts_->directory());
        for (std::uint16_t row : rows) {
            std::optional<std::uint32_t> bucket = bucket_of(row);
            if (!bucket || !(all_in_period || is_in_period(row)))
                continue;
            rows[chosen] = row;
            buckets[chosen++] = *bucket;
        }
        if (chosen == rows_.size())
            return;
        rows_.resize(chosen);
        bucket_of_unit_.resize(chosen);
        *chosen_ = RowSet(parts_->rows());
        for (std::uint16_t row : rows_)
            chosen_->add(row);
    }

    Breakdown make_breakdown(std::size_t index)
    {
        Breakdown made;
        made.codes.resize(units());
        const Reference &reference = to_.breakdown_[index];
        if (is_uid(reference))
            break_by_users(index, made);
        else if (columns_[index])
            break_by_values(index, *columns_[index], made);
        else if (const BlockColumnInfo *info = find_column(parts_->directory(), reference))
            break_by_numbers(index, *info, made);
        else
            made.ids.push_back({ValueIds::kMissing});
        return made;
    }

    void break_by_users(std::size_t index, Breakdown &made)
    {
        const BlockUsers &users = parts_->users();
        auto at = rows_.begin();
        for (std::uint32_t user = 0; user < users.count(); ++user) {
            for (; at != rows_.end() && *at < users.last_row(user); ++at)
                made.codes[at - rows_.begin()] = static_cast<std::uint16_t>(user);
            NumberItem uid = pack_number(Number(parts_->uid(user)));
            to_.find_ids(index, uid.item(), made.ids.emplace_back());
        }
    }

    void break_by_values(std::size_t index, const BlockColumn &column, Breakdown &made)
    {
        made.ids.resize(column.code_count());
        for (std::uint32_t code = 0; code < made.ids.size(); ++code) {
            check_interrupt();
            to_.find_ids(index, find_inside(to_.breakdown_[index], column.value(code)),
                         made.ids[code]);
        }
        if (by_stretch_)
            std::ranges::copy(stretches_.codes(index), made.codes.begin());
        else
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
        cell_of_unit_.resize(units());
        // Numbers of few combinations make way for those of the cells.
        if (numbers_.is_dense())
            number_by(cell_of_unit_);
        else
            number_by(keys_);
    }

    template <typename Key>
    void number_by(std::vector<Key> &keys)
    {
        keys.assign(bucket_of_unit_.begin(), bucket_of_unit_.end());
        std::span key(keys);
        for (const Breakdown &breakdown : breakdowns_) {
            std::span codes(breakdown.codes);
            auto size = static_cast<Key>(breakdown.ids.size());
            for (std::size_t index = 0; index < key.size(); ++index)
                key[index] = key[index] * size + codes[index];
        }
        std::span cells(cell_of_unit_);
        for (std::uint32_t index = 0; index < key.size(); ++index) {
            std::uint32_t &number = numbers_.number_of(key[index]);
            if (number == CellNumbers::kNone) {
                number = static_cast<std::uint32_t>(cells_.size());
                cells_.push_back({bucket_of_unit_[index], index});
            }
            cells[index] = number;
        }
    }

    // Who asks for the users of a cell needs none of these.
    void add_measures()
    {
        sums_.read(*parts_, ColumnKind::sum, to_.keeps_sums_);
        durations_.read(*parts_, ColumnKind::duration, to_.keeps_durations_);
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
        if (by_stretch_)
            totals_.begin(*chosen_, stretches_.all(), cell_of_unit_, counts_);
        else
            totals_.begin(*chosen_, rows_, cell_of_unit_, counts_);
        std::span<const WideInteger> times = totals_.add_up(counts);
        for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
            cells_[cell].times = static_cast<std::int64_t>(times[cell]);
            if (cells_[cell].times != times[cell])
                raise_too_many_times();
        }
        add_amounts(sums_, &Cell::sum);
        add_amounts(durations_, &Cell::duration);
    }

    void add_amounts(const BlockAmounts &amounts, WideInteger Cell::*to)
    {
        if (amounts.is_zero() || amounts.is_odd())
            return;
        std::span<const WideInteger> totals = amounts.add_up(totals_);
        for (std::size_t cell = 0; cell < cells_.size(); ++cell)
            cells_[cell].*to = totals[cell];
    }

    void add_users_of_rows()
    {
        const BlockUsers &users = parts_->users();
        std::uint32_t user = 0, end = users.last_row(0);
        users_.find(cell_of_unit_, cells_.size(), [&](std::size_t index) {
            while (rows_[index] >= end)
                end = users.last_row(++user);
            return user;
        });
        totals_.count(
            cell_of_unit_, cells_.size(), [](std::size_t) { return std::uint64_t{1}; }, counts_);
    }

    void add_users_of_stretches()
    {
        std::span all = stretches_.all();
        users_.find(cell_of_unit_, cells_.size(),
                    [all](std::size_t index) { return all[index].user; });
        totals_.count(
            cell_of_unit_, cells_.size(), [all](std::size_t index) { return all[index].chosen; },
            counts_);
    }

    template <typename Visit>
    void for_each_group(const Cell &cell, Visit &&visit)
    {
        std::array<const Ids *, kMaxBreakdowns> all{};
        for (std::size_t index = 0; index < breakdowns_.size(); ++index)
            all[index] = &breakdowns_[index].ids[breakdowns_[index].codes[cell.unit]];
        for_each_combination(cell.bucket, {all.data(), breakdowns_.size()}, to_.cell_,
                             [&](const GroupKey &key) { visit(to_.table_.group(key)); });
    }

    void add_cell(std::uint32_t number)
    {
        const Cell &cell = cells_[number];
        users_.choose(*parts_, number);
        for_each_group(cell, [&](Group &group) {
            group.add_times(cell.times);
            sums_.add_total(cell.sum, group.sum);
            durations_.add_total(cell.duration, group.duration);
            to_.table_.grow(users_.add_to(group.users, *parts_));
        });
    }

    // Amounts that have no common unit are rare: they are added one by one.
    void add_odd_amounts(const BlockAmounts &amounts, ExactSum Group::*total)
    {
        for (std::size_t index = 0; index < rows_.size(); ++index)
            for_each_group(cells_[cell_of_unit_[index]],
                           [&](Group &group) { (group.*total).add(amounts.number(rows_[index])); });
    }

    // For medians and the like: what is alike in a cell is put together first.
    void add_single_amounts(const BlockAmounts &amounts, NumberCounts Group::Amounts::*to)
    {
        if (amounts.is_odd()) {
            for (std::size_t index = 0; index < rows_.size(); ++index)
                add_amount(cell_of_unit_[index], amounts.number(rows_[index]), 1, to);
            return;
        }
        amounts_.clear();
        for (std::size_t index = 0; index < rows_.size(); ++index)
            amounts_.emplace_back(cell_of_unit_[index],
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
    RowSet *chosen_ = nullptr;
    CellTotals totals_;
    BlockAmounts sums_, durations_;
    std::vector<std::optional<BlockColumn>> columns_;  // of the breakdowns
    bool by_stretch_ = false;
    BlockStretches stretches_;
    std::vector<std::uint16_t> rows_;            // instead: the chosen ones
    std::vector<std::uint16_t> quarters_;        // of these, since that of the block
    std::vector<std::uint32_t> bucket_of_unit_;  // of each of these
    std::vector<std::uint64_t> keys_;            // of the chosen rows: bucket and codes
    CellNumbers numbers_;
    CellUsers users_;
    std::vector<std::uint64_t> counts_;  // rows of each cell
    std::vector<Breakdown> breakdowns_;
    std::vector<std::uint32_t> cell_of_unit_;
    std::vector<Cell> cells_;
    std::vector<std::pair<std::uint32_t, std::int64_t>> amounts_;  // cell, coefficient
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
