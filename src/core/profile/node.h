// A value that is being made: a plain tree, so that it may be filled from JSON text, from jsonb or
// by an operator, and may stand beside values that still lie in a stored profile. Trivially
// destructible: its memory belongs to whoever made it.
#pragma once

#include <memory_resource>
#include <span>

#include "value.h"

namespace profiles {

struct Node {
    std::string_view key;  // the name in its object
    Type type = Type::null;
    bool packed = true;    // `bytes` is the payload; otherwise `children` are what it holds
    bool literal = false;  // a number whose `bytes` are still its text: see pack_numbers()
    std::string_view bytes;
    std::span<Node> children;
    std::size_t size = 0;  // of the payload; set by seal() when not packed

    bool is_container() const { return type == Type::array || type == Type::object; }
    Item item() const { return {type, bytes}; }

    // A member of an object that is sealed and not packed; null where there is none.
    const Node *find(std::string_view name) const;
};

Node make_node(const Item &item);
Node make_text(std::string_view text);
Node make_boolean(bool value);
Node make_number(const Number &number, std::pmr::memory_resource *memory);
Node make_number_literal(std::string_view text);
Node make_container(Type type, std::span<Node> children);

// Children that grow while a container is read or made.
using NodeList = std::pmr::vector<Node>;

// What becomes of a well-formed number that cannot be kept exactly: an error, or a literal that is
// raised once somebody uses it, so that the rest of a lenient document is not lost.
enum class FaultyNumbers { raise, keep };

// Turns the number literals in a tree into payloads. Throws out_of_range.
void pack_numbers(Node &node, std::pmr::memory_resource *memory,
                  FaultyNumbers faulty = FaultyNumbers::raise);
// Throws out_of_range when a literal is left in the tree.
void require_numbers(const Node &node);

// Sorts the members (the last of equal keys stays, as in jsonb) and sets the sizes, here and below.
// Throws limit_exceeded when a container is deeper or larger than the format allows.
void seal(Node &node, int depth = 0);

// Opens a packed container one level, so that its members can be looked at and changed as nodes.
Node unpack(const Item &item, std::pmr::memory_resource *memory);

}  // namespace profiles
