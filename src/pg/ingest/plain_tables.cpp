#include "plain_tables.h"

#include "statements.h"

#include <algorithm>

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace profiles::pg {

namespace {

constexpr int kTries = 3;  // of looking at tables while others change something

// Grows whenever a table or a schema may have changed.
std::uint64_t generation = 1;

void on_relation_change(Datum, Oid) { ++generation; }
void on_schema_change(Datum, int, uint32) { ++generation; }

void watch_changes()
{
    static bool watches = false;
    if (watches)
        return;
    CacheRegisterRelcacheCallback(on_relation_change, Datum{0});
    CacheRegisterSyscacheCallback(NAMESPACEOID, on_schema_change, Datum{0});
    watches = true;
}

// As in user_row.h; `events` has the one type that is not named there.
using Column = UserColumn;

constexpr Column kBatchTable[kBatchColumns] = {
    {"uid", INT8OID, true},
    {"bucket", INT4OID, true},
    {"batch", INT8OID, true},
    {"device_id", TEXTOID, true},
    {"first_ts", TIMESTAMPTZOID, true},
    {"last_ts", TIMESTAMPTZOID, true},
    {"received_at", TIMESTAMPTZOID, true},
    {"profile", InvalidOid, true},
    {"events", InvalidOid, true},
};
constexpr Column kDeviceTable[] = {
    {"device_id", TEXTOID}, {"uid", INT8OID}, {"bucket", INT4OID}, {"first_seen", TIMESTAMPTZOID}};
constexpr int kDeviceColumns = lengthof(kDeviceTable);

Oid type_of(const Column &column)
{
    if (OidIsValid(column.type))
        return column.type;
    return type_named(strcmp(column.name, "events") == 0 ? "event_list" : "profile");
}

// Nothing watches, changes, hides or spreads its rows.
bool has_plain_rows(Relation relation)
{
    Form_pg_class form = relation->rd_rel;
    return form->relkind == RELKIND_RELATION && form->relam == HEAP_TABLE_AM_OID &&
           !form->relhasrules && !form->relhastriggers && !form->relrowsecurity &&
           !form->relispartition && !form->relhassubclass;
}

// True when the table has these columns and no others.
bool find_columns(Relation relation, const Column *columns, int count, AttrNumber *attributes)
{
    TupleDesc descriptor = RelationGetDescr(relation);
    int living = 0;
    for (int index = 0; index < descriptor->natts; ++index) {
        Form_pg_attribute attribute = TupleDescAttr(descriptor, index);
        living += attribute->attisdropped ? 0 : 1;
        if (attribute->attgenerated != '\0')
            return false;
    }
    for (int column = 0; column < count; ++column) {
        AttrNumber found = get_attnum(RelationGetRelid(relation), columns[column].name);
        if (found == InvalidAttrNumber ||
            TupleDescAttr(descriptor, found - 1)->atttypid != type_of(columns[column]))
            return false;
        attributes[column] = found;
    }
    return living == count;
}

// The index of the primary key, if it is over these attributes.
Oid find_key(Relation relation, std::initializer_list<AttrNumber> attributes)
{
    Oid key = RelationGetPrimaryKeyIndex(relation);
    if (!OidIsValid(key))
        return InvalidOid;
    Relation index = index_open(key, AccessShareLock);
    bool is_right =
        index->rd_rel->relam == BTREE_AM_OID && index->rd_index->indisvalid &&
        IndexRelationGetNumberOfKeyAttributes(index) == static_cast<int>(attributes.size());
    int column = 0;
    for (AttrNumber attribute : attributes)
        is_right = is_right && index->rd_index->indkey.values[column++] == attribute;
    index_close(index, NoLock);
    return is_right ? key : InvalidOid;
}

// True when a column must not be null that ingestion may leave null.
bool has_other_required(Relation relation, const Column *columns, int count,
                        const AttrNumber *attributes)
{
    for (int column = 0; column < count; ++column)
        if (TupleDescAttr(RelationGetDescr(relation), attributes[column] - 1)->attnotnull &&
            !columns[column].required)
            return true;
    return false;
}

// True when the table has a condition that is not one of these two.
bool has_other_checks(Relation relation, std::string_view first, std::string_view second)
{
    const TupleConstr *constraints = RelationGetDescr(relation)->constr;
    List *context =
        deparse_context_for(RelationGetRelationName(relation), RelationGetRelid(relation));
    for (int index = 0; constraints && index < constraints->num_check; ++index) {
        auto *condition = static_cast<::Node *>(stringToNode(constraints->check[index].ccbin));
        std::string_view text = deparse_expression(condition, context, false, false);
        if (text != first && text != second)
            return true;
    }
    return false;
}

constexpr std::string_view kBucketCheck = "(bucket = (uid >> 16))";

bool look_at(PlainUsers &tables, Relation users, Relation devices)
{
    Column columns[kUserColumns + 1];
    std::copy_n(user_columns, kUserColumns, columns);
    columns[kUserColumns] = {"bucket", INT4OID, true};
    AttrNumber of_devices[kDeviceColumns];
    if (!has_plain_rows(users) || !has_plain_rows(devices) ||
        !find_columns(users, columns, kUserColumns + 1, tables.attributes) ||
        !find_columns(devices, kDeviceTable, kDeviceColumns, of_devices))
        return false;
    tables.schema = RelationGetNamespace(users);
    tables.users = RelationGetRelid(users);
    tables.devices = RelationGetRelid(devices);
    tables.users_key =
        find_key(users, {tables.attributes[kUidColumn], tables.attributes[kUserColumns]});
    tables.devices_key = find_key(devices, {of_devices[0]});
    tables.device_uid = of_devices[1];
    tables.needs_checks = has_other_required(users, columns, kUserColumns + 1, tables.attributes) ||
                          has_other_checks(users, kBucketCheck, "(uid > 0)");
    return OidIsValid(tables.users_key) && OidIsValid(tables.devices_key);
}

bool look_at(PlainBatches &tables, Relation batches)
{
    if (!has_plain_rows(batches) ||
        !find_columns(batches, kBatchTable, kBatchColumns, tables.attributes))
        return false;
    const AttrNumber *attributes = tables.attributes;
    tables.schema = RelationGetNamespace(batches);
    tables.batches = RelationGetRelid(batches);
    tables.batches_key = find_key(
        batches, {attributes[kBatchUid], attributes[kBatchBucket], attributes[kBatchNumber]});
    tables.numbers = getIdentitySequence(tables.batches, attributes[kBatchNumber], true);
    tables.needs_checks = has_other_checks(batches, kBucketCheck, "(first_ts <= last_ts)");
    return OidIsValid(tables.numbers) && OidIsValid(tables.batches_key);
}

// Null when there is none. Its lock is kept.
Relation open_table(const char *app, const char *name, LOCKMODE lock)
{
    Oid schema = get_namespace_oid(app, true);
    Oid table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
    return OidIsValid(table) ? try_relation_open(table, lock) : nullptr;
}

void close_table(Relation relation)
{
    if (relation)
        relation_close(relation, NoLock);
}

void look(PlainUsers &tables, const char *app)
{
    Relation devices = open_table(app, "devices", AccessShareLock);
    Relation users = open_table(app, "users", RowExclusiveLock);
    tables.is_plain = users && devices && look_at(tables, users, devices);
    close_table(users);
    close_table(devices);
}

void look(PlainBatches &tables, const char *app)
{
    Relation batches = open_table(app, "event_batches", RowExclusiveLock);
    tables.is_plain = batches && look_at(tables, batches);
    close_table(batches);
}

void lock(const PlainUsers &tables)
{
    LockRelationOid(tables.devices, AccessShareLock);
    LockRelationOid(tables.users, RowExclusiveLock);
}

void lock(const PlainBatches &tables) { LockRelationOid(tables.batches, RowExclusiveLock); }

bool may_enter(Oid schema)
{
    return pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
}

bool is_allowed(Oid table, AclMode what)
{
    return pg_class_aclmask(table, GetUserId(), what, ACLMASK_ALL) == what;
}

bool is_allowed(const PlainUsers &tables, AclMode what)
{
    return is_allowed(tables.devices, ACL_SELECT) && is_allowed(tables.users, what);
}

bool is_allowed(const PlainBatches &tables, AclMode what)
{
    return is_allowed(tables.batches, what);
}

// Statements say what is wrong with all of these.
bool needs_statements()
{
    return XactReadOnly || IsInParallelMode() || IsolationUsesXactSnapshot() ||
           ExecutorCheckPerms_hook;
}

// Whoever waits for a lock learns afterwards what has changed meanwhile.
template <typename Tables>
bool may_use_tables(Tables &tables, const char *app, AclMode what)
{
    if (needs_statements())
        return false;
    watch_changes();
    for (int tries = 0; tries < kTries; ++tries) {
        std::uint64_t seen = generation;
        if (tables.generation != seen)
            look(tables, app);
        else if (tables.is_plain)
            lock(tables);
        if (seen == generation) {
            tables.generation = seen;
            return tables.is_plain && may_enter(tables.schema) && is_allowed(tables, what);
        }
    }
    return false;
}

}  // namespace

bool may_use(PlainUsers &tables, const char *app, AclMode what)
{
    return may_use_tables(tables, app, what);
}

bool may_use(PlainBatches &tables, const char *app, AclMode what)
{
    return may_use_tables(tables, app, what);
}

}  // namespace profiles::pg
