// Core counts milliseconds since the Unix epoch, PostgreSQL microseconds since 2000.
#pragma once

#include <cstdint>

#include "guard.h"

extern "C" {
#include "datatype/timestamp.h"
}

namespace profiles::pg {

inline constexpr std::int64_t kEpochDays = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
inline constexpr std::int64_t kEpochMilliseconds = kEpochDays * 86400 * 1000;

inline TimestampTz timestamp_of(std::int64_t milliseconds)
{
    return (milliseconds - kEpochMilliseconds) * 1000;
}

// Rounds down, for times before 2000 too. Infinity is the caller's to test.
inline std::int64_t milliseconds_of(TimestampTz timestamp)
{
    std::int64_t milliseconds = timestamp / 1000;
    if (timestamp % 1000 < 0)
        --milliseconds;
    return milliseconds + kEpochMilliseconds;
}

}  // namespace profiles::pg
