#include "reference.h"

#include <algorithm>
#include <array>

#include "../error.h"

namespace profiles {

namespace {

struct Alias {
    std::string_view theirs;
    std::string_view ours;
};

// Countly's short names of standard properties, spelled `up.<name>`.
constexpr auto kStandardAliases = std::to_array<Alias>({
    {"av", "app_version"},
    {"brw", "browser"},
    {"brwv", "browser_version"},
    {"c", "carrier"},
    {"cc", "country"},
    {"cty", "city"},
    {"d", "device"},
    {"dnst", "density"},
    {"dt", "device_type"},
    {"hh", "has_hinge"},
    {"la", "language"},
    {"lo", "locale"},
    {"mnf", "manufacturer"},
    {"ornt", "orientation"},
    {"p", "platform"},
    {"pv", "platform_version"},
    {"r", "resolution"},
    {"rgn", "region"},
    {"src", "source"},
    {"src_ch", "source_channel"},
    {"tz", "time_zone_offset"},
    {"dow", "day_of_week"},
});

constexpr auto kFields = std::to_array<std::pair<std::string_view, Field>>({
    {"uid", Field::uid},
    {"did", Field::device_id},
    {"device_id", Field::device_id},
    {"event.key", Field::key},
    {"event.count", Field::count},
    {"event.sum", Field::sum},
    {"event.dur", Field::duration},
    {"c", Field::count},
    {"s", Field::sum},
    {"dur", Field::duration},
});

std::string_view standard_name(std::string_view name)
{
    auto alias = std::find_if(kStandardAliases.begin(), kStandardAliases.end(),
                              [&](const Alias &known) { return known.theirs == name; });
    return alias == kStandardAliases.end() ? name : alias->ours;
}

bool skip_prefix(std::string_view &text, std::string_view prefix)
{
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::string_view take_step(std::string_view &rest)
{
    std::size_t dot = rest.find('.');
    std::string_view step = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    return step;
}

}  // namespace

Reference parse_reference(std::string_view text, std::pmr::memory_resource *memory)
{
    Reference reference(memory);
    for (const auto &[name, field] : kFields)
        if (text == name) {
            reference.scope = Scope::field;
            reference.field = field;
            return reference;
        }
    if (std::optional<UserField> field = find_user_field(text)) {
        reference.scope = Scope::user;
        reference.user_field = *field;
        return reference;
    }
    std::string_view rest = text;
    if (skip_prefix(rest, "event.") || skip_prefix(rest, "sg.")) {
        reference.scope = Scope::event;
    } else if (skip_prefix(rest, "cmp.")) {
        reference.path.push_back("campaign");
        if (rest == "c")
            rest = "name";
    } else if (skip_prefix(rest, "up.")) {
        rest = standard_name(rest);
    }
    if (rest.empty() || rest.back() == '.' || rest.find("..") != std::string_view::npos ||
        rest.front() == '.')
        throw Error(ErrorCode::invalid_value, "invalid property reference " + quoted(text), {},
                    "Write country, custom.plan, campaign.name or event.price.");
    while (!rest.empty()) {
        if (reference.path.size() >= layout::kMaxDepth)
            throw Error(ErrorCode::limit_exceeded,
                        "property reference " + quoted(text) + " is nested too deeply",
                        "At most " + std::to_string(layout::kMaxDepth) + " levels are allowed.");
        reference.path.push_back(take_step(rest));
    }
    return reference;
}

std::optional<Item> find_path(const View &root, std::span<const std::string_view> path)
{
    std::optional<Item> found = root.find(path[0]);
    for (std::size_t step = 1; found && step < path.size(); ++step)
        found = found->type == Type::object ? View(*found).find(path[step]) : std::nullopt;
    return found;
}

std::optional<Item> find_property(const View &root, std::string_view text)
{
    if (!text.empty() && text.find('.') == std::string_view::npos)
        return root.find(text);
    if (text.size() > 7 && text.starts_with("custom.") &&
        text.find('.', 7) == std::string_view::npos) {
        std::optional<Item> custom = root.find("custom");
        return custom ? View(*custom).find(text.substr(7)) : std::nullopt;
    }
    std::pmr::monotonic_buffer_resource arena(256);
    Reference reference = parse_reference(text, &arena);
    return reference.scope == Scope::profile ? find_path(root, reference.path) : std::nullopt;
}

}  // namespace profiles
