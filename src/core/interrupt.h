// How a long loop of core learns that its caller wants it to stop. The server installs its own
// test; without one (unit tests, fuzzers) nothing ever interrupts.
#pragma once

#include "error.h"

namespace profiles {

inline bool (*interrupt_requested)() noexcept = nullptr;

// Every loop that grows with the data calls this once per item or per few thousand cheap items.
inline void check_interrupt()
{
    if (interrupt_requested && interrupt_requested())
        throw Error(ErrorCode::cancelled, "cancelled");
}

}  // namespace profiles
