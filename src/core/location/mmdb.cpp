#include "mmdb.h"

#include <algorithm>
#include <cstring>
#include <maxminddb.h>
#include <netinet/in.h>
#include <new>

#include "../error.h"
#include "file.h"

namespace profiles::location {

namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

// Direct-mapped: a new entry replaces the one that had its slot. No order to keep and no growth. They
// are made when first used (4 MB each): most backends never look up an address.
constexpr std::size_t kPlaceSlots = 1 << 15;
constexpr std::size_t kCountrySlots = 1 << 19;

// Entries are at least some bytes apart; multiplying spreads them over the slots.
template <typename Slot>
Slot &slot_of(std::vector<Slot> &slots, std::size_t count, std::uint32_t entry)
{
    if (slots.empty())
        slots.resize(count);
    return slots[(entry * 0x9E3779B97F4A7C15u >> 32) & (count - 1)];
}

// A file is smaller than 4 GB, so this cannot become 0 for an entry that exists.
std::uint32_t key_of(std::uint32_t entry) { return entry + 1; }

MMDB_lookup_result_s look_up(const MMDB_s *mmdb, const Address &address, int *error)
{
    if (address.is_ipv4) {
        sockaddr_in socket{};
        socket.sin_family = AF_INET;
        std::memcpy(&socket.sin_addr, address.bytes.data(), 4);
        return MMDB_lookup_sockaddr(mmdb, reinterpret_cast<const sockaddr *>(&socket), error);
    }
    sockaddr_in6 socket{};
    socket.sin6_family = AF_INET6;
    std::memcpy(&socket.sin6_addr, address.bytes.data(), 16);
    return MMDB_lookup_sockaddr(mmdb, reinterpret_cast<const sockaddr *>(&socket), error);
}

}  // namespace

Address::Address(std::span<const std::uint8_t> network_order) noexcept
    : is_ipv4(network_order.size() == 4), bytes{}
{
    bool mapped = !is_ipv4 && std::equal(kMapped.begin(), kMapped.end(), network_order.begin());
    if (mapped) {
        is_ipv4 = true;
        network_order = network_order.subspan(kMapped.size());
    }
    std::copy_n(network_order.begin(), is_ipv4 ? 4 : 16, bytes.begin());
}

void Database::Close::operator()(MMDB_s *mmdb) const noexcept
{
    MMDB_close(mmdb);
    delete mmdb;
}

Database::Database(const std::string &file, const std::string &name)
    : name_(name), metadata_(check_file(file, name))
{
    auto mmdb = std::make_unique<MMDB_s>();
    int status = MMDB_open(file.c_str(), MMDB_MODE_MMAP, mmdb.get());
    if (status == MMDB_OUT_OF_MEMORY_ERROR)
        throw std::bad_alloc();
    if (status != MMDB_SUCCESS)
        throw Error(ErrorCode::corrupted, "could not open geoip database " + quoted_path(name),
                    std::string("libmaxminddb says: ") + MMDB_strerror(status) + ".");
    mmdb_.reset(mmdb.release());
    tree_.emplace(std::span(mmdb_->file_content, static_cast<std::size_t>(mmdb_->file_size)),
                  metadata_.node_count, metadata_.record_size, metadata_.ip_version == 6);
}

Database::~Database() = default;

std::uint64_t Database::file_size() const noexcept
{
    return static_cast<std::uint64_t>(mmdb_->file_size);
}

DataReader Database::reader() const
{
    return {{mmdb_->data_section, mmdb_->data_section_size}, name_};
}

std::optional<Database::Match> Database::find(const Address &address)
{
    return address.is_ipv4 && tree_->has_ipv4() ? find_ipv4(address) : find_in_library(address);
}

std::optional<Database::Match> Database::find_ipv4(const Address &address)
{
    constexpr std::uint32_t kSeparator = 16;  // bytes between tree and data
    SearchTree::Leaf leaf = tree_->find(address.bytes);
    if (leaf.record == metadata_.node_count)
        return {};
    std::uint64_t first = std::uint64_t{metadata_.node_count} + kSeparator;
    if (leaf.record < first || leaf.record - first >= mmdb_->data_section_size)
        reader().corrupt("Its search tree leads out of the file.");
    return Match{static_cast<std::uint32_t>(leaf.record - first), leaf.depth};
}

std::optional<Database::Match> Database::find_in_library(const Address &address) const
{
    int error = MMDB_SUCCESS;
    MMDB_lookup_result_s result = look_up(mmdb_.get(), address, &error);
    if (error == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR)
        return {};
    if (error != MMDB_SUCCESS)
        reader().corrupt("Its search tree leads out of the file.");
    if (!result.found_entry)
        return {};
    int prefix = result.netmask;
    // A file of IPv6 addresses has IPv4 below ::/96 and counts from the top.
    if (address.is_ipv4 && metadata_.ip_version == 6)
        prefix = std::max(prefix - 96, 0);
    return Match{result.entry.offset, prefix};
}

const Place &Database::place(std::uint32_t entry)
{
    PlaceSlot &slot = slot_of(places_, kPlaceSlots, entry);
    if (slot.key != key_of(entry)) {
        DataReader data = reader();
        slot.place = read_place(data, entry, language_);
        slot.key = key_of(entry);
    }
    return slot.place;
}

std::string_view Database::country(std::uint32_t entry)
{
    CountrySlot &slot = slot_of(countries_, kCountrySlots, entry);
    if (slot.key != key_of(entry)) {
        DataReader data = reader();
        std::string_view code = read_country(data, entry);
        if (code.size() > sizeof slot.code)
            return code;  // no ISO code; rare enough to read again
        slot.size = static_cast<std::uint8_t>(code.copy(slot.code, sizeof slot.code));
        slot.key = key_of(entry);
    }
    return {slot.code, slot.size};
}

void Database::use_language(std::string_view language)
{
    if (language_ == language)
        return;
    language_ = language;
    places_.clear();
}

void Database::write_json(std::uint32_t entry, std::pmr::string &out) const
{
    DataReader data = reader();
    location::write_json(data, entry, out);
}

FieldKind Database::write_field(std::uint32_t entry, std::span<const std::string_view> path,
                                std::pmr::string &out) const
{
    DataReader data = reader();
    return location::write_field(data, entry, path, out);
}

}  // namespace profiles::location
