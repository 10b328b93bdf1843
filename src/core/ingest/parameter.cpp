#include "parameter.h"

#include <arpa/inet.h>

#include "../error.h"
#include "../update/text.h"

namespace profiles {

std::string_view parameter_text(const Node &parameter, std::pmr::memory_resource *memory)
{
    switch (parameter.type) {
    case Type::null: return {};
    case Type::text: return parameter.bytes;
    case Type::no: return "false";
    case Type::yes: return "true";
    case Type::integer:
    case Type::decimal: return keep_text(to_text(number_of(parameter.item())).view(), memory);
    default:
        throw Error(ErrorCode::wrong_type,
                    std::string("must be a text, got ") + type_name(parameter.type));
    }
}

std::optional<Number> parameter_number(const Node &parameter)
{
    bool is_empty =
        parameter.type == Type::null || (parameter.type == Type::text && parameter.bytes.empty());
    if (is_empty)
        return std::nullopt;
    if (parameter.type == Type::text)
        return Number::parse(parameter.bytes);
    if (parameter.item().is_number())
        return number_of(parameter.item());
    throw Error(ErrorCode::wrong_type,
                std::string("must be a number, got ") + type_name(parameter.type));
}

std::optional<std::int64_t> parameter_integer(const Node &parameter, std::int64_t low,
                                              std::int64_t high)
{
    std::optional<Number> value = parameter_number(parameter);
    if (!value)
        return std::nullopt;
    if (!value->is_integer() || value->integer() < low || value->integer() > high)
        throw Error(ErrorCode::invalid_value, "must be an integer from " + std::to_string(low) +
                                                  " to " + std::to_string(high));
    return value->integer();
}

bool parameter_flag(const Node &parameter, std::pmr::memory_resource *memory)
{
    std::string_view value = parameter_text(parameter, memory);
    if (value == "1" || value == "true")
        return true;
    if (value.empty() || value == "0" || value == "false")
        return false;
    throw Error(ErrorCode::invalid_value, "must be 1 or true");
}

std::optional<location::Address> parse_address(std::string_view ip)
{
    char name[INET6_ADDRSTRLEN];
    if (ip.size() >= sizeof name)
        return std::nullopt;
    name[ip.copy(name, ip.size())] = '\0';
    std::uint8_t bytes[16];
    if (inet_pton(AF_INET, name, bytes) == 1)
        return location::Address({bytes, 4});
    if (inet_pton(AF_INET6, name, bytes) == 1)
        return location::Address({bytes, 16});
    return std::nullopt;
}

std::string address_text(const location::Address &address)
{
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(address.is_ipv4 ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof text);
}

}  // namespace profiles
