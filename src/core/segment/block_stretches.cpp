#include "block_stretches.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

#include "../clones.h"

namespace profiles {

namespace {

struct Input {
    const BlockUsers &users;
    std::span<const ColumnRuns> columns;
    std::span<const std::uint64_t> chosen;
    std::span<const std::uint32_t> ranks;  // how many are chosen before each word
    std::uint32_t rows;

    std::uint32_t chosen_before(std::uint32_t row) const
    {
        std::uint64_t before = chosen[row / 64] & ((std::uint64_t{1} << row % 64) - 1);
        return ranks[row / 64] + static_cast<std::uint32_t>(std::popcount(before));
    }
};

struct Output {
    Stretch *stretches;
    std::array<std::uint16_t *, BlockStretches::kMostColumns>
        runs;  // which one it is of each column
};

// Where the runs of a column are, while rows are gone through.
struct Position {
    explicit Position(const ColumnRuns &of) : runs(of), end(of.end(0)) {}

    void pass(std::uint32_t row)
    {
        run += end == row;
        end = runs.end(run);
    }

    ColumnRuns runs;
    std::uint32_t run = 0, end;
};

// Of how many columns is known to the compiler. Stretches are short and end now for this reason and now for that:
// so nothing here is left to the guesses of the processor.
template <std::size_t... Column>
[[gnu::always_inline]] inline std::size_t find_among(const Input &in, const Output &out,
                                                     std::index_sequence<Column...>)
{
    std::tuple columns{(static_cast<void>(Column), Position(in.columns[Column]))...};
    std::tuple found{(static_cast<void>(Column), out.runs[Column])...};
    const BlockUsers users = in.users;
    Stretch *const stretches = out.stretches;
    std::uint32_t user = 0, user_end = users.last_row(0), before = 0;
    const std::uint32_t last_user = users.count() - 1, rows = in.rows;
    std::size_t count = 0;
    for (std::uint32_t first = 0; first < rows;) {
        std::uint32_t last = user_end;
        ((last = std::min(last, std::get<Column>(columns).end)), ...);
        std::uint32_t chosen = in.chosen_before(last);
        stretches[count] = {first, last, chosen - before, user};
        ((std::get<Column>(found)[count] =
              static_cast<std::uint16_t>(std::get<Column>(columns).run)),
         ...);
        (std::get<Column>(columns).pass(last), ...);
        count += chosen > before;
        user += user_end == last && user < last_user;
        user_end = users.last_row(user);
        before = chosen;
        first = last;
    }
    return count;
}

PROFILES_CLONES void count_before(std::span<const std::uint64_t> words,
                                  std::span<std::uint32_t> ranks)
{
    std::uint32_t count = 0;
    for (std::size_t index = 0; index < words.size(); ++index) {
        ranks[index] = count;
        count += static_cast<std::uint32_t>(std::popcount(words[index]));
    }
}

PROFILES_CLONES std::size_t find_stretches(const Input &in, const Output &out)
{
    switch (in.columns.size()) {
    case 0: return find_among(in, out, std::make_index_sequence<0>());
    case 1: return find_among(in, out, std::make_index_sequence<1>());
    case 2: return find_among(in, out, std::make_index_sequence<2>());
    default: return find_among(in, out, std::make_index_sequence<3>());
    }
}

}  // namespace

bool BlockStretches::find(const BlockUsers &users, std::span<const ColumnRuns> columns,
                          const RowSet &chosen)
{
    std::size_t most = users.count();
    for (const ColumnRuns &runs : columns)
        most += runs.count();
    if (most > chosen.count() / 2)
        return false;
    if (stretches_.size() < most)
        stretches_.resize(most);
    Output out{stretches_.data(), {}};
    for (std::size_t column = 0; column < columns.size(); ++column) {
        if (codes_[column].size() < most)
            codes_[column].resize(most);
        out.runs[column] = codes_[column].data();
    }
    // One word more, so that there is one for the row after the last.
    chosen_.assign(chosen.words().begin(), chosen.words().end());
    chosen_.push_back(0);
    ranks_.resize(chosen_.size());
    count_before(chosen_, ranks_);
    std::uint32_t rows = users.last_row(users.count() - 1);
    count_ = find_stretches({users, columns, chosen_, ranks_, rows}, out);
    for (std::size_t column = 0; column < columns.size(); ++column)
        columns[column].read_codes({codes_[column].data(), count_});
    return true;
}

}  // namespace profiles
