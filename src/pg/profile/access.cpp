// Reading a profile by property reference, containment, order and hash.
#include "datum.h"

#include "../../core/profile/compare.h"
#include "../../core/profile/json_writer.h"
#include "../../core/profile/reference.h"

extern "C" {
#include "common/hashfn.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_get);
PG_FUNCTION_INFO_V1(profile_get_text);
PG_FUNCTION_INFO_V1(profile_has);
PG_FUNCTION_INFO_V1(profile_contains);
PG_FUNCTION_INFO_V1(profile_contained);
PG_FUNCTION_INFO_V1(profile_eq);
PG_FUNCTION_INFO_V1(profile_ne);
PG_FUNCTION_INFO_V1(profile_lt);
PG_FUNCTION_INFO_V1(profile_le);
PG_FUNCTION_INFO_V1(profile_gt);
PG_FUNCTION_INFO_V1(profile_ge);
PG_FUNCTION_INFO_V1(profile_cmp);
PG_FUNCTION_INFO_V1(profile_hash);
PG_FUNCTION_INFO_V1(profile_hash_extended);
}

namespace {

struct Found {
    bool found = false;
    Item item;
};

// The value that arguments 0 (a profile) and 1 (a reference) name.
Found find_argument(FunctionCallInfo fcinfo)
{
    std::string_view profile = PG_GETARG_BYTES(0);
    std::string_view reference = PG_GETARG_BYTES(1);
    Found result;
    attempt([&](std::pmr::memory_resource *) {
        std::optional<Item> item = find_property(View(profile), reference);
        if (item)
            result = {true, *item};
    });
    return result;
}

bool argument_contains(std::string_view whole, std::string_view part)
{
    bool result = false;
    attempt([&](std::pmr::memory_resource *) {
        result = contains({Type::object, whole}, {Type::object, part});
    });
    return result;
}

int compare_arguments(FunctionCallInfo fcinfo)
{
    std::string_view left = PG_GETARG_BYTES(0), right = PG_GETARG_BYTES(1);
    int result = 0;
    attempt([&](std::pmr::memory_resource *) {
        result = compare_items({Type::object, left}, {Type::object, right});
    });
    return result;
}

bool arguments_equal(FunctionCallInfo fcinfo)
{
    std::string_view left = PG_GETARG_BYTES(0), right = PG_GETARG_BYTES(1);
    return left == right;
}

}  // namespace

extern "C" Datum profile_get(PG_FUNCTION_ARGS)
{
    Found value = find_argument(fcinfo);
    if (!value.found)
        PG_RETURN_NULL();
    return jsonb_from_item(value.item);
}

extern "C" Datum profile_get_text(PG_FUNCTION_ARGS)
{
    Found value = find_argument(fcinfo);
    if (!value.found)
        PG_RETURN_NULL();
    if (value.item.type == Type::text)
        PG_RETURN_TEXT_P(cstring_to_text_with_len(value.item.bytes.data(),
                                                  static_cast<int>(value.item.bytes.size())));
    std::string_view plain;
    attempt([&](std::pmr::memory_resource *memory) {
        TextBuffer out(memory);
        write_plain(value.item, out);
        plain = out.view();
    });
    PG_RETURN_TEXT_P(cstring_to_text_with_len(plain.data(), static_cast<int>(plain.size())));
}

extern "C" Datum profile_has(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(find_argument(fcinfo).found); }

extern "C" Datum profile_contains(PG_FUNCTION_ARGS)
{
    std::string_view whole = PG_GETARG_BYTES(0), part = PG_GETARG_BYTES(1);
    PG_RETURN_BOOL(argument_contains(whole, part));
}

extern "C" Datum profile_contained(PG_FUNCTION_ARGS)
{
    std::string_view part = PG_GETARG_BYTES(0), whole = PG_GETARG_BYTES(1);
    PG_RETURN_BOOL(argument_contains(whole, part));
}

extern "C" Datum profile_eq(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(arguments_equal(fcinfo)); }
extern "C" Datum profile_ne(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(!arguments_equal(fcinfo)); }
extern "C" Datum profile_lt(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) < 0); }
extern "C" Datum profile_le(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0); }
extern "C" Datum profile_gt(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) > 0); }
extern "C" Datum profile_ge(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0); }
extern "C" Datum profile_cmp(PG_FUNCTION_ARGS) { PG_RETURN_INT32(compare_arguments(fcinfo)); }

// Equal profiles have equal bytes, so their bytes are what is hashed.
extern "C" Datum profile_hash(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    return hash_any(reinterpret_cast<const unsigned char *>(bytes.data()),
                    static_cast<int>(bytes.size()));
}

extern "C" Datum profile_hash_extended(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    return hash_any_extended(reinterpret_cast<const unsigned char *>(bytes.data()),
                             static_cast<int>(bytes.size()),
                             static_cast<uint64>(PG_GETARG_INT64(1)));
}

}  // namespace profiles::pg
