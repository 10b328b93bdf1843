// SDKs send a request again when its answer was lost. A request is known by a hash of its content,
// timestamp included; the last 32 of a user are remembered, 8 bytes each, newest first.
#pragma once

#include "../profile/node.h"

namespace profiles {

inline constexpr std::size_t kRememberedRequests = 32;

// Over everything that makes the request: not over what changes when it is sent again (rr, checksums and the
// address).
// `parameters` must be sealed. Part of the stored format: never change it.
std::uint64_t hash_request(const Node &parameters);

// The same hash over a few texts. Stored as well.
std::uint64_t hash_texts(std::span<const std::string_view> texts);

bool is_remembered(std::string_view recent_requests, std::uint64_t hash);
// The ring with the hash in front.
std::string_view remember(std::string_view recent_requests, std::uint64_t hash,
                          std::pmr::memory_resource *memory);
// Two users' rings in one: the newest of both.
std::string_view merge_remembered(std::string_view first, std::string_view second,
                                  std::pmr::memory_resource *memory);

}  // namespace profiles
