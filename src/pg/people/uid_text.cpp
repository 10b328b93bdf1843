// uid_text() and uid_parse(): see core/people/uid_text.h.
#include "../guard.h"

#include "../../core/people/uid_text.h"

extern "C" {
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(uid_text);
PG_FUNCTION_INFO_V1(uid_parse);
}

using namespace profiles;

extern "C" Datum uid_text(PG_FUNCTION_ARGS)
{
    int64 uid = PG_GETARG_INT64(0);
    char digits[kMaxUidDigits];
    std::size_t length = 0;
    pg::attempt([&](std::pmr::memory_resource *) {
        length = profiles::uid_text(uid).copy(digits, kMaxUidDigits);
    });
    PG_RETURN_TEXT_P(cstring_to_text_with_len(digits, static_cast<int>(length)));
}

extern "C" Datum uid_parse(PG_FUNCTION_ARGS)
{
    text *argument = PG_GETARG_TEXT_PP(0);
    std::string_view characters(VARDATA_ANY(argument), VARSIZE_ANY_EXHDR(argument));
    int64 uid = 0;
    pg::attempt([&](std::pmr::memory_resource *) { uid = parse_uid(characters); });
    PG_RETURN_INT64(uid);
}
