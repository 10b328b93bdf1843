#include "group_rows.h"

#include "../profile/numeric.h"
#include "scan_results.h"

extern "C" {
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
}

namespace profiles::pg {

namespace {

Datum numeric_of_text(char *text)
{
    return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
                               Int32GetDatum(-1));
}

// NULL, which no cell is, stands for all other cells.
NullableDatum segment_of(const Group &group)
{
    if (group.other)
        return {Datum(0), true};
    return {text_array_of(group), false};
}

Datum measured(const Group &group, Measure measure)
{
    switch (measure) {
    case Measure::sum: return numeric_from(group.sum);
    case Measure::duration: return numeric_from(group.duration);
    case Measure::times: break;
    }
    return NumericGetDatum(int64_to_numeric(group.times));
}

// NULL without anything to divide by. A quotient has at least as many digits behind the point as the divisor,
// which is given some for that.
NullableDatum ratio_of(const Group &group, Measure measure, std::int64_t divisor)
{
    constexpr int kDigits = 16;
    if (divisor == 0)
        return {Datum(0), true};
    Datum with_digits = DirectFunctionCall2(
        numeric_round, NumericGetDatum(int64_to_numeric(divisor)), Int32GetDatum(kDigits));
    Datum quotient = DirectFunctionCall2(numeric_div, measured(group, measure), with_digits);
    return {DirectFunctionCall1(numeric_trim_scale, quotient), false};
}

NullableDatum quantile_of(Group &group, const NumberIds &ids, const Metric &metric)
{
    if (!group.amounts)
        return {Datum(0), true};
    NumberCounts &counts =
        metric.measure == Measure::sum ? group.amounts->sum : group.amounts->duration;
    Quantile quantile = find_quantile(counts.merged(), ids, metric.millionths);
    if (!quantile.lower)
        return {Datum(0), true};
    Datum lower = NumericGetDatum(numeric_from(*quantile.lower));
    if (quantile.part == 0)
        return {lower, false};
    char part[32];
    snprintf(part, sizeof part, "%ue-6", quantile.part);
    Datum distance =
        DirectFunctionCall2(numeric_sub, NumericGetDatum(numeric_from(*quantile.upper)), lower);
    Datum way = DirectFunctionCall2(numeric_mul, distance, numeric_of_text(part));
    return {DirectFunctionCall1(numeric_trim_scale, DirectFunctionCall2(numeric_add, lower, way)),
            false};
}

NullableDatum metric_of(Group &group, const NumberIds &ids, const Metric &metric)
{
    switch (metric.kind) {
    case Metric::Kind::per_user:
        return ratio_of(group, metric.measure, static_cast<std::int64_t>(group.users.count()));
    case Metric::Kind::average: return ratio_of(group, metric.measure, group.times);
    case Metric::Kind::quantile: break;
    }
    return quantile_of(group, ids, metric);
}

Datum metrics_of(const Segmentation &segmentation, Group &group)
{
    int count = static_cast<int>(segmentation.metrics().size());
    if (count == 0)
        return PointerGetDatum(construct_empty_array(NUMERICOID));
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<std::size_t>(count)));
    auto *nulls = static_cast<bool *>(palloc(sizeof(bool) * static_cast<std::size_t>(count)));
    for (int index = 0; index < count; ++index) {
        CHECK_FOR_INTERRUPTS();
        NullableDatum value = metric_of(group, segmentation.table().amounts(),
                                        segmentation.metrics()[static_cast<std::size_t>(index)]);
        values[index] = value.value;
        nulls[index] = value.isnull;
    }
    int lower = 1;
    return PointerGetDatum(
        construct_md_array(values, nulls, 1, &count, &lower, NUMERICOID, -1, false, TYPALIGN_INT));
}

}  // namespace

void put_group(ReturnSetInfo *result, const Segmentation &segmentation, const Datum *starts,
               Group &group)
{
    NullableDatum segment = segment_of(group);
    Datum values[] = {
        starts ? starts[group.bucket] : Datum(0),
        segment.value,
        Int64GetDatum(static_cast<int64>(group.users.count())),
        Int64GetDatum(group.times),
        numeric_from(group.sum),
        numeric_from(group.duration),
        metrics_of(segmentation, group),
    };
    bool nulls[lengthof(values)] = {starts == nullptr, segment.isnull};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace profiles::pg
