#include "batch.h"

#include "../profile/assembly.h"
#include "system_event.h"

namespace profiles {

namespace {

constexpr std::string_view kPropertyUpdate = "[CLY]_property_update";

}  // namespace

Batch make_batch(std::span<Node> events, std::string_view profile, Time first, Time last,
                 std::pmr::memory_resource *memory)
{
    Node list = make_container(Type::array, events);
    seal(list);
    return {profile, pack(list, memory), first, last};
}

Batch make_update_batch(std::span<const Node> names, std::string_view profile, Time time,
                        std::pmr::memory_resource *memory)
{
    Node event = make_property_update(names, time, memory);
    return make_batch({&event, 1}, profile, time, time, memory);
}

Node make_property_update(std::span<const Node> names, Time time, std::pmr::memory_resource *memory)
{
    Node properties = make_container(Type::array, keep_nodes(names, memory));
    properties.key = "properties";
    return make_event(kPropertyUpdate, time, Node(), {&properties, 1}, memory);
}

}  // namespace profiles
