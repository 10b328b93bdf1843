#include "operators.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/assembly.h"
#include "../profile/compare.h"

namespace profiles {

namespace {

constexpr std::string_view kKnown =
    "Operators of a property: $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, "
    "$exists, $not, $all, "
    "$size, $regex, "
    "rgxcn, rgxntc, rgxbw, rgxitl, $within; of location: $near with $km; of conditions: "
    "$and, $or, $nor, "
    "$not.";

constexpr std::int64_t kHour = 3'600'000, kDay = 24 * kHour, kWeek = 7 * kDay;

// The operand written out as one value; repeated members of an object follow
// jsonb, the last wins.
Item keep(Node &operand, const PredicateStore &store)
{
    seal(operand);
    return {operand.type, pack(operand, store.memory)};
}

Node opened(const Node &container, const PredicateStore &store)
{
    return container.packed ? unpack(container.item(), store.memory) : container;
}

bool before(const Item &left, const Item &right)
{
    check_interrupt();
    return compare_items(left, right) < 0;
}

std::span<const Item> sorted(std::pmr::vector<Item> &items, const PredicateStore &store)
{
    std::sort(items.begin(), items.end(), before);
    auto end = std::unique(items.begin(), items.end());
    auto count = static_cast<std::size_t>(end - items.begin());
    auto *kept =
        static_cast<Item *>(store.memory->allocate(count * sizeof(Item) + 1, alignof(Item)));
    std::uninitialized_copy(items.begin(), end, kept);
    return {kept, count};
}

using Reader = void (*)(Predicate &, std::string_view name, Node &operand, const PredicateStore &);

void read_exists(Predicate &predicate, std::string_view name, Node &operand, const PredicateStore &)
{
    if (!operand.item().is_boolean())
        raise_operand(name, "true or false", operand);
    predicate.negated = operand.type == Type::no;
}

void read_equal(Predicate &predicate, std::string_view, Node &operand, const PredicateStore &store)
{
    if (operand.type == Type::null) {
        predicate.op = PredicateKind::exists;  // null stands for a missing value
        predicate.negated = !predicate.negated;
        return;
    }
    predicate.operand = keep(operand, store);
}

void read_comparison(Predicate &predicate, std::string_view name, Node &operand,
                     const PredicateStore &store)
{
    if (!operand.item().is_number() && operand.type != Type::text)
        raise_operand(name, "a number or a text", operand);
    predicate.operand = keep(operand, store);
}

// A list of one is the equality it means.
void shorten(Predicate &predicate)
{
    if (predicate.list.size() + (predicate.missing ? 1 : 0) != 1)
        return;
    if (predicate.missing) {
        predicate.op = PredicateKind::exists;
        predicate.negated = !predicate.negated;
        predicate.missing = false;
        return;
    }
    predicate.op = PredicateKind::equal;
    predicate.operand = predicate.list.front();
    predicate.list = {};
}

void read_list(Predicate &predicate, std::string_view name, Node &operand,
               const PredicateStore &store)
{
    if (operand.type != Type::array)
        raise_operand(name, "an array", operand);
    std::pmr::vector<Item> items(store.memory);
    for (Node &element : opened(operand, store).children) {
        check_interrupt();
        if (element.type == Type::null)
            predicate.missing = true;
        else
            items.push_back(keep(element, store));
    }
    predicate.list = sorted(items, store);
    shorten(predicate);
}

void read_size(Predicate &predicate, std::string_view name, Node &operand, const PredicateStore &)
{
    if (operand.type != Type::integer || number_of(operand.item()).integer() < 0)
        raise_operand(name, "a number of elements, 0 or more", operand);
    predicate.number = number_of(operand.item()).integer();
}

void read_texts(Predicate &predicate, std::string_view name, Node &operand,
                const PredicateStore &store)
{
    std::pmr::vector<Item> items(store.memory);
    std::span<Node> nodes(&operand, 1);
    if (operand.type == Type::array)
        nodes = opened(operand, store).children;
    for (Node &node : nodes) {
        if (node.type != Type::text)
            raise_operand(name, "a text or an array of texts", node);
        items.push_back(keep(node, store));
    }
    predicate.list = sorted(items, store);
}

void read_texts_ignoring_case(Predicate &predicate, std::string_view name, Node &operand,
                              const PredicateStore &store)
{
    read_texts(predicate, name, operand, store);
    if (predicate.list.empty())
        return;
    std::pmr::vector<std::string_view> texts(store.memory);
    for (const Item &text : predicate.list)
        texts.push_back(text.bytes);
    predicate.pattern = &store.patterns->emplace_back(expression_of_any(texts), "i");
}

void read_within(Predicate &predicate, std::string_view name, Node &operand, const PredicateStore &)
{
    std::string_view text = operand.type == Type::text ? operand.bytes : std::string_view();
    std::int64_t count = 0;
    auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
    std::string_view unit = text.substr(static_cast<std::size_t>(parsed.ptr - text.data()));
    std::int64_t length = unit == "hours"   ? kHour
                          : unit == "days"  ? kDay
                          : unit == "weeks" ? kWeek
                                            : 0;
    if (parsed.ec != std::errc() || count <= 0 || count > 1'000'000 || length == 0)
        raise_operand(name, "a text such as 12hours, 7days or 4weeks", operand);
    predicate.number = count * length;
}

struct Named {
    std::string_view name;
    PredicateKind op;
    bool negated;
    Reader read;
};

constexpr auto kOperators = std::to_array<Named>({
    {"$exists", PredicateKind::exists, false, read_exists},
    {"$eq", PredicateKind::equal, false, read_equal},
    {"$ne", PredicateKind::equal, true, read_equal},
    {"$in", PredicateKind::in, false, read_list},
    {"$nin", PredicateKind::in, true, read_list},
    {"$gt", PredicateKind::greater, false, read_comparison},
    {"$gte", PredicateKind::greater_equal, false, read_comparison},
    {"$lt", PredicateKind::less, false, read_comparison},
    {"$lte", PredicateKind::less_equal, false, read_comparison},
    {"$all", PredicateKind::all, false, read_list},
    {"$size", PredicateKind::size, false, read_size},
    {"rgxcn", PredicateKind::contains, false, read_texts},
    {"rgxntc", PredicateKind::contains, true, read_texts},
    {"rgxbw", PredicateKind::begins, false, read_texts},
    {"rgxitl", PredicateKind::contains_ignoring_case, false, read_texts_ignoring_case},
    {"$within", PredicateKind::within, false, read_within},
});

constexpr auto kNotYet = std::to_array<std::string_view>(
    {"$nearSphere", "$geoWithin", "$geoIntersects", "$mi", "$cohort", "$elemMatch"});

constexpr auto kOfConditions = std::to_array<std::string_view>({"$and", "$or", "$nor"});

template <std::size_t Size>
bool is_one_of(std::string_view name, const std::array<std::string_view, Size> &names)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

// --- writing

Node make_list(std::span<const Item> items, bool missing, std::pmr::memory_resource *memory)
{
    std::size_t count = items.size() + (missing ? 1 : 0);
    auto *nodes = static_cast<Node *>(memory->allocate(count * sizeof(Node) + 1, alignof(Node)));
    Node *end = nodes;
    if (missing)
        new (end++) Node();
    for (const Item &item : items)
        new (end++) Node(make_node(item));
    return make_container(Type::array, {nodes, count});
}

Node make_within(std::int64_t length, std::pmr::memory_resource *memory)
{
    bool days = length % kDay == 0;
    std::string text = std::to_string(length / (days ? kDay : kHour)) + (days ? "days" : "hours");
    auto *bytes = static_cast<char *>(memory->allocate(text.size(), 1));
    text.copy(bytes, text.size());
    return make_text({bytes, text.size()});
}

Node write_operand(const Predicate &predicate, std::pmr::memory_resource *memory)
{
    switch (predicate.op) {
    case PredicateKind::exists: return make_boolean(!predicate.negated);
    case PredicateKind::in:
    case PredicateKind::all: return make_list(predicate.list, predicate.missing, memory);
    case PredicateKind::size: return make_number(Number(predicate.number), memory);
    case PredicateKind::contains:
    case PredicateKind::begins:
    case PredicateKind::contains_ignoring_case:
        return predicate.list.size() == 1 ? make_node(predicate.list.front())
                                          : make_list(predicate.list, false, memory);
    case PredicateKind::within: return make_within(predicate.number, memory);
    default: return make_node(predicate.operand);
    }
}

// True when the value alone would be read as something else than equality with
// it.
bool needs_name(const Item &operand)
{
    if (operand.type != Type::object)
        return false;
    View members(operand);
    for (Cursor cursor(members); cursor.next();)
        if (is_operator_name(cursor.key()))
            return true;
    return false;
}

const Named *find_operator(PredicateKind op, bool negated)
{
    auto found = std::find_if(kOperators.begin(), kOperators.end(), [&](const Named &known) {
        return known.op == op && (known.negated == negated || op == PredicateKind::exists);
    });
    return found == kOperators.end() ? nullptr : &*found;
}

Node make_object(std::initializer_list<Node> members, std::pmr::memory_resource *memory)
{
    auto *nodes =
        static_cast<Node *>(memory->allocate(members.size() * sizeof(Node), alignof(Node)));
    std::uninitialized_copy(members.begin(), members.end(), nodes);
    return make_container(Type::object, {nodes, members.size()});
}

Node named(std::string_view name, Node value)
{
    value.key = name;
    return value;
}

Node write_plain_form(const Predicate &predicate, std::pmr::memory_resource *memory)
{
    if (predicate.op == PredicateKind::near)
        return make_object({named("$near", make_list(predicate.list.first(2), false, memory)),
                            named("$km", make_node(predicate.list[2]))},
                           memory);
    Node operand = write_operand(predicate, memory);
    if (predicate.op != PredicateKind::regex)
        return make_object({named(find_operator(predicate.op, false)->name, operand)}, memory);
    if (predicate.options.empty())
        return make_object({named("$regex", operand)}, memory);
    return make_object({named("$regex", operand), named("$options", make_text(predicate.options))},
                       memory);
}

}  // namespace

bool is_operator_name(std::string_view name)
{
    if (name.starts_with('$'))
        return true;
    return std::any_of(kOperators.begin(), kOperators.end(),
                       [&](const Named &known) { return known.name == name; });
}

void raise_unknown_operator(std::string_view name)
{
    if (is_one_of(name, kNotYet))
        throw Error(ErrorCode::unsupported, "operator " + quoted(name) + " is not supported");
    if (name == "$km")
        throw Error(ErrorCode::invalid_value, "operator \"$km\" needs \"$near\" beside it");
    if (is_one_of(name, kOfConditions))
        throw Error(ErrorCode::invalid_value,
                    "operator " + quoted(name) + " cannot stand inside a property", {},
                    "Write {\"$or\": [{\"country\": \"DE\"}, {\"country\": \"FR\"}]}.");
    throw Error(ErrorCode::invalid_value, "unknown operator " + quoted(name) + " in a filter", {},
                std::string(kKnown));
}

void raise_operand(std::string_view name, const char *needed, const Node &operand)
{
    std::string detail = std::string("Its operand is of type ") + type_name(operand.type) + ".";
    if (operand.type == Type::text)
        detail = "Its operand is " + quoted(operand.bytes) + ".";
    throw Error(ErrorCode::invalid_value, "operator " + quoted(name) + " needs " + needed, detail);
}

Predicate read_predicate(std::string_view name, Node operand, const PredicateStore &store)
{
    for (const Named &known : kOperators)
        if (known.name == name) {
            Predicate predicate;
            predicate.op = known.op;
            predicate.negated = known.negated;
            known.read(predicate, name, operand, store);
            return predicate;
        }
    raise_unknown_operator(name);
}

Predicate read_equality(Node operand, const PredicateStore &store)
{
    return read_predicate("$eq", operand, store);
}

Predicate read_regex(Node expression, const Node *options, const PredicateStore &store)
{
    if (expression.type != Type::text)
        raise_operand("$regex", "a text", expression);
    if (options && options->type != Type::text)
        raise_operand("$options", "a text", *options);
    std::string flags(options ? options->bytes : std::string_view());
    std::sort(flags.begin(), flags.end());
    flags.erase(std::unique(flags.begin(), flags.end()), flags.end());

    Predicate predicate;
    predicate.op = PredicateKind::regex;
    predicate.operand = keep(expression, store);
    predicate.pattern = &store.patterns->emplace_back(predicate.operand.bytes, flags);
    Node kept = make_text(flags);
    predicate.options = keep(kept, store).bytes;
    return predicate;
}

Predicate read_near(Node centre, const Node *radius, const PredicateStore &store)
{
    Predicate predicate;
    predicate.op = PredicateKind::near;
    auto *numbers = static_cast<Item *>(store.memory->allocate(3 * sizeof(Item), alignof(Item)));
    std::span<Node> nodes =
        centre.type == Type::array ? opened(centre, store).children : std::span<Node>();
    if (nodes.size() != 2 || !nodes[0].item().is_number() || !nodes[1].item().is_number())
        raise_operand("$near", "an array of a latitude and a longitude", centre);
    if (!radius || !radius->item().is_number())
        throw Error(ErrorCode::invalid_value,
                    "operator \"$near\" needs a number of kilometres as \"$km\"", {},
                    "Write {\"location\": {\"$near\": [52.52, 13.4], \"$km\": 50}}.");
    Node distance = *radius;
    new (&numbers[0]) Item(keep(nodes[0], store));
    new (&numbers[1]) Item(keep(nodes[1], store));
    new (&numbers[2]) Item(keep(distance, store));
    predicate.list = {numbers, 3};
    predicate.centre = {number_of(numbers[0]).approximate(), number_of(numbers[1]).approximate()};
    predicate.radius_km = number_of(numbers[2]).approximate();
    if (!location::is_valid(predicate.centre) || !(predicate.radius_km >= 0))
        throw Error(ErrorCode::invalid_value,
                    "operator \"$near\" has coordinates or a distance out of range",
                    "A latitude is between -90 and 90 degrees, a longitude between -180 and 180, a "
                    "distance not negative.");
    return predicate;
}

Node write_predicate(const Predicate &predicate, std::pmr::memory_resource *memory)
{
    if (predicate.op == PredicateKind::equal && !predicate.negated &&
        !needs_name(predicate.operand))
        return make_node(predicate.operand);
    const Named *known = find_operator(predicate.op, predicate.negated);
    if (known)
        return make_object({named(known->name, write_operand(predicate, memory))}, memory);
    Node plain = write_plain_form(predicate, memory);
    return predicate.negated ? make_object({named("$not", plain)}, memory) : plain;
}

}  // namespace profiles
