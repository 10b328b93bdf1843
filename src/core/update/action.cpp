#include "action.h"

#include <algorithm>

#include "../error.h"
#include "../profile/assembly.h"
#include "../profile/compare.h"
#include "arrays.h"

namespace profiles {

namespace {

OwnedValue own(const Node &node, std::pmr::memory_resource *memory)
{
    std::pmr::string bytes(memory);
    if (node.packed) {
        bytes.assign(node.bytes);
    } else {
        bytes.resize(node.size);
        write_node(node, bytes.data());
    }
    return {node.type, std::move(bytes)};
}

bool removes(const Node &operand)
{
    return operand.type == Type::null || (operand.type == Type::text && operand.bytes.empty());
}

void keep_operand(Action &action, const Node &operand, std::pmr::memory_resource *memory)
{
    action.operand = own(operand, memory);
}

void keep_elements(Action &action, std::span<const Node> elements,
                   std::pmr::memory_resource *memory)
{
    action.form = Action::Form::list;
    action.can_join = true;
    action.elements.reserve(elements.size());
    for (const Node &element : elements)
        action.elements.push_back(own(element, memory));
}

// The values that $pull removes, where it is a matter of values and not of conditions.
std::optional<std::span<const Node>> pulled_values(const Node &operand)
{
    std::span<const Node> values(&operand, 1);
    bool has_conditions =
        operand.type == Type::object &&
        std::any_of(operand.children.begin(), operand.children.end(),
                    [](const Node &member) { return member.key.starts_with('$'); });
    if (has_conditions) {
        const Node &condition = operand.children.front();
        bool is_list = condition.key == "$in" && condition.type == Type::array;
        if (operand.children.size() > 1 || (!is_list && condition.key != "$eq"))
            return std::nullopt;
        values = is_list ? std::span<const Node>(condition.children)
                         : std::span<const Node>(&condition, 1);
    } else if (operand.type == Type::array) {
        values = operand.children;
    }
    bool has_null = std::any_of(values.begin(), values.end(),
                                [](const Node &value) { return value.type == Type::null; });
    return has_null ? std::nullopt : std::optional(values);
}

// $push and $addToSet. A faulty operand is kept as it is: the profile that meets it says what is wrong.
void keep_array_operand(Action &action, const Change &change, std::pmr::memory_resource *memory)
{
    try {
        const std::optional<Item> nothing;
        Operation operation{change.key, nothing, change.operand, memory};
        ArrayOperand operand(operation, operator_name(change.op));
        action.makes = !operand.elements.empty();
        action.slice = operand.slice;
        if (operand.position)
            keep_operand(action, change.operand, memory);
        else
            keep_elements(action, operand.elements, memory);
    } catch (const Error &) {
        keep_operand(action, change.operand, memory);
    }
}

bool is_comparable(const Node &operand)
{
    return operand.item().is_number() || (operand.type == Type::text && !operand.bytes.empty());
}

void keep_scalar(Action &action, const Node &operand, std::pmr::memory_resource *memory)
{
    bool is_number = operand.item().is_number();
    bool calculates = action.op == Operator::multiply || action.op == Operator::increment;
    action.makes = action.can_join = calculates ? is_number : is_comparable(operand);
    if (calculates && is_number) {
        action.form = Action::Form::number;
        action.number = number_of(operand.item());
    } else {
        keep_operand(action, operand, memory);
    }
}

}  // namespace

std::optional<Action> make_action(const Change &change, std::pmr::memory_resource *memory)
{
    Action action(change.op, memory);
    const Node &operand = change.operand;
    switch (change.op) {
    case Operator::arrive: return std::nullopt;  // the other end tells both
    case Operator::set:
    case Operator::literal: {
        bool is_value = change.op == Operator::set ? !removes(operand) : operand.type != Type::null;
        action.op = is_value ? Operator::set : Operator::unset;
        action.makes = is_value;
        if (is_value)
            keep_operand(action, operand, memory);
        return action;
    }
    case Operator::unset: return action;
    case Operator::set_once:
        if (removes(operand))
            return std::nullopt;
        action.makes = true;
        keep_operand(action, operand, memory);
        return action;
    case Operator::multiply:
    case Operator::increment:
    case Operator::minimum:
    case Operator::maximum: keep_scalar(action, operand, memory); return action;
    case Operator::add_to_set:
    case Operator::push: keep_array_operand(action, change, memory); return action;
    case Operator::pull:
        if (std::optional<std::span<const Node>> values = pulled_values(operand))
            keep_elements(action, *values, memory);
        else
            keep_operand(action, operand, memory);
        return action;
    case Operator::rename:
    case Operator::pop: keep_operand(action, operand, memory); return action;
    }
    return action;
}

namespace {

bool join_numbers(Action &first, const Action &next)
{
    try {
        first.number =
            (first.op == Operator::increment ? add : multiply)(first.number, next.number);
        return true;
    } catch (const Error &) {
        return false;
    }
}

bool join_extremes(Action &first, const Action &next)
{
    Item kept = first.operand.item(), other = next.operand.item();
    if (kept.is_number() != other.is_number())
        return false;
    int direction = first.op == Operator::maximum ? 1 : -1;
    if (compare_items(other, kept) * direction > 0)
        first.operand = next.operand;
    return true;
}

// The last n of (the last m of x, then y) are the last n of (x, then y) where n <= m.
bool can_join_slices(const Action &first, const Action &next)
{
    if (!first.slice)
        return true;
    return next.slice && *first.slice < 0 && *next.slice < 0 && *next.slice >= *first.slice;
}

// Of a $push that keeps the last n, what comes before its own last n never stays.
std::span<const OwnedValue> kept_elements(const Action &action)
{
    std::span<const OwnedValue> all = action.elements;
    if (!action.slice || *action.slice >= 0)
        return all;
    std::uint64_t limit = 0 - static_cast<std::uint64_t>(*action.slice);
    return all.size() > limit ? all.last(limit) : all;
}

Node element_list(const Action &action, std::pmr::memory_resource *memory)
{
    std::span<const OwnedValue> elements = kept_elements(action);
    auto *nodes =
        static_cast<Node *>(memory->allocate(elements.size() * sizeof(Node) + 1, alignof(Node)));
    for (std::size_t index = 0; index < elements.size(); ++index)
        new (nodes + index) Node(make_node(elements[index].item()));
    return make_container(Type::array, {nodes, elements.size()});
}

// The elements without repeated ones, as an array.
Item unique_elements(const Action &action, std::pmr::memory_resource *scratch)
{
    Node list = element_list(action, scratch);
    seal(list);
    const std::optional<Item> nothing;
    Operation operation{{}, nothing, list, scratch};
    return *add_missing_elements(nothing, ArrayOperand(operation, "$addToSet"), scratch);
}

void drop_repeated(Action &action, std::pmr::memory_resource *memory)
{
    std::pmr::monotonic_buffer_resource scratch(memory);
    View unique(unique_elements(action, &scratch));
    std::pmr::vector<OwnedValue> elements(memory);
    elements.reserve(unique.count());
    for (Cursor cursor(unique); cursor.next();)
        elements.push_back({cursor.item().type, std::pmr::string(cursor.item().bytes, memory)});
    action.elements = std::move(elements);
    action.unique_at = std::max<std::size_t>(64, 2 * action.elements.size());
}

void append_elements(Action &first, const Action &next, std::pmr::memory_resource *memory)
{
    for (const OwnedValue &element : next.elements)
        first.elements.push_back({element.type, std::pmr::string(element.bytes, memory)});
    if (first.op != Operator::push && first.elements.size() >= first.unique_at)
        drop_repeated(first, memory);
}

void drop_pushed_out(Action &action)
{
    std::size_t kept = kept_elements(action).size();
    if (action.elements.size() > 2 * kept + 64)
        action.elements.erase(action.elements.begin(),
                              action.elements.end() - static_cast<std::ptrdiff_t>(kept));
}

}  // namespace

bool join_actions(Action &first, const Action &next, std::pmr::memory_resource *memory)
{
    if (first.op != next.op || !first.can_join || !next.can_join)
        return false;
    bool joined = false;
    if (first.form == Action::Form::number) {
        joined = join_numbers(first, next);
    } else if (first.form == Action::Form::value) {
        joined = join_extremes(first, next);
    } else if (can_join_slices(first, next)) {
        append_elements(first, next, memory);
        first.slice = next.slice;
        drop_pushed_out(first);
        joined = true;
    }
    first.makes = joined ? first.makes || next.makes : first.makes;
    return joined;
}

namespace {

// Operators look at the members of an operand, and at what stands in a list below.
Node open_operand(const Item &item, std::pmr::memory_resource *memory)
{
    if (!item.is_container())
        return make_node(item);
    Node open = unpack(item, memory);
    for (Node &child : open.children)
        if (child.is_container() && child.key.starts_with('$')) {
            std::string_view key = child.key;
            child = unpack(child.item(), memory);
            child.key = key;
        }
    return open;
}

Node operand_node(const Action &action, std::pmr::memory_resource *memory)
{
    if (action.form == Action::Form::number)
        return make_number(action.number, memory);
    if (action.form == Action::Form::value)
        return open_operand(action.operand.item(), memory);
    Node list = element_list(action, memory);
    if (!action.slice)
        return list;
    list.key = "$each";
    Node slice = make_number(*action.slice, memory);
    slice.key = "$slice";
    auto *members = static_cast<Node *>(memory->allocate(2 * sizeof(Node), alignof(Node)));
    new (members) Node(list);
    new (members + 1) Node(slice);
    return make_container(Type::object, {members, 2});
}

// What stays of the elements of a list, as an array.
Item packed_elements(const Action &action, std::pmr::memory_resource *scratch)
{
    if (action.op != Operator::push && action.elements.size() > 1)
        return unique_elements(action, scratch);
    Node list = element_list(action, scratch);
    seal(list);
    return {Type::array, pack(list, scratch)};
}

void write_list(const Action &action, TextBuffer &out, std::pmr::memory_resource *scratch)
{
    Item list = packed_elements(action, scratch);
    View elements(list);
    if (action.slice) {
        out.add("{\"$each\": ");
        write_json(list, out);
        out.add(", \"$slice\": ");
        out.add(to_text(*action.slice).view());
        out.add('}');
    } else if (elements.count() == 1 && !elements.item(0).is_container()) {
        write_json(elements.item(0), out);
    } else {
        write_json(list, out);
    }
}

}  // namespace

std::optional<Item> perform(const Action &action, const std::optional<Item> &value,
                            std::pmr::memory_resource *scratch)
{
    Node operand = operand_node(action, scratch);
    seal(operand);
    return operator_rules()[static_cast<std::size_t>(action.op)].apply(
        {{}, value, operand, scratch});
}

void write_operand(const Action &action, TextBuffer &out, std::pmr::memory_resource *scratch)
{
    switch (action.form) {
    case Action::Form::number: out.add(to_text(action.number).view()); break;
    case Action::Form::value: write_json(action.operand.item(), out); break;
    case Action::Form::list: write_list(action, out, scratch); break;
    }
}

}  // namespace profiles
