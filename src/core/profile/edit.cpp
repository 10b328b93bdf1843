#include "edit.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "document.h"

namespace profiles {

namespace {

Node make_object(const NodeList &members, std::pmr::memory_resource *memory)
{
    auto *kept =
        static_cast<Node *>(memory->allocate(members.size() * sizeof(Node) + 1, alignof(Node)));
    std::uninitialized_copy(members.begin(), members.end(), kept);
    return make_container(Type::object, {kept, members.size()});
}

NodeList members_of(const Item &object, std::size_t room, std::pmr::memory_resource *memory)
{
    Node open = unpack(object, memory);
    NodeList members(memory);
    members.reserve(open.children.size() + room);
    members.assign(open.children.begin(), open.children.end());
    return members;
}

auto find_member(NodeList &members, std::string_view key)
{
    return std::find_if(members.begin(), members.end(),
                        [&](const Node &member) { return member.key == key; });
}

// The value of one more step: of the member at `path[0]`, or of a new object there.
Node set_below(const Node *member, std::span<const std::string_view> path, const Node &value,
               std::pmr::memory_resource *memory)
{
    if (path.size() == 1)
        return value;
    if (member && member->type != Type::object)
        throw Error(ErrorCode::wrong_type, "cannot set a member of " + quoted(path[0]) +
                                               ", which is of type " + type_name(member->type));
    if (member)
        return set_path(member->item(), path.subspan(1), value, memory);
    Node nothing = set_below(nullptr, path.subspan(1), value, memory);
    nothing.key = path[1];
    return make_object(NodeList({nothing}, memory), memory);
}

bool is_group(const Node &member)
{
    return (member.key == kCustom || member.key == kCampaign) && member.type == Type::object;
}

}  // namespace

Node set_path(const Item &object, std::span<const std::string_view> path, const Node &value,
              std::pmr::memory_resource *memory)
{
    NodeList members = members_of(object, 1, memory);
    auto found = find_member(members, path[0]);
    bool removes = value.type == Type::null;
    if (found == members.end() && removes)
        return make_object(members, memory);
    Node changed = set_below(found == members.end() ? nullptr : &*found, path, value, memory);
    changed.key = path[0];
    if (found == members.end())
        members.push_back(changed);
    else if (removes && path.size() == 1)
        members.erase(found);
    else
        *found = changed;
    return make_object(members, memory);
}

Node overlay(const Item &left, const Item &right, std::pmr::memory_resource *memory)
{
    // Both are sorted, so one walk over the two does.
    Node mine = unpack(left, memory), theirs = unpack(right, memory);
    NodeList members(memory);
    members.reserve(mine.children.size() + theirs.children.size());
    auto from_left = mine.children.begin();
    InterruptPoll poll;
    for (const Node &member : theirs.children) {
        poll.step();
        while (from_left != mine.children.end() && compare_keys(from_left->key, member.key) < 0)
            members.push_back(*from_left++);
        bool both = from_left != mine.children.end() && from_left->key == member.key;
        Node merged = both && is_group(member) && is_group(*from_left)
                          ? overlay(from_left->item(), member.item(), memory)
                          : member;
        merged.key = member.key;
        members.push_back(merged);
        from_left += both;
    }
    members.insert(members.end(), from_left, mine.children.end());
    return make_object(members, memory);
}

}  // namespace profiles
