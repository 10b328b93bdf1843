// The first parts of the integers of a split column: one for each row, or, where they stay the same for some rows, one
// for each run.
#pragma once

#include <span>
#include <vector>

#include "block_directory.h"

namespace profiles {

class FirstParts {
public:
    static std::size_t size(const block::Entry &entry, std::uint32_t rows)
    {
        return block::size_of_first_parts(entry.runs, rows);
    }

    // `bytes` are as many as size() says. Throws corrupted.
    FirstParts(const block::Entry &entry, std::uint32_t rows, const char *bytes);

    // A uint16 for each row, in place or in the memory.
    const char *all(std::vector<std::uint16_t> &memory) const;
    // Those of some rows.
    void read(std::span<const std::uint16_t> rows, std::span<std::uint16_t> parts) const;

private:
    std::uint16_t part(std::size_t number) const
    {
        return layout::load<std::uint16_t>(parts_ + number * sizeof(std::uint16_t));
    }

    const char *bits_ = nullptr, *parts_;  // bits where there are runs
    std::uint32_t rows_;
    std::size_t words_ = 0;
};

}  // namespace profiles
