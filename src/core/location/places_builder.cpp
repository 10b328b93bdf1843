#include "places_builder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>
#include <unistd.h>

#include "../error.h"
#include "../interrupt.h"
#include "file.h"
#include "sphere.h"

namespace profiles::location {

namespace {

// People live this close to each other in a city; nothing is larger than the greatest of them.
constexpr double kPeoplePerKm2 = 2500;
constexpr double kMostReachKm = 30;
constexpr std::size_t kMaxText = 65'535;

double reach_of(double population)
{
    return std::min(kMostReachKm, std::sqrt(population / (kPeoplePerKm2 * std::numbers::pi)));
}

bool is_between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

// Two-byte UTF-8: Latin-1, Greek and Cyrillic have their small letters a fixed step behind.
char32_t small_letter(char32_t c)
{
    if (is_between(c, 0xC0, 0xDE) && c != 0xD7)
        return c + 32;
    if (is_between(c, 0x391, 0x3AB) || is_between(c, 0x410, 0x42F))
        return c + 32;
    return is_between(c, 0x400, 0x40F) ? c + 80 : c;
}

template <typename Part>
void append(std::ofstream &file, const Part *parts, std::size_t count)
{
    file.write(reinterpret_cast<const char *>(parts),
               static_cast<std::streamsize>(count * sizeof(Part)));
}

}  // namespace

std::string folded_name(std::string_view name)
{
    while (!name.empty() && name.front() == ' ')
        name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ')
        name.remove_suffix(1);
    std::string folded(name);
    for (std::size_t i = 0; i < folded.size(); ++i) {
        auto byte = static_cast<unsigned char>(folded[i]);
        if (byte >= 'A' && byte <= 'Z') {
            folded[i] = static_cast<char>(byte + 32);
        } else if (byte >= 0xC3 && byte <= 0xD0 && i + 1 < folded.size()) {
            char32_t letter = (byte & 31u) << 6 | (static_cast<unsigned char>(folded[i + 1]) & 63u);
            letter = small_letter(letter);
            folded[i] = static_cast<char>(0xC0 | letter >> 6);
            folded[++i] = static_cast<char>(0x80 | (letter & 63));
        }
    }
    return folded;
}

std::uint32_t PlaceIndexBuilder::text(std::string_view text)
{
    text = text.substr(0, kMaxText);
    if (text.empty())
        return 0;
    auto [found, is_new] =
        offsets_.try_emplace(std::string(text), static_cast<std::uint32_t>(texts_.size()));
    if (is_new) {
        if (texts_.size() + text.size() + 2 > UINT32_MAX)
            throw Error(ErrorCode::limit_exceeded, "the geocoder has too many places");
        auto size = static_cast<std::uint16_t>(text.size());
        texts_.append(reinterpret_cast<const char *>(&size), sizeof size).append(text);
    }
    return found->second;
}

void PlaceIndexBuilder::add_name(std::string_view name)
{
    std::string folded = folded_name(name);
    if (!folded.empty())
        names_.push_back({hash_of(folded), static_cast<std::uint32_t>(entries_.size()), 0});
}

void PlaceIndexBuilder::add(const Place &place, std::string_view other_names,
                            std::int64_t population)
{
    if (!place.point || !is_valid(*place.point))
        return;
    add_name(place.city);
    while (!other_names.empty()) {
        std::size_t comma = std::min(other_names.find(','), other_names.size());
        add_name(other_names.substr(0, comma));
        other_names.remove_prefix(std::min(comma + 1, other_names.size()));
    }
    PlaceRecord record{};
    record.latitude = place.point->latitude;
    record.longitude = place.point->longitude;
    std::array<double, 3> vector = unit_vector(*place.point);
    std::copy(vector.begin(), vector.end(), record.vector);
    record.population =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(population, 0, UINT32_MAX));
    record.reach_km = static_cast<float>(reach_of(record.population));
    record.name = text(place.city);
    record.region = text(place.region);
    record.time_zone = text(place.time_zone);
    place.country.copy(record.country, sizeof record.country);
    entries_.push_back({record, static_cast<std::uint32_t>(entries_.size())});
}

// Splits where the places spread most. As deep as the logarithm of their number.
void PlaceIndexBuilder::build_tree(std::size_t first, std::size_t last)
{
    if (first == last)
        return;
    check_interrupt();
    float low[3] = {2, 2, 2}, high[3] = {-2, -2, -2}, reach = 0;
    for (std::size_t i = first; i < last; ++i) {
        const PlaceRecord &record = entries_[i].record;
        for (int axis = 0; axis < 3; ++axis) {
            low[axis] = std::min(low[axis], record.vector[axis]);
            high[axis] = std::max(high[axis], record.vector[axis]);
        }
        reach = std::max(reach, record.reach_km);
    }
    std::uint8_t axis = 0;
    for (std::uint8_t other = 1; other < 3; ++other)
        if (high[other] - low[other] > high[axis] - low[axis])
            axis = other;
    auto at = [&](std::size_t i) { return entries_.begin() + static_cast<std::ptrdiff_t>(i); };
    std::size_t middle = (first + last) / 2;
    std::nth_element(at(first), at(middle), at(last), [&](const Entry &left, const Entry &right) {
        return left.record.vector[axis] < right.record.vector[axis];
    });
    entries_[middle].record.axis = axis;
    entries_[middle].record.most_reach_km = reach;
    build_tree(first, middle);
    build_tree(middle + 1, last);
}

std::vector<PlaceName> PlaceIndexBuilder::name_table() const
{
    std::vector<std::uint32_t> positions(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i)
        positions[entries_[i].number] = static_cast<std::uint32_t>(i);
    std::vector<PlaceName> names(names_);
    for (PlaceName &name : names)
        name.place = positions[name.place];
    std::sort(names.begin(), names.end(), [&](const PlaceName &left, const PlaceName &right) {
        auto rank = [&](const PlaceName &name) {
            return std::tuple(name.hash, ~entries_[name.place].record.population, name.place);
        };
        return rank(left) < rank(right);
    });
    auto same = [](const PlaceName &left, const PlaceName &right) {
        return left.hash == right.hash && left.place == right.place;
    };
    names.erase(std::unique(names.begin(), names.end(), same), names.end());
    return names;
}

void PlaceIndexBuilder::write(const std::string &file)
{
    build_tree(0, entries_.size());
    std::vector<PlaceName> names = name_table();
    std::vector<PlaceRecord> records;
    for (const Entry &entry : entries_)
        records.push_back(entry.record);
    PlacesHeader header{};
    std::memcpy(header.magic, kPlacesMagic, sizeof header.magic);
    header.place_count = static_cast<std::uint32_t>(records.size());
    header.name_count = static_cast<std::uint32_t>(names.size());
    header.texts_size = texts_.size();
    header.file_size = sizeof header + records.size() * sizeof(PlaceRecord) +
                       names.size() * sizeof(PlaceName) + texts_.size();
    std::string unfinished = file + "_" + std::to_string(getpid());
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    append(out, &header, 1);
    append(out, records.data(), records.size());
    append(out, names.data(), names.size());
    append(out, texts_.data(), texts_.size());
    out.close();
    if (!out || rename(unfinished.c_str(), file.c_str()) != 0) {
        int error = errno;
        unlink(unfinished.c_str());
        errno = error;
        fail_on_file("write file of places", file);
    }
}

}  // namespace profiles::location
