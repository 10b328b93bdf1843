#include "arrays.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/assembly.h"
#include "../profile/compare.h"

namespace profiles {

namespace {

constexpr std::size_t kLinearSearch = 16;  // up to here comparing beats hashing

struct ItemHash {
    std::size_t operator()(const Item &item) const
    {
        return std::hash<std::string_view>()(item.bytes) ^ static_cast<std::size_t>(item.type);
    }
};

// Any order of canonical values serves a search for equal ones.
bool precedes(const Item &left, const Item &right)
{
    return left.type != right.type ? left.type < right.type : left.bytes < right.bytes;
}

using ItemSet = std::pmr::unordered_set<Item, ItemHash>;

// Which operator of which property, for messages.
std::string subject(const Operation &operation, std::string_view operator_name)
{
    return std::string(operator_name) + " of " + quoted(operation.key);
}

std::int64_t whole_number(const Node &modifier, const std::string &subject)
{
    if (modifier.type == Type::integer)
        return number_of(modifier.item()).integer();
    bool is_number = modifier.type == Type::decimal;
    throw Error(ErrorCode::wrong_type,
                std::string(modifier.key) + " in " + subject + " must be an integer, got " +
                    (is_number ? "another number" : type_name(modifier.type)));
}

Item assemble(const View *old, std::span<Piece> pieces, std::pmr::memory_resource *memory)
{
    Assembly assembly(Type::array, old, pieces);
    std::size_t size = assembly.size();
    auto *bytes = static_cast<char *>(memory->allocate(size, 1));
    assembly.write(bytes);
    return {Type::array, {bytes, size}};
}

// The new node with its payload written out, so that it can be compared with stored ones.
Node packed_node(const Node &node, std::pmr::memory_resource *memory)
{
    if (node.packed)
        return node;
    Node copy = make_node({node.type, pack(node, memory)});
    copy.size = node.size;
    return copy;
}

void reject_null(const Node &element, const Operation &operation, std::string_view operator_name)
{
    if (element.type == Type::null)
        throw Error(ErrorCode::null_value,
                    subject(operation, operator_name) + " does not accept null elements");
}

// An object that is meant as instructions, not as a value.
bool has_dollar_key(const Node &operand)
{
    return operand.type == Type::object &&
           std::any_of(operand.children.begin(), operand.children.end(),
                       [](const Node &member) { return member.key.starts_with('$'); });
}

// Turns a position or slice that may count from the end into one from the start.
std::uint32_t clamp_index(std::int64_t index, std::uint32_t count)
{
    if (index < 0)
        index = index < -std::int64_t{count} ? 0 : index + count;
    return static_cast<std::uint32_t>(std::min(index, std::int64_t{count}));
}

// The elements [from, to).
Item keep_stretch(Item array, const View &view, std::uint32_t from, std::uint32_t to,
                  std::pmr::memory_resource *memory)
{
    if (from == 0 && to == view.count())
        return array;
    Piece kept{.from = from, .to = to};
    return assemble(&view, {&kept, 1}, memory);
}

Item slice_array(Item array, std::int64_t slice, std::pmr::memory_resource *memory)
{
    View view(array);
    std::uint32_t end = clamp_index(slice, view.count());
    return slice < 0 ? keep_stretch(array, view, end, view.count(), memory)
                     : keep_stretch(array, view, 0, end, memory);
}

}  // namespace

ArrayOperand::ArrayOperand(const Operation &operation, std::string_view operator_name)
{
    const Node &operand = operation.operand;
    if (has_dollar_key(operand))
        read_each(operation, operator_name);
    else if (operand.type == Type::array)
        elements = operand.children;
    else
        elements = {&operand, 1};
    for (const Node &element : elements)
        reject_null(element, operation, operator_name);
}

void ArrayOperand::read_each(const Operation &operation, std::string_view operator_name)
{
    const Node &operand = operation.operand;
    std::string of = subject(operation, operator_name);
    if (!operand.find("$each"))
        throw Error(ErrorCode::invalid_value,
                    of + " does not accept an object with keys that start with \"$\"", {},
                    "Modifiers such as $slice stand beside $each.");
    for (const Node &member : operand.children) {
        if (member.key == "$each" && member.type == Type::array)
            elements = member.children;
        else if (member.key == "$each")
            throw Error(ErrorCode::wrong_type,
                        "$each in " + of + " must be an array, got " + type_name(member.type));
        else if (member.key == "$slice" && operator_name == "$push")
            slice = whole_number(member, of);
        else if (member.key == "$position" && operator_name == "$push")
            position = whole_number(member, of);
        else
            throw Error(ErrorCode::invalid_value,
                        quoted(member.key) + " is not allowed beside $each in " + of);
    }
}

std::optional<Item> insert_elements(std::optional<Item> array, const ArrayOperand &operand,
                                    std::pmr::memory_resource *memory)
{
    if (!array && operand.elements.empty())
        return std::nullopt;
    if (!array) {
        Piece all{.nodes = operand.elements};
        array = assemble(nullptr, {&all, 1}, memory);
    } else if (!operand.elements.empty()) {
        View view(*array);
        std::uint32_t count = view.count();
        std::uint32_t at = clamp_index(operand.position.value_or(count), count);
        Piece pieces[] = {
            {.from = 0, .to = at}, {.nodes = operand.elements}, {.from = at, .to = count}};
        array = assemble(&view, pieces, memory);
    }
    return operand.slice ? slice_array(*array, *operand.slice, memory) : array;
}

std::optional<Item> add_missing_elements(std::optional<Item> array, const ArrayOperand &operand,
                                         std::pmr::memory_resource *memory)
{
    if (operand.elements.empty())
        return array;
    std::optional<View> view;
    if (array)
        view.emplace(*array);
    std::size_t count = view ? view->count() : 0;

    NodeList added(memory);
    if (count + operand.elements.size() <= kLinearSearch) {
        for (const Node &element : operand.elements) {
            Node node = packed_node(element, memory);
            bool known = std::any_of(added.begin(), added.end(), [&](const Node &other) {
                return other.item() == node.item();
            });
            if (view)
                for (Cursor cursor(*view); !known && cursor.next();)
                    known = cursor.item() == node.item();
            if (!known)
                added.push_back(node);
        }
    } else {
        ItemSet known(count + operand.elements.size(), memory);
        if (view)
            for (Cursor cursor(*view); cursor.next();) {
                if (cursor.position() % 256 == 0)
                    check_interrupt();
                known.insert(cursor.item());
            }
        InterruptPoll poll;
        for (const Node &element : operand.elements) {
            poll.step();
            Node node = packed_node(element, memory);
            if (known.insert(node.item()).second)
                added.push_back(node);
        }
    }
    if (added.empty())
        return array;
    Piece pieces[] = {{.from = 0, .to = static_cast<std::uint32_t>(count)}, {.nodes = added}};
    return assemble(view ? &*view : nullptr, pieces, memory);
}

PullCondition::PullCondition(const Operation &operation) : tests_(operation.memory)
{
    const Node &operand = operation.operand;
    if (has_dollar_key(operand))
        add_conditions(operation);
    else if (operand.type == Type::array)
        add_test(Kind::in, operand.children, operation);
    else
        add_test(Kind::in, {&operand, 1}, operation);
}

void PullCondition::add_conditions(const Operation &operation)
{
    static constexpr std::pair<std::string_view, Kind> kConditions[] = {
        {"$in", Kind::in},     {"$nin", Kind::not_in},        {"$eq", Kind::in},
        {"$ne", Kind::not_in}, {"$gt", Kind::greater},        {"$gte", Kind::greater_or_equal},
        {"$lt", Kind::less},   {"$lte", Kind::less_or_equal},
    };
    std::string of = subject(operation, "$pull");
    for (const Node &member : operation.operand.children) {
        auto known =
            std::find_if(std::begin(kConditions), std::end(kConditions),
                         [&](const auto &candidate) { return candidate.first == member.key; });
        if (known == std::end(kConditions))
            throw Error(ErrorCode::invalid_value,
                        "unknown condition " + quoted(member.key) + " in " + of, {},
                        "Conditions are $in, $nin, $eq, $ne, $gt, $gte, $lt and $lte.");
        Kind kind = known->second;
        bool is_list = member.key == "$in" || member.key == "$nin";
        if (is_list && member.type != Type::array)
            throw Error(ErrorCode::wrong_type, std::string(member.key) + " in " + of +
                                                   " needs an array, got " +
                                                   type_name(member.type));
        bool is_bound = kind != Kind::in && kind != Kind::not_in;
        if (is_bound && !member.item().is_number() && member.type != Type::text &&
            member.type != Type::null)
            throw Error(ErrorCode::wrong_type, std::string(member.key) + " in " + of +
                                                   " needs a number or a text, got " +
                                                   type_name(member.type));
        add_test(kind,
                 is_list ? std::span<const Node>(member.children)
                         : std::span<const Node>(&member, 1),
                 operation);
    }
}

// Containers among the operands are written out once, not once per element.
void PullCondition::add_test(Kind kind, std::span<const Node> operands, const Operation &operation)
{
    std::pmr::vector<Item> items(operation.memory);
    InterruptPoll poll;
    for (const Node &operand : operands) {
        poll.step();
        reject_null(operand, operation, "$pull");
        items.push_back(packed_node(operand, operation.memory).item());
    }
    std::sort(items.begin(), items.end(), [&poll](const Item &left, const Item &right) {
        poll.step();
        return precedes(left, right);
    });
    tests_.push_back({kind, std::move(items)});
}

bool PullCondition::matches(const Item &element) const
{
    return std::all_of(tests_.begin(), tests_.end(),
                       [&](const Test &test) { return meets(test, element); });
}

bool PullCondition::meets(const Test &test, const Item &element)
{
    if (test.kind == Kind::in || test.kind == Kind::not_in)
        return std::binary_search(test.operands.begin(), test.operands.end(), element, precedes) ==
               (test.kind == Kind::in);
    const Item &bound = test.operands.front();
    bool alike = bound.is_number() ? element.is_number()
                                   : bound.type == Type::text && element.type == Type::text;
    if (!alike)
        return false;
    int order = compare_items(element, bound);
    switch (test.kind) {
    case Kind::greater: return order > 0;
    case Kind::greater_or_equal: return order >= 0;
    case Kind::less: return order < 0;
    default: return order <= 0;
    }
}

Item remove_elements(Item array, const PullCondition &condition, std::pmr::memory_resource *memory)
{
    View view(array);
    std::pmr::vector<Piece> kept(memory);
    std::uint32_t start = 0;
    Cursor cursor(view);
    while (cursor.next()) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        if (!condition.matches(cursor.item()))
            continue;
        if (cursor.position() > start)
            kept.push_back({.from = start, .to = cursor.position()});
        start = cursor.position() + 1;
    }
    if (start == 0)
        return array;
    if (view.count() > start)
        kept.push_back({.from = start, .to = view.count()});
    return assemble(&view, kept, memory);
}

Item remove_end(Item array, bool last, std::pmr::memory_resource *memory)
{
    View view(array);
    std::uint32_t count = view.count();
    if (count == 0)
        return array;
    return keep_stretch(array, view, last ? 0 : 1, last ? count - 1 : count, memory);
}

Item keep_newest(Item array, std::uint32_t limit, std::pmr::memory_resource *memory)
{
    return slice_array(array, -std::int64_t{limit}, memory);
}

}  // namespace profiles
