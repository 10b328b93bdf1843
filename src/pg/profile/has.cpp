// profile ?| text[] and profile ?& text[]: are any, or all, of these properties set.
#include "texts.h"

#include "../../core/interrupt.h"
#include "../../core/profile/reference.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_has_any);
PG_FUNCTION_INFO_V1(profile_has_all);
}

std::span<const std::string_view> texts_of_array(ArrayType *array)
{
    Datum *elements;
    bool *nulls;
    int count;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
    auto *texts = static_cast<std::string_view *>(
        palloc(sizeof(std::string_view) * (static_cast<Size>(count) + 1)));
    std::size_t kept = 0;
    for (int index = 0; index < count; ++index)
        if (!nulls[index])
            new (texts + kept++)
                std::string_view(bytes_of(PG_DETOAST_DATUM_PACKED(elements[index])));
    return {texts, kept};
}

namespace {

// As of jsonb's operators: nulls in the array are passed over.
bool has(FunctionCallInfo fcinfo, bool all)
{
    std::string_view profile = PG_GETARG_BYTES(0);
    std::span<const std::string_view> references = texts_of_array(PG_GETARG_ARRAYTYPE_P(1));
    bool answer = all;
    attempt([&](std::pmr::memory_resource *) {
        View view(profile);
        for (std::string_view reference : references) {
            check_interrupt();
            if (find_property(view, reference).has_value() != all) {
                answer = !all;
                return;
            }
        }
    });
    return answer;
}

}  // namespace

extern "C" Datum profile_has_any(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(has(fcinfo, false)); }

extern "C" Datum profile_has_all(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(has(fcinfo, true)); }

}  // namespace profiles::pg
