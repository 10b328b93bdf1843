// The module's magic block and its start.
#include "guard.h"

#include "../core/interrupt.h"

extern "C" {
PG_MODULE_MAGIC;
void _PG_init(void);
}

extern "C" void _PG_init(void) { profiles::interrupt_requested = profiles::pg::interrupt_pending; }
