// The geoip databases of this backend and their settings.
//
// Opened once per backend. The files are looked at again (one stat() each) when a new statement of the
// client asks: within one statement the answers stay the same, as STABLE promises, and the next
// statement sees a file that was replaced.
//
// The private copies (core/location/snapshot.h) lie in base/pgsql_tmp under names that PostgreSQL
// takes for temporary files of its own: it removes them when it starts, and pg_basebackup and
// pg_rewind leave them out.
#include "location.h"

extern "C" {
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"
}

namespace profiles::pg {

namespace {

constexpr const char *kDirectory = "base/" PG_TEMP_FILES_DIR;
constexpr const char *kPrefix = PROFILES_PRIVATE_FILES "geoip_";

// What `make geoip-data` installs is found without any setting.
constexpr const char *kDefault = "default";
constexpr const char *kInstalled = "profiles/geoip";  // below the share directory

char *database_setting = nullptr;
char *language_setting = nullptr;
bool setting_changed = true;

// On the heap and reached by a plain pointer, so no error can jump over its destructor.
location::GeoipSet *databases = nullptr;
constexpr TimestampTz kNever = PG_INT64_MIN;
TimestampTz looked_at = kNever;  // the statement that looked at the files last

// The paths of the setting, separated by commas; quotes keep a comma in a path. Null when malformed.
List *split_paths(const char *setting, bool *malformed)
{
    List *paths = NIL;
    *malformed = !SplitDirectoriesString(pstrdup(setting), ',', &paths);
    return paths;
}

bool check_setting(char **value, void **, GucSource)
{
    if (strcmp(*value, kDefault) == 0)
        return true;
    bool malformed;
    List *paths = split_paths(*value, &malformed);
    ListCell *cell;
    foreach (cell, paths)
        malformed = malformed || !is_absolute_path(static_cast<char *>(lfirst(cell)));
    list_free_deep(paths);
    if (!malformed)
        return true;
    GUC_check_errdetail(
        "It must be \"default\", or absolute paths separated by commas, or empty for "
        "no database.");
    return false;
}

// The file is opened by whoever needs it: nothing may fail here.
void note_change(const char *, void *) { setting_changed = true; }

void close_databases() noexcept
{
    delete databases;
    databases = nullptr;
}

// Other paths are another set: nothing of the files before may answer for it.
void choose_databases(std::vector<std::string> paths)
{
    setting_changed = false;
    if (databases && databases->paths() == paths)
        return;
    close_databases();
    if (!paths.empty())
        databases = new location::GeoipSet(std::move(paths), kPrefix);
}

std::vector<std::string> paths_of(const List *setting, const char *directory)
{
    if (directory)
        return location::databases_in(directory);
    std::vector<std::string> paths;
    ListCell *cell;
    foreach (cell, setting)
        paths.emplace_back(static_cast<const char *>(lfirst(cell)));
    return paths;
}

}  // namespace

void make_private_directory()
{
    if (MakePGDirectory(kDirectory) != 0 && errno != EEXIST)
        ereport(ERROR, (errcode_for_file_access(),
                        errmsg("could not create directory \"%s\": %m", kDirectory)));
}

namespace {

void report_warning()
{
    char warning[320] = "";
    attempt([&](std::pmr::memory_resource *) {
        std::string text = databases->take_warning();
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
    DefineCustomStringVariable("profiles.geoip_database",
                               "Paths of the MaxMind DB files (.mmdb) that tell where an IP "
                               "address is, separated by commas.",
                               "default: what was installed with the extension. Empty: nothing is "
                               "known about any address.",
                               &database_setting, kDefault, PGC_SUSET, 0, check_setting,
                               note_change, nullptr);
    DefineCustomStringVariable(
        "profiles.geoip_language",
        "Language of the names of regions and cities, where a geoip database has it.",
        "As the database spells it, such as de or pt-BR; English where it does not have it.",
        &language_setting, "en", PGC_USERSET, 0, nullptr, note_change, nullptr);
}

namespace {

// The directory of the default databases, or null when the setting names files.
const char *installed_directory()
{
    static char directory[MAXPGPATH] = "";
    if (strcmp(database_setting, kDefault) != 0)
        return nullptr;
    if (!directory[0]) {
        char share[MAXPGPATH];
        get_share_path(my_exec_path, share);
        snprintf(directory, sizeof directory, "%s/%s", share, kInstalled);
    }
    return directory;
}

// Looks at the files, at most once per statement. False when there is none to look at.
bool refresh_databases(Failure &failure)
{
    failure.failed = false;
    if (!database_setting || !database_setting[0]) {
        close_databases();
        return false;
    }
    TimestampTz statement = GetCurrentStatementStartTimestamp();
    if (looked_at == statement && !setting_changed)
        return databases != nullptr;
    const char *directory = installed_directory();
    bool malformed;
    List *paths = directory ? NIL : split_paths(database_setting, &malformed);
    make_private_directory();
    attempt_into(failure, [&](std::pmr::memory_resource *) {
        looked_at = kNever;  // until the look has succeeded
        choose_databases(paths_of(paths, directory));
        if (databases)
            databases->refresh(language_setting);
        looked_at = statement;
    });
    list_free_deep(paths);
    if (!failure.failed && databases)
        report_warning();
    return failure.failed || databases;
}

}  // namespace

location::GeoipSet *geoip_databases()
{
    Failure failure;
    if (!refresh_databases(failure))
        return nullptr;
    raise_if_failed(failure);
    return databases;
}

location::GeoipSet *usable_geoip_databases(Failure &failure)
{
    if (!refresh_databases(failure) || failure.failed) {
        if (failure.failed && failure.cancelled)
            raise_if_failed(failure);
        return nullptr;
    }
    return databases;
}

location::Address address_of(const inet *value) noexcept
{
    std::size_t size = ip_family(value) == PGSQL_AF_INET ? 4 : 16;
    return location::Address(std::span<const std::uint8_t>(ip_addr(value), size));
}

}  // namespace profiles::pg
