// Events that ingestion makes itself.
#pragma once

#include <initializer_list>

#include "../profile/node.h"
#include "user.h"

namespace profiles {

Node member(std::string_view key, Node node);

// An array that lives as long as `memory`.
std::span<Node> keep_nodes(std::span<const Node> nodes, std::pmr::memory_resource *memory);

// A sealed event; `dur` in seconds is left out when it is null.
Node make_event(std::string_view key, Time time, Node dur, std::span<const Node> segmentation,
                std::pmr::memory_resource *memory);

}  // namespace profiles
