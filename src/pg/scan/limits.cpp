// What the conditions say of times and users as a whole, by which blocks and batches are passed unread.
#include "event_scan.h"

#include "../time.h"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

// The first time for which the condition is as it is not before: what compares with a constant changes
// once. So a limit is what the operator says, of whatever types.
std::int64_t find_change(EventScan &scan, const Condition &condition, bool sought)
{
    std::int64_t first = kEarliestTime, last = kLatestTime + 1;
    while (first < last) {
        std::int64_t middle = first + (last - first) / 2;
        scan.slot->tts_values[condition.column] = TimestampTzGetDatum(timestamp_of(middle));
        scan.slot->tts_isnull[condition.column] = false;
        if (holds(scan, condition.holds) == sought)
            last = middle;
        else
            first = middle + 1;
    }
    return first;
}

bool is_of_times(const EventScan &scan, const Condition &condition)
{
    return condition.kind == ConditionKind::column &&
           scan.columns.columns[condition.column].source == Source::ts;
}

void limit_times(EventScan &scan, const Condition &condition)
{
    switch (condition.limit) {
    case Limit::above:
    case Limit::above_or_equal:
        scan.first_ts = Max(scan.first_ts, find_change(scan, condition, true));
        break;
    case Limit::below:
    case Limit::below_or_equal:
        scan.last_ts = Min(scan.last_ts, find_change(scan, condition, false) - 1);
        break;
    default: break;
    }
}

std::int64_t integer_of(Datum value, Oid type)
{
    return type == INT8OID   ? DatumGetInt64(value)
           : type == INT4OID ? DatumGetInt32(value)
                             : DatumGetInt16(value);
}

bool is_integer(Oid type) { return type == INT8OID || type == INT4OID || type == INT2OID; }

void limit_users(EventScan &scan, std::int64_t first, std::int64_t last)
{
    scan.first_uid = Max(scan.first_uid, first);
    scan.last_uid = Min(scan.last_uid, last);
}

void limit_users_to_list(EventScan &scan, Datum value)
{
    ArrayType *array = DatumGetArrayTypeP(value);
    Oid type = ARR_ELEMTYPE(array);
    if (!is_integer(type))
        return;
    int16 length;
    bool by_value, *nulls;
    char alignment;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    Datum *elements;
    int count;
    deconstruct_array(array, type, length, by_value, alignment, &elements, &nulls, &count);
    std::int64_t first = INT64_MAX, last = INT64_MIN;
    for (int index = 0; index < count; ++index)
        if (!nulls[index]) {
            first = Min(first, integer_of(elements[index], type));
            last = Max(last, integer_of(elements[index], type));
        }
    limit_users(scan, first, last);
}

void limit_users_by(EventScan &scan, const Condition &condition)
{
    bool is_null;
    Oid type = exprType(reinterpret_cast<::Node *>(condition.operand));
    Datum value = ExecEvalExprSwitchContext(condition.value, scan.context, &is_null);
    if (is_null)
        return limit_users(scan, INT64_MAX, INT64_MIN);
    if (condition.limit == Limit::any)
        return limit_users_to_list(scan, value);
    if (!is_integer(type))
        return;
    std::int64_t limit = integer_of(value, type);
    switch (condition.limit) {
    case Limit::equal: return limit_users(scan, limit, limit);
    case Limit::above:
    case Limit::above_or_equal: return limit_users(scan, limit, INT64_MAX);
    case Limit::below:
    case Limit::below_or_equal: return limit_users(scan, INT64_MIN, limit);
    default: return;
    }
}

// The filter of profile @@ segment, where columns can answer it.
void read_filter(EventScan &scan, const Condition &condition)
{
    bool is_null;
    Datum value = ExecEvalExprSwitchContext(condition.value, scan.context, &is_null);
    std::string_view segment =
        is_null ? std::string_view() : bytes_of(PG_DETOAST_DATUM_PACKED(value));
    attempt([&](std::pmr::memory_resource *) {
        std::unique_ptr<Filter> filter;
        if (!segment.empty())
            filter = std::make_unique<Filter>(make_node({Type::object, segment}));
        if (filter && !is_by_column(*filter))
            filter.reset();
        delete condition.filter->object;
        condition.filter->object = filter.release();
    });
}

void read_filters(EventScan &scan, Condition &condition)
{
    if (condition.kind == ConditionKind::filter) {
        if (!condition.filter)
            condition.filter = own_in<Filter>(scan.memory);
        read_filter(scan, condition);
    }
    for (int part = 0; part < condition.part_count; ++part)
        read_filters(scan, condition.parts[part]);
}

}  // namespace

bool is_limit_of_times(const EventScan &scan, const Condition &condition)
{
    switch (condition.limit) {
    case Limit::above:
    case Limit::above_or_equal:
    case Limit::below:
    case Limit::below_or_equal: return is_of_times(scan, condition);
    default: return false;
    }
}

void find_limits(EventScan &scan)
{
    scan.verdict_count = scan.next_verdict = 0;
    scan.first_ts = scan.first_uid = INT64_MIN;
    scan.last_ts = scan.last_uid = INT64_MAX;
    clear_slot(scan);
    for (int index = 0; index < scan.condition_count; ++index) {
        Condition &condition = scan.conditions[index];
        read_filters(scan, condition);
        if (condition.kind != ConditionKind::column || condition.limit == Limit::none)
            continue;
        if (is_of_times(scan, condition))
            limit_times(scan, condition);
        else
            limit_users_by(scan, condition);
    }
    clear_slot(scan);
}

}  // namespace profiles::pg
