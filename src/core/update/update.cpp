#include "update.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/assembly.h"
#include "../profile/document.h"
#include "arrays.h"
#include "text.h"

namespace profiles {

namespace {

bool precedes(const Change &left, const Change &right)
{
    if (left.group != right.group)
        return left.group < right.group;
    if (int order = compare_keys(left.key, right.key); order != 0)
        return order < 0;
    return left.step != right.step ? left.step < right.step : left.op < right.op;
}

// The first changes that share a group (or, in a group, a key).
template <typename Same>
std::span<Change> take_while(std::span<Change> &rest, Same same)
{
    std::size_t count = 1;
    while (count < rest.size() && same(rest[0], rest[count]))
        ++count;
    std::span<Change> taken = rest.first(count);
    rest = rest.subspan(count);
    return taken;
}

}  // namespace

std::span<Change> take_pass(std::span<Change> &rest)
{
    return take_while(
        rest, [](const Change &left, const Change &right) { return left.pass == right.pass; });
}

Update::Update(const View &profile, std::span<Change> changes, Mode mode, const Limits &limits,
               SkipList &skips, std::pmr::memory_resource *memory)
    : profile_(profile), mode_(mode), limits_(limits), skips_(skips), memory_(memory),
      nodes_(memory), pieces_(memory)
{
    InterruptPoll poll;
    auto before = [&poll](const Change &left, const Change &right) {
        poll.step();
        return precedes(left, right);
    };
    // Stable: of two equal operators on one key the later one in the document comes last.
    if (!std::is_sorted(changes.begin(), changes.end(), before))
        std::stable_sort(changes.begin(), changes.end(), before);
    Edits edits(memory);
    edits.reserve(changes.size());
    while (!changes.empty()) {
        auto same_group = [](const Change &left, const Change &right) {
            return left.group == right.group;
        };
        std::size_t total = changes.size();
        std::span<Change> group = take_while(changes, same_group);
        if (group[0].group.empty())
            edit_members(&profile_, group, edits);
        else
            edit_group(group[0].group, group, group.size() == total && edits.empty(), edits);
    }
    changed_ = replacement_ || !edits.empty();
    if (edits.empty() || replace(edits, 0, nullptr))
        return;
    std::sort(edits.begin(), edits.end(), [](const Edit &left, const Edit &right) {
        return compare_keys(left.key, right.key) < 0;
    });
    splice(&profile_, edits, pieces_, nodes_);
    assembly_.emplace(Type::object, &profile_, pieces_);
}

// Takes the shortcut for an update that comes down to another value of one property.
bool Update::replace(const Edits &edits, std::uint32_t group_position, const View *group)
{
    if (edits.size() != 1 || !edits[0].place.found || !edits[0].value)
        return false;
    replacement_ = Replacement::make(profile_, group_position, group, edits[0].place.position,
                                     *edits[0].value);
    return replacement_.has_value();
}

// A changed group becomes one edit of the root.
void Update::edit_group(std::string_view group, std::span<Change> changes, bool is_only_group,
                        Edits &root_edits)
{
    View::Place place = profile_.place(group);
    std::optional<View> members;
    if (place.found)
        members.emplace(profile_.item(place.position));
    Edits edits(memory_);
    edits.reserve(changes.size());
    edit_members(members ? &*members : nullptr, changes, edits);
    if (group == kCustom && limits_.custom_properties)
        limit_properties(members ? members->count() : 0, edits);
    if (edits.empty() || (is_only_group && members && replace(edits, place.position, &*members)))
        return;
    NodeList nodes(memory_);
    std::pmr::vector<Piece> pieces(memory_);
    splice(members ? &*members : nullptr, edits, pieces, nodes);
    Assembly assembly(Type::object, members ? &*members : nullptr, pieces);
    if (assembly.count() == 0) {
        root_edits.push_back({group, place, std::nullopt, &changes[0]});
        return;
    }
    std::size_t size = assembly.size();
    auto *bytes = static_cast<char *>(memory_->allocate(size, 1));
    assembly.write(bytes);
    root_edits.push_back({group, place, Item{Type::object, {bytes, size}}, &changes[0]});
}

void Update::edit_members(const View *members, std::span<Change> changes, Edits &edits)
{
    while (!changes.empty()) {
        check_interrupt();
        auto same_key = [](const Change &left, const Change &right) {
            return left.key == right.key;
        };
        std::span<Change> of_key = take_while(changes, same_key);
        std::string_view key = of_key[0].key;
        View::Place place = members ? members->place(key) : View::Place{0, false};
        std::optional<Item> before;
        if (place.found)
            before.emplace(members->item(place.position));
        std::optional<Item> after = apply_change(before, of_key[0], members);
        for (const Change &change : of_key.subspan(1))
            after = apply_change(after, change, members);
        if (after != before)
            edits.push_back({key, place, after, &of_key[0]});
    }
}

// Takes back the edits that add a property beyond the limit, and reports them. What the same document
// removes makes room, wherever it sorts.
void Update::limit_properties(std::size_t count, Edits &edits)
{
    for (const Edit &edit : edits)
        if (edit.place.found && !edit.value)
            --count;
    std::erase_if(edits, [&](const Edit &edit) {
        if (edit.place.found || count++ < limits_.custom_properties)
            return false;
        skip(*edit.cause, "limit of " + std::to_string(limits_.custom_properties) +
                              " custom properties reached");
        return true;
    });
}

std::optional<Item> Update::apply_change(const std::optional<Item> &value, const Change &change,
                                         const View *members)
{
    const OperatorRule &rule = operator_rules()[static_cast<std::size_t>(change.op)];
    Operation operation{change.key, value, change.operand, memory_, members};
    if (mode_ == Mode::strict)
        return rule.apply(operation);
    try {
        std::optional<Item> after = rule.apply(operation);
        return after && after != value ? within_limits(*after, change) : after;
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled)
            throw;
        skip(change, error.message());
        return value;
    }
}

Item Update::within_limits(const Item &value, const Change &change)
{
    bool is_picture = change.group.empty() && change.key == "picture";
    std::size_t length = is_picture ? 4096 : limits_.value_length;
    if (value.type == Type::text && limits_.value_length) {
        std::string_view cut = cut_characters(value.bytes, length);
        if (cut.size() < value.bytes.size())
            skip(change, "value cut to " + std::to_string(length) + " characters");
        return {Type::text, cut};
    }
    if (value.type != Type::array)
        return value;
    Item kept = value;
    std::uint32_t count = View(value).count();
    if (limits_.array_elements && count > limits_.array_elements) {
        kept = keep_newest(value, limits_.array_elements, memory_);
        skip(change,
             "array cut to its newest " + std::to_string(limits_.array_elements) + " elements");
    }
    return limits_.value_length ? cut_elements(kept, change) : kept;
}

Item Update::cut_elements(const Item &array, const Change &change)
{
    Node open = unpack(array, memory_);
    bool cut = false;
    for (Node &element : open.children) {
        if (element.type != Type::text)
            continue;
        element.bytes = cut_characters(element.bytes, limits_.value_length);
        cut |= element.bytes.size() != element.size;
    }
    if (!cut)
        return array;
    skip(change, "elements cut to " + std::to_string(limits_.value_length) + " characters");
    seal(open);
    return {Type::array, pack(open, memory_)};
}

void Update::skip(const Change &change, std::string_view reason)
{
    skips_.push_back({change.key, operator_name(change.op), keep_text(reason, memory_)});
}

// Turns edits, in key order, into the stretches of the new container.
void Update::splice(const View *old, std::span<const Edit> edits, std::pmr::vector<Piece> &pieces,
                    NodeList &nodes)
{
    nodes.reserve(edits.size());  // pieces point into it
    pieces.reserve(2 * edits.size() + 1);
    std::uint32_t start = 0;
    for (const Edit &edit : edits) {
        if (edit.place.position > start)
            pieces.push_back({.from = start, .to = edit.place.position});
        start = edit.place.position + (edit.place.found ? 1 : 0);
        if (!edit.value)
            continue;
        Node &node = nodes.emplace_back(make_node(*edit.value));
        node.key = edit.key;
        node.size = node.bytes.size();
        pieces.push_back({.nodes = {&node, 1}});
    }
    if (old && old->count() > start)
        pieces.push_back({.from = start, .to = old->count()});
}

}  // namespace profiles
