#include "engagement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "../error.h"

namespace profiles {

namespace {

constexpr double kMaxMinutes = 2.0;
constexpr int kMaxSessions = 20;
constexpr int kMaxDays = 7;
static_assert(kMaxMinutes * kMaxSessions * kMaxDays == kMaxEngagement);

constexpr std::array<std::string_view, 5> kLevels = {"very low", "low", "average", "high",
                                                     "very high"};

void refuse_negative(std::string_view name, int value)
{
    if (value < 0)
        throw Error(ErrorCode::invalid_value,
                    std::string(name) + " must not be negative: " + std::to_string(value));
}

}  // namespace

double engagement_score(double avg_session_minutes, int sessions_last_week, int active_days)
{
    if (!std::isfinite(avg_session_minutes))
        throw Error(ErrorCode::invalid_value, "avg_session_minutes must be a finite number");
    if (avg_session_minutes < 0)
        throw Error(ErrorCode::invalid_value, "avg_session_minutes must not be negative");
    refuse_negative("sessions_last_week", sessions_last_week);
    refuse_negative("active_days", active_days);
    double minutes = std::min(avg_session_minutes, kMaxMinutes) + 0.0;  // -0 becomes 0
    return minutes * std::min(sessions_last_week, kMaxSessions) * std::min(active_days, kMaxDays);
}

std::string_view engagement_level(double score)
{
    if (!(score >= 0 && score <= kMaxEngagement))  // so that NaN is refused too
        throw Error(ErrorCode::invalid_value, "engagement score is out of range",
                    "A score lies between 0 and 280.");
    constexpr double kStep = kMaxEngagement / kLevels.size();
    std::size_t level = static_cast<std::size_t>(score / kStep);
    return kLevels[std::min(level, kLevels.size() - 1)];
}

}  // namespace profiles
