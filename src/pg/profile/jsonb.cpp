#include "jsonb.h"

#include "../../core/interrupt.h"

#include "numeric.h"

extern "C" {
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

namespace {

Node node_from_scalar(const JsonbValue &value)
{
    switch (value.type) {
    case jbvString:
        return make_text({value.val.string.val, static_cast<std::size_t>(value.val.string.len)});
    case jbvNumeric: return node_from_numeric(value.val.numeric);
    case jbvBool: return make_boolean(value.val.boolean);
    default: return Node();
    }
}

void check_depth(int depth)
{
    if (depth >= layout::kMaxDepth)
        ereport(ERROR,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("value is nested too deeply"),
                 errdetail("At most %d levels are allowed.", layout::kMaxDepth)));
}

// Reads one container whose opening token has just been taken. With `too_deep` what is nested too deeply
// sets it and is null, instead of an error.
Node read_container(JsonbIterator **iterator, const JsonbValue &opening, bool is_object, int depth,
                    bool *too_deep = nullptr)
{
    bool is_deepest = too_deep && depth + 1 >= layout::kMaxDepth;
    check_depth(depth);
    int room = is_object ? opening.val.object.nPairs : opening.val.array.nElems;
    auto *children = static_cast<Node *>(
        palloc_extended(sizeof(Node) * (static_cast<Size>(room) + 1), MCXT_ALLOC_HUGE));
    std::size_t count = 0;
    std::string_view key;
    JsonbValue value;
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        JsonbIteratorToken token = JsonbIteratorNext(iterator, &value, is_deepest);
        if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
            break;
        if (token == WJB_KEY) {
            key = {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
            continue;
        }
        bool opens = token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT;
        if (is_deepest && value.type == jbvBinary)
            *too_deep = true;
        Node child =
            opens ? read_container(iterator, value, token == WJB_BEGIN_OBJECT, depth + 1, too_deep)
                  : node_from_scalar(value);
        child.key = key;
        new (children + count++) Node(child);
    }
    return make_container(is_object ? Type::object : Type::array, {children, count});
}

// A scalar of a profile. PostgreSQL must make the numerics, so until finish_numbers() a number's `numeric` points to
// a Number.
void fill_scalar(JsonbValue &value, const Item &item, std::pmr::memory_resource *memory)
{
    switch (item.type) {
    case Type::null: value.type = jbvNull; return;
    case Type::no:
    case Type::yes:
        value.type = jbvBool;
        value.val.boolean = item.type == Type::yes;
        return;
    case Type::integer:
    case Type::decimal:
        value.type = jbvNumeric;
        value.val.numeric = reinterpret_cast<Numeric>(
            new (memory->allocate(sizeof(Number), alignof(Number))) Number(number_of(item)));
        return;
    default:
        value.type = jbvString;
        value.val.string.val = const_cast<char *>(item.bytes.data());
        value.val.string.len = static_cast<int>(item.bytes.size());
    }
}

void fill_value(JsonbValue &value, const Item &item, std::pmr::memory_resource *memory, int depth);

template <typename Element>
Element *allocate_elements(const View &view, std::pmr::memory_resource *memory)
{
    std::size_t size = sizeof(Element) * (view.count() + std::size_t{1});
    return static_cast<Element *>(memory->allocate(size, alignof(Element)));
}

void fill_object(JsonbValue &value, const View &view, std::pmr::memory_resource *memory, int depth)
{
    value.type = jbvObject;
    value.val.object.nPairs = static_cast<int>(view.count());
    JsonbPair *pair = value.val.object.pairs = allocate_elements<JsonbPair>(view, memory);
    for (Cursor cursor(view); cursor.next(); ++pair) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        fill_scalar(pair->key, {Type::text, cursor.key()}, memory);
        fill_value(pair->value, cursor.item(), memory, depth + 1);
        pair->order = cursor.position();
    }
}

void fill_array(JsonbValue &value, const View &view, std::pmr::memory_resource *memory, int depth)
{
    value.type = jbvArray;
    value.val.array.nElems = static_cast<int>(view.count());
    value.val.array.rawScalar = false;
    JsonbValue *element = value.val.array.elems = allocate_elements<JsonbValue>(view, memory);
    for (Cursor cursor(view); cursor.next(); ++element) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        fill_value(*element, cursor.item(), memory, depth + 1);
    }
}

// The members of an object have the order of jsonb's, so they need no sorting.
void fill_value(JsonbValue &value, const Item &item, std::pmr::memory_resource *memory, int depth)
{
    if (!item.is_container())
        return fill_scalar(value, item, memory);
    if (depth >= layout::kMaxDepth)
        raise_corrupted_profile();
    View view(item);
    if (view.is_array())
        fill_array(value, view, memory, depth);
    else
        fill_object(value, view, memory, depth);
}

void finish_numbers(JsonbValue &value)
{
    if (value.type == jbvNumeric) {
        CHECK_FOR_INTERRUPTS();
        value.val.numeric = numeric_from(*reinterpret_cast<const Number *>(value.val.numeric));
    } else if (value.type == jbvArray) {
        for (int index = 0; index < value.val.array.nElems; ++index)
            finish_numbers(value.val.array.elems[index]);
    } else if (value.type == jbvObject) {
        for (int index = 0; index < value.val.object.nPairs; ++index)
            finish_numbers(value.val.object.pairs[index].value);
    }
}

}  // namespace

Datum jsonb_from_item(const Item &item)
{
    // A context of its own: the tree is many times as large as the result.
    MemoryContext tree =
        AllocSetContextCreate(CurrentMemoryContext, "profile as jsonb", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(tree);
    JsonbValue value;
    attempt([&](std::pmr::memory_resource *memory) { fill_value(value, item, memory, 0); });
    finish_numbers(value);
    MemoryContextSwitchTo(caller);
    Jsonb *result = JsonbValueToJsonb(&value);
    MemoryContextDelete(tree);
    return JsonbPGetDatum(result);
}

Node node_from_jsonb(Jsonb *jsonb, int extra_depth)
{
    JsonbIterator *iterator = JsonbIteratorInit(&jsonb->root);
    JsonbValue value;
    JsonbIteratorToken token = JsonbIteratorNext(&iterator, &value, false);
    bool is_scalar = token == WJB_BEGIN_ARRAY && value.val.array.rawScalar;
    if (!is_scalar)
        return read_container(&iterator, value, token == WJB_BEGIN_OBJECT, -extra_depth);
    JsonbIteratorNext(&iterator, &value, false);
    return node_from_scalar(value);
}

int elements_of_jsonb(Jsonb *jsonb, JsonbElement **elements)
{
    auto *kept = static_cast<JsonbElement *>(
        palloc_extended(sizeof(JsonbElement) * (Size{JB_ROOT_COUNT(jsonb)} + 1),
                        MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
    JsonbIterator *outer = JsonbIteratorInit(&jsonb->root);
    JsonbValue value;
    int count = 0;
    JsonbIteratorNext(&outer, &value, false);
    while (JsonbIteratorNext(&outer, &value, true) == WJB_ELEM) {
        JsonbElement &element = kept[count++];
        if (value.type != jbvBinary) {
            element.node = node_from_scalar(value);
            continue;
        }
        JsonbIterator *inner = JsonbIteratorInit(value.val.binary.data);
        JsonbIteratorToken token = JsonbIteratorNext(&inner, &value, false);
        element.node =
            read_container(&inner, value, token == WJB_BEGIN_OBJECT, 0, &element.too_deep);
    }
    *elements = kept;
    return count;
}

Datum jsonb_from_text(const char *text)
{
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

}  // namespace profiles::pg
