#include "draft.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

namespace {

constexpr std::size_t kFewMembers = 16;  // found by looking at each

}  // namespace

Draft::Member *Draft::Object::find(std::string_view key)
{
    if (members.size() <= kFewMembers) {
        auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member &member) { return member.node.key == key; });
        return found == members.end() ? nullptr : &*found;
    }
    while (positions.size() < members.size())
        positions.emplace(members[positions.size()].node.key, positions.size());
    auto found = positions.find(key);
    return found == positions.end() ? nullptr : &members[found->second];
}

Draft::Member &Draft::Object::add(std::string_view key)
{
    Member &member = members.emplace_back();
    member.node.key = key;
    return member;
}

Draft::Draft(std::pmr::memory_resource *memory) : memory_(memory), root_(make_object({})) {}

Draft::Draft(const Item &object, std::pmr::memory_resource *memory)
    : memory_(memory), root_(make_object(unpack(object, memory).children))
{
}

Draft::Object *Draft::make_object(std::span<const Node> members)
{
    void *place = memory_->allocate(sizeof(Object), alignof(Object));
    auto *object = new (place) Object(memory_);
    object->members.reserve(members.size() + 1);
    for (const Node &node : members)
        object->members.push_back({node});
    return object;
}

Draft::Object *Draft::open(Member &member)
{
    if (!member.open) {
        Node old = member.removed ? Node() : member.node;
        if (old.type == Type::object && old.packed)
            old = unpack(old.item(), memory_);
        member.open = make_object(old.children);
    }
    member.removed = false;
    return member.open;
}

void Draft::set(std::span<const std::string_view> path, const Node &value)
{
    bool removes = value.type == Type::null;
    Object *object = root_;
    for (std::string_view step : path.first(path.size() - 1)) {
        Member *member = object->find(step);
        bool missing = !member || member->removed;
        bool is_object = !missing && (member->open || member->node.type == Type::object);
        if (removes && !is_object)
            return;
        if (!missing && !is_object)
            throw Error(ErrorCode::wrong_type, "cannot set a member of " + quoted(step) +
                                                   ", which is of type " +
                                                   type_name(member->node.type));
        object = open(member ? *member : object->add(step));
    }
    Member *member = object->find(path.back());
    if (removes && (!member || member->removed))
        return;
    if (!member)
        member = &object->add(path.back());
    std::string_view key = member->node.key;
    *member = {value, nullptr, removes};
    member->node.key = key;
    changed_ = true;
}

Node Draft::finish(const Object &object, std::pmr::memory_resource *memory)
{
    auto *nodes = static_cast<Node *>(
        memory->allocate(object.members.size() * sizeof(Node) + 1, alignof(Node)));
    std::size_t count = 0;
    InterruptPoll poll;
    for (const Member &member : object.members) {
        poll.step();
        if (member.removed)
            continue;
        Node *node =
            new (nodes + count++) Node(member.open ? finish(*member.open, memory) : member.node);
        node->key = member.node.key;
    }
    return make_container(Type::object, {nodes, count});
}

}  // namespace profiles
