// The option `properties` of the operator class: which properties an index covers.
#pragma once

#include "../guard.h"

#include "../../core/index/term.h"

namespace profiles::pg {

// Plain data; what it points to lives as long as the index is open.
struct Declared {
    bool given;
    DeclaredProperties properties;

    const DeclaredProperties *get() const { return given ? &properties : nullptr; }
};
static_assert(std::is_trivially_destructible_v<Declared>);

Declared declared_of(FunctionCallInfo fcinfo);

}  // namespace profiles::pg
