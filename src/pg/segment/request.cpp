// Parameters of a request for segmentation that are JSON inside a text.
#include "../profile/jsonb.h"

#include "../../core/profile/json_reader.h"

extern "C" {
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(request_json);
}

// The fault of the text is that of the parameter, in Countly's words.
extern "C" Datum request_json(PG_FUNCTION_ARGS)
{
    const char *json = text_to_cstring(PG_GETARG_TEXT_PP(0));
    std::string_view parameter = PG_GETARG_BYTES(1);
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        try {
            read_json(json, scratch.memory(), "the parameter");
        } catch (const Error &error) {
            if (error.code() == ErrorCode::cancelled)
                throw;
            throw Error(ErrorCode::invalid_value,
                        "Bad request parameter: " + std::string(parameter),
                        "It is not valid JSON. " + error.detail());
        }
    });
    return jsonb_from_text(json);
}

}  // namespace profiles::pg
