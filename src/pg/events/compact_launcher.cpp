// The launcher: has a worker look at one database after the other, then sleeps. It is connected to no database
// itself, so that none is kept from being dropped, and never to a standby: it starts when recovery has finished.
#include "../guard.h"
#include "compaction.h"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

PGDLLEXPORT void profiles_compact_launcher_main(Datum);
}

namespace profiles::pg {

namespace {

char *databases_setting;
int naptime_setting;

constexpr const char *kEveryDatabase = "*";

// The names in a copy of the setting; the copy is changed.
bool split_names(char *copy, List **names) { return SplitIdentifierString(copy, ',', names); }

bool check_databases(char **value, void **, GucSource)
{
    char *copy = pstrdup(*value);
    List *names = NIL;
    bool valid = split_names(copy, &names);
    if (!valid)
        GUC_check_errdetail("It must be names of databases, separated by commas.");
    list_free(names);
    pfree(copy);
    return valid;
}

bool is_chosen(List *names, const char *database)
{
    ListCell *cell;
    foreach (cell, names) {
        auto *name = static_cast<const char *>(lfirst(cell));
        if (strcmp(name, kEveryDatabase) == 0 || strcmp(name, database) == 0)
            return true;
    }
    return false;
}

// Not templates: who makes a database of one must be alone in it.
List *chosen_databases(MemoryContext context)
{
    List *names = NIL, *chosen = NIL;
    split_names(MemoryContextStrdup(context, databases_setting), &names);
    StartTransactionCommand();
    GetTransactionSnapshot();  // what is visible depends on it
    Relation catalog = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc scan = table_beginscan_catalog(catalog, 0, nullptr);
    while (HeapTuple row = heap_getnext(scan, ForwardScanDirection)) {
        auto *database = reinterpret_cast<Form_pg_database>(GETSTRUCT(row));
        if (!database->datallowconn || database->datistemplate ||
            !is_chosen(names, NameStr(database->datname)))
            continue;
        MemoryContext previous = MemoryContextSwitchTo(context);
        chosen = lappend_oid(chosen, database->oid);
        MemoryContextSwitchTo(previous);
    }
    table_endscan(scan);
    table_close(catalog, AccessShareLock);
    CommitTransactionCommand();
    return chosen;
}

void describe(BackgroundWorker &worker, const char *name, const char *function)
{
    worker = {};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    strlcpy(worker.bgw_library_name, "profiles", sizeof worker.bgw_library_name);
    strlcpy(worker.bgw_function_name, function, sizeof worker.bgw_function_name);
    strlcpy(worker.bgw_name, name, sizeof worker.bgw_name);
    strlcpy(worker.bgw_type, name, sizeof worker.bgw_type);
}

// Returns when the worker has ended, however it did.
void look_at(Oid database)
{
    static bool had_slot = true;
    BackgroundWorker worker;
    describe(worker, "profiles compact worker", "profiles_compact_worker_main");
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_main_arg = ObjectIdGetDatum(database);
    worker.bgw_notify_pid = MyProcPid;
    BackgroundWorkerHandle *handle;
    bool has_slot = RegisterDynamicBackgroundWorker(&worker, &handle);
    if (!has_slot && had_slot)
        ereport(LOG, (errmsg("could not start a worker to compact events"),
                      errhint("Increase max_worker_processes.")));
    had_slot = has_slot;
    if (has_slot && WaitForBackgroundWorkerShutdown(handle) == BGWH_POSTMASTER_DIED)
        proc_exit(1);
}

void look_at_all(MemoryContext context)
{
    MemoryContext previous = MemoryContextSwitchTo(context);
    ListCell *cell;
    List *databases = chosen_databases(context);
    MemoryContextSwitchTo(context);
    foreach (cell, databases) {
        CHECK_FOR_INTERRUPTS();
        look_at(lfirst_oid(cell));
    }
    MemoryContextSwitchTo(previous);
    MemoryContextReset(context);
}

}  // namespace

void init_compaction()
{
    DefineCustomStringVariable(
        "profiles.compact_databases", "Databases whose apps the background worker compacts.",
        "Names separated by commas. *: every database that has apps. Empty: none.",
        &databases_setting, kEveryDatabase, PGC_SIGHUP, GUC_LIST_INPUT, check_databases, nullptr,
        nullptr);
    DefineCustomIntVariable("profiles.compact_naptime",
                            "Time between two looks of the background worker at each database.",
                            nullptr, &naptime_setting, 60, 1, 86400, PGC_SIGHUP, GUC_UNIT_S,
                            nullptr, nullptr, nullptr);
    if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
        return;
    BackgroundWorker launcher;
    describe(launcher, "profiles compact launcher", "profiles_compact_launcher_main");
    launcher.bgw_restart_time = 10;
    RegisterBackgroundWorker(&launcher);
}

}  // namespace profiles::pg

extern "C" void profiles_compact_launcher_main(Datum)
{
    using namespace profiles::pg;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    SetConfigOption("application_name", "profiles compact launcher", PGC_USERSET, PGC_S_SESSION);
    MemoryContext context =
        AllocSetContextCreate(TopMemoryContext, "profiles compact launcher", ALLOCSET_DEFAULT_SIZES);
    for (;;) {
        look_at_all(context);
        pgstat_report_activity(STATE_IDLE, nullptr);
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, naptime_setting * 1000L,
                  PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
    }
}
