// The foreign-data wrapper behind the tables events and sessions of an app: its callbacks and its options.
#include "columns.h"
#include "plan.h"

extern "C" {
#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "nodes/makefuncs.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(event_wrapper_handler);
PG_FUNCTION_INFO_V1(event_wrapper_validator);
}

namespace {

const char *relation_of(List *options)
{
    ListCell *cell;
    foreach (cell, options) {
        auto *option = static_cast<DefElem *>(lfirst(cell));
        if (strcmp(option->defname, kRelationOption) == 0)
            return defGetString(option);
    }
    return nullptr;
}

bool is_known_option(const char *name, Oid catalog)
{
    if (catalog == ForeignTableRelationId)
        return strcmp(name, kRelationOption) == 0;
    return catalog == AttributeRelationId &&
           (strcmp(name, kPropertyOption) == 0 || strcmp(name, kSegmentOption) == 0);
}

void check_relation(const char *name)
{
    if (!name)
        ereport(ERROR,
                (errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
                 errmsg("option \"relation\" is missing"), errhint("It is events or sessions.")));
    if (strcmp(name, "events") != 0 && strcmp(name, "sessions") != 0)
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
                        errmsg("invalid value for option \"relation\": \"%s\"", name),
                        errhint("It is events or sessions.")));
}

}  // namespace

const char *only_key_of(Oid table)
{
    const char *relation = relation_of(GetForeignTable(table)->options);
    return relation && strcmp(relation, "sessions") == 0 ? "[CLY]_session" : nullptr;
}

extern "C" Datum event_wrapper_handler(PG_FUNCTION_ARGS)
{
    (void)fcinfo;
    auto *routine = makeNode(FdwRoutine);
    routine->GetForeignRelSize = estimate_scan;
    routine->GetForeignPaths = add_scan_paths;
    routine->GetForeignUpperPaths = add_group_path;
    routine->GetForeignPlan = make_scan;
    routine->IsForeignScanParallelSafe = is_scan_parallel_safe;
    routine->BeginForeignScan = begin_scan;
    routine->IterateForeignScan = iterate_scan;
    routine->ReScanForeignScan = rescan;
    routine->EndForeignScan = end_scan;
    routine->ExplainForeignScan = explain_scan;
    routine->EstimateDSMForeignScan = shared_size;
    routine->InitializeDSMForeignScan = start_shared;
    routine->ReInitializeDSMForeignScan = restart_shared;
    routine->InitializeWorkerForeignScan = join_shared;
    routine->ShutdownForeignScan = leave_shared;
    routine->AnalyzeForeignTable = can_analyze;
    PG_RETURN_POINTER(routine);
}

extern "C" Datum event_wrapper_validator(PG_FUNCTION_ARGS)
{
    List *options = untransformRelOptions(PG_GETARG_DATUM(0));
    Oid catalog = PG_GETARG_OID(1);
    ListCell *cell;
    foreach (cell, options) {
        auto *option = static_cast<DefElem *>(lfirst(cell));
        if (!is_known_option(option->defname, catalog))
            ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                            errmsg("invalid option \"%s\"", option->defname),
                            errhint("A foreign table has the option relation, a column of it "
                                    "property or segment.")));
    }
    if (catalog == ForeignTableRelationId)
        check_relation(relation_of(options));
    PG_RETURN_VOID();
}

}  // namespace profiles::pg
