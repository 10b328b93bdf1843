#include "file.h"

#include <cerrno>
#include <dirent.h>
#include <memory>
#include <system_error>
#include <unistd.h>

#include "../error.h"

namespace profiles::location {

std::string quoted_path(const std::string &path) { return '"' + path + '"'; }

namespace {

[[noreturn]] void fail(const char *action, const std::string &path, const char *hint)
{
    int error = errno;
    bool missing = error == ENOENT || error == ENOTDIR;
    throw Error(missing ? ErrorCode::missing_file : ErrorCode::unreadable_file,
                std::string("could not ") + action + " " + quoted_path(path) + ": " +
                    std::generic_category().message(error),
                "", missing || error == EACCES ? hint : "");
}

}  // namespace

void fail_on_file(const char *action, const std::string &path) { fail(action, path, ""); }

void fail_on_database(const char *action, const std::string &path)
{
    fail(action, path,
         "profiles.geoip_database must name a file that the operating-system user of the server "
         "can read.");
}

void remove_others(const std::string &family, const std::string &current)
{
    std::size_t slash = family.rfind('/');
    std::string directory = family.substr(0, slash);
    std::string beginning = family.substr(slash + 1);
    std::unique_ptr<DIR, int (*)(DIR *)> listing(opendir(directory.c_str()), closedir);
    if (!listing)
        return;
    while (const dirent *file = readdir(listing.get())) {
        std::string name = directory + "/" + file->d_name;
        if (std::string_view(file->d_name).starts_with(beginning) && name != current)
            unlink(name.c_str());
    }
}

std::uint64_t hash_of(std::string_view text) noexcept
{
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    return hash;
}

Descriptor::~Descriptor()
{
    if (fd_ >= 0)
        close(fd_);
}

}  // namespace profiles::location
