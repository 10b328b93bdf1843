// Segments from SQL values: one property and what it must be.
#include "../profile/texts.h"

#include "../../core/interrupt.h"
#include "../../core/profile/json_reader.h"
#include "../../core/profile/json_writer.h"
#include "../../core/profile/reference.h"
#include "../../core/segment/filter.h"

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segment_of);
PG_FUNCTION_INFO_V1(segment_of_text);
PG_FUNCTION_INFO_V1(segment_of_text_array);
PG_FUNCTION_INFO_V1(profile_text_is);
}

namespace {

struct varlena *make_segment(std::span<Node> conditions, std::pmr::memory_resource *scratch,
                             std::pmr::memory_resource *memory)
{
    Filter filter(make_container(Type::object, conditions));
    return make_varlena(filter.to_node(scratch), memory);
}

std::string_view plain_text(const Item &item, std::pmr::memory_resource *memory)
{
    TextBuffer out(memory);
    write_plain(item, out);
    return out.view();
}

// The value that is no text, but that ->> shows as this text; there is at most one.
std::optional<Node> other_value(std::string_view text, std::pmr::memory_resource *memory)
{
    try {
        Node value = read_json(text, memory, "value");
        pack_numbers(value, memory);
        seal(value);
        std::string_view packed = pack(value, memory);
        if (value.type != Type::text && plain_text({value.type, packed}, memory) == text)
            return make_node({value.type, packed});
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled)
            throw;
    }
    return std::nullopt;
}

// The reference that leads a filter to where ->> looks; nothing when there is none.
std::string_view reference_of(std::string_view property, std::pmr::memory_resource *memory)
{
    if (property.empty() || property.ends_with('.'))
        return {};
    Reference reference = parse_reference(property, memory);
    bool same = reference.scope == Scope::profile &&
                (property.find('.') != std::string_view::npos || reference.path[0] == property);
    return same ? property : std::string_view();
}

// A filter that every profile matches for which `p ->> property` is one of the texts.
struct varlena *segment_around_texts(std::string_view property,
                                     std::span<const std::string_view> texts,
                                     std::pmr::memory_resource *scratch,
                                     std::pmr::memory_resource *memory)
{
    NodeList values(scratch);
    for (std::string_view text : texts) {
        check_interrupt();
        values.push_back(make_text(text));
        if (std::optional<Node> other = other_value(text, scratch))
            values.push_back(*other);
    }
    Node list = make_container(Type::array, values);
    list.key = "$in";
    Node condition = make_container(Type::object, {&list, 1});
    condition.key = reference_of(property, scratch);
    return make_segment({&condition, condition.key.empty() ? 0u : 1u}, scratch, memory);
}

struct varlena *segment_of_texts(std::string_view property, std::span<const std::string_view> texts)
{
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        result = segment_around_texts(property, texts, scratch.memory(), memory);
    });
    return result;
}

}  // namespace

extern "C" Datum segment_of(PG_FUNCTION_ARGS)
{
    std::string_view property = PG_GETARG_BYTES(0);
    Node value = node_from_datum(get_fn_expr_argtype(fcinfo->flinfo, 1), PG_GETARG_DATUM(1), false);
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(value, scratch.memory());
        value.key = property;
        result = make_segment({&value, 1}, scratch.memory(), memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum segment_of_text(PG_FUNCTION_ARGS)
{
    std::string_view property = PG_GETARG_BYTES(0), text = PG_GETARG_BYTES(1);
    PG_RETURN_POINTER(segment_of_texts(property, {&text, 1}));
}

// Nulls in the array equal nothing.
extern "C" Datum segment_of_text_array(PG_FUNCTION_ARGS)
{
    std::string_view property = PG_GETARG_BYTES(0);
    PG_RETURN_POINTER(segment_of_texts(property, texts_of_array(PG_GETARG_ARRAYTYPE_P(1))));
}

extern "C" Datum profile_text_is(PG_FUNCTION_ARGS)
{
    std::string_view profile = PG_GETARG_BYTES(0), property = PG_GETARG_BYTES(1),
                     text = PG_GETARG_BYTES(2);
    bool answer = false;
    attempt([&](std::pmr::memory_resource *memory) {
        std::optional<Item> item = find_property(View(profile), property);
        if (item && item->type == Type::text)
            answer = item->bytes == text;
        else if (item) {
            Scratch scratch(memory);
            answer = plain_text(*item, scratch.memory()) == text;
        }
    });
    PG_RETURN_BOOL(answer);
}

}  // namespace profiles::pg
