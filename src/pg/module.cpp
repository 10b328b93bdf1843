// The module's magic block and its start.
#include "guard.h"
#include "location/location.h"
#include "segment/scan_arguments.h"

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
    profiles::pg::init_segmentation();
    MarkGUCPrefixReserved("profiles");  // after the settings of every module
}
