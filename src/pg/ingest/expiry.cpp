// live_profile(): a profile without the values that are gone; expire_user(): takes them out of a user's row.
#include "../../core/ingest/expiry.h"

#include "../profile/datum.h"
#include "../time.h"
#include "ingest.h"

extern "C" {
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(live_profile);
PG_FUNCTION_INFO_V1(expire_user);
}

extern "C" Datum live_profile(PG_FUNCTION_ARGS)
{
    struct varlena *profile = PG_GETARG_PROFILE(0);
    std::string_view expiry = PG_GETARG_BYTES(1);
    TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
    if (TIMESTAMP_IS_NOBEGIN(at))
        PG_RETURN_POINTER(profile);
    Time time = TIMESTAMP_IS_NOEND(at) ? PG_INT64_MAX : milliseconds_of(at);
    struct varlena *result = profile;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        std::string_view live =
            profiles::live_profile(bytes_of(profile), expiry, time, scratch.memory());
        if (live.data() != bytes_of(profile).data())
            result = make_varlena(live, memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum expire_user(PG_FUNCTION_ARGS)
{
    const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    Time now = milliseconds_of(GetCurrentTimestamp());
    SPI_connect();
    AppStatements *statements = app_statements(app_by_name(name).name);
    std::optional<LockedUser> locked = lock_user(statements, PG_GETARG_INT64(1));
    Outcome outcome;
    if (locked)
        attempt([&](std::pmr::memory_resource *memory) {
            outcome = expire(locked->user, now, memory);
        });
    if (outcome.rarely_changed) {
        write_user(statements, outcome.user, {.profile = true, .rare = true}, locked->row);
        insert_batches(statements, pending_batches(outcome, outcome.user.device_id));
    }
    SPI_finish();
    PG_RETURN_BOOL(outcome.rarely_changed);
}

}  // namespace profiles::pg
