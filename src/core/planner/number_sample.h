// Some of many numbers, each with the same chance, in bounded memory (reservoir sampling). The same numbers
// give the same sample.
#pragma once

#include <cstdint>
#include <vector>

namespace profiles {

class NumberSample {
public:
    explicit NumberSample(std::size_t capacity) : capacity_(capacity) {}

    void add(float number)
    {
        ++seen_;
        if (kept_.size() < capacity_)
            return kept_.push_back(number);
        std::uint64_t at = random() % seen_;
        if (at < capacity_)
            kept_[at] = number;
    }

    std::uint64_t seen() const { return seen_; }
    std::vector<float> &kept() { return kept_; }

private:
    std::uint64_t random()
    {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }

    std::size_t capacity_;
    std::uint64_t seen_ = 0;
    std::uint64_t state_ = 88'172'645'463'325'252;
    std::vector<float> kept_;
};

}  // namespace profiles
