// Making profiles out of parts, and taking them apart: || - profile() profile_each() profile_keys().
#include "../../core/interrupt.h"
#include "../../core/profile/document.h"
#include "../../core/profile/edit.h"
#include "../../core/profile/reference.h"
#include "jsonb.h"
#include "texts.h"

extern "C" {
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_concat);
PG_FUNCTION_INFO_V1(profile_delete);
PG_FUNCTION_INFO_V1(profile_delete_array);
PG_FUNCTION_INFO_V1(profile_build);
PG_FUNCTION_INFO_V1(profile_build_empty);
PG_FUNCTION_INFO_V1(profile_each);
PG_FUNCTION_INFO_V1(profile_keys);
}

namespace {

// A path of names to a property of the profile; throws for references to anything else.
Reference parse_property(std::string_view text, std::pmr::memory_resource *memory)
{
    Reference reference = parse_reference(text, memory);
    if (reference.scope != Scope::profile)
        throw Error(ErrorCode::invalid_value, quoted(text) + " is not a property of a profile");
    return reference;
}

struct varlena *without(struct varlena *profile, std::span<const std::string_view> references)
{
    struct varlena *result = profile;
    attempt([&](std::pmr::memory_resource *memory) {
        AlternatingScratch scratch(memory);
        bool changed = false;
        Node root = make_node({Type::object, bytes_of(profile)});
        for (std::string_view text : references) {
            check_interrupt();
            Scratch of_reference(memory);
            Reference reference = parse_property(text, of_reference.memory());
            if (!find_path(View(root.item()), reference.path))
                continue;
            std::pmr::memory_resource *step = scratch.next();
            Node edited = set_path(root.item(), reference.path, Node(), step);
            normalise_profile(edited);
            root = make_node({Type::object, pack(edited, step)});
            changed = true;
        }
        if (changed)
            result = make_varlena(root.bytes, memory);
    });
    return result;
}

struct varlena *normalised(Node &root)
{
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(root, scratch.memory());
        normalise_profile(root);
        result = make_varlena(root, memory);
    });
    return result;
}

// Calls put(reference, item) for every property: members of the root, and of the groups.
template <typename Put>
void for_each_property(std::string_view profile, Put put)
{
    struct Level {
        const char *prefix;
        std::string_view bytes;
    };
    Level levels[3] = {{"", profile}, {"custom.", {}}, {"campaign.", {}}};
    for (const Level &level : levels) {
        std::uint32_t count = 0;
        if (!level.bytes.empty())
            attempt([&](std::pmr::memory_resource *) { count = View(level.bytes).count(); });
        for (std::uint32_t position = 0; position < count; ++position) {
            CHECK_FOR_INTERRUPTS();
            std::string_view key;
            Item item;
            attempt([&](std::pmr::memory_resource *) {
                View view(level.bytes);
                key = view.key(position);
                item = view.item(position);
            });
            bool is_root = level.prefix[0] == '\0';
            if (is_root && key == kCustom)
                levels[1].bytes = item.bytes;
            else if (is_root && key == kCampaign)
                levels[2].bytes = item.bytes;
            else
                put(psprintf("%s%.*s", level.prefix, static_cast<int>(key.size()), key.data()),
                    item);
        }
    }
}

}  // namespace

extern "C" Datum profile_concat(PG_FUNCTION_ARGS)
{
    struct varlena *left = PG_GETARG_VARLENA_PP(0), *right = PG_GETARG_VARLENA_PP(1);
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Node merged = overlay({Type::object, bytes_of(left)}, {Type::object, bytes_of(right)},
                              scratch.memory());
        seal(merged);
        result = make_varlena(merged, memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum profile_delete(PG_FUNCTION_ARGS)
{
    std::string_view reference = PG_GETARG_BYTES(1);
    PG_RETURN_POINTER(without(PG_GETARG_VARLENA_PP(0), {&reference, 1}));
}

extern "C" Datum profile_delete_array(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(without(PG_GETARG_VARLENA_PP(0), texts_of_array(PG_GETARG_ARRAYTYPE_P(1))));
}

// profile('name', 'Ada', 'custom.plan', 'pro'): references and values in turn.
extern "C" Datum profile_build(PG_FUNCTION_ARGS)
{
    Datum *arguments;
    bool *nulls;
    Oid *types;
    int count = extract_variadic_args(fcinfo, 0, true, &arguments, &types, &nulls);
    if (count < 0)
        PG_RETURN_NULL();
    if (count % 2 != 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a profile is made of properties and values in turn"),
                        errhint("The number of arguments must be even.")));
    auto *values = static_cast<Node *>(palloc(sizeof(Node) * (static_cast<Size>(count) / 2 + 1)));
    for (int index = 0; index < count; index += 2) {
        if (nulls[index])
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("property name must not be null")));
        Node name = node_from_datum(types[index], arguments[index], false);
        if (name.type != Type::text)
            ereport(ERROR,
                    (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("property name must be a text")));
        Node *value = new (values + index / 2)
            Node(node_from_datum(types[index + 1], arguments[index + 1], nulls[index + 1]));
        value->key = name.bytes;
    }
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        AlternatingScratch scratch(memory);
        Node root = make_container(Type::object, {});
        seal(root);
        std::string_view bytes = pack(root, scratch.next());
        for (int pair = 0; pair < count / 2; ++pair) {
            check_interrupt();
            std::pmr::memory_resource *step = scratch.next();
            pack_numbers(values[pair], step);
            seal(values[pair]);
            Reference reference = parse_property(values[pair].key, step);
            root = set_path({Type::object, bytes}, reference.path, values[pair], step);
            normalise_profile(root);
            bytes = pack(root, step);
        }
        result = make_varlena(bytes, memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum profile_build_empty(PG_FUNCTION_ARGS)
{
    (void)fcinfo;
    Node root = make_container(Type::object, {});
    PG_RETURN_POINTER(normalised(root));
}

extern "C" Datum profile_each(PG_FUNCTION_ARGS)
{
    std::string_view profile = PG_GETARG_BYTES(0);
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    for_each_property(profile, [&](const char *reference, const Item &item) {
        Datum values[] = {CStringGetTextDatum(reference), jsonb_from_item(item)};
        bool nulls[] = {false, false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    });
    return Datum{0};
}

extern "C" Datum profile_keys(PG_FUNCTION_ARGS)
{
    std::string_view profile = PG_GETARG_BYTES(0);
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    for_each_property(profile, [&](const char *reference, const Item &) {
        Datum values[] = {CStringGetTextDatum(reference)};
        bool nulls[] = {false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    });
    return Datum{0};
}

}  // namespace profiles::pg
