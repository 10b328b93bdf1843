// The readers of MaxMind DB files against every record of MaxMind's own test databases (where they
// are present: PROFILES_MMDB_DATA or ../shared/data/mmdb) and against files that are broken on
// purpose.
#include "../../src/core/location/mmdb.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <rapidjson/document.h>
#include <string>
#include <unistd.h>

#include "../../src/core/error.h"

using namespace profiles;
using namespace profiles::location;

namespace {

namespace fs = std::filesystem;

const std::string kNested = "build/geoip/city-nested.mmdb";

fs::path maxmind_data()
{
    const char *folder = getenv("PROFILES_MMDB_DATA");
    return folder ? folder : "../shared/data/mmdb";
}

std::string slurp(const fs::path &path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct TemporaryFile {
    std::string path;
    explicit TemporaryFile(const std::string &content)
        : path((fs::temp_directory_path() / ("profiles-location-" + std::to_string(getpid())))
                   .string())
    {
        std::ofstream(path, std::ios::binary) << content;
    }
    ~TemporaryFile() { fs::remove(path); }
};

Address address(const std::string &text)
{
    std::uint8_t bytes[16];
    if (inet_pton(AF_INET, text.c_str(), bytes) == 1)
        return Address(std::span(bytes, 4));
    REQUIRE(inet_pton(AF_INET6, text.c_str(), bytes) == 1);
    return Address(std::span(bytes, 16));
}

std::string json(const Database &database, std::uint32_t entry)
{
    std::pmr::string out;
    database.write_json(entry, out);
    return std::string(out);
}

const Place *place(Database &database, const std::string &text)
{
    auto match = database.find(address(text));
    return match ? &database.place(match->entry) : nullptr;
}

// Integers and doubles of the same value are the same: the sources write 13 for 13.0.
bool same(const rapidjson::Value &a, const rapidjson::Value &b)
{
    if (a.IsNumber() && b.IsNumber())
        return a.GetDouble() == b.GetDouble();
    if (a.GetType() != b.GetType())
        return false;
    if (a.IsArray())
        return a.Size() == b.Size() && std::equal(a.Begin(), a.End(), b.Begin(), same);
    if (!a.IsObject())
        return a == b;
    return a.MemberCount() == b.MemberCount() &&
           std::all_of(a.MemberBegin(), a.MemberEnd(), [&](const auto &member) {
               auto other = b.FindMember(member.name);
               return other != b.MemberEnd() && same(member.value, other->value);
           });
}

// Text at a path of the source, "" where it has none.
std::string at(const rapidjson::Value &value, std::initializer_list<const char *> path)
{
    const rapidjson::Value *current = &value;
    for (const char *step : path) {
        if (current->IsArray() && !current->Empty())
            current = &(*current)[0];
        if (!current->IsObject() || !current->HasMember(step))
            return "";
        current = &(*current)[step];
    }
    return current->IsString() ? current->GetString() : "";
}

std::string first_of(std::string a, std::string b) { return a.empty() ? b : a; }

void check_place(const Place &found, const rapidjson::Value &source)
{
    CHECK(found.country == first_of(at(source, {"country", "iso_code"}),
                                    at(source, {"registered_country", "iso_code"})));
    CHECK(found.city == at(source, {"city", "names", "en"}));
    CHECK(found.region == first_of(at(source, {"subdivisions", "names", "en"}),
                                   at(source, {"subdivisions", "iso_code"})));
    CHECK(found.time_zone == at(source, {"location", "time_zone"}));
    bool located = source.HasMember("location") && source["location"].HasMember("latitude");
    REQUIRE(found.point.has_value() == located);
    if (located) {
        CHECK(found.point->latitude == source["location"]["latitude"].GetDouble());
        CHECK(found.point->longitude == source["location"]["longitude"].GetDouble());
    }
    if (located && source["location"].HasMember("accuracy_radius"))
        CHECK(found.accuracy_km == source["location"]["accuracy_radius"].GetDouble());
}

// Compares every network of the source and returns how many there were.
int compare_with_source(const fs::path &source, const fs::path &file)
{
    Database database(file.string(), file.string());
    rapidjson::Document document;
    std::string text = slurp(source);
    document.Parse<rapidjson::kParseFullPrecisionFlag>(text.c_str());
    REQUIRE(document.IsArray());
    int count = 0;
    for (const auto &line : document.GetArray()) {
        for (const auto &network : line.GetObject()) {
            std::string name = network.name.GetString();
            std::string start = name.substr(0, name.find('/'));
            CAPTURE(name);
            auto match = database.find(address(start));
            REQUIRE(match);
            rapidjson::Document record;
            std::string found = json(database, match->entry);
            record.Parse<rapidjson::kParseFullPrecisionFlag>(found.c_str());
            CAPTURE(found);
            REQUIRE_FALSE(record.HasParseError());
            CHECK(same(record, network.value));
            check_place(database.place(match->entry), network.value);
            CHECK(database.country(match->entry) == database.place(match->entry).country);
            if (start.starts_with("::") && start.find('.') != std::string::npos)
                CHECK(database.find(address(start.substr(2)))->entry == match->entry);
            ++count;
        }
    }
    return count;
}

// Whatever is in the file: an Error or an answer. Addresses from all over the tree are tried.
void use_carefully(const std::string &file)
{
    CAPTURE(file);
    try {
        Database database(file, file);
        std::uint32_t state = 1;
        for (int i = 0; i < 300; ++i) {
            std::uint8_t bytes[16] = {};
            for (auto &byte : bytes)
                byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
            if (i < 64)  // low addresses, where small files have their networks
                std::fill(bytes, bytes + 12 + i % 4, 0);
            for (std::size_t size : {4, 16}) {
                try {
                    auto match = database.find(Address(std::span(bytes + 16 - size, size)));
                    if (!match)
                        continue;
                    database.country(match->entry);
                    database.place(match->entry);
                    json(database, match->entry);
                } catch (const Error &error) {
                    REQUIRE(error.code() == ErrorCode::corrupted);
                }
            }
        }
    } catch (const Error &error) {
        REQUIRE(error.code() == ErrorCode::corrupted);
        REQUIRE(error.message().find("geoip database") != std::string::npos);
    }
}

ErrorCode code_of_opening(const std::string &content)
{
    TemporaryFile file(content);
    try {
        Database database(file.path, "/the/name");
    } catch (const Error &error) {
        CHECK(error.message().find("/the/name") != std::string::npos);
        return error.code();
    }
    return ErrorCode::cancelled;
}

}  // namespace

TEST_CASE("every network of MaxMind's test databases gives its source's record")
{
    fs::path data = maxmind_data();
    if (!fs::exists(data / "source")) {
        MESSAGE("MaxMind's test databases are not here");
        return;
    }
    for (const auto &source : fs::directory_iterator(data / "source")) {
        std::string stem = source.path().stem().string();
        CAPTURE(stem);
        CHECK(compare_with_source(source.path(), data / (stem + ".mmdb")) > 200);
    }
}

TEST_CASE("broken files give an error or no record")
{
    fs::path data = maxmind_data();
    if (!fs::exists(data)) {
        MESSAGE("MaxMind's test databases are not here");
        return;
    }
    for (const auto &folder : {data, data / "bad"})
        for (const auto &file : fs::directory_iterator(folder))
            if (file.path().extension() == ".mmdb")
                use_carefully(file.path().string());
}

TEST_CASE("a coordinate that is stored wrongly is an error, the country before "
          "it is not")
{
    fs::path file = maxmind_data() / "GeoIP2-City-Test-Broken-Double-Format.mmdb";
    if (!fs::exists(file))
        return;
    Database database(file.string(), file.string());
    auto match = database.find(address("2001:220::"));
    REQUIRE(match);
    CHECK(database.country(match->entry) == "KR");
    CHECK_THROWS_AS(json(database, match->entry), Error);
    CHECK_THROWS_AS(database.place(match->entry), Error);
}

TEST_CASE("damaged copies of a good file never crash")
{
    std::string good = slurp(kNested);
    REQUIRE(good.size() > 2000);
    std::uint32_t state = 7;
    auto random = [&](std::size_t below) {
        state = state * 1664525 + 1013904223;
        return static_cast<std::size_t>(state >> 8) % below;
    };
    for (int round = 0; round < 1500; ++round) {
        std::string bad = good;
        if (round % 3 == 0)
            bad.resize(random(bad.size()));
        else
            for (std::size_t i = 0; i <= random(20); ++i)
                bad[random(bad.size())] = static_cast<char>(random(256));
        TemporaryFile file(bad);
        use_carefully(file.path);
    }
}

TEST_CASE("what is no database is refused by name")
{
    CHECK(code_of_opening("") == ErrorCode::corrupted);
    CHECK(code_of_opening("hello") == ErrorCode::corrupted);
    CHECK(code_of_opening(std::string(300'000, '\0')) == ErrorCode::corrupted);
    CHECK(code_of_opening("\xAB\xCD\xEFMaxMind.com") == ErrorCode::corrupted);
    try {
        Database database("build/geoip/missing.mmdb", "missing.mmdb");
        FAIL("opened");
    } catch (const Error &error) {
        CHECK(error.code() == ErrorCode::missing_file);
        CHECK(error.message() == "could not open geoip database \"missing.mmdb\": "
                                 "No such file or directory");
    }
    CHECK_THROWS_AS(Database("build/geoip", "a directory"), Error);
}

TEST_CASE("a tree size that overflows 32 bits is refused before the library "
          "sees it")
{
    std::string content = slurp(kNested);
    // "node_count" is followed by a uint32 of as many bytes as its control byte says.
    std::size_t key = content.find("node_count");
    REQUIRE(key != std::string::npos);
    std::size_t control = key + 10;
    REQUIRE((static_cast<unsigned char>(content[control]) >> 5 == 6));
    unsigned size = static_cast<unsigned char>(content[control]) & 31;
    content.replace(control, size + 1,
                    "\xC4\x2A\xAA\xAA\xAA");  // times 6 is 2^32 - 4
    CHECK(code_of_opening(content) == ErrorCode::corrupted);
}

namespace {

// The JSON of a data section made by hand, or what is wrong with it.
std::string read_all(std::string bytes)
{
    static const std::string name = "by hand";
    std::pmr::string out;
    DataReader reader({reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()}, name);
    try {
        location::write_json(reader, 0, out);
    } catch (const Error &error) {
        return error.detail();
    }
    return std::string(out);
}

}  // namespace

TEST_CASE("values of every type become JSON")
{
    CHECK(read_all("\xE1\x41"
                   "a\x43"
                   "b\"\\") == R"({"a":"b\"\\"})");
    CHECK(read_all("\x43\x01\t\n") == R"("\u0001\u0009\u000a")");
    CHECK(read_all(std::string("\xE0", 1)) == "{}");
    CHECK(read_all(std::string("\x00\x04", 2)) == "[]");
    CHECK(read_all(std::string("\x02\x04\x01\x07\x00\x07", 6)) == "[true,false]");
    CHECK(read_all("\xA2\xFF\xFF") == "65535");
    CHECK(read_all(std::string("\xA0", 1)) == "0");
    CHECK(read_all("\xC4\xFF\xFF\xFF\xFF") == "4294967295");
    CHECK(read_all("\x04\x01\xFF\xFF\xFF\xFF") == "-1");
    CHECK(read_all("\x01\x01\x80") == "128");
    CHECK(read_all("\x08\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF") == "18446744073709551615");
    CHECK(read_all(std::string("\x00\x03", 2)) == "0");
    CHECK(read_all("\x82\xDE\xAD") == R"("\\xdead")");
    CHECK(read_all("\x68\xC0\x45\x19\x99\x99\x99\x99\x9A") == "-42.2");
    CHECK(read_all("\x04\x08\x42\x4E\x0E\xAA") == "51.51432");
    CHECK(read_all(std::string("\x68\x7F\xF0\x00\x00\x00\x00\x00\x00", 9)) == "null");
}

TEST_CASE("bytes that break the format are named")
{
    CHECK(read_all("") == "A value reaches beyond the end of the file.");
    CHECK(read_all("\x45short") == R"("short")");
    CHECK(read_all("\x46short") == "A value reaches beyond the end of the file.");
    CHECK(read_all("\x5F\xFF\xFF\xFF") == "A value reaches beyond the end of the file.");
    CHECK(read_all("\x42\xC3\x28") == "A text is not valid UTF-8 or contains a NUL character.");
    CHECK(read_all("\x43\xED\xA0\x80") == "A text is not valid UTF-8 or contains a NUL character.");
    CHECK(read_all(std::string("\x42"
                               "a\0",
                               3)) == "A text is not valid UTF-8 or contains a NUL character.");
    CHECK(read_all("\xE1\xC1\x01\xC1\x01") == "A key is not a text.");
    CHECK(read_all("\xE1\x41\xFF\xC1\x01") ==
          "A text is not valid UTF-8 or contains a NUL character.");
    CHECK(read_all(std::string("\x20\x02\x20\x00", 4)) == "A pointer leads to another pointer.");
    CHECK(read_all("\x20\x7F") == "A value reaches beyond the end of the file.");
    CHECK(read_all("\x67\x01\x01\x01\x01\x01\x01\x01") ==
          "A value has a size that its type does not allow.");
    CHECK(read_all("\x05\x01\x01\x01\x01\x01\x01") ==
          "A value has a size that its type does not allow.");
    CHECK(read_all(std::string("\x00\x05", 2)) == "A value has an unknown type.");
    CHECK(read_all("\x01\xFF") == "A value has an unknown type.");
    CHECK(read_all("\xFF\xFF\xFF\xFF") == "A value reaches beyond the end of the file.");
}

TEST_CASE("records that never end are cut off")
{
    // A list of one pointer to itself.
    CHECK(read_all(std::string("\x01\x04\x20\x00", 4)) == "A record is nested too deeply.");
    std::string deep;
    for (int i = 0; i < 100; ++i)
        deep += "\x01\x04";
    CHECK(read_all(deep + "\xA1\x01") == "A record is nested too deeply.");
    // 20 lists of ten pointers to the list before: 10 to the 20th values.
    std::string bomb;
    for (unsigned level = 0; level < 20; ++level) {
        bomb += "\x0A\x04";
        for (int i = 0; i < 10; ++i) {
            unsigned target = (level + 1) * 22;
            bomb += static_cast<char>(0x20 | target >> 8);
            bomb += static_cast<char>(target & 0xFF);
        }
    }
    CHECK(read_all(bomb + "\xA1\x01") == "A record is too large.");
    // One text of 64 kB behind 1,000 pointers: 65 MB of JSON out of 68 kB.
    std::string repeated = std::string("\x1E\x04\x02\xCB", 4);
    unsigned target = 4 + 3 * 1000 - 2048;
    for (int i = 0; i < 1000; ++i)
        for (unsigned byte : {0x28 | target >> 16, target >> 8 & 0xFF, target & 0xFF})
            repeated += static_cast<char>(byte);
    repeated += "\x5E\xFE\xFF" + std::string(285 + 0xFEFF, 'x');
    CHECK(read_all(repeated) == "A record is longer than 16 MB as JSON.");
}

TEST_CASE("both schemas give the same place")
{
    Database nested(kNested, kNested);
    Database flat("build/geoip/city-flat.mmdb", "flat");
    const Place &a = *place(nested, "192.0.2.1");
    const Place &b = *place(flat, "192.0.2.1");
    CHECK(a.country == "DE");
    CHECK(a.region == "Land Berlin");
    CHECK(a.city == "Berlin");
    CHECK(a.time_zone == "Europe/Berlin");
    CHECK(a.point == Point{52.5196, 13.4069});
    CHECK(a.accuracy_km == 20);
    CHECK(b.country == a.country);
    CHECK(b.region == a.region);
    CHECK(b.city == a.city);
    CHECK(b.time_zone == a.time_zone);
    CHECK(b.point == a.point);  // stored as floats
    CHECK_FALSE(b.accuracy_km);
    CHECK(place(flat, "198.51.100.1")->city.empty());
    CHECK(place(nested, "192.0.2.200")->city == "K\u00f6ln");    // no English name
    CHECK(place(nested, "203.0.113.1")->country == "US");        // registered_country only
    CHECK(place(nested, "203.0.113.17")->empty());               // nothing of interest
    CHECK(place(nested, "203.0.113.49")->point == Point{0, 0});  // known to be 0, 0
    CHECK_FALSE(place(nested, "203.0.113.65")->point);           // latitude 91
    CHECK(place(nested, "10.0.0.1") == nullptr);
}

TEST_CASE("networks are in the family of the address")
{
    Database both(kNested, kNested);
    Database ipv4("build/geoip/ipv4-nested.mmdb", "ipv4");
    CHECK(both.find(address("198.51.100.9"))->prefix == 24);
    CHECK(both.find(address("::ffff:198.51.100.9"))->prefix == 24);
    CHECK(both.find(address("2001:db8::9"))->prefix == 33);
    CHECK(ipv4.find(address("198.51.100.9"))->prefix == 24);
    CHECK(ipv4.find(address("::ffff:198.51.100.9"))->prefix == 24);
    CHECK_FALSE(ipv4.find(address("2001:db8::9")));
}

TEST_CASE("metadata is what the file says")
{
    Database database(kNested, kNested);
    const Metadata &metadata = database.metadata();
    CHECK(metadata.type == "Test-City");
    CHECK(metadata.description == "Invented data for tests of profiles (Test-City)");
    CHECK(metadata.languages == std::vector<std::string>{"en", "de"});
    CHECK(metadata.ip_version == 6);
    CHECK(metadata.record_size == 24);
    CHECK(metadata.build_epoch == 1'700'000'000);
    CHECK(database.file_size() == fs::file_size(kNested));
}
