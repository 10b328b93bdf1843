// A profile while properties of it are set and removed by path, any number of them, at the cost of what they
// touch: an object is opened once, when something in it changes.
#pragma once

#include <unordered_map>

#include "node.h"
#include "view.h"

namespace profiles {

class Draft {
public:
    // What is given to a draft must live as long as what finish() makes of it. Its memory is given back with the
    // resource; a draft need not be destroyed.
    explicit Draft(std::pmr::memory_resource *memory);
    Draft(const Item &object, std::pmr::memory_resource *memory);

    // Sets the value at `path`; null removes what is there. Objects on the way are made where they are missing;
    // throws wrong_type where something else is in the way.
    void set(std::span<const std::string_view> path, const Node &value);
    bool changed() const { return changed_; }
    // The object as it is now, unsealed. Unchanged parts point into the old bytes.
    Node finish(std::pmr::memory_resource *memory) const { return finish(*root_, memory); }

private:
    struct Object;

    struct Member {
        Node node;
        Object *open = nullptr;  // what the node has become
        bool removed = false;    // may be set again
    };

    struct Object {
        explicit Object(std::pmr::memory_resource *memory) : members(memory), positions(memory) {}

        Member *find(std::string_view key);
        Member &add(std::string_view key);

        std::pmr::vector<Member> members;
        std::pmr::unordered_map<std::string_view, std::size_t> positions;  // when there are many
    };

    Object *make_object(std::span<const Node> members);
    Object *open(Member &member);
    static Node finish(const Object &object, std::pmr::memory_resource *memory);

    std::pmr::memory_resource *memory_;
    Object *root_;
    bool changed_ = false;
};

}  // namespace profiles
