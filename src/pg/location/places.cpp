// The geocoder of this backend: profiles.places as a mapped file.
//
// The table has the data, so that replicas, dumps and backups have it too. Its triggers give it a new
// version with every change; the file of a version is made by the first backend that needs it, from one
// snapshot of version and table, and all map it. Several may make it at the same time: all make the
// same, the last one's stays.
#include "location.h"

#include "../../core/location/file.h"
#include "../../core/location/places_builder.h"
#include "../owned.h"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

namespace {

constexpr long kRowsAtOnce = 5000;

// On the heap and reached by a plain pointer, so no error can jump over its destructor.
location::PlaceIndex *index_in_use = nullptr;
char version_in_use[64] = "";
TimestampTz looked_at = PG_INT64_MIN;  // the statement that looked at the version last

// The version of the table, or null when it is empty.
char *read_version()
{
    static SPIPlanPtr plan = nullptr;
    if (!plan) {
        plan =
            SPI_prepare("SELECT version::pg_catalog.text FROM profiles.places_version", 0, nullptr);
        if (!plan)
            elog(ERROR, "could not prepare the version of places: %s",
                 SPI_result_code_string(SPI_result));
        SPI_keepplan(plan);
    }
    SPI_execute_plan(plan, nullptr, nullptr, true, 1);
    return SPI_processed ? SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1) : nullptr;
}

std::string_view text_column(HeapTuple row, int column)
{
    bool is_null;
    Datum value = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null);
    if (is_null)
        return {};
    const struct varlena *text = PG_DETOAST_DATUM_PACKED(value);
    return {VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};
}

double number_column(HeapTuple row, int column)
{
    bool is_null;
    return DatumGetFloat8(SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null));
}

void add_row(location::PlaceIndexBuilder &builder, HeapTuple row)
{
    location::Place place;
    place.city = text_column(row, 1);
    std::string_view other_names = text_column(row, 2);
    place.country = text_column(row, 3);
    place.region = text_column(row, 4);
    place.time_zone = text_column(row, 5);
    place.point = location::Point{number_column(row, 6), number_column(row, 7)};
    auto population = static_cast<std::int64_t>(number_column(row, 8));
    attempt([&](std::pmr::memory_resource *) { builder.add(place, other_names, population); });
}

// Reads the table under the snapshot that has shown the version.
void build(const char *family, const char *file)
{
    Owned<location::PlaceIndexBuilder> *builder =
        own_in<location::PlaceIndexBuilder>(CurrentMemoryContext);
    attempt(
        [&](std::pmr::memory_resource *) { builder->object = new location::PlaceIndexBuilder; });
    Portal cursor = SPI_cursor_open_with_args(
        nullptr,
        "SELECT name, other_names, country, region, time_zone, latitude, longitude, "
        "population::pg_catalog.float8 FROM profiles.places ORDER BY id",
        0, nullptr, nullptr, nullptr, true, 0);
    MemoryContext rows =
        AllocSetContextCreate(CurrentMemoryContext, "rows of places", ALLOCSET_DEFAULT_SIZES);
    do {
        SPI_cursor_fetch(cursor, true, kRowsAtOnce);
        MemoryContext before = MemoryContextSwitchTo(rows);
        for (std::uint64_t i = 0; i < SPI_processed; ++i)
            add_row(*builder->object, SPI_tuptable->vals[i]);
        MemoryContextSwitchTo(before);
        MemoryContextReset(rows);
        SPI_freetuptable(SPI_tuptable);
        CHECK_FOR_INTERRUPTS();
    } while (SPI_processed > 0);
    SPI_cursor_close(cursor);
    make_private_directory();
    attempt([&](std::pmr::memory_resource *) {
        builder->object->write(file);
        location::remove_others(family, file);
        delete builder->object;
        builder->object = nullptr;
    });
}

void close_index() noexcept
{
    delete index_in_use;
    index_in_use = nullptr;
    version_in_use[0] = '\0';
}

void open_index(const char *version)
{
    const char *family = psprintf(PROFILES_PRIVATE_FILES "places_%u_", MyDatabaseId);
    const char *file = psprintf("%s%s", family, version);
    if (access(file, F_OK) != 0)
        build(family, file);
    attempt([&](std::pmr::memory_resource *) {
        auto made = std::make_unique<location::PlaceIndex>(file);
        close_index();
        index_in_use = made.release();
    });
    strlcpy(version_in_use, version, sizeof version_in_use);
}

}  // namespace

location::PlaceIndex *places()
{
    TimestampTz statement = GetCurrentStatementStartTimestamp();
    if (looked_at == statement)
        return index_in_use;
    SPI_connect();
    const char *version = read_version();
    if (!version)
        close_index();
    else if (strcmp(version, version_in_use) != 0)
        open_index(version);
    SPI_finish();
    looked_at = statement;
    return index_in_use;
}

}  // namespace profiles::pg
