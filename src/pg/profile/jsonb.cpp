#include "jsonb.h"

#include "numeric.h"

extern "C" {
#include "miscadmin.h"
#include "utils/builtins.h"
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

// Reads one container whose opening token has just been taken.
Node read_container(JsonbIterator **iterator, const JsonbValue &opening, bool is_object, int depth)
{
    check_depth(depth);
    int room = is_object ? opening.val.object.nPairs : opening.val.array.nElems;
    auto *children = static_cast<Node *>(
        palloc_extended(sizeof(Node) * (static_cast<Size>(room) + 1), MCXT_ALLOC_HUGE));
    std::size_t count = 0;
    std::string_view key;
    JsonbValue value;
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        JsonbIteratorToken token = JsonbIteratorNext(iterator, &value, false);
        if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
            break;
        if (token == WJB_KEY) {
            key = {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
            continue;
        }
        bool opens = token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT;
        Node child = opens ? read_container(iterator, value, token == WJB_BEGIN_OBJECT, depth + 1)
                           : node_from_scalar(value);
        child.key = key;
        new (children + count++) Node(child);
    }
    return make_container(is_object ? Type::object : Type::array, {children, count});
}

}  // namespace

Node node_from_jsonb(Jsonb *jsonb)
{
    JsonbIterator *iterator = JsonbIteratorInit(&jsonb->root);
    JsonbValue value;
    JsonbIteratorToken token = JsonbIteratorNext(&iterator, &value, false);
    bool is_scalar = token == WJB_BEGIN_ARRAY && value.val.array.rawScalar;
    if (!is_scalar)
        return read_container(&iterator, value, token == WJB_BEGIN_OBJECT, 0);
    JsonbIteratorNext(&iterator, &value, false);
    return node_from_scalar(value);
}

Datum jsonb_from_text(const char *text)
{
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

}  // namespace profiles::pg
