// A worker of the launcher: compacts the apps of one database whose policies want it, and ends. Each step is a
// transaction, as the owner of the app's tables and with no more rights: triggers of theirs must not run as
// the superuser that the process is.
#include "../guard.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PGDLLEXPORT void profiles_compact_worker_main(Datum);
}

namespace profiles::pg {

namespace {

struct App {
    char *name;
    Oid owner;
};

constexpr const char *kApps =
    "SELECT apps.name, runs.relowner FROM profiles.apps JOIN pg_class AS runs"
    " ON runs.oid = to_regclass(format('%I.compact_runs', apps.name))"
    " WHERE (profiles.compact_policy(apps.settings)).automatic ORDER BY apps.name";

void begin(const char *activity)
{
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    PushActiveSnapshot(GetTransactionSnapshot());
    pgstat_report_activity(STATE_RUNNING, activity);
}

void commit()
{
    SPI_finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
    pgstat_report_stat(true);
    pgstat_report_activity(STATE_IDLE, nullptr);
}

// In the memory of the process. None where the extension is not in the database.
List *apps_to_look_at()
{
    List *apps = NIL;
    begin(kApps);
    if (OidIsValid(get_extension_oid("profiles", true))) {
        SPI_execute(kApps, true, 0);
        MemoryContext previous = MemoryContextSwitchTo(TopMemoryContext);
        for (std::uint64_t row = 0; row < SPI_processed; ++row) {
            auto *app = static_cast<App *>(palloc(sizeof(App)));
            bool is_null;
            HeapTuple found = SPI_tuptable->vals[row];
            app->name =
                TextDatumGetCString(SPI_getbinval(found, SPI_tuptable->tupdesc, 1, &is_null));
            app->owner =
                DatumGetObjectId(SPI_getbinval(found, SPI_tuptable->tupdesc, 2, &is_null));
            apps = lappend(apps, app);
        }
        MemoryContextSwitchTo(previous);
    }
    commit();
    return apps;
}

// Calls a function of the app, and of a run, in a transaction of its own. False when it gives null.
bool call(const App &app, const char *sql, int run, Datum *result)
{
    Oid types[] = {TEXTOID, INT4OID};
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    begin(sql);
    SetUserIdAndSecContext(app.owner, security | SECURITY_RESTRICTED_OPERATION);
    Datum values[] = {CStringGetTextDatum(app.name), Int32GetDatum(run)};
    bool is_null = true;
    if (SPI_execute_with_args(sql, 2, types, values, nullptr, false, 1) == SPI_OK_SELECT)
        *result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
    commit();
    SetUserIdAndSecContext(user, security);
    return !is_null;
}

void compact(const App &app)
{
    Datum result;
    if (!call(app, "SELECT profiles.compact_begin($1, $2 = 0)", 0, &result))
        return;
    int run = DatumGetInt32(result);
    while (call(app, "SELECT profiles.compact_step($1, $2)", run, &result) && DatumGetBool(result))
        CHECK_FOR_INTERRUPTS();
}

void add_context(void *app)
{
    errcontext("compaction of app \"%s\" in the background", static_cast<const App *>(app)->name);
}

// What goes wrong is logged and does not keep the other apps from their turn. Unfinished runs make the
// policy wait: profiles.compact_may_begin.
void try_to_compact(App &app)
{
    ErrorContextCallback context;
    context.previous = error_context_stack;
    context.callback = add_context;
    context.arg = &app;
    error_context_stack = &context;
    char name[NAMEDATALEN + 32];
    snprintf(name, sizeof name, "profiles compact %s", app.name);
    SetConfigOption("application_name", name, PGC_USERSET, PGC_S_SESSION);
    PG_TRY();
    {
        compact(app);
    }
    PG_CATCH();
    {
        HOLD_INTERRUPTS();
        EmitErrorReport();
        AbortOutOfAnyTransaction();
        MemoryContextSwitchTo(TopMemoryContext);
        FlushErrorState();
        pgstat_report_activity(STATE_IDLE, nullptr);
        RESUME_INTERRUPTS();
    }
    PG_END_TRY();
    error_context_stack = context.previous;
}

void set(const char *setting, const char *value)
{
    SetConfigOption(setting, value, PGC_SUSET, PGC_S_OVERRIDE);
}

}  // namespace

}  // namespace profiles::pg

extern "C" void profiles_compact_worker_main(Datum database)
{
    using namespace profiles::pg;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
    set("search_path", "pg_catalog, pg_temp");
    set("default_transaction_isolation", "read committed");
    set("default_transaction_read_only", "off");
    ListCell *cell;
    List *apps = apps_to_look_at();
    foreach (cell, apps)
        try_to_compact(*static_cast<App *>(lfirst(cell)));
}
