// Segmentation of a block: rows are counted by the codes of their breakdowns first, in numbers of the
// block's own, and only what came of it is looked up among the groups of the answer.
#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/json_writer.h"
#include "../events/value_table.h"
#include "segmentation.h"

namespace profiles {

using block::ColumnKind;

namespace {

// What a breakdown gives for the rows of a block: a code for each, and the values of each code.
struct Breakdown {
    std::vector<std::uint32_t> codes;
    std::vector<std::vector<std::optional<std::string>>> values;
};

// Rows of one bucket of time and one combination of codes.
struct Cell {
    std::size_t bucket = 0;
    std::uint32_t row = 0;  // any of them: its codes are those of all
    std::int64_t times = 0;
    WideInteger sum = 0, duration = 0;  // in units of the column
    ExactSum odd_sum, odd_duration;     // where the column has no unit
    std::vector<std::uint32_t> users;   // of the block, ascending
};

// The amounts of a column: coefficients of one power of ten, or any numbers.
class Amounts {
public:
    Amounts(const BlockParts &parts, ColumnKind kind) : info_(parts.directory().get(kind))
    {
        if (info_.entry.form != block::Form::integers) {
            numbers_ = read_numbers(parts.directory(), info_, parts.bytes());
            return;
        }
        coefficients_.resize(parts.rows());
        read_integers(parts.directory(), info_, parts.bytes(), coefficients_);
    }

    void add(std::uint32_t row, WideInteger &sum, ExactSum &odd) const
    {
        if (numbers_.empty())
            sum += coefficients_[row];
        else
            odd.add(numbers_[row]);
    }
    void add_total(const WideInteger &sum, const ExactSum &odd, ExactSum &total) const
    {
        total.add(sum, -static_cast<int>(info_.entry.exponent));
        for (const ExactSum::Term &term : odd.terms())
            total.add(term.coefficient, term.exponent);
    }

private:
    const BlockColumnInfo &info_;
    std::vector<std::int64_t> coefficients_;
    std::vector<Number> numbers_;
};

void raise_too_many_events()
{
    throw Error(ErrorCode::out_of_range, "number of events out of range",
                "The counts of the events add up to more than a bigint can hold.");
}

}  // namespace

// Counts the chosen rows of one block.
class Segmentation::BlockCount {
public:
    BlockCount(Segmentation &to, const BlockParts &parts)
        : to_(to), parts_(parts), times_(parts.times()), counts_(parts.rows()),
          sums_(parts, ColumnKind::sum), durations_(parts, ColumnKind::duration)
    {
        const BlockDirectory &directory = parts.directory();
        read_integers(directory, directory.get(ColumnKind::count), parts.bytes(), counts_);
    }

    void count(const RowSet &rows)
    {
        for (const Reference &reference : to_.breakdown_)
            breakdowns_.push_back(make_breakdown(reference));
        std::uint32_t user = 0;
        rows.for_each([&](std::uint32_t row) {
            while (row >= parts_.users().last_row(user))
                ++user;
            if (row % 4096 == 0)
                check_interrupt();
            if (std::optional<std::size_t> bucket = to_.bucket_of(times_[row]))
                count_row(row, user, *bucket);
        });
        for (const Cell &cell : cells_)
            add_cell(cell);
    }

private:
    Breakdown make_breakdown(const Reference &reference)
    {
        Breakdown made;
        made.codes.resize(parts_.rows());
        const BlockUsers &users = parts_.users();
        if (reference.scope == Scope::field && reference.field == Field::uid) {
            for (std::uint32_t user = 0; user < users.count(); ++user) {
                std::fill(made.codes.begin() + users.first_row(user),
                          made.codes.begin() + users.last_row(user), user);
                made.values.push_back({std::to_string(parts_.uid(user))});
            }
            return made;
        }
        const BlockColumnInfo *info = find_column(parts_.directory(), reference);
        if (!info)
            made.values.push_back({std::nullopt});
        else if (info->entry.form == block::Form::integers)
            break_by_numbers(*info, made);
        else
            break_by_values(reference, parts_.column(*info), made);
        return made;
    }

    void break_by_values(const Reference &reference, const BlockColumn &column, Breakdown &made)
    {
        made.values.resize(column.code_count());
        for (std::uint32_t code = 0; code < made.values.size(); ++code) {
            check_interrupt();
            collect_values(find_inside(reference, column.value(code)), made.values[code]);
        }
        column.for_each_run([&](std::uint32_t first, std::uint32_t last, std::uint32_t code) {
            std::fill(made.codes.begin() + first, made.codes.begin() + last, code);
        });
    }

    void break_by_numbers(const BlockColumnInfo &info, Breakdown &made)
    {
        std::vector<Number> numbers = read_numbers(parts_.directory(), info, parts_.bytes());
        std::vector<NumberItem> packed;
        packed.reserve(numbers.size());
        ValueTable distinct;
        for (std::size_t row = 0; row < numbers.size(); ++row)
            made.codes[row] =
                distinct.number_of(packed.emplace_back(pack_number(numbers[row])).item());
        for (const Item &value : distinct.values())
            collect_values(value, made.values.emplace_back());
    }

    void count_row(std::uint32_t row, std::uint32_t user, std::size_t bucket)
    {
        Cell &cell = cells_[cell_of(row, bucket)];
        if (__builtin_add_overflow(cell.times, counts_[row], &cell.times))
            raise_too_many_events();
        sums_.add(row, cell.sum, cell.odd_sum);
        durations_.add(row, cell.duration, cell.odd_duration);
        if (cell.users.empty() || cell.users.back() != user)
            cell.users.push_back(user);
    }

    // Codes have 17 bits at most, which leaves 13 for up to 8,192 buckets.
    std::size_t cell_of(std::uint32_t row, std::size_t bucket)
    {
        std::uint64_t key = bucket;
        for (const Breakdown &breakdown : breakdowns_)
            key = key * breakdown.values.size() + breakdown.codes[row];
        if (last_cell_ < cells_.size() && key == last_key_)
            return last_cell_;
        auto [at, is_new] = numbers_.try_emplace(key, cells_.size());
        if (is_new) {
            Cell &made = cells_.emplace_back();
            made.bucket = bucket;
            made.row = row;
        }
        last_key_ = key;
        return last_cell_ = at->second;
    }

    void add_cell(const Cell &cell)
    {
        for (std::size_t index = 0; index < breakdowns_.size(); ++index)
            to_.values_[index] = breakdowns_[index].values[breakdowns_[index].codes[cell.row]];
        to_.for_each_combination([&](std::span<const std::size_t> chosen) {
            Group &group = to_.group(cell.bucket, chosen);
            if (__builtin_add_overflow(group.times, cell.times, &group.times))
                raise_too_many_events();
            sums_.add_total(cell.sum, cell.odd_sum, group.sum);
            durations_.add_total(cell.duration, cell.odd_duration, group.duration);
            for (std::uint32_t user : cell.users)
                group.users.add(parts_.uid(user));
        });
    }

    Segmentation &to_;
    const BlockParts &parts_;
    std::vector<std::int64_t> times_, counts_;
    Amounts sums_, durations_;
    std::vector<Breakdown> breakdowns_;
    std::vector<Cell> cells_;
    std::unordered_map<std::uint64_t, std::size_t> numbers_;  // of the cells
    std::uint64_t last_key_ = 0;
    std::size_t last_cell_ = SIZE_MAX;
};

bool Segmentation::reads_columns() const
{
    constexpr std::size_t kMostBuckets = 8192;
    auto in_column = [](const auto &part) {
        if constexpr (requires { part.reference; })
            return is_in_column(part.reference);
        else
            return is_in_column(part);
    };
    return starts_.size() <= kMostBuckets &&
           std::all_of(filter_->leaves().begin(), filter_->leaves().end(), in_column) &&
           std::all_of(breakdown_.begin(), breakdown_.end(), in_column);
}

std::vector<ByteRange> Segmentation::needed_bytes(const BlockDirectory &directory) const
{
    std::vector<ByteRange> ranges{directory.user_bytes()};
    for (ColumnKind kind : {ColumnKind::time, ColumnKind::key, ColumnKind::count, ColumnKind::sum,
                            ColumnKind::duration})
        ranges.push_back(directory.get(kind).bytes());
    auto add = [&](const Reference &reference) {
        if (const BlockColumnInfo *column = find_column(directory, reference))
            ranges.push_back(column->bytes());
    };
    for (const Leaf &leaf : filter_->leaves())
        add(leaf.reference);
    for (const Reference &reference : breakdown_)
        add(reference);
    return ranges;
}

void Segmentation::add_block(const BlockParts &parts)
{
    RowSet rows(parts.rows(), true);
    if (event_) {
        RowSet named(parts.rows());
        BlockColumn keys = parts.column(parts.directory().get(ColumnKind::key));
        std::vector<char> is_event(keys.code_count());
        for (std::uint32_t code = 0; code < is_event.size(); ++code)
            is_event[code] = keys.value(code) == Item{Type::text, *event_};
        keys.for_each_run([&](std::uint32_t first, std::uint32_t last, std::uint32_t code) {
            if (is_event[code])
                named.add(first, last);
        });
        rows.keep(named);
    }
    if (!rows.empty())
        rows.keep(matching_rows(*filter_, parts, now_));
    if (!rows.empty())
        BlockCount(*this, parts).count(rows);
}

}  // namespace profiles
