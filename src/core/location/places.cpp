#include "places.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../error.h"
#include "file.h"
#include "places_layout.h"
#include "sphere.h"

namespace profiles::location {

namespace {

const PlacesHeader &header_of(const char *data)
{
    return *reinterpret_cast<const PlacesHeader *>(data);
}

const PlaceRecord *places_of(const char *data)
{
    return reinterpret_cast<const PlaceRecord *>(data + sizeof(PlacesHeader));
}

const PlaceName *names_of(const char *data)
{
    return reinterpret_cast<const PlaceName *>(places_of(data) + header_of(data).place_count);
}

bool is_whole(const char *data, std::size_t size)
{
    if (size < sizeof(PlacesHeader))
        return false;
    const PlacesHeader &header = header_of(data);
    return std::memcmp(header.magic, kPlacesMagic, sizeof header.magic) == 0 &&
           header.file_size == size &&
           size == sizeof header + header.place_count * sizeof(PlaceRecord) +
                       header.name_count * sizeof(PlaceName) + header.texts_size;
}

}  // namespace

PlaceIndex::PlaceIndex(const std::string &file)
{
    Descriptor source(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status;
    if (source < 0 || fstat(source, &status) != 0)
        fail_on_file("open file of places", file);
    size_ = static_cast<std::size_t>(status.st_size);
    void *mapped = size_ ? mmap(nullptr, size_, PROT_READ, MAP_SHARED, source, 0) : nullptr;
    if (mapped == MAP_FAILED)
        fail_on_file("map file of places", file);
    data_ = static_cast<const char *>(mapped);
    if (is_whole(data_, size_))
        return;
    if (mapped)
        munmap(mapped, size_);
    throw Error(ErrorCode::corrupted, "file " + quoted_path(file) + " is no file of places");
}

PlaceIndex::~PlaceIndex() { munmap(const_cast<char *>(data_), size_); }

std::uint32_t PlaceIndex::size() const noexcept { return header_of(data_).place_count; }

std::string_view PlaceIndex::text_at(std::uint32_t offset) const
{
    const char *texts =
        reinterpret_cast<const char *>(names_of(data_) + header_of(data_).name_count);
    std::uint16_t size;
    std::memcpy(&size, texts + offset, sizeof size);
    return {texts + offset + sizeof size, size};
}

Place PlaceIndex::place_at(std::uint32_t position) const
{
    const PlaceRecord &record = places_of(data_)[position];
    Place place;
    place.country = {record.country, strnlen(record.country, sizeof record.country)};
    place.region = text_at(record.region);
    place.city = text_at(record.name);
    place.time_zone = text_at(record.time_zone);
    place.point = Point{record.latitude, record.longitude};
    return place;
}

// Looks for the least distance to an edge, which is negative inside of a place.
struct PlaceIndex::Search {
    const PlaceRecord *places;
    std::array<double, 3> point;
    double best_km;
    std::optional<std::uint32_t> found = {};

    void visit(std::uint32_t first, std::uint32_t last)
    {
        if (first == last)
            return;
        std::uint32_t middle = first + (last - first) / 2;
        const PlaceRecord &root = places[middle];
        consider(root, middle);
        double side = point[root.axis] - static_cast<double>(root.vector[root.axis]);
        std::uint32_t near[] = {side < 0 ? first : middle + 1, side < 0 ? middle : last};
        std::uint32_t far[] = {side < 0 ? middle + 1 : first, side < 0 ? last : middle};
        visit(near[0], near[1]);
        if (far[0] == far[1])
            return;
        // The chord to anything beyond the plane is at least this long, and an arc is longer.
        double edge = std::abs(side) * kEarthRadiusKm;
        if (edge - static_cast<double>(places[far[0] + (far[1] - far[0]) / 2].most_reach_km) <=
            best_km)
            visit(far[0], far[1]);
    }

    void consider(const PlaceRecord &place, std::uint32_t position)
    {
        double square = 0;
        for (int axis = 0; axis < 3; ++axis) {
            double step =
                point[static_cast<std::size_t>(axis)] - static_cast<double>(place.vector[axis]);
            square += step * step;
        }
        double chord = std::min(1.0, std::sqrt(square) / 2);
        // An arc is longer than its chord; the arcsine is only needed near the best.
        double reach = static_cast<double>(place.reach_km);
        if (2 * kEarthRadiusKm * chord - reach > best_km)
            return;
        double edge = 2 * kEarthRadiusKm * std::asin(chord) - reach;
        if (edge > best_km || (edge == best_km && found))
            return;
        best_km = edge;
        found = position;
    }
};

std::optional<PlaceIndex::Nearest> PlaceIndex::nearest(const Point &point, double max_km) const
{
    Search search{places_of(data_), unit_vector(point), max_km};
    search.visit(0, size());
    if (!search.found)
        return {};
    Place place = place_at(*search.found);
    return Nearest{place, distance_km(point, *place.point)};
}

std::optional<Place> PlaceIndex::find(std::string_view name, std::string_view country) const
{
    std::string folded = folded_name(name);
    char code[2] = {};
    if (folded.empty() || (!country.empty() && country.size() != sizeof code))
        return {};
    for (std::size_t i = 0; i < country.size(); ++i)
        code[i] = country[i] >= 'a' && country[i] <= 'z' ? static_cast<char>(country[i] - 32)
                                                         : country[i];
    std::uint64_t hash = hash_of(folded);
    const PlaceName *end = names_of(data_) + header_of(data_).name_count;
    const PlaceName *name_at = std::lower_bound(
        names_of(data_), end, hash,
        [](const PlaceName &entry, std::uint64_t wanted) { return entry.hash < wanted; });
    for (; name_at != end && name_at->hash == hash; ++name_at)
        if (country.empty() ||
            std::memcmp(places_of(data_)[name_at->place].country, code, sizeof code) == 0)
            return place_at(name_at->place);
    return {};
}

std::optional<Place> geocode(const PlaceIndex &places, const Place &sent)
{
    std::optional<Place> found;
    if (sent.point) {
        if (auto nearest = places.nearest(*sent.point, kGeocoderReachKm))
            found = nearest->place;
    } else if (!sent.city.empty()) {
        found = places.find(sent.city, sent.country);
    }
    if (found && !sent.city.empty())
        found->city = sent.city;
    return found;
}

}  // namespace profiles::location
