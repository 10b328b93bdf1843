// A private copy of a database file.
//
// Why: a mapped file that somebody truncates or overwrites ends the process that reads it with
// SIGBUS, and the end of one backend restarts the whole cluster. Administrators do copy a new
// database over the old one. So the file that is mapped is a copy that only we know, made once for
// all backends and named by what identifies the state of the source: its path, device, inode, size
// and times. A backend that finds the copy of the current state maps it; otherwise one of them
// makes it while the others go on with the copy before, which stays mapped although it is unlinked.
//
// The copy is written under another name and renamed when complete, so a crash leaves at worst a
// file that the next copy replaces. It is written with fsync, so that a disk that allocates late
// reports that it is full here and not by a SIGBUS later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace profiles::location {

// The state of a file. The change time is part of it because tools that keep the modification time
// (cp -p, rsync -t) can overwrite a file with another one of the same size and age.
struct FileState {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const FileState &) const = default;
};

// Errors: missing_file, unreadable_file.
FileState file_state(const std::string &path);

// False while the last change is so fresh that another one could follow with the same time stamp,
// or that the writer is probably not done: such a file is not copied yet.
bool is_settled(const FileState &state) noexcept;

// Where the copy of that state is or will be. `prefix` is a directory with the beginning of a name.
std::string snapshot_name(const std::string &prefix, const std::string &path,
                          const FileState &state);

enum class SnapshotResult {
    made,     // or found, because another process was faster
    busy,     // another process is making one
    changed,  // the file was not in that state any more
};

// Makes the copy if it is missing and removes copies of earlier states of the same path. A file
// that is no geoip database is not copied (check_file throws). Polls check_interrupt().
SnapshotResult make_snapshot(const std::string &prefix, const std::string &path,
                             const FileState &state);

}  // namespace profiles::location
