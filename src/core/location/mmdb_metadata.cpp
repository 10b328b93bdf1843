// The metadata of a MaxMind DB, read and checked before libmaxminddb sees the file: version 1.7.1
// multiplies node count by node size in 32 bits without looking for an overflow, and recurses over
// nested metadata without a limit, so that a bad file could crash the process in MMDB_open.
#include "mmdb.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../error.h"
#include "file.h"

namespace profiles::location {

namespace {

constexpr std::string_view kMarker = "\xAB\xCD\xEFMaxMind.com";
constexpr std::uint64_t kMaxMetadata = 128 * 1024;  // where the format says to look for the marker
constexpr std::uint64_t kSeparator = 16;            // zero bytes between tree and data
constexpr const char *kHint =
    "The file must be a MaxMind DB (.mmdb), version 2, complete and unpacked.";

[[noreturn]] void refuse(const std::string &name, std::string detail)
{
    throw Error(ErrorCode::corrupted,
                "file " + quoted_path(name) + " is not a usable geoip database", std::move(detail),
                kHint);
}

struct Tail {
    std::vector<std::uint8_t> bytes;
    std::uint64_t file_size;
};

Tail read_tail(const std::string &file, const std::string &name)
{
    // Without O_NONBLOCK a named pipe would wait for a writer.
    Descriptor source(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status;
    if (source < 0)
        fail_on_database("open geoip database", name);
    if (fstat(source, &status) != 0)
        fail_on_database("examine geoip database", name);
    if (!S_ISREG(status.st_mode))
        refuse(name, "It is not a regular file.");
    auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > UINT32_MAX)
        refuse(name, "It is larger than 4 GB.");
    Tail tail{std::vector<std::uint8_t>(std::min(size, kMaxMetadata)), size};
    std::size_t done = 0;
    while (done < tail.bytes.size()) {
        ssize_t count = pread(source, tail.bytes.data() + done, tail.bytes.size() - done,
                              static_cast<off_t>(size - tail.bytes.size() + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            fail_on_database("read geoip database", name);
        if (count == 0)
            refuse(name, "It became shorter while it was read.");
        done += static_cast<std::size_t>(count);
    }
    return tail;
}

void take_unsigned(DataReader &reader, std::uint32_t &at, std::uint64_t &target)
{
    DataValue value = reader.read(at);
    if (value.type != DataType::uint16 && value.type != DataType::uint32 &&
        value.type != DataType::uint64)
        reader.corrupt("A number of its metadata is something else.");
    target = reader.unsigned_integer(value);
}

std::string take_string(DataReader &reader, std::uint32_t &at)
{
    DataValue value = reader.read(at);
    if (value.type != DataType::string)
        reader.corrupt("A text of its metadata is something else.");
    return std::string(reader.text(value));
}

// libmaxminddb leaks memory each time it finds something else than texts in these two.
void take_languages(DataReader &reader, std::uint32_t &at, Metadata &metadata)
{
    DataValue value = reader.read(at);
    if (value.type != DataType::array)
        reader.corrupt("The languages of its metadata are not a list.");
    reader.each_element(value, at, [&](std::uint32_t, std::uint32_t &child) {
        metadata.languages.push_back(take_string(reader, child));
    });
}

void take_description(DataReader &reader, std::uint32_t &at, Metadata &metadata)
{
    DataValue value = reader.read(at);
    if (value.type != DataType::map)
        reader.corrupt("The description of its metadata is not a map.");
    bool first = true;
    reader.each_pair(value, at, [&](std::string_view language, std::uint32_t &child) {
        std::string description = take_string(reader, child);
        if (first || language == "en")
            metadata.description = std::move(description);
        first = false;
    });
}

Metadata parse(DataReader &reader)
{
    Metadata result;
    std::uint64_t nodes = 0, record = 0, version = 0, major = 0;
    std::uint32_t at = 0;
    DataValue top = reader.read(at);
    if (top.type != DataType::map)
        reader.corrupt("Its metadata is not a map.");
    reader.each_pair(top, at, [&](std::string_view key, std::uint32_t &child) {
        if (key == "node_count")
            take_unsigned(reader, child, nodes);
        else if (key == "record_size")
            take_unsigned(reader, child, record);
        else if (key == "ip_version")
            take_unsigned(reader, child, version);
        else if (key == "binary_format_major_version")
            take_unsigned(reader, child, major);
        else if (key == "build_epoch")
            take_unsigned(reader, child, result.build_epoch);
        else if (key == "database_type")
            result.type = take_string(reader, child);
        else if (key == "languages")
            take_languages(reader, child, result);
        else if (key == "description")
            take_description(reader, child, result);
        else
            reader.skip(child);
    });
    if (nodes == 0 || nodes > UINT32_MAX || (record != 24 && record != 28 && record != 32) ||
        (version != 4 && version != 6) || major != 2)
        reader.corrupt("Its metadata names a format that does not exist or that "
                       "this build does not know.");
    result.node_count = static_cast<std::uint32_t>(nodes);
    result.record_size = static_cast<unsigned>(record);
    result.ip_version = static_cast<unsigned>(version);
    return result;
}

}  // namespace

Metadata check_file(const std::string &file, const std::string &name)
{
    Tail tail = read_tail(file, name);
    std::string_view bytes(reinterpret_cast<const char *>(tail.bytes.data()), tail.bytes.size());
    std::size_t marker = bytes.rfind(kMarker);
    if (marker == std::string_view::npos)
        refuse(name, "The metadata that ends such a file is missing.");
    std::size_t start = marker + kMarker.size();
    DataReader reader(std::span(tail.bytes).subspan(start), name);
    Metadata metadata = parse(reader);
    std::uint64_t before_metadata = tail.file_size - tail.bytes.size() + marker;
    std::uint64_t tree = std::uint64_t{metadata.node_count} * (metadata.record_size / 4);
    if (tree + kSeparator > before_metadata)
        refuse(name, "Its metadata names more nodes than the file has.");
    return metadata;
}

}  // namespace profiles::location
