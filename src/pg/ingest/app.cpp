#include "app.h"

#include "../profile/datum.h"
#include "../profile/jsonb.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

SPIPlanPtr prepare_once(SPIPlanPtr *plan, const char *sql)
{
    if (*plan)
        return *plan;
    Oid types[] = {TEXTOID};
    SPIPlanPtr made = SPI_prepare(sql, 1, types);
    if (!made)
        elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
    SPI_keepplan(made);
    return *plan = made;
}

namespace {

[[noreturn]] void raise_unknown_app(const char *what, const char *value)
{
    ereport(
        ERROR,
        (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("%s \"%s\" does not exist", what, value),
         errhint("The apps are listed in profiles.apps; profiles.create_app makes a new one.")));
    pg_unreachable();
}

App read_app()
{
    HeapTuple row = SPI_tuptable->vals[0];
    TupleDesc descriptor = SPI_tuptable->tupdesc;
    App app;
    app.name = SPI_getvalue(row, descriptor, 1);
    const char *zone = SPI_getvalue(row, descriptor, 2);
    app.zone = pg_tzset(zone);
    if (!app.zone)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("app \"%s\" has the unknown time zone \"%s\"", app.name, zone)));
    bool is_null;
    Node settings = node_from_jsonb(DatumGetJsonbP(SPI_getbinval(row, descriptor, 3, &is_null)));
    attempt([&](std::pmr::memory_resource *memory) {
        Scratch scratch(memory);
        pack_numbers(settings, scratch.memory());
        seal(settings);
        app.settings = read_settings(settings);
    });
    return app;
}

App find_app(SPIPlanPtr *plan, const char *sql, const char *what, const char *value)
{
    Datum values[] = {CStringGetTextDatum(value)};
    SPI_execute_plan(prepare_once(plan, sql), values, nullptr, false, 1);
    if (SPI_processed == 0)
        raise_unknown_app(what, value);
    return read_app();
}

}  // namespace

// Everybody may read these columns but `key`.
App app_by_name(const char *name)
{
    static SPIPlanPtr plan = nullptr;
    return find_app(
        &plan,
        "SELECT name, timezone, settings FROM profiles.apps WHERE name OPERATOR(pg_catalog.=) $1",
        "app", name);
}

App app_by_key(const char *key)
{
    static SPIPlanPtr plan = nullptr;
    return find_app(
        &plan,
        "SELECT name, timezone, settings FROM profiles.apps WHERE key OPERATOR(pg_catalog.=) $1",
        "app with key", key);
}

}  // namespace profiles::pg
