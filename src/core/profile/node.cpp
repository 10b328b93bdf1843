#include "node.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "assembly.h"

namespace profiles {

const Node *Node::find(std::string_view name) const
{
    if (type != Type::object || packed)
        return nullptr;
    auto at = std::lower_bound(children.begin(), children.end(), name,
                               [](const Node &member, std::string_view sought) {
                                   return compare_keys(member.key, sought) < 0;
                               });
    return at != children.end() && at->key == name ? &*at : nullptr;
}

Node make_node(const Item &item)
{
    Node node;
    node.type = item.type;
    node.bytes = item.bytes;
    return node;
}

Node make_text(std::string_view text) { return make_node({Type::text, text}); }

Node make_boolean(bool value) { return make_node({value ? Type::yes : Type::no, {}}); }

Node make_number(const Number &number, std::pmr::memory_resource *memory)
{
    NumberItem packed = pack_number(number);
    auto *bytes = static_cast<char *>(memory->allocate(packed.length, 1));
    std::memcpy(bytes, packed.bytes, packed.length);
    return make_node({packed.type, {bytes, packed.length}});
}

Node make_number_literal(std::string_view text)
{
    Node node = make_node({Type::decimal, text});
    node.literal = true;
    return node;
}

Node make_container(Type type, std::span<Node> children)
{
    Node node;
    node.type = type;
    node.packed = false;
    node.children = children;
    return node;
}

namespace {

// Keeps the last of equal keys.
std::span<Node> drop_repeated_keys(std::span<Node> members)
{
    std::size_t kept = 0;
    for (std::size_t index = 0; index < members.size(); ++index) {
        if (kept > 0 && members[kept - 1].key == members[index].key)
            --kept;
        if (kept != index)
            members[kept] = members[index];
        ++kept;
    }
    return members.first(kept);
}

void sort_members(Node &object)
{
    InterruptPoll poll;
    auto before = [&poll](const Node &left, const Node &right) {
        poll.step();
        return compare_keys(left.key, right.key) < 0;
    };
    if (!std::is_sorted(object.children.begin(), object.children.end(), before))
        std::stable_sort(object.children.begin(), object.children.end(), before);
    object.children = drop_repeated_keys(object.children);
}

}  // namespace

namespace {

void pack_number_literal(Node &node, std::pmr::memory_resource *memory, FaultyNumbers faulty)
{
    check_interrupt();
    std::string_view key = node.key;
    try {
        node = make_number(Number::parse(node.bytes), memory);
        node.key = key;
    } catch (const Error &error) {
        if (faulty == FaultyNumbers::raise || error.code() != ErrorCode::out_of_range)
            throw;
    }
}

}  // namespace

void pack_numbers(Node &node, std::pmr::memory_resource *memory, FaultyNumbers faulty)
{
    if (node.literal)
        pack_number_literal(node, memory, faulty);
    for (Node &child : node.children)
        pack_numbers(child, memory, faulty);
}

void require_numbers(const Node &node)
{
    if (node.literal)
        Number::parse(node.bytes);
    for (const Node &child : node.children)
        require_numbers(child);
}

void seal(Node &node, int depth)
{
    if (node.packed) {
        node.size = node.bytes.size();
        return;
    }
    check_interrupt();
    if (depth >= layout::kMaxDepth)
        throw Error(ErrorCode::limit_exceeded, "value is nested too deeply",
                    "At most " + std::to_string(layout::kMaxDepth) + " levels are allowed.");
    for (Node &child : node.children)
        seal(child, depth + 1);
    if (node.type == Type::object)
        sort_members(node);

    Piece all{.nodes = node.children};
    node.size = Assembly(node.type, nullptr, {&all, 1}).size();
}

Node unpack(const Item &item, std::pmr::memory_resource *memory)
{
    View view(item);
    auto *children =
        static_cast<Node *>(memory->allocate(view.count() * sizeof(Node), alignof(Node)));
    Cursor cursor(view);
    std::uint32_t count = 0;
    while (cursor.next()) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        Node *child = new (children + count++) Node(make_node(cursor.item()));
        child->key = cursor.key();
        child->size = child->bytes.size();
    }
    Node node = make_container(item.type, {children, count});
    node.size = item.bytes.size();
    return node;
}

}  // namespace profiles
