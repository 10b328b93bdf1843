#include "system_event.h"

namespace profiles {

Node member(std::string_view key, Node node)
{
    node.key = key;
    return node;
}

std::span<Node> keep_nodes(std::span<const Node> nodes, std::pmr::memory_resource *memory)
{
    auto *kept =
        static_cast<Node *>(memory->allocate(nodes.size() * sizeof(Node) + 1, alignof(Node)));
    std::uninitialized_copy(nodes.begin(), nodes.end(), kept);
    return {kept, nodes.size()};
}

Node make_event(std::string_view key, Time time, Node dur, std::span<const Node> segmentation,
                std::pmr::memory_resource *memory)
{
    NodeList members(memory);
    members.push_back(member("key", make_text(key)));
    members.push_back(member("ts", make_number(time, memory)));
    if (dur.type != Type::null)
        members.push_back(member("dur", dur));
    if (!segmentation.empty())
        members.push_back(
            member("segmentation", make_container(Type::object, keep_nodes(segmentation, memory))));
    Node event = make_container(Type::object, keep_nodes(members, memory));
    seal(event);
    return event;
}

}  // namespace profiles
