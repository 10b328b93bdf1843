// A MaxMind DB file: from an address to the record of its network. mmdb.cpp is the only file that
// knows libmaxminddb, which maps the file and walks the search tree for IPv6; mmdb_tree.h does it for
// IPv4, and mmdb_data.h says why the records are not read by the library.
//
// The file must not be truncated or overwritten while it is open: it is mapped, and the missing
// page would end the process with SIGBUS. snapshot.h makes a copy that nobody else writes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mmdb_record.h"
#include "mmdb_tree.h"
#include "place.h"

struct MMDB_s;

namespace profiles::location {

// An IPv4 or IPv6 address. ::ffff:a.b.c.d is the IPv4 address a.b.c.d: files without IPv6 know it
// only as that, and files with IPv6 need not have the alias.
struct Address {
    bool is_ipv4;
    std::array<std::uint8_t, 16> bytes;  // IPv4 uses the first four

    // 4 or 16 bytes in network order.
    explicit Address(std::span<const std::uint8_t> network_order) noexcept;
};

struct Metadata {
    std::string type;
    std::string description;  // the English one, or the first
    std::vector<std::string> languages;
    unsigned ip_version = 0;
    std::uint32_t node_count = 0;
    unsigned record_size = 0;       // bits
    std::uint64_t build_epoch = 0;  // seconds since 1970, as the file says: any number
};

class Database {
public:
    struct Match {
        std::uint32_t entry;  // many networks share one entry
        int prefix;           // length of the network's prefix, in the family of the address
    };

    // Opens `file`; `name` is what messages call it. Errors: unreadable_file, and corrupted for
    // what is not a usable MaxMind DB.
    Database(const std::string &file, const std::string &name);
    ~Database();
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    // Nothing is known about an IPv6 address in a file of IPv4 addresses.
    std::optional<Match> find(const Address &address);

    // The texts of a Place live as long as the Database. Records are decoded once while they stay in
    // the cache; what these two return is itself good until the next call.
    const Place &place(std::uint32_t entry);
    std::string_view country(std::uint32_t entry);

    // Names are in this language where the file has it (its spelling: "de", "pt-BR"); English at first.
    void use_language(std::string_view language);

    void write_json(std::uint32_t entry, std::pmr::string &out) const;
    FieldKind write_field(std::uint32_t entry, std::span<const std::string_view> path,
                          std::pmr::string &out) const;

    const Metadata &metadata() const noexcept { return metadata_; }
    std::uint64_t file_size() const noexcept;

    // For mmdb_record.h.
    DataReader reader() const;

private:
    // A key is the entry plus one: 0 marks an empty slot.
    struct PlaceSlot {
        std::uint32_t key = 0;
        Place place;
    };
    // Eight bytes, so that the slots of a whole database stay in the processor's cache.
    struct CountrySlot {
        std::uint32_t key = 0;
        std::uint8_t size = 0;
        char code[3];
    };
    std::optional<Match> find_ipv4(const Address &address);
    std::optional<Match> find_in_library(const Address &address) const;

    struct Close {
        void operator()(MMDB_s *mmdb) const noexcept;
    };

    std::string name_;
    std::string language_ = "en";
    Metadata metadata_;
    std::unique_ptr<MMDB_s, Close> mmdb_;
    std::optional<SearchTree> tree_;
    std::vector<PlaceSlot> places_;
    std::vector<CountrySlot> countries_;
};

// Reads the metadata at the end of a file with ordinary reads and checks that the sizes in it fit
// the file; throws as Database does. Cheap, and safe on a file that somebody is writing.
Metadata check_file(const std::string &file, const std::string &name);

}  // namespace profiles::location
