// How a long loop of core learns that its caller wants it to stop. The server installs its own
// test; without one (unit tests, fuzzers) nothing ever interrupts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "error.h"

namespace profiles {

inline bool (*interrupt_requested)() noexcept = nullptr;

// Every loop that grows with the data calls this once per item or per few thousand cheap items.
inline void check_interrupt()
{
    if (interrupt_requested && interrupt_requested())
        throw Error(ErrorCode::cancelled, "cancelled");
}

// For loops whose items are so cheap that asking at each would show.
class InterruptPoll {
public:
    // Asks once per `kSteps` steps. `cost` is in steps: what one item may weigh more than another.
    void step(std::size_t cost = 1)
    {
        done_ += cost;
        if (done_ < kSteps)
            return;
        done_ = 0;
        check_interrupt();
    }

private:
    static constexpr std::size_t kSteps = 4096;
    std::size_t done_ = 0;
};

// As std::find_if over bytes, of which there may be a gigabyte.
template <typename Predicate>
const char *find_byte(const char *at, const char *end, Predicate sought)
{
    constexpr std::ptrdiff_t kStretch = 1 << 20;
    while (end - at > kStretch) {
        const char *found = std::find_if(at, at + kStretch, sought);
        if (found != at + kStretch)
            return found;
        at = found;
        check_interrupt();
    }
    return std::find_if(at, end, sought);
}

}  // namespace profiles
