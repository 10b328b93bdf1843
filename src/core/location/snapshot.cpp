#include "snapshot.h"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../interrupt.h"
#include "file.h"
#include "mmdb.h"

namespace profiles::location {

namespace {

constexpr std::int64_t kSettledNs = 100'000'000;
constexpr std::size_t kBlock = 1 << 20;

std::int64_t nanoseconds(const timespec &time)
{
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

FileState state_of(const struct stat &status)
{
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
            nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

// The hash tells the paths of a cluster apart in a name of fixed length.
std::string family_name(const std::string &prefix, const std::string &path)
{
    char digits[20];
    snprintf(digits, sizeof digits, "%016llx_", static_cast<unsigned long long>(hash_of(path)));
    return prefix + digits;
}

void write_all(int fd, const char *bytes, std::size_t size, const std::string &name)
{
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            fail_on_file("write geoip database copy", name);
        bytes += count;
        size -= static_cast<std::size_t>(count);
    }
}

// Returns how many bytes there were; never writes more than `limit`, so a file that grows under our
// hands does not fill the disk.
std::uint64_t copy_bytes(int source, int target, std::uint64_t limit, const std::string &path,
                         const std::string &target_name)
{
    auto block = std::make_unique_for_overwrite<char[]>(kBlock);
    std::uint64_t total = 0;
    while (total <= limit) {
        check_interrupt();
        ssize_t count = read(source, block.get(), kBlock);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            fail_on_database("read geoip database", path);
        if (count == 0)
            break;
        write_all(target, block.get(), static_cast<std::size_t>(count), target_name);
        total += static_cast<std::uint64_t>(count);
    }
    return total;
}

// False when the source has left that state.
bool copy_file(const std::string &path, const FileState &state, const std::string &target_name)
{
    Descriptor source(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (source < 0)
        fail_on_database("open geoip database", path);
    Descriptor target(open(target_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (target < 0)
        fail_on_file("create geoip database copy", target_name);
    std::uint64_t size = copy_bytes(source, target, state.size, path, target_name);
    struct stat status;
    if (fstat(source, &status) != 0)
        fail_on_database("examine geoip database", path);
    if (size != state.size || state_of(status) != state)
        return false;
    if (fsync(target) != 0)
        fail_on_file("fsync geoip database copy", target_name);
    return true;
}

bool exists(const std::string &name) { return access(name.c_str(), F_OK) == 0; }

}  // namespace

FileState file_state(const std::string &path)
{
    struct stat status;
    if (stat(path.c_str(), &status) != 0)
        fail_on_database("open geoip database", path);
    return state_of(status);
}

bool is_settled(const FileState &state) noexcept
{
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    std::int64_t age = nanoseconds(now) - state.changed_ns;
    return age < 0 || age >= kSettledNs;  // a time in the future is another machine's clock
}

std::string snapshot_name(const std::string &prefix, const std::string &path,
                          const FileState &state)
{
    char digits[96];
    snprintf(digits, sizeof digits, "%llx_%llx_%llx_%llx_%llx",
             static_cast<unsigned long long>(state.device),
             static_cast<unsigned long long>(state.inode),
             static_cast<unsigned long long>(state.size),
             static_cast<unsigned long long>(state.modified_ns),
             static_cast<unsigned long long>(state.changed_ns));
    return family_name(prefix, path) + digits;
}

SnapshotResult make_snapshot(const std::string &prefix, const std::string &path,
                             const FileState &state)
{
    std::string name = snapshot_name(prefix, path, state);
    std::string lock_name = prefix + "lock";
    // The kernel drops the lock with the descriptor, however the process ends.
    Descriptor lock(open(lock_name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock < 0)
        fail_on_file("create lock file", lock_name);
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        return SnapshotResult::busy;
    if (exists(name))
        return SnapshotResult::made;
    check_file(path, path);
    std::string family = family_name(prefix, path);
    std::string unfinished = family + "new";
    bool same = copy_file(path, state, unfinished);
    if (same && rename(unfinished.c_str(), name.c_str()) != 0)
        fail_on_file("rename geoip database copy", unfinished);
    if (!same)
        unlink(unfinished.c_str());
    else
        remove_others(family, name);
    return same ? SnapshotResult::made : SnapshotResult::changed;
}

}  // namespace profiles::location
