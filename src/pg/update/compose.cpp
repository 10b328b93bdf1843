// The algebra of update documents: diff, compose and compose_agg.
// The state of compose_agg is jsonb; while the aggregate runs, a Composition.
#include "../../core/update/compose.h"

#include "../../core/update/diff.h"
#include "../expanded.h"
#include "../profile/jsonb.h"

extern "C" {
#include "utils/builtins.h"
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

struct CompositionState {
    using Object = Composition;
    static constexpr const char *kContext = "compositions of updates";

    static struct varlena *write(const Composition &composition)
    {
        const char *text = nullptr;
        attempt([&](std::pmr::memory_resource *memory) {
            std::pmr::monotonic_buffer_resource scratch(memory);
            TextBuffer out(memory);
            composition.write(out, &scratch);
            text = out.c_string();
        });
        return PG_DETOAST_DATUM(jsonb_from_text(text));
    }
};

void add_to_state(Expanded<CompositionState> *state, Node &document)
{
    Composition &composition = state->change();
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        add_document(composition, document, scratch.memory());
    });
}

}  // namespace

// One more document, or one more state, which is a document too.
extern "C" Datum profile_compose_step(PG_FUNCTION_ARGS)
{
    MemoryContext aggregate;
    if (!AggCheckCallContext(fcinfo, &aggregate))
        return profile_compose(fcinfo);
    auto *state = Expanded<CompositionState>::from(PG_GETARG_DATUM(0));
    if (!state) {
        state = Expanded<CompositionState>::make(aggregate);
        Node before = node_from_jsonb(PG_GETARG_JSONB_P(0), kDocumentDepth);
        add_to_state(state, before);
    }
    Node document = node_from_jsonb(PG_GETARG_JSONB_P(1), kDocumentDepth);
    add_to_state(state, document);
    PG_RETURN_DATUM(state->datum());
}

}  // namespace profiles::pg
