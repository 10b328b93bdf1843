// The module's magic block and its start.
#include "events/compaction.h"
#include "guard.h"
#include "location/location.h"
#include "planner/text_conditions.h"

#include "../core/interrupt.h"

extern "C" {
#include "utils/guc.h"

PG_MODULE_MAGIC;
void _PG_init(void);
}

extern "C" void _PG_init(void)
{
    profiles::interrupt_requested = profiles::pg::interrupt_pending;
    profiles::pg::init_location();
    profiles::pg::init_text_conditions();
    profiles::pg::init_compaction();
    MarkGUCPrefixReserved("profiles");  // after the settings of every module
}
