// segment_explain: which part of a filter an index serves.
#include "../profile/datum.h"

#include "../../core/index/explain.h"
#include "../../core/index/pick.h"
#include "../profile/texts.h"

extern "C" {
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segment_explain);
PG_FUNCTION_INFO_V1(segment_explain_declared);
}

namespace {

// `list` is the option `properties` of an index, or null.
text *explain(std::string_view segment, const std::string_view *list)
{
    std::string_view lines;
    attempt([&](std::pmr::memory_resource *memory) {
        Filter filter(make_node({Type::object, segment}));
        Bytes packed(memory);
        if (list)
            packed = read_declared(*list, memory);
        DeclaredProperties declared(packed);
        TextBuffer out(memory);
        explain_query(filter, list ? &declared : nullptr, out);
        lines = out.view();
    });
    return cstring_to_text_with_len(lines.data(), static_cast<int>(lines.size() - 1));
}

}  // namespace

extern "C" Datum segment_explain(PG_FUNCTION_ARGS)
{
    PG_RETURN_TEXT_P(explain(PG_GETARG_BYTES(0), nullptr));
}

extern "C" Datum segment_explain_declared(PG_FUNCTION_ARGS)
{
    std::string_view segment = PG_GETARG_BYTES(0), list = PG_GETARG_BYTES(1);
    PG_RETURN_TEXT_P(explain(segment, &list));
}

}  // namespace profiles::pg
