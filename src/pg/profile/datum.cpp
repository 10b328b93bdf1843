#include "datum.h"

#include "jsonb.h"
#include "numeric.h"

extern "C" {
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/float.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

struct varlena *allocate_varlena(std::size_t size, std::pmr::memory_resource *memory)
{
    if (size > MaxAllocSize - VARHDRSZ)
        throw Error(ErrorCode::limit_exceeded, "value is too large");
    auto *result =
        static_cast<struct varlena *>(memory->allocate(VARHDRSZ + size, MAXIMUM_ALIGNOF));
    SET_VARSIZE(result, VARHDRSZ + size);
    return result;
}

struct varlena *make_varlena(std::string_view bytes, std::pmr::memory_resource *memory)
{
    struct varlena *result = allocate_varlena(bytes.size(), memory);
    std::memcpy(VARDATA(result), bytes.data(), bytes.size());
    return result;
}

struct varlena *make_varlena(const Node &node, std::pmr::memory_resource *memory)
{
    struct varlena *result = allocate_varlena(node.size, memory);
    write_node(node, VARDATA(result));
    return result;
}

namespace {

Node node_from_text(Datum value)
{
    struct varlena *text_value = PG_DETOAST_DATUM_PACKED(value);
    return make_text(bytes_of(text_value));
}

// The shortest text that gives the same float back is the number that the user meant, whatever
// extra_float_digits says.
Node node_from_float(Oid type, Datum value)
{
    bool single = type == FLOAT4OID;
    double number = single ? DatumGetFloat4(value) : DatumGetFloat8(value);
    if (isnan(number) || isinf(number))
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("NaN and infinity cannot be kept in a profile")));
    char *shortest = static_cast<char *>(
        palloc(single ? FLOAT_SHORTEST_DECIMAL_LEN : DOUBLE_SHORTEST_DECIMAL_LEN));
    if (single)
        float_to_shortest_decimal_buf(DatumGetFloat4(value), shortest);
    else
        double_to_shortest_decimal_buf(number, shortest);
    return make_number_literal(shortest);
}

Node node_from_finite_numeric(Datum value)
{
    if (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value)))
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("NaN and infinity cannot be kept in a profile")));
    return node_from_numeric(DatumGetNumeric(value));
}

Node node_from_integer(int64 value)
{
    NumberItem packed = pack_number(value);
    auto *bytes = static_cast<char *>(palloc(packed.length));
    memcpy(bytes, packed.bytes, packed.length);
    return make_node({packed.type, {bytes, packed.length}});
}

Node node_from_array(Datum value)
{
    ArrayType *array = DatumGetArrayTypeP(value);
    if (ARR_NDIM(array) > 1)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("arrays of several dimensions cannot be kept in a profile"),
                        errhint("Use jsonb for nested arrays.")));
    int16 length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
    Datum *elements;
    bool *nulls;
    int count;
    deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &elements, &nulls,
                      &count);
    auto *children = static_cast<Node *>(
        palloc_extended(sizeof(Node) * (static_cast<Size>(count) + 1), MCXT_ALLOC_HUGE));
    for (int index = 0; index < count; ++index)
        new (children + index)
            Node(node_from_datum(ARR_ELEMTYPE(array), elements[index], nulls[index]));
    return make_container(Type::array, {children, static_cast<std::size_t>(count)});
}

Node node_from_date_or_time(Oid type, Datum value)
{
    char *buffer = static_cast<char *>(palloc(MAXDATELEN + 1));
    JsonEncodeDateTime(buffer, value, type, nullptr);
    return make_text(buffer);
}

[[noreturn]] void raise_unsupported(Oid type)
{
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("values of type %s cannot be kept in a profile", format_type_be(type)),
                    errhint("Cast the value to text, a number, boolean or jsonb.")));
    pg_unreachable();
}

}  // namespace

Node node_from_datum(Oid type, Datum value, bool is_null)
{
    if (is_null)
        return Node();
    type = getBaseType(type);
    switch (type) {
    case BOOLOID: return make_boolean(DatumGetBool(value));
    case INT2OID: return node_from_integer(DatumGetInt16(value));
    case INT4OID: return node_from_integer(DatumGetInt32(value));
    case INT8OID: return node_from_integer(DatumGetInt64(value));
    case NUMERICOID: return node_from_finite_numeric(value);
    case FLOAT4OID:
    case FLOAT8OID: return node_from_float(type, value);
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID: return node_from_text(value);
    case NAMEOID: return make_text(NameStr(*DatumGetName(value)));
    case UNKNOWNOID: return make_text(DatumGetCString(value));
    case JSONBOID: return node_from_jsonb(DatumGetJsonbP(value));
    case JSONOID:
        return node_from_jsonb(DatumGetJsonbP(jsonb_from_text(TextDatumGetCString(value))));
    case DATEOID:
    case TIMESTAMPOID: return node_from_date_or_time(type, value);
    default: break;
    }
    if (OidIsValid(get_element_type(type)))
        return node_from_array(value);
    raise_unsupported(type);
}

}  // namespace profiles::pg
