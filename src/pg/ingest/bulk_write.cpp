// Writes what a bulk has pending: users and events in one statement each.
#include "bulk.h"

#include <algorithm>

#include "../time.h"
#include "reports.h"
#include "user_row.h"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

void write_batches_by_statement(Bulk &bulk)
{
    constexpr int kColumns = 6;
    Datum *columns[kColumns];
    for (Datum *&column : columns)
        column = allocate<Datum>(bulk.batch_count);
    for (std::size_t index = 0; index < bulk.batch_count; ++index) {
        const PendingBatch &pending = bulk.batches[index];
        columns[0][index] = Int64GetDatum(pending.uid);
        columns[1][index] = text_datum(pending.device_id);
        columns[2][index] = TimestampTzGetDatum(timestamp_of(pending.batch.first));
        columns[3][index] = TimestampTzGetDatum(timestamp_of(pending.batch.last));
        columns[4][index] = text_datum(pending.batch.profile);
        columns[5][index] = text_datum(pending.batch.events);
    }
    Oid types[kColumns] = {INT8OID,
                           TEXTOID,
                           TIMESTAMPTZOID,
                           TIMESTAMPTZOID,
                           type_named("profile"),
                           type_named("event_list")};
    Datum values[kColumns];
    for (int column = 0; column < kColumns; ++column)
        values[column] =
            PointerGetDatum(array_of(types[column], columns[column], bulk.batch_count));
    run(bulk.statements, Statement::insert_batches, values);
}

}  // namespace

void write_batches(Bulk &bulk)
{
    if (bulk.batch_count == 0)
        return;
    if (const PlainBatches *tables = plain_batches(bulk.statements, ACL_INSERT))
        plain::insert_batches(*tables, {bulk.batches, bulk.batch_count});
    else
        write_batches_by_statement(bulk);
    bulk.batch_count = bulk.batch_bytes = 0;
    for (std::size_t index = 0; index < bulk.plan.users.size(); ++index)
        bulk.users[index].has_batches = false;
}

namespace {

Statement statement_for(const UserChanges &changes)
{
    return changes.is_new                    ? Statement::insert_users
           : changes.rare || changes.profile ? Statement::update_users_whole
                                             : Statement::update_users;
}

// Groups of crashes in their order, and under the lock of whoever writes several.
void write_all_reports(Bulk &bulk)
{
    PendingReport **end = bulk.reports + bulk.report_count;
    for (PendingReport **report = bulk.reports; report != end; ++report)
        write_reports(bulk.statements, (*report)->outcome, *(*report)->request);
    attempt([&](std::pmr::memory_resource *) {
        end = std::remove_if(bulk.reports, end,
                             [](PendingReport *report) { return !report->outcome.crash; });
        std::stable_sort(bulk.reports, end, [](PendingReport *left, PendingReport *right) {
            return left->outcome.crash->group < right->outcome.crash->group;
        });
    });
    if (bulk.reports != end)
        run(bulk.statements, Statement::lock_crashes, nullptr);
    for (PendingReport **report = bulk.reports; report != end; ++report)
        write_crash(bulk.statements, (*report)->outcome, *(*report)->request);
    bulk.report_count = 0;
}

// Users with as much to be written as the statement writes.
void write_users(Bulk &bulk, Statement statement)
{
    Datum *rows = allocate<Datum>(bulk.plan.users.size());
    TupleDesc descriptor = user_row_descriptor(type_named("profile"));
    std::size_t count = 0;
    for (std::size_t index = 0; index < bulk.plan.users.size(); ++index) {
        PendingUser &pending = bulk.users[index];
        CHECK_FOR_INTERRUPTS();
        if (!pending.is_dirty || statement_for(pending.changes) != statement)
            continue;
        rows[count++] = user_to_row(pending.user, descriptor);
        pending.is_dirty = false;
        pending.changes = UserChanges();
        pending.row = nullptr;
    }
    if (count == 0)
        return;
    Datum values[] = {PointerGetDatum(array_of(RECORDOID, rows, count))};
    run(bulk.statements, statement, values);
}

// Those whose rows are known, which need no statement.
void write_known_users(Bulk &bulk, const PlainUsers &tables)
{
    auto *writes = allocate<plain::UserWrite>(bulk.plan.users.size());
    std::size_t count = 0;
    for (std::size_t index = 0; index < bulk.plan.users.size(); ++index) {
        PendingUser &pending = bulk.users[index];
        if (!pending.is_dirty || !pending.row)
            continue;
        writes[count++] = {&pending.user, pending.changes, &pending.row};
        pending.is_dirty = false;
        pending.changes = UserChanges();
    }
    plain::update_users(tables, {writes, count});
}

// By the primary key, also under a plan that was made when the table was small.
void write_all_users(Bulk &bulk)
{
    if (const PlainUsers *tables = plain_users(bulk.statements))
        write_known_users(bulk, *tables);
    int level = NewGUCNestLevel();
    for (const char *setting : {"enable_hashjoin", "enable_mergejoin", "enable_seqscan"})
        set_config_option(setting, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                          false);
    for (Statement statement :
         {Statement::insert_users, Statement::update_users, Statement::update_users_whole})
        write_users(bulk, statement);
    AtEOXact_GUC(true, level);
}

}  // namespace

void write_pending(Bulk &bulk)
{
    write_all_users(bulk);
    write_batches(bulk);
    write_all_reports(bulk);
}

}  // namespace profiles::pg
