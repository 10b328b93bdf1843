#include "forms.h"

#include "../../core/profile/json_writer.h"

extern "C" {
#include "libpq/pqformat.h"
}

namespace profiles::pg {

namespace {

constexpr int kBinaryVersion = 1;

}  // namespace

char *json_text(const Item &item)
{
    char *json = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        TextBuffer out(memory);
        write_json(item, out);
        json = out.c_string();
    });
    return json;
}

std::string_view receive_json(FunctionCallInfo fcinfo, const char *type)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int version = pq_getmsgbyte(message);
    if (version != kBinaryVersion)
        ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                        errmsg("unsupported %s binary version %d", type, version)));
    int length;
    char *json = pq_getmsgtext(message, message->len - message->cursor, &length);
    return {json, static_cast<std::size_t>(length)};
}

Datum send_json(const Item &item)
{
    char *json = json_text(item);
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendint8(&message, kBinaryVersion);
    pq_sendtext(&message, json, static_cast<int>(strlen(json)));
    return PointerGetDatum(pq_endtypsend(&message));
}

}  // namespace profiles::pg
