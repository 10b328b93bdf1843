// The settings of an app, as SQL checks them.
#include "../../core/app/settings.h"

#include "../profile/jsonb.h"

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(check_settings);
}

extern "C" Datum check_settings(PG_FUNCTION_ARGS)
{
    Node settings = node_from_jsonb(PG_GETARG_JSONB_P(0));
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(settings, scratch.memory());
        seal(settings);
        read_settings(settings);
    });
    PG_RETURN_VOID();
}

}  // namespace profiles::pg
