// Small helpers for the files of this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace profiles::location {

// A path as it stands in a message: whole, because whoever reads the message must find the file.
std::string quoted_path(const std::string &path);

// Raises what errno says: `could not <action> "<path>": ...`, missing_file or unreadable_file.
[[noreturn]] void fail_on_file(const char *action, const std::string &path);

// The same for a database that profiles.geoip_database names: the HINT says what the server needs.
[[noreturn]] void fail_on_database(const char *action, const std::string &path);

// Removes the files whose path begins with `family`, but for `current`. Who has one mapped keeps it; the
// name alone goes.
void remove_others(const std::string &family, const std::string &current);

// FNV-1a.
std::uint64_t hash_of(std::string_view text) noexcept;

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor();
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    operator int() const noexcept { return fd_; }

private:
    int fd_;
};

}  // namespace profiles::location
