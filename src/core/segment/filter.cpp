#include "filter.h"

#include <algorithm>
#include <string>

#include "../error.h"
#include "../interrupt.h"
#include "operators.h"

namespace profiles {

namespace {

constexpr std::size_t kMaxConditions = 10'000;
using Kind = Condition::Kind;
using Conditions = std::pmr::vector<Condition>;

std::string_view keep_text(std::string_view text, std::pmr::memory_resource *memory)
{
    auto *bytes = static_cast<char *>(memory->allocate(text.size() + 1, 1));
    text.copy(bytes, text.size());
    return {bytes, text.size()};
}

const char *field_name(Field field)
{
    switch (field) {
    case Field::uid: return "uid";
    case Field::device_id: return "device_id";
    case Field::key: return "event.key";
    case Field::count: return "event.count";
    case Field::sum: return "event.sum";
    case Field::duration: return "event.dur";
    }
    return "";
}

bool names_the_same(const std::string &text, const Reference &reference,
                    std::pmr::memory_resource *memory)
{
    Reference parsed = parse_reference(text, memory);
    return parsed.scope == reference.scope && parsed.path == reference.path;
}

}  // namespace

std::string_view canonical_name(const Reference &reference, std::pmr::memory_resource *memory)
{
    if (reference.scope == Scope::field)
        return field_name(reference.field);
    if (reference.scope == Scope::user)
        return keep_text("user." + std::string(column_name(reference.user_field)), memory);
    std::string path;
    for (std::string_view step : reference.path)
        path.append(path.empty() ? "" : ".").append(step);
    // A name that an alias or a column has taken, or that reads as an operator, keeps the prefix that
    // sets it apart.
    bool event = reference.scope == Scope::event;
    std::string text = event ? "event." + path : path;
    if (text.starts_with('$') || !names_the_same(text, reference, memory))
        text = (event ? "sg." : "up.") + path;
    return keep_text(text, memory);
}

// Reads with negation handed down: `negate` asks for the opposite of what is
// read.
class FilterReader {
public:
    explicit FilterReader(Filter &filter)
        : filter_(filter), store_{&filter.memory_, &filter.patterns_}
    {
    }

    Condition read(const Node &filter, bool negate, int depth)
    {
        check_depth(depth);
        if (filter.type != Type::object)
            throw Error(ErrorCode::invalid_value, "a filter must be a JSON object",
                        std::string("It is of type ") + type_name(filter.type) + ".",
                        "Write {\"country\": \"DE\"}.");
        Conditions conditions(store_.memory);
        for (const Node &member : members(filter))
            conditions.push_back(member.key.starts_with('$')
                                     ? read_logic(member, negate, depth)
                                     : read_property(member, negate, depth));
        return combine(negate ? Kind::any_of : Kind::all_of, conditions);
    }

private:
    static void check_depth(int depth)
    {
        if (depth >= layout::kMaxDepth)
            throw Error(ErrorCode::limit_exceeded, "filter is nested too deeply",
                        "At most " + std::to_string(layout::kMaxDepth) + " levels are allowed.");
    }

    std::span<Node> opened(const Node &container)
    {
        return container.packed ? unpack(container.item(), store_.memory).children
                                : container.children;
    }

    // The members of an object, where a repeated name is an error: one condition
    // would be lost.
    std::span<Node> members(const Node &object)
    {
        std::span<Node> nodes = opened(object);
        auto before = [](const Node &left, const Node &right) {
            return compare_keys(left.key, right.key) < 0;
        };
        std::stable_sort(nodes.begin(), nodes.end(), before);
        auto same = [](const Node &left, const Node &right) { return left.key == right.key; };
        auto repeated = std::adjacent_find(nodes.begin(), nodes.end(), same);
        if (repeated != nodes.end())
            throw Error(ErrorCode::invalid_value,
                        quoted(repeated->key) + " appears twice in one object of a filter", {},
                        "Join the conditions with $and.");
        return nodes;
    }

    Condition read_logic(const Node &member, bool negate, int depth)
    {
        bool all = member.key == "$and", any = member.key == "$or", none = member.key == "$nor";
        if (member.key == "$not")
            return read(member, !negate, depth + 1);
        if (!all && !any && !none)
            raise_unknown_operator(member.key);
        if (member.type != Type::array)
            raise_operand(member.key, "an array of filters", member);
        check_depth(depth + 1);
        if (none)
            negate = !negate;
        Conditions conditions(store_.memory);
        for (const Node &child : opened(member)) {
            check_interrupt();
            conditions.push_back(read(child, negate, depth + 2));
        }
        return combine(all != negate ? Kind::all_of : Kind::any_of, conditions);
    }

    Condition read_property(const Node &member, bool negate, int depth)
    {
        std::string_view name = keep_text(member.key, store_.memory);
        Reference reference = parse_reference(name, store_.memory);
        if (reference.scope == Scope::profile)
            refuse_names_of_app(name, reference.path[0]);
        Leaf subject{reference, canonical_name(reference, store_.memory), {}};
        if (has_operators(member))
            return read_operators(subject, member, negate, depth + 1);
        return leaf(subject, read_equality(member, store_), negate);
    }

    // Regions and cohorts belong to an app, and a filter knows none.
    static void refuse_names_of_app(std::string_view name, std::string_view first)
    {
        if (first == "geo")
            throw Error(ErrorCode::unsupported,
                        "a region by its name (" + quoted(name) + ") is not supported in a filter",
                        {},
                        "resolve_query(app, query) puts the filters of regions in their place.");
        if (first == "chr")
            throw Error(ErrorCode::unsupported,
                        "cohort membership (" + quoted(name) + ") is not supported in a filter");
    }

    // True for {"$gt": 5}; an object without any operator is a value. A mixture
    // is neither.
    bool has_operators(const Node &value)
    {
        if (value.type != Type::object)
            return false;
        std::span<Node> nodes = opened(value);
        auto is_operator = [](const Node &node) { return is_operator_name(node.key); };
        auto plain = std::find_if_not(nodes.begin(), nodes.end(), is_operator);
        if (plain == nodes.end())
            return !nodes.empty();
        auto found = std::find_if(nodes.begin(), nodes.end(), is_operator);
        if (found != nodes.end())
            throw Error(ErrorCode::invalid_value,
                        quoted(plain->key) + " stands beside operator " + quoted(found->key), {},
                        "A property takes either a value or an object of operators.");
        return false;
    }

    Condition read_operators(const Leaf &subject, const Node &object, bool negate, int depth)
    {
        check_depth(depth);
        std::span<Node> operators = members(object);
        const Node *options = find(operators, "$options");
        const Node *radius = find(operators, "$km");
        bool regex = find(operators, "$regex") != nullptr,
             near = find(operators, "$near") != nullptr;
        Conditions conditions(store_.memory);
        for (const Node &member : operators) {
            if (member.key == "$not")
                conditions.push_back(read_not(subject, member, negate, depth + 1));
            else if (member.key == "$regex")
                conditions.push_back(leaf(subject, read_regex(member, options, store_), negate));
            else if (member.key == "$near")
                conditions.push_back(
                    leaf(of_location(subject), read_near(member, radius, store_), negate));
            else if ((&member != options || !regex) && (&member != radius || !near))
                conditions.push_back(
                    leaf(subject, read_predicate(member.key, member, store_), negate));
        }
        return combine(negate ? Kind::any_of : Kind::all_of, conditions);
    }

    // Not a property of its own: latitude and longitude together.
    static const Leaf &of_location(const Leaf &subject)
    {
        if (subject.name != "location")
            throw Error(ErrorCode::invalid_value,
                        "operator \"$near\" is not for property " + quoted(subject.name), {},
                        "Write {\"location\": {\"$near\": [52.52, 13.4], \"$km\": 50}}.");
        return subject;
    }

    static const Node *find(std::span<const Node> nodes, std::string_view name)
    {
        for (const Node &node : nodes)
            if (node.key == name)
                return &node;
        return nullptr;
    }

    Condition read_not(const Leaf &subject, const Node &member, bool negate, int depth)
    {
        if (member.type == Type::object && opened(member).empty())
            return leaf(subject, Predicate(),
                        negate);  // {"$not": {}} asks whether the property is set
        if (!has_operators(member))
            raise_operand("$not", "an object of operators", member);
        return read_operators(subject, member, !negate, depth);
    }

    Condition leaf(Leaf made, const Predicate &predicate, bool negate)
    {
        if (filter_.leaves_.size() >= kMaxConditions)
            throw Error(ErrorCode::limit_exceeded, "filter has too many conditions",
                        "At most " + std::to_string(kMaxConditions) + " are allowed.",
                        "Ask for many values of one property with $in.");
        made.predicate = predicate;
        made.predicate.negated = predicate.negated != negate;
        made.position = filter_.leaves_.size();
        return {Kind::leaf, {}, &filter_.leaves_.emplace_back(std::move(made))};
    }

    // Flattens conditions of the same kind, drops what stands twice or decides
    // nothing, and lets what decides all decide.
    Condition combine(Kind kind, const Conditions &conditions)
    {
        Conditions flat(store_.memory);
        for (const Condition &condition : conditions) {
            if (condition.kind == kind)
                flat.insert(flat.end(), condition.children.begin(), condition.children.end());
            else if (condition.kind != Kind::leaf && condition.children.empty())
                return condition;
            else
                flat.push_back(condition);
        }
        sort_distinct(flat);
        if (flat.size() == 1)
            return flat.front();
        return {kind, keep(flat), nullptr};
    }

    static void sort_distinct(Conditions &conditions)
    {
        auto before = [](const Condition &left, const Condition &right) {
            check_interrupt();
            return compare_conditions(left, right) < 0;
        };
        auto same = [](const Condition &left, const Condition &right) {
            return compare_conditions(left, right) == 0;
        };
        std::sort(conditions.begin(), conditions.end(), before);
        conditions.erase(std::unique(conditions.begin(), conditions.end(), same), conditions.end());
    }

    std::span<const Condition> keep(const Conditions &conditions)
    {
        std::size_t size = conditions.size() * sizeof(Condition) + 1;
        auto *kept = static_cast<Condition *>(store_.memory->allocate(size, alignof(Condition)));
        std::uninitialized_copy(conditions.begin(), conditions.end(), kept);
        return {kept, conditions.size()};
    }

    Filter &filter_;
    PredicateStore store_;
};

Filter::Filter(const Node &root) : memory_(std::pmr::new_delete_resource())
{
    root_ = FilterReader(*this).read(root, false, 0);
}

}  // namespace profiles
