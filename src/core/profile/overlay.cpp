#include "overlay.h"

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

bool is_group(const Node &member)
{
    return (member.key == kCustom || member.key == kCampaign) && member.type == Type::object;
}

}  // namespace

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
