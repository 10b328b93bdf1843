// The state of an aggregate while the aggregate runs. To SQL it is a value of an ordinary type, so that it can be
// combined by parallel workers and by machines. Between the rows of one aggregate it is an expanded object of
// PostgreSQL's, which grows by each row at the cost of that row. Whoever takes the state as its type gets it
// written out.
//
// A kind of state says:
//
//   Object                                  made of a std::pmr resource; it need not be destroyed
//   kContext                                the name of its memory context
//   struct varlena *write(const Object &)   the value, in the current memory context
#pragma once

#include "guard.h"

extern "C" {
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

template <typename Kind>
class Expanded {
public:
    using Object = typename Kind::Object;

    // The state that a step was given; null when it was given a value of the type.
    static Expanded *from(Datum state)
    {
        bool is_one = VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(state)) &&
                      DatumGetEOHP(state)->eoh_methods == &kMethods;
        return is_one ? of(DatumGetEOHP(state)) : nullptr;
    }

    static Expanded *make(MemoryContext aggregate)
    {
        MemoryContext context = shared_context(aggregate);
        auto *state = new (MemoryContextAlloc(context, sizeof(Expanded))) Expanded(context);
        EOH_init_header(&state->header_, &kMethods, context);
        return state;
    }

    std::pmr::memory_resource *memory() { return &memory_; }
    // To be changed by a compute step.
    Object &change()
    {
        if (written_)
            pfree(written_);
        written_ = nullptr;
        return object_;
    }

    Datum datum() { return EOHPGetRWDatum(&header_); }

private:
    explicit Expanded(MemoryContext context) : memory_(context), object_(&memory_) {}

    static Expanded *of(ExpandedObjectHeader *header)
    {
        return reinterpret_cast<Expanded *>(header);
    }

    // PostgreSQL keeps an expanded state as it is only in a child of the aggregate's context. All groups share
    // one: a hashed aggregate sums up the memory of all children for each new group. A step gives back the
    // state it was given, so PostgreSQL never deletes one alone.
    static MemoryContext shared_context(MemoryContext aggregate)
    {
        for (MemoryContext child = aggregate->firstchild; child; child = child->nextchild)
            if (child->name == Kind::kContext)
                return child;
        return AllocSetContextCreateInternal(aggregate, Kind::kContext, ALLOCSET_DEFAULT_SIZES);
    }

    static Size written_size(ExpandedObjectHeader *header)
    {
        Expanded *state = of(header);
        if (!state->written_) {
            MemoryContext before = MemoryContextSwitchTo(header->eoh_context);
            state->written_ = Kind::write(state->object_);
            MemoryContextSwitchTo(before);
        }
        return VARSIZE(state->written_);
    }

    static void write_out(ExpandedObjectHeader *header, void *out, Size size)
    {
        memcpy(out, of(header)->written_, size);
    }

    static constexpr ExpandedObjectMethods kMethods = {written_size, write_out};

    ExpandedObjectHeader header_;
    ContextMemory memory_;
    Object object_;
    struct varlena *written_ = nullptr;  // the object as a value, once somebody has asked for it
};

}  // namespace profiles::pg
