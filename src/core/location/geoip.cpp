#include "geoip.h"

#include <ctime>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "../error.h"
#include "../interrupt.h"
#include "file.h"

namespace profiles::location {

namespace {

constexpr int kMaxPauses = 3000;

void pause_briefly()
{
    check_interrupt();
    timespec ten_ms{0, 10'000'000};
    nanosleep(&ten_ms, nullptr);
}

}  // namespace

// A file that never settles, such as a log, must not hold a session for ever.
void GeoipSource::open_first()
{
    for (int i = 0; i < kMaxPauses; ++i) {
        if (open_current())
            return;
        pause_briefly();
    }
    throw Error(ErrorCode::unreadable_file,
                "geoip database " + quoted_path(path_) + " is still being written or copied",
                "It changed all the time for 30 seconds, or another session was busy copying it.");
}

void GeoipSource::refresh()
{
    if (!database_)
        return open_first();
    seen_.reset();
    try {
        open_current();
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled)
            throw;
        keep_warning(error.message());
        rejected_ = seen_;
    }
}

// True when the state that the file has now is in use or known to be unusable; false to look again
// later.
bool GeoipSource::open_current()
{
    FileState state = file_state(path_);
    seen_ = state;
    if (database_ && (state == opened_ || state == rejected_))
        return true;
    if (open_snapshot(state))
        return true;
    return is_settled(state) && make_snapshot(prefix_, path_, state) == SnapshotResult::made &&
           open_snapshot(state);
}

bool GeoipSource::open_snapshot(const FileState &state)
{
    std::string name = snapshot_name(prefix_, path_, state);
    struct stat status;
    if (stat(name.c_str(), &status) != 0)
        return false;
    if (static_cast<std::uint64_t>(status.st_size) != state.size) {
        unlink(name.c_str());  // somebody damaged our copy, or the machine crashed
        return false;
    }
    auto database = std::make_unique<Database>(name, path_);
    database_ = std::move(database);
    opened_ = state;
    rejected_.reset();
    last_reason_.clear();
    return true;
}

void GeoipSource::keep_warning(const std::string &reason)
{
    if (reason == last_reason_)
        return;
    warning_ = last_reason_ = reason;
}

std::string GeoipSource::take_warning() { return std::exchange(warning_, {}); }

}  // namespace profiles::location
