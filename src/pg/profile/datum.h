// What crosses the border between Datums and core: bytes in, varlenas out.
#pragma once

#include "../guard.h"

#include <algorithm>
#include <optional>

#include "../../core/profile/assembly.h"
#include "../../core/profile/node.h"
#include "../../core/profile/view.h"

namespace profiles::pg {

// The bytes of a varlena, short header or long.
inline std::string_view bytes_of(const struct varlena *value)
{
    return {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

// A profile in a table is rarely in the processor's cache, and a lookup touches it in several places one
// after the other: its lines are asked for at once, so that they arrive together. A heap page is filled
// from its end, so the row that a scan will bring next lies before this one, and is about as long.
inline struct varlena *prefetched(struct varlena *value)
{
    constexpr std::size_t kLine = 64, kMostOfProfiles = 12 * kLine;
    const char *bytes = VARDATA_ANY(value);
    std::size_t size = std::min<std::size_t>(VARSIZE_ANY_EXHDR(value), kMostOfProfiles);
    for (std::size_t line = kLine; line < size; line += kLine) {
        __builtin_prefetch(bytes + line);
        __builtin_prefetch(bytes - line);
    }
    return value;
}

// Arguments, detoasted when they must be. Fetch steps: may ereport.
#define PG_GETARG_PROFILE(n) profiles::pg::prefetched(PG_GETARG_VARLENA_PP(n))
#define PG_GETARG_BYTES(n) profiles::pg::bytes_of(PG_GETARG_PROFILE(n))

// A varlena with room for `size` bytes. For compute steps: throws instead of raising.
struct varlena *allocate_varlena(std::size_t size, std::pmr::memory_resource *memory);
struct varlena *make_varlena(std::string_view bytes, std::pmr::memory_resource *memory);
// A sealed node written out.
struct varlena *make_varlena(const Node &node, std::pmr::memory_resource *memory);

// Scratch memory of a compute step: the first pieces lie on the stack, so that most calls allocate
// nothing but their result.
class Scratch {
public:
    explicit Scratch(std::pmr::memory_resource *memory) : arena_(buffer_, sizeof buffer_, memory) {}
    std::pmr::memory_resource *memory() { return &arena_; }

private:
    char buffer_[4096];
    std::pmr::monotonic_buffer_resource arena_;
};

// A value of any SQL type as a node with number literals. A fetch step: raises for types without an
// immutable JSON form. The node points into the datum.
Node node_from_datum(Oid type, Datum value, bool is_null);

// The value as jsonb. A finish step.
Datum jsonb_from_item(const Item &item);

}  // namespace profiles::pg
