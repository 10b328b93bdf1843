#include "first_parts.h"

#include "run_numbers.h"

namespace profiles {

FirstParts::FirstParts(const block::Entry &entry, std::uint32_t rows, const char *bytes)
    : parts_(bytes), rows_(rows)
{
    if (entry.runs == 0)
        return;
    words_ = block::size_of_bits(rows) / sizeof(std::uint64_t);
    bits_ = bytes;
    parts_ = bytes + block::size_of_bits(rows);
    auto first = layout::load<std::uint64_t>(bits_);
    auto last = layout::load<std::uint64_t>(parts_ - sizeof(std::uint64_t));
    require_block((first & 1) != 0 && (rows % 64 == 0 || last >> rows % 64 == 0) &&
                  count_runs(bits_, words_) == entry.runs);
}

const char *FirstParts::all(std::vector<std::uint16_t> &memory) const
{
    if (!bits_)
        return parts_;
    memory.resize(rows_);
    std::size_t begun = 0;
    for (std::uint32_t row = 0; row < rows_; ++row) {
        auto word = layout::load<std::uint64_t>(bits_ + row / 64 * sizeof(std::uint64_t));
        begun += word >> row % 64 & 1;
        memory[row] = part(begun - 1);
    }
    return reinterpret_cast<const char *>(memory.data());
}

void FirstParts::read(std::span<const std::uint16_t> rows, std::span<std::uint16_t> parts) const
{
    if (!bits_) {
        for (std::size_t index = 0; index < rows.size(); ++index)
            parts[index] = part(rows[index]);
        return;
    }
    number_runs(bits_, words_, rows, parts.data());
    for (std::uint16_t &number : parts)
        number = part(number);
}

}  // namespace profiles
