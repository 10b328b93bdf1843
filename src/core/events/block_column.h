// The parts of a block in place: its users, the values of a column, and which row has which. Each is
// made from its own bytes alone; one that breaks the format raises `corrupted`.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "../profile/value.h"
#include "block_directory.h"

namespace profiles {

// The bytes of a block that are at hand: all of them, or the ranges that somebody has fetched.
class BlockBytes {
public:
    BlockBytes() = default;
    explicit BlockBytes(std::string_view whole) { add(0, whole); }

    void add(std::uint32_t offset, std::string_view bytes) { parts_.push_back({offset, bytes}); }
    // Throws corrupted for bytes that are not there.
    std::string_view at(ByteRange range) const;

private:
    struct Part {
        std::uint32_t offset;
        std::string_view bytes;
    };
    std::vector<Part> parts_;
};

// Rows [first, last) of one user.
class BlockUsers {
public:
    BlockUsers(const BlockDirectory &directory, const BlockBytes &bytes);

    std::uint32_t count() const { return count_; }
    std::uint16_t low_bits(std::uint32_t user) const { return load(user); }
    std::int64_t uid(std::uint32_t user) const { return base_ + low_bits(user); }
    // The first user whose uid is not smaller; count() when there is none.
    std::uint32_t lower_bound(std::int64_t uid) const;
    std::uint32_t first_row(std::uint32_t user) const { return load(count_ + user); }
    std::uint32_t last_row(std::uint32_t user) const
    {
        return user + 1 < count_ ? first_row(user + 1) : rows_;
    }

private:
    std::uint16_t load(std::uint32_t index) const
    {
        return layout::load<std::uint16_t>(bytes_ + std::size_t{index} * sizeof(std::uint16_t));
    }

    const char *bytes_;
    std::uint32_t count_, rows_;
    std::int64_t base_;
};

// The runs of a column in place: stretches of rows with the same code.
class ColumnRuns {
public:
    ColumnRuns() = default;
    // Of all rows, with code 0.
    explicit ColumnRuns(std::uint32_t rows) : rows_(rows) {}
    ColumnRuns(const char *starts, const char *codes, std::uint32_t count, std::uint32_t width,
               std::uint32_t rows)
        : starts_(starts), codes_(codes), count_(count), width_(width), rows_(rows)
    {
    }

    std::uint32_t count() const { return count_; }
    // The row after its last one. Nothing here depends on a guess of the processor: runs are short, so that
    // most of these would be wrong.
    std::uint32_t end(std::uint32_t run) const
    {
        std::uint32_t next = std::min(run + 1, count_ - 1);
        std::uint32_t start = layout::load<std::uint16_t>(starts_ + std::size_t{next} * 2);
        return run + 1 < count_ ? start : rows_;
    }
    std::uint32_t start(std::uint32_t run) const
    {
        return layout::load<std::uint16_t>(starts_ + std::size_t{run} * 2);
    }
    std::uint16_t code(std::uint32_t run) const
    {
        const char *at = codes_ + std::size_t{run} * width_;
        return width_ == 0   ? std::uint16_t{0}
               : width_ == 1 ? static_cast<unsigned char>(*at)
                             : layout::load<std::uint16_t>(at);
    }
    // Makes codes of the numbers of runs.
    void read_codes(std::span<std::uint16_t> runs) const
    {
        for (std::uint16_t &run : runs)
            run = code(run);
    }

private:
    static constexpr char kNothing[2] = {};

    const char *starts_ = kNothing, *codes_ = kNothing;
    std::uint32_t count_ = 1, width_ = 0, rows_ = 0;
};

// A column of values.
class BlockColumn {
public:
    BlockColumn(const ColumnDirectory &directory, const BlockColumnInfo &column,
                const BlockBytes &bytes);

    std::uint32_t code_count() const { return code_count_; }
    // Nothing for the code of missing values.
    std::optional<Item> value(std::uint32_t code) const;

    // Whether the codes are those of runs, of which there may be a single one.
    bool has_runs() const { return form_ == block::Form::runs || form_ == block::Form::constant; }
    ColumnRuns runs() const
    {
        return form_ == block::Form::constant ? ColumnRuns(rows_)
                                              : ColumnRuns(starts_, codes_, runs_, width_, rows_);
    }
    // Calls run(first row, last row, code) for stretches of rows with the same code, in order.
    template <typename Run>
    void for_each_run(Run &&run) const;
    // One for each row.
    void read_codes(std::span<std::uint16_t> codes) const;
    // Those of some rows, which ascend.
    void read_codes(std::span<const std::uint16_t> rows, std::span<std::uint16_t> codes) const;
    // Sets bit row % 64 of words[row / 64] for the rows whose code is chosen: chosen[code] is 1, else 0. All words
    // are 0 before.
    void choose_rows(std::span<const std::uint8_t> chosen, std::span<std::uint64_t> words) const;

private:
    std::uint32_t code(std::size_t index) const
    {
        const char *at = codes_ + index * width_;
        return width_ == 1 ? static_cast<unsigned char>(*at) : layout::load<std::uint16_t>(at);
    }
    std::uint32_t run_start(std::uint32_t run) const
    {
        return run == runs_ ? rows_ : layout::load<std::uint16_t>(starts_ + std::size_t{run} * 2);
    }
    std::uint32_t value_end(std::uint32_t number) const
    {
        return layout::load<std::uint32_t>(dictionary_.data() + std::size_t{number} * 4);
    }
    template <typename Code>
    void choose_plain_rows(std::span<const std::uint8_t> chosen,
                           std::span<std::uint64_t> words) const;
    template <typename Code, typename IsChosen>
    void choose_rows_where(IsChosen is_chosen, std::span<std::uint64_t> words) const;
    // The codes of 64 rows from 64 * number on.
    void read_planes(std::size_t number, std::span<std::uint8_t, 64> codes) const;
    void choose_in_planes(std::span<const std::uint8_t> chosen,
                          std::span<std::uint64_t> words) const;
    void check_planes() const;
    void choose_runs(std::span<const std::uint8_t> chosen, std::span<std::uint64_t> words) const;
    void check_runs() const;
    void check_codes(std::size_t count) const;

    std::string_view dictionary_;
    const char *starts_ = nullptr;  // of runs
    const char *codes_ = nullptr;
    block::Form form_;
    std::uint8_t width_;
    bool has_missing_;
    std::uint32_t rows_, runs_, values_, code_count_;
};

template <typename Run>
void BlockColumn::for_each_run(Run &&run) const
{
    if (form_ == block::Form::constant) {
        run(0u, rows_, 0u);
    } else if (form_ == block::Form::runs) {
        for (std::uint32_t index = 0; index < runs_; ++index)
            run(run_start(index), run_start(index + 1), code(index));
    } else if (form_ == block::Form::planes) {
        std::array<std::uint8_t, 64> codes;
        for (std::uint32_t first = 0; first < rows_; first += 64) {
            read_planes(first / 64, codes);
            for (std::uint32_t row = first; row < std::min(first + 64, rows_); ++row)
                run(row, row + 1, codes[row % 64]);
        }
    } else {
        for (std::uint32_t row = 0; row < rows_; ++row)
            run(row, row + 1, code(row));
    }
}

// Times, counts and, as coefficients of 10^-digits, amounts: in place, each read when it is asked for, or
// with the offsets of the other forms put together first.
class IntegerColumn {
public:
    IntegerColumn() = default;
    IntegerColumn(IntegerColumn &&) = default;
    IntegerColumn &operator=(IntegerColumn &&) = default;
    IntegerColumn(const ColumnDirectory &directory, const BlockColumnInfo &column,
                  const BlockBytes &bytes);

    std::int64_t operator[](std::uint32_t row) const
    {
        return static_cast<std::int64_t>(base_ + unit_ * offset(row));
    }
    std::uint64_t offset(std::uint32_t row) const
    {
        const char *at = offsets_ + std::size_t{row} * width_;
        return row < whole_ ? layout::load<std::uint64_t>(at) & mask_ : last_offset(at);
    }

    // Whether all rows have the same one.
    bool is_constant() const { return width_ == 0; }
    // A value is base() + unit() * offset.
    std::int64_t base() const { return static_cast<std::int64_t>(base_); }
    std::uint64_t unit() const { return unit_; }
    // False where the offsets of all rows together could be more than 64 bits.
    bool adds_up() const { return width_ <= 6; }
    // Calls use(offset_of), which gives the offset of a row, as fast as its width allows. Needs adds_up().
    template <typename Use>
    void with_offsets(Use &&use) const;

private:
    // Of the last rows, after which no eight bytes are left to read.
    std::uint64_t last_offset(const char *at) const;

    static constexpr char kNothing[8] = {};

    std::vector<std::uint64_t> memory_;  // stays where it is when the column is moved
    const char *offsets_ = kNothing;
    std::uint64_t base_ = 0, unit_ = 0, mask_ = 0;
    std::uint32_t width_ = 0, whole_ = UINT32_MAX;
};

template <typename Use>
void IntegerColumn::with_offsets(Use &&use) const
{
    const char *at = offsets_;
    switch (width_) {
    case 1:
        use([at](std::uint16_t row) { return std::uint64_t{static_cast<unsigned char>(at[row])}; });
        break;
    case 2:
        use([at](std::uint16_t row) {
            return std::uint64_t{layout::load<std::uint16_t>(at + row * std::size_t{2})};
        });
        break;
    default: use([this](std::uint16_t row) { return offset(row); });
    }
}

// The same, one for each row.
void read_integers(const ColumnDirectory &directory, const BlockColumnInfo &column,
                   const BlockBytes &bytes, std::span<std::int64_t> integers);

// The amounts of a column sum or duration, whatever its form.
std::vector<Number> read_numbers(const ColumnDirectory &directory, const BlockColumnInfo &column,
                                 const BlockBytes &bytes);
Number scaled_number(std::int64_t coefficient, std::uint16_t digits);

}  // namespace profiles
