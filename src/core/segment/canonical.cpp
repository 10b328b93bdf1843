// The one form that equivalent usual spellings of a filter share: an order of
// conditions, by which the reader sorts them, and the way back to JSON.
// Conditions on one property stand in one object; only what does not fit into
// it (two conditions with the same operator on one property, a second $or) goes
// into $and.
#include <algorithm>

#include "../interrupt.h"
#include "../profile/assembly.h"
#include "filter.h"
#include "operators.h"

namespace profiles {

namespace {

using Kind = Condition::Kind;

class FilterWriter {
public:
    explicit FilterWriter(std::pmr::memory_resource *memory) : memory_(memory) {}

    Node write(const Condition &condition)
    {
        if (condition.kind == Kind::any_of)
            return write_any(condition);
        std::span<const Condition> children = condition.children;
        if (condition.kind == Kind::leaf)
            children = {&condition, 1};
        return write_all(children);
    }

private:
    // One operator on one property, packed so that equal ones are found by their
    // bytes.
    struct Entry {
        std::string_view name;  // of the property
        std::string_view op;
        std::string_view operand;  // packed
        Type type;
        bool bare;                 // the operand is a value that stands alone
        std::string_view options;  // $options of $regex, $km of $near; packed
        Type type_of_options = Type::text;
    };

    Node write_any(const Condition &condition)
    {
        NodeList filters(memory_);
        for (const Condition &child : condition.children)
            filters.push_back(write(child));
        return object({named("$or", array(filters))});
    }

    Node write_all(std::span<const Condition> conditions)
    {
        std::pmr::vector<Entry> entries(memory_);
        NodeList choices(memory_), members(memory_), more(memory_);
        for (const Condition &condition : conditions) {
            if (condition.kind == Kind::leaf)
                entries.push_back(entry_of(*condition.leaf));
            else
                choices.push_back(write(condition));
        }
        sort_entries(entries);
        for (std::size_t first = 0, end; first < entries.size(); first = end) {
            end = first + 1;
            while (end < entries.size() && entries[end].name == entries[first].name)
                ++end;
            write_property({&entries[first], end - first}, members, more);
        }
        write_choices(choices, members, more);
        if (!more.empty())
            members.push_back(named("$and", array(more)));
        return sealed(make_container(Type::object, copy(members)));
    }

    Entry entry_of(const Leaf &leaf)
    {
        Node value = write_predicate(leaf.predicate, memory_);
        seal(value);
        bool bare = value.type != Type::object || value.packed;
        if (bare)
            return {leaf.name, "$eq", value.bytes, value.type, true, {}};
        if (value.children.size() == 1) {
            const Node &member = value.children.front();
            return {leaf.name, member.key, pack(member, memory_), member.type, false, {}};
        }
        bool regex = leaf.predicate.op == PredicateKind::regex;
        const Node &member = *value.find(regex ? "$regex" : "$near");
        const Node &options = *value.find(regex ? "$options" : "$km");
        return {leaf.name,   member.key, pack(member, memory_),
                member.type, false,      pack(options, memory_),
                options.type};
    }

    static void sort_entries(std::pmr::vector<Entry> &entries)
    {
        auto rank = [](const Entry &entry) {
            return std::tie(entry.name, entry.op, entry.type, entry.operand, entry.options);
        };
        std::sort(entries.begin(), entries.end(), [&](const Entry &left, const Entry &right) {
            check_interrupt();
            return rank(left) < rank(right);
        });
    }

    // The first of each operator goes into the property's own member, the others
    // into `more`.
    void write_property(std::span<const Entry> entries, NodeList &members, NodeList &more)
    {
        NodeList operators(memory_);
        std::size_t kept = 0;
        for (std::size_t index = 0; index < entries.size(); ++index) {
            const Entry &entry = entries[index];
            if (index > 0 && entries[index - 1].op == entry.op) {
                more.push_back(object({named(entry.name, value_of(entry))}));
                continue;
            }
            ++kept;
            add_operator(entry, operators);
        }
        Node value =
            kept == 1 ? value_of(entries.front()) : make_container(Type::object, copy(operators));
        members.push_back(named(entries.front().name, value));
    }

    void add_operator(const Entry &entry, NodeList &operators)
    {
        operators.push_back(named(entry.op, make_node({entry.type, entry.operand})));
        if (!entry.options.empty())
            operators.push_back(named(entry.op == "$near" ? "$km" : "$options",
                                      make_node({entry.type_of_options, entry.options})));
    }

    Node value_of(const Entry &entry)
    {
        if (entry.bare)
            return make_node({entry.type, entry.operand});
        NodeList operators(memory_);
        add_operator(entry, operators);
        return make_container(Type::object, copy(operators));
    }

    // The first $or is a member, the others go into `more`.
    void write_choices(NodeList &choices, NodeList &members, NodeList &more)
    {
        if (choices.empty())
            return;
        std::span<Node> sorted = array(choices).children;
        const Node &first = sorted.front();
        members.push_back(named("$or", make_node(View(first.item()).item(0))));
        more.insert(more.end(), sorted.begin() + 1, sorted.end());
    }

    // Filters as an array, each packed, sorted by bytes.
    Node array(NodeList &filters)
    {
        for (Node &filter : filters) {
            seal(filter);
            filter = make_node({filter.type, pack(filter, memory_)});
        }
        auto bytes_before = [](const Node &left, const Node &right) {
            return left.bytes < right.bytes;
        };
        std::sort(filters.begin(), filters.end(), bytes_before);
        return make_container(Type::array, copy(filters));
    }

    Node object(std::initializer_list<Node> members)
    {
        NodeList list(members, memory_);
        return sealed(make_container(Type::object, copy(list)));
    }

    static Node named(std::string_view key, Node value)
    {
        value.key = key;
        return value;
    }

    static Node sealed(Node node)
    {
        seal(node);
        return node;
    }

    std::span<Node> copy(const NodeList &nodes)
    {
        auto *kept =
            static_cast<Node *>(memory_->allocate(nodes.size() * sizeof(Node) + 1, alignof(Node)));
        std::uninitialized_copy(nodes.begin(), nodes.end(), kept);
        return {kept, nodes.size()};
    }

    std::pmr::memory_resource *memory_;
};

}  // namespace

int compare_conditions(const Condition &left, const Condition &right)
{
    if (left.kind != right.kind)
        return left.kind < right.kind ? -1 : 1;
    if (left.kind == Kind::leaf) {
        int order = left.leaf->name.compare(right.leaf->name);
        return order != 0 ? order : compare_predicates(left.leaf->predicate, right.leaf->predicate);
    }
    std::size_t common = std::min(left.children.size(), right.children.size());
    for (std::size_t index = 0; index < common; ++index)
        if (int order = compare_conditions(left.children[index], right.children[index]))
            return order;
    return left.children.size() < right.children.size()   ? -1
           : left.children.size() > right.children.size() ? 1
                                                          : 0;
}

Node Filter::to_node(std::pmr::memory_resource *memory) const
{
    return FilterWriter(memory).write(root_);
}

}  // namespace profiles
