// Records of a MaxMind DB: four bytes that say where one starts, then the data section. Whatever it says, nothing
// outside of it is read, and what is shown is valid text.
#include "fuzz.h"

#include "../../src/core/location/mmdb_record.h"

using namespace profiles;
using namespace profiles::location;

namespace {

const std::string kName = "fuzz";

template <typename Body>
void attempt(Body body)
{
    try {
        body();
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::corrupted, "a bad record is called corrupted");
    }
}

void check_json(std::string_view json, std::pmr::memory_resource *memory)
{
    fuzz::promise(json.size() < 64u << 20, "a record stays small");
    try {
        read_json(json, memory, "record", FaultyNumbers::keep);
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::limit_exceeded, "a record is written as JSON");
    }
}

void check_text(std::string_view text)
{
    fuzz::promise(is_valid_text(text), "what a record shows is text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size < 4)
        return 0;
    std::uint32_t entry = layout::load<std::uint32_t>(reinterpret_cast<const char *>(data));
    std::span<const std::uint8_t> section(data + 4, size - 4);
    auto reader = [&] { return DataReader(section, kName); };
    attempt([&] {
        DataReader data_reader = reader();
        Place place = read_place(data_reader, entry, size % 2 ? "en" : "pt-BR");
        for (std::string_view text : {place.country, place.region, place.city, place.time_zone})
            check_text(text);
    });
    attempt([&] {
        DataReader data_reader = reader();
        check_text(read_country(data_reader, entry));
    });
    std::pmr::monotonic_buffer_resource memory;
    attempt([&] {
        DataReader data_reader = reader();
        std::pmr::string json(&memory);
        write_json(data_reader, entry, json);
        check_json(json, &memory);
    });
    // The record after another one that has some of its keys, as several databases give.
    attempt([&] {
        DataReader data_reader = reader();
        if (!is_map(data_reader, entry))
            return;
        std::pmr::vector<std::string_view> keys({"country"}, &memory);
        std::pmr::string json("{\"country\":1", &memory);
        write_new_pairs(data_reader, entry, keys, json);
        check_json(json + "}", &memory);
        for (std::string_view key : keys)
            decides(data_reader, entry, key);
    });
    attempt([&] {
        DataReader data_reader = reader();
        std::string_view path[] = {"subdivisions", "-1", "iso_code"};
        std::pmr::string field(&memory);
        write_field(data_reader, entry, path, field);
        check_text(field);
    });
    return 0;
}
