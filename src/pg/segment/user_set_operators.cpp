// The operators of user_set.
#include "../../core/segment/user_set_build.h"
#include "../profile/datum.h"

extern "C" {
#include "common/hashfn.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(user_set_or);
PG_FUNCTION_INFO_V1(user_set_and);
PG_FUNCTION_INFO_V1(user_set_minus);
PG_FUNCTION_INFO_V1(user_set_has);
PG_FUNCTION_INFO_V1(user_set_within);
PG_FUNCTION_INFO_V1(user_set_contains);
PG_FUNCTION_INFO_V1(user_set_contained);
PG_FUNCTION_INFO_V1(user_set_overlaps);
PG_FUNCTION_INFO_V1(user_set_eq);
PG_FUNCTION_INFO_V1(user_set_ne);
PG_FUNCTION_INFO_V1(user_set_hash);
}

namespace {

Datum combined(FunctionCallInfo fcinfo, SetOperation operation)
{
    std::string_view left = PG_GETARG_BYTES(0), right = PG_GETARG_BYTES(1);
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        result =
            make_varlena(combine(UserSetView(left), UserSetView(right), operation, memory), memory);
    });
    PG_RETURN_POINTER(result);
}

// A stored set is fetched and unpacked once for all rows of a scan that ask for it.
struct Fetched {
    struct varlena *given, *value;  // as it is stored, and its bytes
};

std::string_view fetched_once(FunctionCallInfo fcinfo, int argument)
{
    auto *given = reinterpret_cast<struct varlena *>(PG_GETARG_POINTER(argument));
    if (!VARATT_IS_EXTERNAL_ONDISK(given) && !VARATT_IS_COMPRESSED(given))
        return bytes_of(PG_DETOAST_DATUM_PACKED(PointerGetDatum(given)));
    MemoryContext context = fcinfo->flinfo->fn_mcxt;
    auto *kept = static_cast<Fetched *>(fcinfo->flinfo->fn_extra);
    if (!kept)
        fcinfo->flinfo->fn_extra = kept =
            static_cast<Fetched *>(MemoryContextAllocZero(context, sizeof(Fetched)));
    std::size_t size = VARSIZE_ANY(given);
    if (kept->value && VARSIZE_ANY(kept->given) == size && memcmp(kept->given, given, size) == 0)
        return bytes_of(kept->value);
    if (kept->value) {
        pfree(kept->value);
        pfree(kept->given);
        kept->value = nullptr;
    }
    MemoryContext previous = MemoryContextSwitchTo(context);
    kept->given = static_cast<struct varlena *>(palloc(size));
    memcpy(kept->given, given, size);
    kept->value = PG_DETOAST_DATUM_PACKED(PointerGetDatum(given));
    MemoryContextSwitchTo(previous);
    return bytes_of(kept->value);
}

bool has(std::string_view bytes, std::int64_t uid)
{
    bool answer = false;
    attempt([&](std::pmr::memory_resource *) { answer = UserSetView(bytes).has(uid); });
    return answer;
}

bool has_all(std::string_view bytes, std::string_view others)
{
    bool answer = false;
    attempt([&](std::pmr::memory_resource *) {
        answer = UserSetView(bytes).has_all(UserSetView(others));
    });
    return answer;
}

}  // namespace

extern "C" Datum user_set_or(PG_FUNCTION_ARGS) { return combined(fcinfo, SetOperation::unite); }

extern "C" Datum user_set_and(PG_FUNCTION_ARGS)
{
    return combined(fcinfo, SetOperation::intersect);
}

extern "C" Datum user_set_minus(PG_FUNCTION_ARGS)
{
    return combined(fcinfo, SetOperation::subtract);
}

extern "C" Datum user_set_has(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(has(fetched_once(fcinfo, 0), PG_GETARG_INT64(1)));
}

extern "C" Datum user_set_within(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(has(fetched_once(fcinfo, 1), PG_GETARG_INT64(0)));
}

extern "C" Datum user_set_contains(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(has_all(PG_GETARG_BYTES(0), PG_GETARG_BYTES(1)));
}

extern "C" Datum user_set_contained(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(has_all(PG_GETARG_BYTES(1), PG_GETARG_BYTES(0)));
}

extern "C" Datum user_set_overlaps(PG_FUNCTION_ARGS)
{
    std::string_view left = PG_GETARG_BYTES(0), right = PG_GETARG_BYTES(1);
    bool answer = false;
    attempt([&](std::pmr::memory_resource *) {
        answer = UserSetView(left).overlaps(UserSetView(right));
    });
    PG_RETURN_BOOL(answer);
}

// A set has one form, so equal sets have equal bytes.
extern "C" Datum user_set_eq(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(PG_GETARG_BYTES(0) == PG_GETARG_BYTES(1));
}

extern "C" Datum user_set_ne(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(PG_GETARG_BYTES(0) != PG_GETARG_BYTES(1));
}

extern "C" Datum user_set_hash(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    return hash_any(reinterpret_cast<const unsigned char *>(bytes.data()),
                    static_cast<int>(bytes.size()));
}

}  // namespace profiles::pg
