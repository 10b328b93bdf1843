#include "duplicates.h"

#include <algorithm>

#include "../profile/assembly.h"

namespace profiles {

namespace {

constexpr std::size_t kHashSize = 8;

// FNV-1a, then a finalizer that spreads the low bits: stable everywhere, and a collision costs one
// request among 32 of one user.
class Hasher {
public:
    void add(std::string_view bytes)
    {
        for (char byte : bytes)
            hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
        // A mark between two texts, so that their border counts.
        hash_ = (hash_ ^ 0x100u) * 0x100000001b3u;
    }
    std::uint64_t result() const
    {
        std::uint64_t hash = hash_;
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
        return hash ^ (hash >> 33);
    }

private:
    std::uint64_t hash_ = 0xcbf29ce484222325u;
};

// A gateway adds the address it sees, and a lost answer often means that the network has changed.
bool changes_on_retry(std::string_view name)
{
    return name == "rr" || name == "checksum" || name == "checksum256" || name == "ip_address" ||
           name == "ip" || name == "query_string";
}

}  // namespace

std::uint64_t hash_request(const Node &parameters)
{
    Hasher hasher;
    std::pmr::monotonic_buffer_resource arena;
    for (const Node &parameter : parameters.children) {
        if (changes_on_retry(parameter.key))
            continue;
        hasher.add(parameter.key);
        char type = static_cast<char>(parameter.type);
        hasher.add({&type, 1});
        hasher.add(parameter.packed ? parameter.bytes : pack(parameter, &arena));
    }
    return hasher.result();
}

std::uint64_t hash_texts(std::span<const std::string_view> texts)
{
    Hasher hasher;
    for (std::string_view text : texts)
        hasher.add(text);
    return hasher.result();
}

bool is_remembered(std::string_view recent_requests, std::uint64_t hash)
{
    for (std::size_t at = 0; at + kHashSize <= recent_requests.size(); at += kHashSize)
        if (layout::load<std::uint64_t>(recent_requests.data() + at) == hash)
            return true;
    return false;
}

std::string_view remember(std::string_view recent_requests, std::uint64_t hash,
                          std::pmr::memory_resource *memory)
{
    char first[kHashSize];
    layout::store(first, hash);
    return merge_remembered({first, kHashSize}, recent_requests, memory);
}

std::string_view merge_remembered(std::string_view first, std::string_view second,
                                  std::pmr::memory_resource *memory)
{
    constexpr std::size_t kRingSize = kRememberedRequests * kHashSize;
    auto *ring = static_cast<char *>(memory->allocate(kRingSize, 1));
    std::size_t size = 0;
    for (std::size_t at = 0; at < std::max(first.size(), second.size()); at += kHashSize)
        for (std::string_view from : {first, second})
            if (at + kHashSize <= from.size() && size < kRingSize)
                size += from.copy(ring + size, kHashSize, at);
    return {ring, size};
}

}  // namespace profiles
