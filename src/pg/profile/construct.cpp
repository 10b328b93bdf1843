// Making profiles out of parts, and taking them apart: || - profile() profile_each() profile_keys().
#include "../../core/interrupt.h"
#include "../../core/profile/document.h"
#include "../../core/profile/draft.h"
#include "../../core/profile/overlay.h"
#include "../../core/profile/reference.h"
#include "../expanded.h"
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
PG_FUNCTION_INFO_V1(profile_agg_step);
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

struct varlena *make_profile(const Draft &draft, std::pmr::memory_resource *scratch,
                             std::pmr::memory_resource *memory)
{
    Node root = draft.finish(scratch);
    normalise_profile(root);
    return make_varlena(root, memory);
}

struct varlena *without(struct varlena *profile, std::span<const std::string_view> references)
{
    struct varlena *result = profile;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Draft draft({Type::object, bytes_of(profile)}, scratch.memory());
        for (std::string_view text : references) {
            check_interrupt();
            draft.set(parse_property(text, scratch.memory()).path, Node());
        }
        if (draft.changed())
            result = make_profile(draft, scratch.memory(), memory);
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
        Scratch scratch(memory);
        Draft draft(scratch.memory());
        for (Node &value : std::span(values, static_cast<std::size_t>(count) / 2)) {
            check_interrupt();
            pack_numbers(value, scratch.memory());
            seal(value);
            draft.set(parse_property(value.key, scratch.memory()).path, value);
        }
        result = make_profile(draft, scratch.memory(), memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum profile_build_empty(PG_FUNCTION_ARGS)
{
    (void)fcinfo;
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        result = make_profile(Draft(scratch.memory()), scratch.memory(), memory);
    });
    PG_RETURN_POINTER(result);
}

namespace {

// A profile that an aggregate is making.
struct DraftState {
    using Object = Draft;
    static constexpr const char *kContext = "profiles in the making";

    static struct varlena *write(const Draft &draft)
    {
        struct varlena *result = nullptr;
        attempt([&](std::pmr::memory_resource *memory) {
            Scratch scratch(memory);
            result = make_profile(draft, scratch.memory(), memory);
        });
        return result;
    }
};

std::string_view copied(std::string_view bytes, std::pmr::memory_resource *memory)
{
    auto *copy = static_cast<char *>(memory->allocate(bytes.size() + 1, 1));
    std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, bytes.size()};
}

// The value is packed, so that nothing of it points into a row.
void set_property(Draft &draft, std::string_view property, Node &value,
                  std::pmr::memory_resource *scratch, std::pmr::memory_resource *memory)
{
    pack_numbers(value, scratch);
    seal(value);
    Node kept = value.is_container() ? make_node({value.type, pack(value, memory)}) : value;
    kept.bytes = value.is_container() ? kept.bytes : copied(value.bytes, memory);
    kept.size = kept.bytes.size();
    draft.set(parse_property(copied(property, memory), memory).path, kept);
}

}  // namespace

// One more property and its value; one without a name is passed over.
extern "C" Datum profile_agg_step(PG_FUNCTION_ARGS)
{
    MemoryContext aggregate;
    if (!AggCheckCallContext(fcinfo, &aggregate))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("profile_agg_step is a part of profile_object_agg")));
    if (PG_ARGISNULL(1))
        PG_RETURN_DATUM(PG_GETARG_DATUM(0));
    std::string_view property = PG_GETARG_BYTES(1);
    Node value;
    if (!PG_ARGISNULL(2))
        value = node_from_jsonb(PG_GETARG_JSONB_P(2));
    auto *state = Expanded<DraftState>::from(PG_GETARG_DATUM(0));
    std::string_view before;
    if (!state) {
        before = PG_GETARG_BYTES(0);
        state = Expanded<DraftState>::make(aggregate);
    }
    Draft &draft = state->change();
    attempt([&](std::pmr::memory_resource *memory) {
        if (!before.empty())
            draft = Draft({Type::object, copied(before, state->memory())}, state->memory());
        Scratch scratch(memory);
        set_property(draft, property, value, scratch.memory(), state->memory());
    });
    PG_RETURN_DATUM(state->datum());
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
