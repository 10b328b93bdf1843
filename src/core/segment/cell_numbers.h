// Numbers for the combinations of codes that occur in a block, in the order in which they come.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace profiles {

// What a breakdown gives for rows of a block: a code for each, and what each code stands for.
struct Breakdown {
    std::vector<std::uint16_t> codes;
    std::vector<std::vector<std::uint32_t>> ids;
};

class CellNumbers {
public:
    void reset(std::uint64_t combinations)
    {
        constexpr std::uint64_t kMostDense = 1 << 16;
        dense_.assign(combinations <= kMostDense ? combinations : 0, kNone);
        sparse_.clear();
    }

    bool is_dense() const { return !dense_.empty(); }
    std::uint32_t &number_of(std::uint64_t combination)
    {
        return dense_.empty() ? sparse_.try_emplace(combination, kNone).first->second
                              : dense_[combination];
    }

    static constexpr std::uint32_t kNone = UINT32_MAX;

private:
    std::vector<std::uint32_t> dense_;
    std::unordered_map<std::uint64_t, std::uint32_t> sparse_;
};

}  // namespace profiles
