#include "user.h"

#include <algorithm>
#include <limits>

namespace profiles {

void RecentDays::mark(Day day, bool session_begins)
{
    if (!last)
        last = day;
    if (day > *last) {
        // Make today the first of the seven days.
        std::int64_t shift = std::min<std::int64_t>(std::int64_t{day} - *last, kDays);
        std::copy_backward(sessions.begin(), sessions.end() - shift, sessions.end());
        std::fill(sessions.begin(), sessions.begin() + shift, kInactive);
        last = day;
    }
    std::int64_t age = std::int64_t{*last} - day;
    if (age >= kDays)
        return;  // too late to count
    std::int16_t &of_day = sessions[static_cast<std::size_t>(age)];
    of_day = std::max<std::int16_t>(of_day, 0);
    if (session_begins && of_day < std::numeric_limits<std::int16_t>::max())
        ++of_day;
}

}  // namespace profiles
