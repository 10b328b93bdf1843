// The engagement score: how much a user was in the app lately, as one number between 0 and 280.
#pragma once

#include <string_view>

namespace profiles {

inline constexpr double kMaxEngagement = 280.0;

// min(2, average) * min(20, sessions) * min(7, days). The average is in minutes, over all sessions
// of the user and not rounded; sessions and days are those of the last seven calendar days. Throws
// invalid_value when an argument is negative or not a finite number.
double engagement_score(double avg_session_minutes, int sessions_last_week, int active_days);

// "very low", "low", "average", "high" or "very high": equal fifths of the scale, each with its
// lower bound; the last one has the upper bound too. Throws invalid_value outside of the scale. The
// text is a constant.
std::string_view engagement_level(double score);

}  // namespace profiles
