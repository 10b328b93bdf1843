#include "estimate.h"

#include <algorithm>

#include "../interrupt.h"

namespace profiles {

namespace {

constexpr double kUnknown = 0.01;  // of what is not a property of a profile

// Statistics can be set by hand: whatever they say, this is between 0 and 1.
double as_share(double value) { return value > 0 ? std::min(value, 1.0) : 0; }

std::string path_of(const Reference &reference)
{
    std::string path;
    for (std::string_view step : reference.path)
        append_item_step(path, step);
    return path;
}

// Conditions on one property, which a filter has side by side, and the other conditions one by one.
template <typename OfProperty, typename OfOther>
void for_each_property(std::span<const Condition> conditions, OfProperty of_property,
                       OfOther of_other)
{
    std::vector<const Leaf *> leaves;
    auto flush = [&] {
        if (!leaves.empty())
            of_property(std::span<const Leaf *const>(leaves));
        leaves.clear();
    };
    std::vector<const Condition *> sorted;
    for (const Condition &condition : conditions) {
        if (condition.kind != Condition::Kind::leaf ||
            condition.leaf->reference.scope != Scope::profile)
            of_other(condition);
        else
            sorted.push_back(&condition);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](auto *left, auto *right) { return left->leaf->name < right->leaf->name; });
    for (const Condition *condition : sorted) {
        if (!leaves.empty() && leaves.front()->name != condition->leaf->name)
            flush();
        leaves.push_back(condition->leaf);
    }
    flush();
}

}  // namespace

Share Estimate::of_all(std::span<const Condition> conditions, std::int64_t now) const
{
    std::vector<Share> shares;
    for_each_property(
        conditions,
        [&](std::span<const Leaf *const> leaves) {
            std::string path = path_of(leaves.front()->reference);
            PropertyEstimate(statistics_, path, now).add_all_of(leaves, shares);
        },
        [&](const Condition &other) { shares.push_back(of_condition(other, now)); });
    if (shares.size() == 1)
        return shares.front();
    return {dependence_.conjunction(shares)};
}

// Conditions on different properties are taken as independent; others are compared with them by what makes
// any of them true.
Share Estimate::of_any(std::span<const Condition> conditions, std::int64_t now) const
{
    Share any;
    double none = 1;
    auto add = [&](const Share &share) {
        none *= 1 - share.value;
        if (!share.negated)
            any.items.insert(any.items.end(), share.items.begin(), share.items.end());
    };
    for_each_property(
        conditions,
        [&](std::span<const Leaf *const> leaves) {
            std::string path = path_of(leaves.front()->reference);
            add(PropertyEstimate(statistics_, path, now).any_of(leaves));
        },
        [&](const Condition &other) { add(of_condition(other, now)); });
    any.value = 1 - none;
    sort_items(any.items);
    return any;
}

Share Estimate::of_condition(const Condition &condition, std::int64_t now) const
{
    check_interrupt();
    if (condition.kind == Condition::Kind::any_of)
        return of_any(condition.children, now);
    if (condition.kind == Condition::Kind::all_of)
        return of_all(condition.children, now);
    if (condition.leaf->reference.scope != Scope::profile)
        return {kUnknown};
    return of_all({&condition, 1}, now);
}

double Estimate::filter(const Filter &filter, std::int64_t now) const
{
    return as_share(of_condition(filter.root(), now).value);
}

// A container that is looked for: an array by its elements, anything else by being there.
Share Estimate::of_member(const std::string &path, const Item &value) const
{
    PropertyEstimate property(statistics_, path, 0);
    if (!value.is_container() && value.type != Type::null)
        return property.value(value);
    std::vector<Item> elements;
    if (value.type == Type::array) {
        View array(value);
        for (Cursor cursor(array); cursor.next();)
            if (!cursor.item().is_container() && cursor.item().type != Type::null)
                elements.push_back(cursor.item());
    }
    return elements.empty() ? property.set() : property.elements(elements);
}

void Estimate::add_members(const View &object, std::string &path, std::vector<Share> &shares,
                           int depth) const
{
    if (depth > layout::kMaxDepth)
        raise_corrupted_profile();
    std::size_t parent = path.size();
    for (Cursor cursor(object); cursor.next();) {
        check_interrupt();
        const Item &value = cursor.item();
        append_item_step(path, cursor.key());
        if (value.type == Type::object && View(value).count() > 0)
            add_members(View(value), path, shares, depth + 1);
        else
            shares.push_back(of_member(path, value));
        path.resize(parent);
    }
}

double Estimate::containment(const View &part) const
{
    std::vector<Share> shares;
    std::string path;
    add_members(part, path, shares, 0);
    return as_share(dependence_.conjunction(shares));
}

double Estimate::properties(std::span<const std::string_view> references, bool all) const
{
    std::vector<Share> shares;
    double none = 1;
    for (std::string_view text : references) {
        check_interrupt();
        std::pmr::monotonic_buffer_resource memory(256);
        Reference reference(&memory);
        if (text.find('.') == std::string_view::npos)
            reference.path.push_back(text);  // as find_property() takes it
        else
            reference = parse_reference(text, &memory);
        Share share;
        if (reference.scope == Scope::profile)
            share = PropertyEstimate(statistics_, path_of(reference), 0).set();
        none *= 1 - share.value;
        shares.push_back(std::move(share));
    }
    return as_share(all ? dependence_.conjunction(shares) : 1 - none);
}

}  // namespace profiles
