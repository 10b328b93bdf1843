// The type profile: text and binary form, and the casts to and from jsonb and json. Every way in goes through
// normalise_profile() and the writer; no bytes from outside become a value.
#include "forms.h"

#include "../../core/profile/check.h"
#include "../../core/profile/document.h"
#include "../../core/profile/json_reader.h"
#include "../../core/profile/json_writer.h"
#include "jsonb.h"

extern "C" {
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_in);
PG_FUNCTION_INFO_V1(profile_out);
PG_FUNCTION_INFO_V1(profile_recv);
PG_FUNCTION_INFO_V1(profile_send);
PG_FUNCTION_INFO_V1(profile_from_jsonb);
PG_FUNCTION_INFO_V1(profile_to_jsonb);
PG_FUNCTION_INFO_V1(profile_from_json);
PG_FUNCTION_INFO_V1(profile_to_json);
PG_FUNCTION_INFO_V1(profile_pretty);
PG_FUNCTION_INFO_V1(profile_is_valid);
}

namespace {

struct varlena *profile_from_text(std::string_view json)
{
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Node root = read_json(json, scratch.memory(), "type profile");
        normalise_profile(root);
        result = make_varlena(root, memory);
    });
    return result;
}

}  // namespace

extern "C" Datum profile_in(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(profile_from_text(PG_GETARG_CSTRING(0)));
}

extern "C" Datum profile_out(PG_FUNCTION_ARGS)
{
    PG_RETURN_CSTRING(json_text({Type::object, PG_GETARG_BYTES(0)}));
}

extern "C" Datum profile_recv(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(profile_from_text(receive_json(fcinfo, "profile")));
}

extern "C" Datum profile_send(PG_FUNCTION_ARGS)
{
    return send_json({Type::object, PG_GETARG_BYTES(0)});
}

extern "C" Datum profile_from_jsonb(PG_FUNCTION_ARGS)
{
    Node root = node_from_jsonb(PG_GETARG_JSONB_P(0));
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(root, scratch.memory());
        normalise_profile(root);
        result = make_varlena(root, memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum profile_to_jsonb(PG_FUNCTION_ARGS)
{
    return jsonb_from_item({Type::object, PG_GETARG_BYTES(0)});
}

extern "C" Datum profile_from_json(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(profile_from_text(PG_GETARG_BYTES(0)));
}

extern "C" Datum profile_to_json(PG_FUNCTION_ARGS)
{
    PG_RETURN_TEXT_P(cstring_to_text(json_text({Type::object, PG_GETARG_BYTES(0)})));
}

extern "C" Datum profile_pretty(PG_FUNCTION_ARGS)
{
    std::string_view profile = PG_GETARG_BYTES(0);
    std::string_view json;
    attempt([&](std::pmr::memory_resource *memory) {
        TextBuffer out(memory);
        write_pretty({Type::object, profile}, out);
        json = out.view();
    });
    PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data(), static_cast<int>(json.size())));
}

extern "C" Datum profile_is_valid(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    bool valid = true;
    attempt([&](std::pmr::memory_resource *) {
        try {
            check_profile(bytes);
        } catch (const Error &error) {
            if (error.code() == ErrorCode::cancelled)
                throw;
            valid = false;
        }
    });
    PG_RETURN_BOOL(valid);
}

}  // namespace profiles::pg
