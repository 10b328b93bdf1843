// The geoip database of this backend and its setting.
//
// Opened once per backend. The file is looked at again (one stat()) when a new statement of the
// client asks: within one statement the answers stay the same, as STABLE promises, and the next
// statement sees a file that was replaced.
//
// The private copies (core/location/snapshot.h) lie in base/pgsql_tmp under names that PostgreSQL
// takes for temporary files of its own: it removes them when it starts, and pg_basebackup and
// pg_rewind leave them out.
#include "location.h"

#include "../../core/location/geoip.h"

extern "C" {
#include "access/xact.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/guc.h"
}

namespace profiles::pg {

namespace {

constexpr const char *kDirectory = "base/" PG_TEMP_FILES_DIR;
constexpr const char *kPrefix =
    "base/" PG_TEMP_FILES_DIR "/" PG_TEMP_FILE_PREFIX "_profiles_geoip_";

char *database_setting = nullptr;
bool setting_changed = true;

// On the heap and reached by a plain pointer, so no error can jump over its destructor.
location::GeoipSource *source = nullptr;
constexpr TimestampTz kNever = PG_INT64_MIN;
TimestampTz looked_at = kNever;  // the statement that looked at the file last

bool check_setting(char **value, void **, GucSource)
{
    if ((*value)[0] == '\0' || is_absolute_path(*value))
        return true;
    GUC_check_errdetail("The path must be absolute, or empty for no database.");
    return false;
}

// The file is opened by whoever needs it: nothing may fail here.
void note_change(const char *, void *) { setting_changed = true; }

void close_source() noexcept
{
    delete source;
    source = nullptr;
}

// A new setting is a new source: nothing of the file before may answer for it.
void choose_source(const char *path)
{
    if (!source || source->path() != path) {
        close_source();
        source = new location::GeoipSource(path, kPrefix);
    }
    setting_changed = false;
}

void make_directory()
{
    if (MakePGDirectory(kDirectory) != 0 && errno != EEXIST)
        ereport(ERROR, (errcode_for_file_access(),
                        errmsg("could not create directory \"%s\": %m", kDirectory)));
}

void report_warning()
{
    char warning[320] = "";
    attempt([&](std::pmr::memory_resource *) {
        std::string text = source->take_warning();
        warning[text.copy(warning, sizeof warning - 1)] = '\0';
    });
    if (warning[0])
        ereport(WARNING, (errmsg("the geoip database was replaced by one that cannot be used"),
                          errdetail_internal("%s", warning),
                          errhint("This session goes on with the database before.")));
}

}  // namespace

void init_location()
{
    DefineCustomStringVariable(
        "profiles.geoip_database",
        "Path of the MaxMind DB file (.mmdb) that tells where an IP address is.",
        "Empty: nothing is known about any address.", &database_setting, "", PGC_SUSET, 0,
        check_setting, note_change, nullptr);
}

namespace {

// Looks at the file, at most once per statement. False when the setting is empty.
bool refresh_source(Failure &failure)
{
    failure.failed = false;
    const char *path = database_setting;
    if (!path || !path[0]) {
        close_source();
        return false;
    }
    TimestampTz statement = GetCurrentStatementStartTimestamp();
    if (source && looked_at == statement && !setting_changed)
        return true;
    make_directory();
    attempt_into(failure, [&](std::pmr::memory_resource *) {
        choose_source(path);
        looked_at = kNever;  // until the look has succeeded
        source->refresh();
        looked_at = statement;
    });
    if (!failure.failed)
        report_warning();
    return true;
}

}  // namespace

location::Database *geoip_database()
{
    Failure failure;
    if (!refresh_source(failure))
        return nullptr;
    raise_if_failed(failure);
    return &source->database();
}

location::Database *usable_geoip_database(Failure &failure)
{
    if (!refresh_source(failure) || failure.failed) {
        if (failure.failed && failure.cancelled)
            raise_if_failed(failure);
        return nullptr;
    }
    return &source->database();
}

location::Address address_of(const inet *value) noexcept
{
    std::size_t size = ip_family(value) == PGSQL_AF_INET ? 4 : 16;
    return location::Address(std::span<const std::uint8_t>(ip_addr(value), size));
}

const location::Place *geoip_place(location::Database *database, const inet *value)
{
    return geoip_place(database, address_of(value));
}

const location::Place *geoip_place(location::Database *database, const location::Address &address)
{
    if (!database)
        return nullptr;
    auto match = database->find(address);
    return match ? &database->place(match->entry) : nullptr;
}

}  // namespace profiles::pg
