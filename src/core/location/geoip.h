// The geoip database in use: follows the file at a path through its replacements.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mmdb.h"
#include "snapshot.h"

namespace profiles::location {

class GeoipSource {
public:
    // `prefix`: see snapshot_name.
    GeoipSource(std::string path, std::string prefix)
        : path_(std::move(path)), prefix_(std::move(prefix))
    {
    }

    // Looks at the file and opens it if its state is new. As long as a new file cannot be used (not
    // there, not complete, not a database, being copied by another process), the one before stays
    // in use; only when there is none is that an Error. Waits, with check_interrupt(), for a file
    // that is being written or copied only when there is none either.
    void refresh();

    // Valid after the first refresh() that returned, until the next one.
    Database &database() const noexcept { return *database_; }
    const std::string &path() const noexcept { return path_; }

    // Why the file that is there now is not in use: once per reason, then empty.
    std::string take_warning();

private:
    void open_first();
    bool open_current();
    bool open_snapshot(const FileState &state);
    void keep_warning(const std::string &reason);

    std::string path_;
    std::string prefix_;
    std::unique_ptr<Database> database_;
    FileState opened_;               // the state that database_ has
    std::optional<FileState> seen_;  // the state that the last look found
    std::optional<FileState>
        rejected_;  // a state that could not be used; only a change of it helps
    std::string warning_;
    std::string last_reason_;
};

}  // namespace profiles::location
