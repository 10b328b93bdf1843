#include "geoip_set.h"

#include <algorithm>
#include <dirent.h>
#include <fstream>

namespace profiles::location {

GeoipSet::GeoipSet(std::vector<std::string> paths, const std::string &prefix)
    : paths_(std::move(paths))
{
    for (const std::string &path : paths_)
        sources_.push_back(std::make_unique<GeoipSource>(path, prefix));
}

void GeoipSet::refresh(std::string_view language)
{
    for (const auto &source : sources_) {
        source->refresh();
        source->database().use_language(language);
    }
}

std::string GeoipSet::take_warning()
{
    for (const auto &source : sources_)
        if (std::string warning = source->take_warning(); !warning.empty())
            return warning;
    return {};
}

const Place *GeoipSet::place(const Address &address)
{
    const Place *found = nullptr;
    each_match(address, [&](Database &database, const Database::Match &match) {
        const Place &place = database.place(match.entry);
        found = place.empty() ? nullptr : &place;
        return found != nullptr;
    });
    return found;
}

// The country of place(): a database that knows the place but not its country has the say.
std::string_view GeoipSet::country(const Address &address)
{
    std::string_view found;
    each_match(address, [&](Database &database, const Database::Match &match) {
        found = database.country(match.entry);
        return !found.empty() || (sources_.size() > 1 && !database.place(match.entry).empty());
    });
    return found;
}

std::pmr::vector<GeoipSet::Record> GeoipSet::records(const Address &address,
                                                     std::pmr::memory_resource *memory) const
{
    std::pmr::vector<Record> found(memory);
    each_match(address, [&](Database &database, const Database::Match &match) {
        found.push_back({&database, match.entry});
        return false;
    });
    return found;
}

bool GeoipSet::write_json(const Address &address, std::pmr::string &out) const
{
    std::pmr::memory_resource *memory = out.get_allocator().resource();
    std::pmr::vector<Record> found = records(address, memory);
    if (found.empty())
        return false;
    DataReader first = found.front().database->reader();
    if (found.size() == 1 || !is_map(first, found.front().entry)) {
        found.front().database->write_json(found.front().entry, out);
        return true;
    }
    std::pmr::vector<std::string_view> keys(memory);
    out += '{';
    for (const Record &record : found) {
        DataReader reader = record.database->reader();
        if (is_map(reader, record.entry))
            write_new_pairs(reader, record.entry, keys, out);
    }
    out += '}';
    return true;
}

FieldKind GeoipSet::write_field(const Address &address, std::span<const std::string_view> path,
                                std::pmr::string &out) const
{
    if (path.empty() && sources_.size() > 1)
        return write_json(address, out) ? FieldKind::json : FieldKind::missing;
    FieldKind kind = FieldKind::missing;
    each_match(address, [&](Database &database, const Database::Match &match) {
        kind = database.write_field(match.entry, path, out);
        if (kind != FieldKind::missing || sources_.size() == 1)
            return true;
        DataReader reader = database.reader();
        return decides(reader, match.entry, path.front());
    });
    return kind;
}

int GeoipSet::network_prefix(const Address &address) const
{
    int longest = -1;
    each_match(address, [&](Database &, const Database::Match &match) {
        longest = std::max(longest, match.prefix);
        return false;
    });
    return longest;
}

std::vector<std::string> databases_in(const std::string &directory)
{
    std::vector<std::string> paths;
    std::unique_ptr<DIR, int (*)(DIR *)> listing(opendir(directory.c_str()), closedir);
    while (const dirent *file = listing ? readdir(listing.get()) : nullptr)
        if (std::string_view name = file->d_name; name.ends_with(".mmdb"))
            paths.push_back(directory + "/" + file->d_name);
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::string attribution_of(const std::string &path)
{
    char text[4096];
    std::ifstream file(path + ".attribution", std::ios::binary);
    file.read(text, sizeof text);
    std::string_view found(text, static_cast<std::size_t>(file.gcount()));
    found = found.substr(0, found.find_last_not_of("\r\n ") + 1);
    return is_text(found) ? std::string(found) : std::string();
}

}  // namespace profiles::location
