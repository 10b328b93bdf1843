#include "scan_arguments.h"

#include "../profile/datum.h"
#include "../time.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

int memory_setting;  // in kB

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

std::span<const std::string_view> names_of(Datum array, const char *name)
{
    Texts texts = texts_of(array);
    for (int index = 0; index < texts.count; ++index)
        if (texts.nulls[index])
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("%s must not contain nulls", name)));
    return {texts.values, static_cast<std::size_t>(texts.count)};
}

std::span<const CellValue> cell_of(Datum array)
{
    Texts texts = texts_of(array);
    auto *values = static_cast<CellValue *>(palloc(sizeof(CellValue) * (texts.count + 1)));
    for (int index = 0; index < texts.count; ++index)
        new (values + index)
            CellValue(texts.nulls[index] ? CellValue() : CellValue(texts.values[index]));
    return {values, static_cast<std::size_t>(texts.count)};
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

std::size_t segmentation_memory() { return static_cast<std::size_t>(memory_setting) * 1024; }

void init_segmentation()
{
    constexpr int kDefault = 256 * 1024, kLeast = 64;
    DefineCustomIntVariable("profiles.segmentation_memory",
                            "How much memory the groups of a segmentation may take.",
                            "With their users and what medians need, in each process. One that "
                            "needs more is an error.",
                            &memory_setting, kDefault, kLeast, MAX_KILOBYTES, PGC_USERSET,
                            GUC_UNIT_KB, nullptr, nullptr, nullptr);
}

}  // namespace profiles::pg
