#include "file.h"

#include <cerrno>
#include <system_error>
#include <unistd.h>

#include "../error.h"

namespace profiles::location {

std::string quoted_path(const std::string &path) { return '"' + path + '"'; }

void fail_on_file(const char *action, const std::string &path)
{
    int error = errno;
    bool missing = error == ENOENT || error == ENOTDIR;
    throw Error(missing ? ErrorCode::missing_file : ErrorCode::unreadable_file,
                std::string("could not ") + action + " " + quoted_path(path) + ": " +
                    std::generic_category().message(error),
                "",
                missing || error == EACCES ? "profiles.geoip_database must name a file that the "
                                             "operating-system user of the server can read."
                                           : "");
}

Descriptor::~Descriptor()
{
    if (fd_ >= 0)
        close(fd_);
}

}  // namespace profiles::location
