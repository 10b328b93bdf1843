#include "document.h"

#include <algorithm>

#include "../error.h"
#include "check.h"
#include "view.h"

namespace profiles {

namespace {

bool is_group(std::string_view name) { return name == kCustom || name == kCampaign; }

bool is_property_name(std::string_view name)
{
    return !name.empty() && name.find_first_of(".$") == std::string_view::npos;
}

bool is_absent(const Node &node)
{
    return node.type == Type::null || (is_group(node.key) && !node.packed && node.children.empty());
}

bool is_null(const Node &node) { return node.type == Type::null; }

template <typename Absent>
void drop_members(Node &object, Absent absent)
{
    auto kept = std::remove_if(object.children.begin(), object.children.end(), absent);
    object.children =
        object.children.first(static_cast<std::size_t>(kept - object.children.begin()));
}

void check_names(const Node &object)
{
    for (const Node &member : object.children)
        check_property_name(member.key);
}

void normalise_group(Node &group)
{
    bool is_stored = group.packed && group.type == Type::object;  // comes from a profile as it is
    if (group.type == Type::null || is_stored)
        return;
    if (group.type != Type::object)
        throw Error(ErrorCode::invalid_value, quoted(group.key) + " of a profile must be an object",
                    std::string("It is of type ") + type_name(group.type) + ".");
    check_names(group);
    drop_members(group, is_null);
}

}  // namespace

void check_property_name(std::string_view name)
{
    if (is_property_name(name))
        return;
    if (name.empty())
        throw Error(ErrorCode::invalid_value, "property name must not be empty");
    throw Error(ErrorCode::invalid_value, "invalid property name " + quoted(name),
                "Property names must not contain \".\" or \"$\".");
}

void normalise_profile(Node &root)
{
    if (root.type != Type::object)
        throw Error(ErrorCode::invalid_value, "a profile must be a JSON object",
                    std::string("The value is of type ") + type_name(root.type) + ".");
    // Repeated keys go first: a last `"name": null` wins over an earlier value.
    seal(root);
    check_names(root);
    for (Node &member : root.children)
        if (is_group(member.key))
            normalise_group(member);
    drop_members(root, is_absent);
    seal(root);
}

void check_profile(std::string_view bytes)
{
    check_container(bytes);
    View root(bytes);
    bool valid = root.is_object();
    for (Cursor cursor(root); valid && cursor.next();) {
        valid = cursor.item().type != Type::null && is_property_name(cursor.key());
        if (!valid || !is_group(cursor.key()))
            continue;
        View group(cursor.item());
        valid = cursor.item().type == Type::object && group.count() > 0;
        for (Cursor member(group); valid && member.next();)
            valid = member.item().type != Type::null && is_property_name(member.key());
    }
    if (!valid)
        raise_corrupted_profile();
}

}  // namespace profiles
