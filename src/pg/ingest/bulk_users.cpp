// Who the requests of a bulk are for: devices are claimed in the order of their bytes, then users locked in
// the order of their uids.
#include "bulk.h"

#include "../time.h"
#include "user_row.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

ArrayType *array_of(Oid type, Datum *elements, std::size_t count)
{
    int16 length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    return construct_array(elements, static_cast<int>(count), type, length, by_value, alignment);
}

namespace {

constexpr int kTries = 100;  // of locking users that merges keep moving away

std::int64_t number_at(std::uint64_t row, int column)
{
    bool is_null;
    return DatumGetInt64(
        SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null));
}

// 0 for those that nobody has.
void find_uids(Bulk &bulk, std::span<const std::string_view> device_ids, std::int64_t *uids)
{
    if (const PlainUsers *tables = plain_users(bulk.statements)) {
        plain::find_devices(*tables, device_ids, uids);
        return;
    }
    std::fill_n(uids, device_ids.size(), 0);
    Datum *ids = allocate<Datum>(device_ids.size());
    for (std::size_t index = 0; index < device_ids.size(); ++index)
        ids[index] = text_datum(device_ids[index]);
    Datum values[] = {PointerGetDatum(array_of(TEXTOID, ids, device_ids.size()))};
    std::uint64_t found = run(bulk.statements, Statement::find_devices, values);
    for (std::uint64_t row = 0; row < found; ++row)
        uids[number_at(row, 1) - 1] = number_at(row, 2);
}

void find_devices(Bulk &bulk)
{
    auto *ids = allocate<std::string_view>(bulk.devices.size());
    auto *uids = allocate<std::int64_t>(bulk.devices.size());
    for (std::size_t index = 0; index < bulk.devices.size(); ++index)
        ids[index] = bulk.devices[index].id;
    find_uids(bulk, {ids, bulk.devices.size()}, uids);
    for (std::size_t index = 0; index < bulk.devices.size(); ++index)
        bulk.devices[index].uid = uids[index];
}

void number_new_users(Bulk &bulk)
{
    std::span<BulkUser> fresh = bulk.plan.users.subspan(bulk.plan.known);
    if (fresh.empty())
        return;
    Datum values[] = {Int32GetDatum(static_cast<std::int32_t>(fresh.size()))};
    run(bulk.statements, Statement::next_uids, values);
    for (std::size_t index = 0; index < fresh.size(); ++index)
        fresh[index].uid = number_at(index, 1);
}

// False when somebody else was faster with one of them.
bool claim_devices(Bulk &bulk)
{
    Datum *ids = allocate<Datum>(bulk.devices.size());
    Datum *uids = allocate<Datum>(bulk.devices.size());
    Datum *times = allocate<Datum>(bulk.devices.size());
    std::size_t count = 0;
    for (const BulkDevice &device : bulk.devices) {
        if (!device.is_claimed)
            continue;
        ids[count] = text_datum(device.id);
        uids[count] = Int64GetDatum(bulk.plan.users[static_cast<std::size_t>(device.user)].uid);
        times[count++] = TimestampTzGetDatum(timestamp_of(device.first_seen));
    }
    if (count == 0)
        return true;
    Datum values[] = {PointerGetDatum(array_of(TEXTOID, ids, count)),
                      PointerGetDatum(array_of(INT8OID, uids, count)),
                      PointerGetDatum(array_of(TIMESTAMPTZOID, times, count))};
    return run(bulk.statements, Statement::claim_devices, values) == count;
}

bool lock_plain_users(Bulk &bulk, const PlainUsers &tables)
{
    auto *uids = allocate<std::int64_t>(bulk.plan.known);
    auto *locked = allocate<LockedUser>(bulk.plan.known);
    for (std::size_t index = 0; index < bulk.plan.known; ++index)
        uids[index] = bulk.plan.users[index].uid;
    if (plain::lock_users(tables, {uids, bulk.plan.known}, locked) != bulk.plan.known)
        return false;
    for (std::size_t index = 0; index < bulk.plan.known; ++index) {
        bulk.users[index].user = locked[index].user;
        bulk.users[index].row = locked[index].row;
    }
    return true;
}

// False when one of them was merged away meanwhile.
bool lock_users(Bulk &bulk)
{
    bulk.users = allocate<PendingUser>(bulk.plan.users.size());
    if (bulk.plan.known == 0)
        return true;
    if (const PlainUsers *tables = plain_users(bulk.statements))
        return lock_plain_users(bulk, *tables);
    Datum *uids = allocate<Datum>(bulk.plan.known);
    for (std::size_t index = 0; index < bulk.plan.known; ++index)
        uids[index] = Int64GetDatum(bulk.plan.users[index].uid);
    Datum values[] = {PointerGetDatum(array_of(INT8OID, uids, bulk.plan.known))};
    if (run(bulk.statements, Statement::lock_users, values) != bulk.plan.known)
        return false;
    for (std::size_t index = 0; index < bulk.plan.known; ++index)
        bulk.users[index].user = user_from_row(SPI_tuptable->vals[index], SPI_tuptable->tupdesc);
    return true;
}

bool names_its_user(const Bulk &bulk, const BulkDevice &device)
{
    std::size_t low = 0, high = bulk.plan.known;
    while (low < high) {
        std::size_t middle = (low + high) / 2;
        if (bulk.plan.users[middle].uid < device.uid)
            low = middle + 1;
        else
            high = middle;
    }
    return bulk.users[low].user.device_id == device.id;
}

// A merge that was undone while we waited has given devices back to another user. The device that a user
// is named by stays with it.
bool are_still_theirs(Bulk &bulk)
{
    auto *ids = allocate<std::string_view>(bulk.devices.size());
    auto *expected = allocate<std::int64_t>(bulk.devices.size());
    auto *uids = allocate<std::int64_t>(bulk.devices.size());
    std::size_t count = 0;
    for (const BulkDevice &device : bulk.devices) {
        if (!device.uid || names_its_user(bulk, device))
            continue;
        ids[count] = device.id;
        expected[count++] = device.uid;
    }
    if (count > 0)
        find_uids(bulk, {ids, count}, uids);
    return std::equal(uids, uids + count, expected);
}

// A merge that was done for the same request and undone since is not done again. What follows in the bulk is then for
// other users than it was planned for.
bool forget_repeated_merges(Bulk &bulk)
{
    bool found = false;
    for (std::size_t index = 0; index < bulk.count; ++index) {
        const BulkStep &step = bulk.plan.steps[index];
        bool is_of_known = step.kind == BulkStep::Kind::merge &&
                           static_cast<std::size_t>(step.user) < bulk.plan.known;
        if (!is_of_known || !is_duplicate(bulk.users[step.user].user, bulk.requests[index]))
            continue;
        bulk.requests[index].old_device_id = {};
        found = true;
    }
    return found;
}

bool claim_and_lock(Bulk &bulk)
{
    std::span<const Request *const> requests(bulk.taken, bulk.count);
    attempt(
        [&](std::pmr::memory_resource *memory) { bulk.devices = bulk_devices(requests, memory); });
    find_devices(bulk);
    attempt([&](std::pmr::memory_resource *memory) {
        bulk.plan = plan_bulk(requests, bulk.devices, memory);
    });
    number_new_users(bulk);
    return claim_devices(bulk) && lock_users(bulk) && are_still_theirs(bulk) &&
           !forget_repeated_merges(bulk);
}

// In a subtransaction, which gives all locks back when it fails or raises.
bool try_to_claim_and_lock(Bulk &bulk)
{
    MemoryContext memory = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(memory);
    volatile bool found = false;
    PG_TRY();
    {
        found = claim_and_lock(bulk);
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        ErrorData *error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(memory);
        CurrentResourceOwner = owner;
        ReThrowError(error);
    }
    PG_END_TRY();
    if (found)
        ReleaseCurrentSubTransaction();
    else
        RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(memory);
    CurrentResourceOwner = owner;
    return found;
}

}  // namespace

// Who finds that devices or users have changed hands gives all locks back before it looks again.
void find_users(Bulk &bulk)
{
    for (int tries = 0; tries < kTries; ++tries) {
        CHECK_FOR_INTERRUPTS();
        if (try_to_claim_and_lock(bulk))
            return;
        if (tries == kPatience)
            refuse_hidden_rows(bulk.statements);
    }
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("the users of these requests keep changing"),
                    errhint("Send the requests again.")));
}

}  // namespace profiles::pg
