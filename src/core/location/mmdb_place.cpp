#include "mmdb_record.h"

#include <cmath>

namespace profiles::location {

bool is_valid(const Point &point) noexcept
{
    // NaN compares false.
    return std::abs(point.latitude) <= 90 && std::abs(point.longitude) <= 180;
}

namespace {

// An empty text says nothing and hides nothing.
void take_text(DataReader &reader, std::uint32_t &at, std::string_view &target)
{
    std::uint32_t start = at;
    DataValue value = reader.read(at);
    if (value.type == DataType::string) {
        if (value.size > 0)
            target = reader.text(value);
    } else {
        at = start;
        reader.skip(at);
    }
}

void take_number(DataReader &reader, std::uint32_t &at, std::optional<double> &target)
{
    std::uint32_t start = at;
    DataValue value = reader.read(at);
    if (value.is_number()) {
        target = reader.number(value);
    } else {
        at = start;
        reader.skip(at);
    }
}

// Visits the pairs of a map, or skips what is no map.
template <typename Visit>
void each_pair_of(DataReader &reader, std::uint32_t &at, Visit visit)
{
    std::uint32_t start = at;
    DataValue value = reader.read(at);
    if (value.type == DataType::map) {
        reader.each_pair(value, at, visit);
    } else {
        at = start;
        reader.skip(at);
    }
}

// {"en": ..., "de": ...}
std::string_view read_name(DataReader &reader, std::uint32_t &at, std::string_view language)
{
    std::string_view wanted, english, first;
    each_pair_of(reader, at, [&](std::string_view key, std::uint32_t &child) {
        if (key == language)
            take_text(reader, child, wanted);
        else if (key == "en")
            take_text(reader, child, english);
        else if (first.empty())
            take_text(reader, child, first);
        else
            reader.skip(child);
        return wanted.empty();
    });
    return !wanted.empty() ? wanted : !english.empty() ? english : first;
}

// A map that holds a code and names, or the plain text of the flat schema. The name; the code where it
// has none.
std::string_view read_named(DataReader &reader, std::uint32_t &at, std::string_view language)
{
    std::string_view code, name;
    std::uint32_t start = at;
    DataValue value = reader.read(at);
    if (value.type == DataType::map) {
        reader.each_pair(value, at, [&](std::string_view key, std::uint32_t &child) {
            if (key == "iso_code")
                take_text(reader, child, code);
            else if (key == "names")
                name = read_name(reader, child, language);
            else
                reader.skip(child);
            return name.empty();
        });
    } else {
        at = start;
        take_text(reader, at, name);
    }
    return name.empty() ? code : name;
}

// The code in the map of a country. Some flat files have the code itself there, others the name.
std::string_view read_code(DataReader &reader, std::uint32_t &at)
{
    std::string_view code, plain;
    std::uint32_t start = at;
    DataValue value = reader.read(at);
    if (value.type == DataType::map) {
        reader.each_pair(value, at, [&](std::string_view key, std::uint32_t &child) {
            if (key == "iso_code")
                take_text(reader, child, code);
            else
                reader.skip(child);
            return code.empty();
        });
        return code;
    }
    at = start;
    take_text(reader, at, plain);
    return plain.size() == 2 ? plain : std::string_view();
}

// Collects while the record is read; the order of its keys does not matter.
struct Collector {
    DataReader &reader;
    std::string_view language;
    Place place = {};
    std::optional<std::uint32_t> registered_country = {};  // where it is
    std::optional<double> latitude = {};
    std::optional<double> longitude = {};

    void top(std::string_view key, std::uint32_t &at);
    void subdivisions(std::uint32_t &at);
    void location(std::uint32_t &at);
    Place finish();
};

void Collector::subdivisions(std::uint32_t &at)
{
    std::uint32_t start = at;
    DataValue value = reader.read(at);
    if (value.type != DataType::array) {
        at = start;
        return reader.skip(at);
    }
    reader.each_element(value, at, [&](std::uint32_t index, std::uint32_t &child) {
        if (index == 0)
            place.region = read_named(reader, child, language);
        else
            reader.skip(child);
    });
}

void Collector::location(std::uint32_t &at)
{
    each_pair_of(reader, at, [&](std::string_view key, std::uint32_t &child) {
        if (key == "latitude")
            take_number(reader, child, latitude);
        else if (key == "longitude")
            take_number(reader, child, longitude);
        else if (key == "time_zone")
            take_text(reader, child, place.time_zone);
        else if (key == "accuracy_radius")
            take_number(reader, child, place.accuracy_km);
        else
            reader.skip(child);
    });
}

void Collector::top(std::string_view key, std::uint32_t &at)
{
    if (key == "country") {
        if (std::string_view code = read_code(reader, at); !code.empty())
            place.country = code;
    } else if (key == "country_code") {
        take_text(reader, at, place.country);
    } else if (key == "registered_country") {
        registered_country = at;
        reader.skip(at);
    } else if (key == "subdivisions") {
        subdivisions(at);
    } else if (key == "state1") {
        take_text(reader, at, place.region);
    } else if (key == "city") {
        place.city = read_named(reader, at, language);
    } else if (key == "location") {
        location(at);
    } else if (key == "latitude") {
        take_number(reader, at, latitude);
    } else if (key == "longitude") {
        take_number(reader, at, longitude);
    } else if (key == "timezone") {
        take_text(reader, at, place.time_zone);
    } else {
        reader.skip(at);
    }
}

Place Collector::finish()
{
    if (place.country.empty() && registered_country)
        place.country = read_code(reader, *registered_country);
    if (latitude && longitude && is_valid({*latitude, *longitude}))
        place.point = Point{*latitude, *longitude};
    if (!place.point || !(place.accuracy_km.value_or(-1) >= 0))
        place.accuracy_km.reset();
    return place;
}

}  // namespace

Place read_place(DataReader &reader, std::uint32_t entry, std::string_view language)
{
    Collector collector{reader, language};
    each_pair_of(reader, entry,
                 [&](std::string_view key, std::uint32_t &at) { collector.top(key, at); });
    return collector.finish();
}

std::string_view read_country(DataReader &reader, std::uint32_t entry)
{
    std::uint32_t at = entry;
    DataValue record = reader.read(at);
    if (record.type != DataType::map)
        return {};
    at = record.start;
    for (std::uint32_t i = 0; i < record.size; ++i) {
        std::string_view key = reader.key(at);
        if (key == "country" || key == "country_code") {
            std::string_view code;
            if (key == "country")
                code = read_code(reader, at);
            else
                take_text(reader, at, code);
            if (!code.empty())
                return code;
        } else {
            reader.skip(at);
        }
    }
    return read_place(reader, entry, {}).country;  // only registered_country is left
}

}  // namespace profiles::location
