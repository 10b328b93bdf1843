// Single values of parameters: as themselves or inside a string. What is of another type throws.
#pragma once

#include "../location/mmdb.h"
#include "../profile/node.h"

namespace profiles {

std::string_view parameter_text(const Node &parameter, std::pmr::memory_resource *memory);
// Null and the empty text are no number.
std::optional<Number> parameter_number(const Node &parameter);
std::optional<std::int64_t> parameter_integer(const Node &parameter, std::int64_t low,
                                              std::int64_t high);
bool parameter_flag(const Node &parameter, std::pmr::memory_resource *memory);
std::optional<location::Address> parse_address(std::string_view ip);
std::string address_text(const location::Address &address);

}  // namespace profiles
