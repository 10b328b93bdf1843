#include "columns.h"

#include "../../core/profile/json_writer.h"
#include "../../core/scan/property.h"
#include "../../core/segment/block_filter.h"
#include "../profile/datum.h"
#include "../profile/numeric.h"
#include "../typed_column.h"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "foreign/foreign.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace profiles::pg {

namespace {

struct NamedColumn {
    const char *name;
    Source source;
    Oid type;  // InvalidOid: profile
};

constexpr NamedColumn kNamedColumns[] = {
    {"uid", Source::uid, INT8OID},
    {"ts", Source::ts, TIMESTAMPTZOID},
    {"key", Source::key, TEXTOID},
    {"count", Source::count, INT8OID},
    {"sum", Source::sum, NUMERICOID},
    {"dur", Source::duration, NUMERICOID},
    {"device_id", Source::device_id, TEXTOID},
    {"segmentation", Source::segmentation, JSONBOID},
    {"profile", Source::profile, InvalidOid},
};

bool is_profile(Oid type) { return has_input(type, "profile_in"); }

bool has_type(const NamedColumn &column, Oid type)
{
    return OidIsValid(column.type) ? column.type == type : is_profile(type);
}

const char *option_of_column(Oid table, AttrNumber attribute, const char *name)
{
    ListCell *cell;
    foreach (cell, GetForeignColumnOptions(table, attribute)) {
        auto *option = static_cast<DefElem *>(lfirst(cell));
        if (strcmp(option->defname, name) == 0)
            return strVal(option->arg);
    }
    return nullptr;
}

[[noreturn]] void raise_no_column(Oid table, const char *name, Oid type)
{
    ereport(ERROR,
            (errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
             errmsg("events have no column \"%s\" of type %s", name, format_type_be(type)),
             errdetail("It is a column of foreign table \"%s\".", get_rel_name(table)),
             errhint("A column with another name or type has the option property or segment.")));
    pg_unreachable();
}

// Functions of our schema, by their names.
bool is_our_function(Oid function, const char *name)
{
    const char *found = get_func_name(function);
    if (!found || strcmp(found, name) != 0)
        return false;
    Oid *arguments;
    int count;
    get_func_signature(function, &arguments, &count);
    for (int index = 0; index < count; ++index)
        if (is_profile(arguments[index])) {
            HeapTuple type = SearchSysCache1(TYPEOID, ObjectIdGetDatum(arguments[index]));
            Oid schema = reinterpret_cast<Form_pg_type>(GETSTRUCT(type))->typnamespace;
            ReleaseSysCache(type);
            return get_func_namespace(function) == schema;
        }
    return false;
}

// A property that a column of blocks has.
bool is_property(std::string_view text)
{
    bool answer = false;
    Failure failure;  // for what is no reference the operator raises its error, if it is called
    attempt_into(failure, [&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        Reference reference = parse_property(text, scratch.memory());
        answer = reference.scope == Scope::profile && is_in_column(reference);
    });
    return answer && !failure.failed;
}

// Which operator: 0 none, 1 ->, 2 ->>.
int accessor(Oid function, Source of)
{
    if (of == Source::profile)
        return is_our_function(function, "profile_get_text") ? 2
               : is_our_function(function, "profile_get")    ? 1
                                                             : 0;
    return function == F_JSONB_OBJECT_FIELD_TEXT ? 2 : function == F_JSONB_OBJECT_FIELD ? 1 : 0;
}

Datum text_of(std::string_view text)
{
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

// As ->> of a profile shows it.
Datum plain_text(const Item &item)
{
    if (item.type == Type::text)
        return text_of(item.bytes);
    std::string_view plain;
    attempt([&](std::pmr::memory_resource *memory) {
        TextBuffer out(memory);
        write_plain(item, out);
        plain = out.view();
    });
    return text_of(plain);
}

// As ->> of jsonb shows it.
Datum json_text(const Item &item)
{
    if (item.type == Type::text)
        return text_of(item.bytes);
    Jsonb *json = DatumGetJsonbP(jsonb_from_item(item));
    return CStringGetTextDatum(JsonbToCString(nullptr, &json->root, VARSIZE(json)));
}

Datum numeric_of(const Item &item)
{
    Number number;
    attempt([&](std::pmr::memory_resource *) { number = number_of(item); });
    return NumericGetDatum(numeric_from(number));
}

Datum converted(Oid type, Datum value)
{
    if (type == TEXTOID)
        return value;
    Oid input, parameter;
    getTypeInputInfo(type, &input, &parameter);
    return OidInputFunctionCall(input, TextDatumGetCString(value), parameter, -1);
}

}  // namespace

ScanColumn column_of_attribute(Oid table, AttrNumber attribute)
{
    Oid type = get_atttype(table, attribute);
    if (!OidIsValid(type))
        return {Source::nothing, false, nullptr, InvalidOid};
    const char *name = get_attname(table, attribute, false);
    bool as_json = type == JSONBOID;
    if (const char *property = option_of_column(table, attribute, kPropertyOption))
        return {Source::property, as_json, property, type};
    if (const char *segment = option_of_column(table, attribute, kSegmentOption))
        return {Source::segment, as_json, segment, type};
    for (const NamedColumn &column : kNamedColumns)
        if (strcmp(name, column.name) == 0 && has_type(column, type))
            return {column.source, false, nullptr, type};
    raise_no_column(table, name, type);
}

bool column_of_expression(const ::Node *expression, Index varno, Oid table, ScanColumn *column)
{
    if (expression->type != T_OpExpr)
        return false;
    auto *operation = reinterpret_cast<const OpExpr *>(expression);
    if (list_length(operation->args) != 2)
        return false;
    auto *on = static_cast<const Var *>(linitial(operation->args));
    auto *name = static_cast<const Const *>(lsecond(operation->args));
    if (on->xpr.type != T_Var || static_cast<Index>(on->varno) != varno || on->varlevelsup != 0 ||
        on->varattno <= 0 || name->xpr.type != T_Const || name->constisnull ||
        name->consttype != TEXTOID)
        return false;
    Source of = column_of_attribute(table, on->varattno).source;
    if (of != Source::profile && of != Source::segmentation)
        return false;
    int found = accessor(get_opcode(operation->opno), of);
    char *named = TextDatumGetCString(name->constvalue);
    if (found == 0 || (of == Source::profile && !is_property(named)))
        return false;
    *column = {of == Source::profile ? Source::property : Source::segment, found == 1, named,
               operation->opresulttype};
    return true;
}

ScanColumn column_of_target(const ::Node *expression, Index varno, Oid table)
{
    ScanColumn column;
    if (column_of_expression(expression, varno, table, &column))
        return column;
    return column_of_attribute(table, reinterpret_cast<const Var *>(expression)->varattno);
}

int segment_argument(const OpExpr *expression)
{
    Oid function = get_opcode(expression->opno);
    return is_our_function(function, "segment_matches")      ? 1
           : is_our_function(function, "segment_matched_by") ? 0
                                                             : -1;
}

bool has_codes(Source source)
{
    return source == Source::key || source == Source::device_id || source == Source::property ||
           source == Source::segment;
}

bool is_same_source(const ScanColumn &left, const ScanColumn &right)
{
    return left.source == right.source &&
           (left.name == nullptr || strcmp(left.name, right.name) == 0);
}

const char *describe_column(const ScanColumn &column)
{
    if (column.source == Source::property)
        return column.name;
    if (column.source == Source::segment)
        return psprintf("event.%s", column.name);
    for (const NamedColumn &named : kNamedColumns)
        if (named.source == column.source)
            return named.name;
    return "";
}

Datum datum_of_item(const ScanColumn &column, const Item &item, bool *is_null)
{
    *is_null = false;
    switch (column.source) {
    case Source::sum:
    case Source::duration: return numeric_of(item);
    case Source::property:
        return column.as_json ? jsonb_from_item(item) : converted(column.type, plain_text(item));
    case Source::segment:
        if (column.as_json)
            return jsonb_from_item(item);
        *is_null = item.type == Type::null;
        return *is_null ? Datum(0) : converted(column.type, json_text(item));
    default: return text_of(item.bytes);
    }
}

Datum scaled_numeric(std::int64_t coefficient, std::uint16_t digits)
{
    while (digits > 0 && coefficient % 10 == 0) {
        coefficient /= 10;
        --digits;
    }
    return NumericGetDatum(digits == 0 ? int64_to_numeric(coefficient)
                                       : int64_div_fast_to_numeric(coefficient, digits));
}

}  // namespace profiles::pg
