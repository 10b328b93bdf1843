// A C++ object that must live longer than one call: it belongs to a memory
// context, whose reset destroys it, also after an error. The object keeps its
// memory to itself (new and delete), never in a context.
#pragma once

#include "guard.h"

extern "C" {
#include "utils/palloc.h"
}

namespace profiles::pg {

// Plain data in the context. `object` is null until a compute step fills it.
template <typename Object>
struct Owned {
    Object *object;
    MemoryContextCallback on_reset;
};

template <typename Object>
void destroy_owned(void *owned)
{
    delete static_cast<Owned<Object> *>(owned)->object;
}

// A fetch step: may ereport.
template <typename Object>
Owned<Object> *own_in(MemoryContext context)
{
    auto *owned =
        static_cast<Owned<Object> *>(MemoryContextAllocZero(context, sizeof(Owned<Object>)));
    owned->on_reset.func = destroy_owned<Object>;
    owned->on_reset.arg = owned;
    MemoryContextRegisterResetCallback(context, &owned->on_reset);
    return owned;
}

}  // namespace profiles::pg
