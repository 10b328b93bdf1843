#include "declared.h"

#include "../../core/index/pick.h"
#include "../profile/texts.h"

extern "C" {
#include "access/reloptions.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_gin_options);
PG_FUNCTION_INFO_V1(profile_pick);
}

namespace {

struct Options {
    int32 vl_len_;
    int properties;  // where they are, 0 when the index covers all
};

// As the options of an index keep it: the length, then what read_declared() made.
struct Packed {
    std::uint32_t size;
    char bytes[FLEXIBLE_ARRAY_MEMBER];
};

void validate_properties(const char *value)
{
    if (!value)
        return;
    attempt(
        [&](std::pmr::memory_resource *memory) { read_declared(std::string_view(value), memory); });
}

// The server asks for the size first, with nowhere to write to.
Size fill_properties(const char *value, void *target)
{
    if (!value)
        return 0;
    std::size_t size = 0;
    attempt([&](std::pmr::memory_resource *memory) {
        Bytes packed = read_declared(std::string_view(value), memory);
        size = packed.size();
        if (target) {
            auto length = static_cast<std::uint32_t>(size);
            std::memcpy(target, &length, sizeof length);
            packed.copy(static_cast<char *>(target) + offsetof(Packed, bytes), size);
        }
    });
    return MAXALIGN(offsetof(Packed, bytes) + size);
}

}  // namespace

Declared declared_of(FunctionCallInfo fcinfo)
{
    if (!PG_HAS_OPCLASS_OPTIONS())
        return {false, DeclaredProperties({})};
    auto *options = reinterpret_cast<Options *>(PG_GET_OPCLASS_OPTIONS());
    if (options->properties == 0)
        return {false, DeclaredProperties({})};
    auto *start = reinterpret_cast<const char *>(options) + options->properties;
    std::uint32_t size;
    std::memcpy(&size, start, sizeof size);
    return {true, DeclaredProperties({start + offsetof(Packed, bytes), size})};
}

extern "C" Datum profile_gin_options(PG_FUNCTION_ARGS)
{
    auto *options = reinterpret_cast<local_relopts *>(PG_GETARG_POINTER(0));
    init_local_reloptions(options, sizeof(Options));
    add_local_string_reloption(options, "properties",
                               "properties that the index covers, separated by commas", nullptr,
                               validate_properties, fill_properties, offsetof(Options, properties));
    PG_RETURN_VOID();
}

extern "C" Datum profile_pick(PG_FUNCTION_ARGS)
{
    std::string_view profile = PG_GETARG_BYTES(0);
    std::span<const std::string_view> references = texts_of_array(PG_GETARG_ARRAYTYPE_P(1));
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Bytes packed = read_declared(references, scratch.memory());
        Node root = pick_properties(View(profile), DeclaredProperties(packed), scratch.memory());
        result = make_varlena(root, memory);
    });
    PG_RETURN_POINTER(result);
}

}  // namespace profiles::pg
