// The algebra of update documents: diff, compose and compose_agg.
//
// The state of compose_agg is jsonb, so that it can be combined by parallel workers and by machines. While
// one aggregate runs, it is an expanded object of PostgreSQL's: a Composition that grows by each document at the
// cost of that document. Whoever takes the state as jsonb gets it written out.
#include "../../core/update/compose.h"

#include "../../core/update/diff.h"
#include "../profile/jsonb.h"

extern "C" {
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_diff);
PG_FUNCTION_INFO_V1(profile_compose);
PG_FUNCTION_INFO_V1(profile_compose_step);
}

extern "C" Datum profile_diff(PG_FUNCTION_ARGS)
{
    std::string_view before = PG_GETARG_BYTES(0), after = PG_GETARG_BYTES(1);
    const char *text = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        TextBuffer out(memory);
        write_diff(View(before), View(after), out);
        text = out.c_string();
    });
    PG_RETURN_DATUM(jsonb_from_text(text));
}

namespace {

void add_document(Composition &composition, Node &document, std::pmr::memory_resource *scratch)
{
    pack_numbers(document, scratch);
    seal(document, -kDocumentDepth);
    std::pmr::vector<Change> changes(scratch);
    SkipList skips(scratch);
    read_document(document, Mode::strict, {}, changes, skips, scratch);
    composition.add(changes);
}

}  // namespace

extern "C" Datum profile_compose(PG_FUNCTION_ARGS)
{
    Node first = node_from_jsonb(PG_GETARG_JSONB_P(0), kDocumentDepth);
    Node second = node_from_jsonb(PG_GETARG_JSONB_P(1), kDocumentDepth);
    const char *text = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Composition composition(scratch.memory());
        add_document(composition, first, scratch.memory());
        add_document(composition, second, scratch.memory());
        TextBuffer out(memory);
        composition.write(out, scratch.memory());
        text = out.c_string();
    });
    PG_RETURN_DATUM(jsonb_from_text(text));
}

namespace {

// The state while its aggregate runs. Everything lies in one context and goes with it, so nothing in it
// needs a destructor.
struct ExpandedComposition {
    ExpandedObjectHeader header;
    ContextMemory memory;
    Composition composition;
    Jsonb *written;  // the composition as jsonb, once somebody has asked for it

    explicit ExpandedComposition(MemoryContext context)
        : memory(context), composition(&memory), written(nullptr)
    {
    }
};

ExpandedComposition *composition_of(ExpandedObjectHeader *header)
{
    return reinterpret_cast<ExpandedComposition *>(header);
}

Size written_size(ExpandedObjectHeader *header)
{
    ExpandedComposition *state = composition_of(header);
    if (!state->written) {
        const char *text = nullptr;
        attempt([&](std::pmr::memory_resource *memory) {
            std::pmr::monotonic_buffer_resource scratch(memory);
            TextBuffer out(memory);
            state->composition.write(out, &scratch);
            text = out.c_string();
        });
        MemoryContext before = MemoryContextSwitchTo(header->eoh_context);
        state->written = DatumGetJsonbP(jsonb_from_text(text));
        MemoryContextSwitchTo(before);
    }
    return VARSIZE(state->written);
}

void write_out(ExpandedObjectHeader *header, void *out, Size size)
{
    memcpy(out, composition_of(header)->written, size);
}

constexpr ExpandedObjectMethods kMethods = {written_size, write_out};

constexpr const char *kContextName = "compositions of updates";

// PostgreSQL keeps an expanded state as it is only in a child of the aggregate's context. All groups share
// one: a hashed aggregate sums up the memory of all children for each new group. A step gives back the
// state it was given, so PostgreSQL never deletes one alone.
MemoryContext shared_context(MemoryContext aggregate)
{
    for (MemoryContext child = aggregate->firstchild; child; child = child->nextchild)
        if (child->name == kContextName)
            return child;
    return AllocSetContextCreateInternal(aggregate, kContextName, ALLOCSET_DEFAULT_SIZES);
}

ExpandedComposition *expand(MemoryContext aggregate)
{
    MemoryContext context = shared_context(aggregate);
    auto *state =
        new (MemoryContextAlloc(context, sizeof(ExpandedComposition))) ExpandedComposition(context);
    EOH_init_header(&state->header, &kMethods, context);
    return state;
}

void add_to_state(ExpandedComposition *state, Node &document)
{
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        add_document(state->composition, document, scratch.memory());
    });
    if (state->written)
        pfree(state->written);
    state->written = nullptr;
}

bool is_expanded(Datum state)
{
    return VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(state)) &&
           DatumGetEOHP(state)->eoh_methods == &kMethods;
}

}  // namespace

// One more document, or one more state, which is a document too.
extern "C" Datum profile_compose_step(PG_FUNCTION_ARGS)
{
    MemoryContext aggregate;
    if (!AggCheckCallContext(fcinfo, &aggregate))
        return profile_compose(fcinfo);
    ExpandedComposition *state;
    if (is_expanded(PG_GETARG_DATUM(0))) {
        state = composition_of(DatumGetEOHP(PG_GETARG_DATUM(0)));
    } else {
        state = expand(aggregate);
        Node before = node_from_jsonb(PG_GETARG_JSONB_P(0), kDocumentDepth);
        add_to_state(state, before);
    }
    Node document = node_from_jsonb(PG_GETARG_JSONB_P(1), kDocumentDepth);
    add_to_state(state, document);
    PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
}

}  // namespace profiles::pg
