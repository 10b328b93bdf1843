// The type segment: a filter in its canonical form, stored as a container.
// Every way in goes through the reader of filters, so a stored segment is
// always a valid one.
#include "../profile/forms.h"

#include "../../core/profile/json_reader.h"
#include "../../core/segment/filter.h"
#include "../profile/jsonb.h"

extern "C" {
#include "common/hashfn.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segment_in);
PG_FUNCTION_INFO_V1(segment_out);
PG_FUNCTION_INFO_V1(segment_recv);
PG_FUNCTION_INFO_V1(segment_send);
PG_FUNCTION_INFO_V1(segment_from_jsonb);
PG_FUNCTION_INFO_V1(segment_to_jsonb);
PG_FUNCTION_INFO_V1(segment_eq);
PG_FUNCTION_INFO_V1(segment_ne);
PG_FUNCTION_INFO_V1(segment_hash);
}

namespace {

struct varlena *make_segment(const Node &root, std::pmr::memory_resource *scratch,
                             std::pmr::memory_resource *memory)
{
    Filter filter(root);
    return make_varlena(filter.to_node(scratch), memory);
}

struct varlena *segment_from_text(std::string_view json)
{
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Node root = read_json(json, scratch.memory(), "type segment");
        result = make_segment(root, scratch.memory(), memory);
    });
    return result;
}

}  // namespace

extern "C" Datum segment_in(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(segment_from_text(PG_GETARG_CSTRING(0)));
}

extern "C" Datum segment_out(PG_FUNCTION_ARGS)
{
    PG_RETURN_CSTRING(json_text({Type::object, PG_GETARG_BYTES(0)}));
}

extern "C" Datum segment_recv(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(segment_from_text(receive_json(fcinfo, "segment")));
}

extern "C" Datum segment_send(PG_FUNCTION_ARGS)
{
    return send_json({Type::object, PG_GETARG_BYTES(0)});
}

extern "C" Datum segment_from_jsonb(PG_FUNCTION_ARGS)
{
    Node root = node_from_jsonb(PG_GETARG_JSONB_P(0));
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(root, scratch.memory());
        result = make_segment(root, scratch.memory(), memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum segment_to_jsonb(PG_FUNCTION_ARGS)
{
    return jsonb_from_item({Type::object, PG_GETARG_BYTES(0)});
}

// Equal filters have one canonical form, and equal forms have equal bytes.
extern "C" Datum segment_eq(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(PG_GETARG_BYTES(0) == PG_GETARG_BYTES(1));
}

extern "C" Datum segment_ne(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(PG_GETARG_BYTES(0) != PG_GETARG_BYTES(1));
}

extern "C" Datum segment_hash(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    return hash_any(reinterpret_cast<const unsigned char *>(bytes.data()),
                    static_cast<int>(bytes.size()));
}

}  // namespace profiles::pg
