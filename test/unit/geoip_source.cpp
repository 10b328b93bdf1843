// A database file that is replaced, overwritten, truncated and removed while it is in use.
#include "../../src/core/location/geoip.h"

#include <chrono>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "../../src/core/error.h"

using namespace profiles;
using namespace profiles::location;

namespace {

namespace fs = std::filesystem;

struct Folder {
    fs::path path = fs::temp_directory_path() / ("profiles-geoip-" + std::to_string(getpid()));
    Folder() { fs::create_directory(path); }
    ~Folder() { fs::remove_all(path); }

    std::string file() const { return (path / "current.mmdb").string(); }
    std::string prefix() const { return (path / "copy_").string(); }
    int copies() const
    {
        int count = 0;
        for (const auto &entry : fs::directory_iterator(path))
            count += entry.path().filename().string().starts_with("copy_") &&
                     entry.path().filename() != "copy_lock";
        return count;
    }
    // Writes into the same inode, as cp does.
    void overwrite(const char *with) const
    {
        std::ifstream from(std::string("build/geoip/") + with, std::ios::binary);
        std::ofstream(file(), std::ios::binary) << from.rdbuf();
    }
    void rename_over(const char *with) const
    {
        fs::copy_file(std::string("build/geoip/") + with, path / "next");
        fs::rename(path / "next", file());
    }
};

std::string country(GeoipSource &source)
{
    constexpr std::uint8_t kAddress[] = {192, 0, 2, 1};
    Database &database = source.database();
    auto match = database.find(Address(kAddress));
    return match ? std::string(database.country(match->entry)) : "";
}

void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(150)); }

}  // namespace

TEST_CASE("a new file is used once it has settled, however it came")
{
    Folder folder;
    folder.overwrite("city-nested.mmdb");
    GeoipSource source(folder.file(), folder.prefix());
    source.refresh();  // waits until the file has settled
    CHECK(country(source) == "DE");

    folder.rename_over("city-moved.mmdb");
    source.refresh();
    CHECK(country(source) == "DE");  // not yet
    settle();
    source.refresh();
    CHECK(country(source) == "FR");
    CHECK(folder.copies() == 1);  // the one before is gone

    folder.overwrite("city-nested.mmdb");
    CHECK(country(source) == "FR");
    settle();
    source.refresh();
    CHECK(country(source) == "DE");
    CHECK(source.take_warning() == "");
}

TEST_CASE("what cannot be used leaves the database before in use, with one warning")
{
    Folder folder;
    folder.overwrite("city-nested.mmdb");
    GeoipSource source(folder.file(), folder.prefix());
    source.refresh();

    fs::resize_file(folder.file(), 100);
    CHECK(country(source) == "DE");
    settle();
    for (int i = 0; i < 3; ++i) {
        source.refresh();
        CHECK(country(source) == "DE");
        CHECK(source.take_warning().empty() == (i > 0));
    }
    fs::remove(folder.file());
    source.refresh();
    CHECK(country(source) == "DE");
    CHECK(source.take_warning().find("No such file") != std::string::npos);

    folder.overwrite("city-moved.mmdb");
    settle();
    source.refresh();
    CHECK(country(source) == "FR");
}

TEST_CASE("without a database before, a bad file is an error")
{
    Folder folder;
    GeoipSource source(folder.file(), folder.prefix());
    auto code = [&] {
        try {
            source.refresh();
        } catch (const Error &error) {
            CHECK(error.message().find(folder.file()) != std::string::npos);
            return error.code();
        }
        return ErrorCode::cancelled;
    };
    CHECK(code() == ErrorCode::missing_file);
    std::ofstream(folder.file()) << "not a database";
    CHECK(code() == ErrorCode::corrupted);
    fs::remove(folder.file());
    fs::create_directory(folder.file());
    CHECK(code() == ErrorCode::corrupted);
    fs::remove(folder.file());
    folder.overwrite("city-nested.mmdb");
    source.refresh();
    CHECK(country(source) == "DE");
    CHECK(folder.copies() == 1);
}

TEST_CASE("leftovers of a crash are replaced")
{
    Folder folder;
    folder.overwrite("city-nested.mmdb");
    settle();
    GeoipSource first(folder.file(), folder.prefix());
    first.refresh();
    for (const auto &entry : fs::directory_iterator(folder.path))
        if (entry.path().filename().string().starts_with("copy_"))
            fs::resize_file(entry.path(),
                            0);  // as after a crash of the machine; nobody maps it now
    std::ofstream(folder.prefix() + "lock") << "left over";
    GeoipSource second(folder.file(), folder.prefix());
    try {
        second.refresh();
    } catch (const Error &error) {
        FAIL(error.message() << " " << error.detail());
    }
    CHECK(country(second) == "DE");
}

TEST_CASE("many at once make one copy and all answer")
{
    Folder folder;
    folder.overwrite("city-nested.mmdb");
    std::vector<std::string> answers(8);
    {
        std::vector<std::jthread> threads;
        for (auto &answer : answers)
            threads.emplace_back([&] {
                GeoipSource source(folder.file(), folder.prefix());
                source.refresh();
                answer = country(source);
            });
    }
    for (const auto &answer : answers)
        CHECK(answer == "DE");
    CHECK(folder.copies() == 1);
}
