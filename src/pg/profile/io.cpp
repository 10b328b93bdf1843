// The type profile: text and binary form, and the casts to and from jsonb. Every way in goes through
// normalise_profile() and the writer; no bytes from outside become a value.
#include "datum.h"

#include "../../core/profile/check.h"
#include "../../core/profile/document.h"
#include "../../core/profile/json_reader.h"
#include "../../core/profile/json_writer.h"
#include "jsonb.h"

extern "C" {
#include "libpq/pqformat.h"
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
PG_FUNCTION_INFO_V1(profile_pretty);
PG_FUNCTION_INFO_V1(profile_is_valid);
}

namespace {

constexpr int kBinaryVersion = 1;

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

char *text_of(std::string_view profile, bool pretty)
{
    char *json = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        TextBuffer out(memory);
        if (pretty)
            write_pretty({Type::object, profile}, out);
        else
            write_json({Type::object, profile}, out);
        json = out.c_string();
    });
    return json;
}

}  // namespace

extern "C" Datum profile_in(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(profile_from_text(PG_GETARG_CSTRING(0)));
}

extern "C" Datum profile_out(PG_FUNCTION_ARGS)
{
    PG_RETURN_CSTRING(text_of(PG_GETARG_BYTES(0), false));
}

extern "C" Datum profile_recv(PG_FUNCTION_ARGS)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int version = pq_getmsgbyte(message);
    if (version != kBinaryVersion)
        ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                        errmsg("unsupported profile binary version %d", version)));
    int length;
    char *json = pq_getmsgtext(message, message->len - message->cursor, &length);
    PG_RETURN_POINTER(profile_from_text({json, static_cast<std::size_t>(length)}));
}

extern "C" Datum profile_send(PG_FUNCTION_ARGS)
{
    char *json = text_of(PG_GETARG_BYTES(0), false);
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendint8(&message, kBinaryVersion);
    pq_sendtext(&message, json, static_cast<int>(strlen(json)));
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
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

extern "C" Datum profile_pretty(PG_FUNCTION_ARGS)
{
    char *json = text_of(PG_GETARG_BYTES(0), true);
    PG_RETURN_TEXT_P(cstring_to_text(json));
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
