// All geoip databases in use, asked as one: a file of cities beside one of networks' owners, or the
// IPv4 and the IPv6 half of one database. Where several know an address, the first one counts; of the
// record as a whole, the first that has the key.
#pragma once

#include "geoip.h"

namespace profiles::location {

class GeoipSet {
public:
    // `prefix`: see snapshot_name.
    GeoipSet(std::vector<std::string> paths, const std::string &prefix);

    const std::vector<std::string> &paths() const noexcept { return paths_; }

    // GeoipSource::refresh() of each. `language`: see Database::use_language.
    void refresh(std::string_view language);
    std::string take_warning();

    // All of these are good until the next call. Nothing known: null, empty, false, missing, -1.
    const Place *place(const Address &address);
    std::string_view country(const Address &address);
    bool write_json(const Address &address, std::pmr::string &out) const;
    FieldKind write_field(const Address &address, std::span<const std::string_view> path,
                          std::pmr::string &out) const;
    // Of the narrowest of the networks that the databases know the address in.
    int network_prefix(const Address &address) const;

    std::size_t size() const noexcept { return sources_.size(); }
    const GeoipSource &source(std::size_t index) const noexcept { return *sources_[index]; }

private:
    struct Record {
        Database *database;
        std::uint32_t entry;
    };

    // Calls visit(database, match) for the databases that know the address until it returns true.
    template <typename Visit>
    void each_match(const Address &address, Visit visit) const
    {
        for (const auto &source : sources_) {
            Database &database = source->database();
            auto match = database.find(address);
            if (match && visit(database, *match))
                return;
        }
    }
    std::pmr::vector<Record> records(const Address &address,
                                     std::pmr::memory_resource *memory) const;

    std::vector<std::string> paths_;
    std::vector<std::unique_ptr<GeoipSource>> sources_;
};

// The .mmdb files of a directory by name; none when there is no such directory.
std::vector<std::string> databases_in(const std::string &directory);

// What the file beside a database, its name with ".attribution" at the end, says of its licence and of
// whom to name; empty when there is none or it is no text.
std::string attribution_of(const std::string &path);

}  // namespace profiles::location
