#include "groups.h"

#include <algorithm>

#include "../interrupt.h"

namespace profiles {

namespace {

int digits_of(const Number &number)
{
    return number.is_integer() ? 0 : std::max(0, -int{number.decimal().exponent});
}

// How many digits coefficient * 10^-digits has behind the point, if they are more than `known`.
int more_digits(std::int64_t coefficient, int digits, int known)
{
    while (digits > known && coefficient % 10 == 0) {
        coefficient /= 10;
        --digits;
    }
    return std::max(digits, known);
}

}  // namespace

std::uint32_t Groups::add()
{
    auto group = static_cast<std::uint32_t>(users_.size());
    users_.emplace_back();
    tallies_.resize(tallies_.size() + kinds_.size());
    bytes_ += sizeof(UserSet) + kinds_.size() * sizeof(Tally);
    return group;
}

void Groups::add_value(std::uint32_t group, std::size_t aggregate)
{
    ++tally_of(group, aggregate).count;
}

void Groups::add_number(std::uint32_t group, std::size_t aggregate, const Number &number)
{
    Tally &to = tally_of(group, aggregate);
    ++to.count;
    to.digits = std::max(to.digits, digits_of(number));
    bytes_ += to.sum.add(number);
}

void Groups::add_time(std::uint32_t group, std::size_t aggregate, std::int64_t time)
{
    Tally &to = tally_of(group, aggregate);
    ++to.count;
    to.earliest = std::min(to.earliest, time);
    to.latest = std::max(to.latest, time);
}

void Groups::add_user(std::uint32_t group, std::int64_t uid) { bytes_ += users_[group].add(uid); }

// Tallies of cells are put together by `use`, and added to their groups then.
template <typename Use>
void Groups::tally_cells(const GroupedRows &rows, std::size_t aggregate, Use &&use)
{
    cells_.assign(rows.groups.size(), {});
    for (std::size_t index = 0; index < rows.rows.size(); ++index)
        use(cells_[rows.cells[index]], rows.rows[index]);
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        if (rows.groups[cell] == GroupedRows::kNoGroup)
            continue;
        Tally &to = tally_of(rows.groups[cell], aggregate);
        to.count += cells_[cell].count;
        to.digits = std::max(to.digits, cells_[cell].digits);
        to.earliest = std::min(to.earliest, cells_[cell].earliest);
        to.latest = std::max(to.latest, cells_[cell].latest);
    }
}

void Groups::count_rows(const GroupedRows &rows, std::size_t aggregate,
                        const MeasuredColumn &column)
{
    if (column.codes.empty())
        tally_cells(rows, aggregate, [](CellTally &cell, std::uint16_t) { ++cell.count; });
    else
        tally_cells(rows, aggregate, [&](CellTally &cell, std::uint16_t row) {
            cell.count += column.is_set[column.codes[row]];
        });
}

void Groups::add_integers(const GroupedRows &rows, std::size_t aggregate,
                          const MeasuredColumn &column)
{
    tally_cells(rows, aggregate, [&](CellTally &cell, std::uint16_t row) {
        ++cell.count;
        cell.sum += column.integers[row];
        cell.digits = more_digits(column.integers[row], column.digits, cell.digits);
    });
    for (std::size_t cell = 0; cell < cells_.size(); ++cell)
        if (rows.groups[cell] != GroupedRows::kNoGroup)
            bytes_ +=
                tally_of(rows.groups[cell], aggregate).sum.add(cells_[cell].sum, -column.digits);
}

void Groups::add_numbers(const GroupedRows &rows, std::size_t aggregate,
                         const MeasuredColumn &column)
{
    for (std::size_t index = 0; index < rows.rows.size(); ++index) {
        std::uint32_t group = rows.groups[rows.cells[index]];
        if (group != GroupedRows::kNoGroup)
            add_number(group, aggregate, column.numbers[column.codes[rows.rows[index]]]);
    }
}

void Groups::add_times(const GroupedRows &rows, std::size_t aggregate, const MeasuredColumn &column)
{
    tally_cells(rows, aggregate, [&](CellTally &cell, std::uint16_t row) {
        ++cell.count;
        cell.earliest = std::min(cell.earliest, column.integers[row]);
        cell.latest = std::max(cell.latest, column.integers[row]);
    });
}

void Groups::add_rows(const GroupedRows &rows, std::size_t aggregate, const MeasuredColumn &column)
{
    check_interrupt();
    switch (kinds_[aggregate]) {
    case AggregateKind::users: return;
    case AggregateKind::rows:
    case AggregateKind::values: return count_rows(rows, aggregate, column);
    case AggregateKind::sum:
    case AggregateKind::average:
        return column.codes.empty() ? add_integers(rows, aggregate, column)
                                    : add_numbers(rows, aggregate, column);
    case AggregateKind::earliest:
    case AggregateKind::latest: return add_times(rows, aggregate, column);
    }
}

void Groups::add_users(const GroupedRows &rows, const BlockParts &parts)
{
    const BlockUsers &users = parts.users();
    std::uint32_t user = 0, end = users.last_row(0);
    cell_users_.find(rows.cells, rows.groups.size(), [&](std::size_t index) {
        while (rows.rows[index] >= end)
            end = users.last_row(++user);
        return user;
    });
    for (std::uint32_t cell = 0; cell < rows.groups.size(); ++cell) {
        check_interrupt();
        if (rows.groups[cell] == GroupedRows::kNoGroup)
            continue;
        cell_users_.choose(parts, cell);
        bytes_ += cell_users_.add_to(users_[rows.groups[cell]], parts);
    }
}

}  // namespace profiles
