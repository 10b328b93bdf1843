// PostgreSQL declares its walkers of expressions without parameters, which C++ takes at its word.
#pragma once

#include "../guard.h"

extern "C" {
#include "nodes/nodeFuncs.h"
}

namespace profiles::pg {

using Walker = bool (*)(::Node *, void *);

inline bool walk(::Node *node, Walker walker, void *context)
{
    auto plain = reinterpret_cast<void (*)()>(walker);
    return expression_tree_walker(node, reinterpret_cast<bool (*)()>(plain), context);
}

}  // namespace profiles::pg
