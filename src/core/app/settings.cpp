#include "settings.h"

#include <algorithm>

#include "../error.h"

namespace profiles {

namespace {

// For limits 0 means none.
std::int64_t whole_number(const Node &setting, std::int64_t maximum, std::int64_t minimum = 0)
{
    std::int64_t value = minimum - 1;
    if (setting.type == Type::integer)
        value = number_of(setting.item()).integer();
    if (value < minimum || value > maximum)
        throw Error(ErrorCode::invalid_value, "invalid value for setting " + quoted(setting.key),
                    "It must be an integer from " + std::to_string(minimum) + " to " +
                        std::to_string(maximum) + ".");
    return value;
}

bool boolean(const Node &setting)
{
    if (!setting.item().is_boolean())
        throw Error(ErrorCode::invalid_value, "invalid value for setting " + quoted(setting.key),
                    "It must be true or false.");
    return setting.type == Type::yes;
}

std::uint32_t limit(const Node &setting)
{
    return static_cast<std::uint32_t>(whole_number(setting, 1000000));
}

constexpr std::size_t kPurchaseEvents = 100;

std::span<const Node> event_names(const Node &setting)
{
    bool is_list =
        setting.type == Type::array && setting.children.size() <= kPurchaseEvents &&
        std::all_of(setting.children.begin(), setting.children.end(), [](const Node &name) {
            return name.type == Type::text && !name.bytes.empty();
        });
    if (!is_list)
        throw Error(ErrorCode::invalid_value, "invalid value for setting " + quoted(setting.key),
                    "It must be an array of up to 100 names of events.");
    return setting.children;
}

constexpr std::size_t kExpiringProperties = 100;
constexpr std::int64_t kExpiryDays = 36500;

bool is_duration(const Node &rule)
{
    if (rule.type == Type::text)
        return rule.bytes == "SESSION";
    if (rule.type != Type::integer)
        return false;
    Number days = number_of(rule.item());
    return days.integer() >= 1 && days.integer() <= kExpiryDays;
}

std::span<const Node> expiry_rules(const Node &setting)
{
    bool is_good = setting.type == Type::object &&
                   std::all_of(setting.children.begin(), setting.children.end(), is_duration);
    if (!is_good)
        throw Error(ErrorCode::invalid_value, "invalid value for setting " + quoted(setting.key),
                    "It must be an object of custom properties and the days that their values "
                    "last, 1 to 36500, or "
                    "SESSION.");
    if (setting.children.size() > kExpiringProperties)
        throw Error(ErrorCode::limit_exceeded, "more than 100 properties with an expiry");
    return setting.children;
}

RequestLog log_mode(const Node &setting)
{
    constexpr std::pair<std::string_view, RequestLog> kModes[] = {
        {"off", RequestLog::off}, {"on", RequestLog::on}, {"automatic", RequestLog::automatic}};
    for (auto [name, mode] : kModes)
        if (setting.type == Type::text && setting.bytes == name)
            return mode;
    throw Error(ErrorCode::invalid_value, "invalid value for setting " + quoted(setting.key),
                "It must be off, on or automatic.");
}

template <typename To>
struct Reader {
    std::string_view name;
    void (*read)(const Node &setting, To &to);
};

// Reads each member by the reader of its name; `group` stands before the names in messages.
template <typename To, std::size_t Count>
void read_members(const Node &object, const Reader<To> (&readers)[Count], const std::string &group,
                  To &to)
{
    for (Node setting : object.children) {
        const std::string name = group + std::string(setting.key);
        auto reader = std::find_if(std::begin(readers), std::end(readers),
                                   [&](const auto &known) { return known.name == setting.key; });
        if (reader == std::end(readers)) {
            std::string names;
            for (const Reader<To> &known : readers)
                names.append(names.empty() ? "" : ", ").append(group).append(known.name);
            throw Error(ErrorCode::invalid_value, "unknown setting " + quoted(name), {},
                        "Settings are " + names + ".");
        }
        setting.key = name;
        if (setting.type != Type::null)
            reader->read(setting, to);
    }
}

constexpr std::int64_t kYear = 365 * 86400;

constexpr Reader<CompactPolicy> kPolicyReaders[] = {
    {"automatic", [](const Node &s, CompactPolicy &to) { to.automatic = boolean(s); }},
    {"interval", [](const Node &s, CompactPolicy &to) { to.interval = whole_number(s, kYear); }},
    {"batch_age", [](const Node &s, CompactPolicy &to) { to.batch_age = whole_number(s, kYear); }},
    {"batch_events",
     [](const Node &s, CompactPolicy &to) { to.batch_events = whole_number(s, 1000000000, 1); }},
    {"merged_users",
     [](const Node &s, CompactPolicy &to) { to.merged_users = whole_number(s, 65536, 1); }},
    {"small_block",
     [](const Node &s, CompactPolicy &to) { to.small_block = whole_number(s, 32768); }},
};

CompactPolicy compact_policy(const Node &setting)
{
    if (setting.type != Type::object)
        throw Error(ErrorCode::invalid_value, "invalid value for setting " + quoted(setting.key),
                    "It must be an object.", R"(For example {"batch_age": 600}.)");
    CompactPolicy policy;
    read_members(setting, kPolicyReaders, std::string(setting.key) + ".", policy);
    return policy;
}

constexpr Reader<Settings> kReaders[] = {
    {"custom_property_limit",
     [](const Node &s, Settings &to) { to.limits.custom_properties = limit(s); }},
    {"array_limit", [](const Node &s, Settings &to) { to.limits.array_elements = limit(s); }},
    {"value_length_limit", [](const Node &s, Settings &to) { to.limits.value_length = limit(s); }},
    {"key_length_limit", [](const Node &s, Settings &to) { to.limits.key_length = limit(s); }},
    {"segment_limit", [](const Node &s, Settings &to) { to.limits.segments = limit(s); }},
    {"segment_array_limit",
     [](const Node &s, Settings &to) { to.limits.segment_elements = limit(s); }},
    {"session_cooldown",
     [](const Node &s, Settings &to) { to.session_cooldown = whole_number(s, 86400); }},
    {"session_duration_limit",
     [](const Node &s, Settings &to) { to.session_duration_limit = whole_number(s, 86400); }},
    {"country_data", [](const Node &s, Settings &to) { to.country_data = boolean(s); }},
    {"city_data", [](const Node &s, Settings &to) { to.city_data = boolean(s); }},
    {"ip_data", [](const Node &s, Settings &to) { to.ip_data = boolean(s); }},
    {"purchase_events", [](const Node &s, Settings &to) { to.purchase_events = event_names(s); }},
    {"property_expiry", [](const Node &s, Settings &to) { to.property_expiry = expiry_rules(s); }},
    {"request_log", [](const Node &s, Settings &to) { to.request_log = log_mode(s); }},
    {"request_log_limit",
     [](const Node &s, Settings &to) { to.request_log_limit = whole_number(s, 100000, 1); }},
    {"compact_policy", [](const Node &s, Settings &to) { to.compact_policy = compact_policy(s); }},
    {"salted", [](const Node &s, Settings &to) { to.salted = boolean(s); }},
};

}  // namespace

const Node *Settings::expiry_of(std::string_view property) const
{
    auto found = std::find_if(property_expiry.begin(), property_expiry.end(),
                              [&](const Node &rule) { return rule.key == property; });
    return found == property_expiry.end() ? nullptr : &*found;
}

Settings read_settings(const Node &settings)
{
    if (settings.type != Type::object)
        throw Error(ErrorCode::invalid_value, "settings must be a JSON object");
    Settings result;
    read_members(settings, kReaders, {}, result);
    return result;
}

}  // namespace profiles
