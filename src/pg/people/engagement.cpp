// engagement_score() and engagement_level(): see core/people/engagement.h. The score of one user of
// an app is SQL, since all it does is to read the user's row.
#include "../guard.h"

#include "../../core/people/engagement.h"

extern "C" {
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(engagement_score);
PG_FUNCTION_INFO_V1(engagement_level);
}

using namespace profiles;

extern "C" Datum engagement_score(PG_FUNCTION_ARGS)
{
    float8 minutes = PG_GETARG_FLOAT8(0);
    int32 sessions = PG_GETARG_INT32(1);
    int32 days = PG_GETARG_INT32(2);
    float8 score = 0;
    pg::attempt([&](std::pmr::memory_resource *) {
        score = profiles::engagement_score(minutes, sessions, days);
    });
    PG_RETURN_FLOAT8(score);
}

extern "C" Datum engagement_level(PG_FUNCTION_ARGS)
{
    float8 score = PG_GETARG_FLOAT8(0);
    std::string_view level;
    pg::attempt([&](std::pmr::memory_resource *) { level = profiles::engagement_level(score); });
    PG_RETURN_TEXT_P(cstring_to_text_with_len(level.data(), static_cast<int>(level.size())));
}
