#include "user_field.h"

#include <array>

namespace profiles {

namespace {

struct Known {
    std::string_view name;
    UserFieldType type;
    std::string_view theirs;  // Countly's name, after `up.`
};

// In the order of UserField.
constexpr std::array<Known, kUserFields> kKnown{{
    {"identified", UserFieldType::boolean, "hasInfo"},
    {"device_id_type", UserFieldType::integer, "t"},
    {"first_seen", UserFieldType::time, "fac"},
    {"last_seen", UserFieldType::time, "lac"},
    {"first_session", UserFieldType::time, "fs"},
    {"last_session", UserFieldType::time, "ls"},
    {"first_sync", UserFieldType::time, "first_sync"},
    {"last_sync", UserFieldType::time, "last_sync"},
    {"session_count", UserFieldType::integer, "sc"},
    {"time_spent", UserFieldType::integer, "tsd"},
    {"event_count", UserFieldType::integer, {}},
    {"merges", UserFieldType::integer, "merges"},
    {"session_start", UserFieldType::time, {}},
    {"session_duration", UserFieldType::integer, {}},
    {"session_events", UserFieldType::integer, {}},
    {"view_count", UserFieldType::integer, "vc"},
    {"last_view", UserFieldType::text, "lv"},
    {"last_view_at", UserFieldType::time, "lvt"},
    {"purchase_count", UserFieldType::integer, "tpc"},
    {"purchase_total", UserFieldType::number, "tp"},
    {"last_purchase_amount", UserFieldType::number, "lpa"},
    {"last_purchase", UserFieldType::time, "lp"},
    {"location_source", UserFieldType::text, {}},
    {"location_at", UserFieldType::time, {}},
}};

}  // namespace

std::string_view column_name(UserField field)
{
    return kKnown[static_cast<std::size_t>(field)].name;
}

UserFieldType type_of(UserField field) { return kKnown[static_cast<std::size_t>(field)].type; }

std::optional<UserField> find_user_field(std::string_view reference)
{
    std::size_t dot = reference.find('.');
    if (dot == std::string_view::npos)
        return std::nullopt;
    std::string_view prefix = reference.substr(0, dot), name = reference.substr(dot + 1);
    bool ours = prefix == "user";
    if (!ours && prefix != "up")
        return std::nullopt;
    for (std::size_t index = 0; index < kKnown.size(); ++index)
        if (!name.empty() && name == (ours ? kKnown[index].name : kKnown[index].theirs))
            return static_cast<UserField>(index);
    return std::nullopt;
}

}  // namespace profiles
