// Whole MaxMind DB files: opened, looked into, read; an error at most.
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../../src/core/location/mmdb.h"

using namespace profiles;
using namespace profiles::location;

namespace {

constexpr std::uint8_t kAddresses[][16] = {
    {192, 0, 2, 1},
    {198, 51, 100, 200},
    {255, 255, 255, 255},
    {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1},
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1},
};

void look_up(Database &database, const Address &address)
{
    try {
        std::optional<Database::Match> match = database.find(address);
        if (!match)
            return;
        database.place(match->entry);
        database.country(match->entry);
        std::pmr::string json;
        database.write_json(match->entry, json);
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::corrupted, "a bad file is called corrupted");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    int file = memfd_create("geoip", MFD_CLOEXEC);
    fuzz::promise(file >= 0 && write(file, data, size) == static_cast<ssize_t>(size),
                  "there is memory for a file");
    std::string path = "/proc/self/fd/" + std::to_string(file);
    try {
        Database database(path, "fuzz");
        for (const auto &bytes : kAddresses) {
            look_up(database, Address(std::span(bytes, 4)));
            look_up(database, Address(std::span(bytes, 16)));
        }
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::corrupted ||
                          error.code() == ErrorCode::unreadable_file,
                      "a bad file is called corrupted");
    }
    close(file);
    return 0;
}
