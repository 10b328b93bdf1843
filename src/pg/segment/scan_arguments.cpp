#include "scan_arguments.h"

#include "../profile/datum.h"
#include "../time.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

struct Texts {
    std::string_view *values;
    bool *nulls;
    int count;
};

Texts texts_of(Datum array)
{
    Texts texts;
    Datum *elements;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &texts.nulls, &texts.count);
    texts.values =
        static_cast<std::string_view *>(palloc(sizeof(std::string_view) * (texts.count + 1)));
    for (int index = 0; index < texts.count; ++index)
        new (texts.values + index) std::string_view(
            texts.nulls[index] ? std::string_view()
                               : bytes_of(PG_DETOAST_DATUM_PACKED(elements[index])));
    return texts;
}

}  // namespace

std::span<const std::string_view> breakdown_of(Datum array)
{
    Texts texts = texts_of(array);
    for (int index = 0; index < texts.count; ++index)
        if (texts.nulls[index])
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("breakdown must not contain nulls")));
    return {texts.values, static_cast<std::size_t>(texts.count)};
}

std::span<const CellValue> cell_of(Datum array, std::size_t breakdowns)
{
    Texts texts = texts_of(array);
    if (static_cast<std::size_t>(texts.count) != breakdowns)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("segment must have one value for each breakdown"),
                        errdetail("Values: %d, breakdowns: %d.", texts.count,
                                  static_cast<int>(breakdowns)),
                        errhint("NULL stands for a missing value.")));
    auto *values = static_cast<CellValue *>(palloc(sizeof(CellValue) * (breakdowns + 1)));
    for (int index = 0; index < texts.count; ++index)
        new (values + index)
            CellValue(texts.nulls[index] ? CellValue() : CellValue(texts.values[index]));
    return {values, breakdowns};
}

std::span<const std::int64_t> starts_of(Datum array, Datum **starts)
{
    int count;
    bool *nulls;
    deconstruct_array(DatumGetArrayTypeP(array), TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE, starts,
                      &nulls, &count);
    auto *times = static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * (count + 1)));
    for (int index = 0; index < count; ++index)
        times[index] = milliseconds_of(DatumGetTimestampTz((*starts)[index]));
    return {times, static_cast<std::size_t>(count)};
}

}  // namespace profiles::pg
