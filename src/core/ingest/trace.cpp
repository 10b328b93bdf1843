// The parameter `apm`: how long something took on the device or on the network.
#include <algorithm>
#include <cmath>

#include "../error.h"
#include "../update/text.h"
#include "reports.h"
#include "system_event.h"

namespace profiles {

namespace {

constexpr std::size_t kLongestName = 2048;
constexpr std::size_t kLongestMetric = 32;
constexpr std::size_t kMetrics = 100;
constexpr std::string_view kOtherMembers[] = {"type", "name", "timestamp", "hour", "dow"};

std::optional<Number> number_in(const Node &trace, std::string_view name)
{
    const Node *value = trace.find(name);
    if (!value)
        return std::nullopt;
    if (value->type == Type::text && !value->bytes.empty())
        return Number::parse(value->bytes);
    return value->item().is_number() ? std::optional(number_of(value->item())) : std::nullopt;
}

// Milliseconds since 1970, where it is one.
std::optional<Time> time_in(const Node &trace, std::string_view name)
{
    std::optional<Number> value = number_in(trace, name);
    double time = value ? value->approximate() : 0;
    return time >= 1e12 && time < 1e13 ? std::optional(static_cast<Time>(std::llround(time)))
                                       : std::nullopt;
}

void add_metrics(const Node &metrics, NodeList &segments)
{
    for (const Node &metric : metrics.children) {
        if (!metric.item().is_number() || metric.key.empty() ||
            metric.key.size() > kLongestMetric ||
            metric.key.find_first_of(".$") != std::string_view::npos)
            throw Error(ErrorCode::invalid_value,
                        "metric " + quoted(metric.key) + " must be a number with a short name");
        segments.push_back(metric);
    }
}

// What an event cannot show costs only itself.
void report_members(const Node &trace, SkipList &skips, std::pmr::memory_resource *memory)
{
    auto skip = [&](const Node &member, const char *reason) {
        skips.push_back({"apm", {}, keep_text(quoted(member.key) + reason, memory)});
    };
    for (const Node &member : trace.children) {
        // The web SDK adds the time and the device's hour and day, which the request has as well.
        bool is_known = std::any_of(std::begin(kOtherMembers), std::end(kOtherMembers),
                                    [&](std::string_view name) { return name == member.key; });
        if (member.type == Type::null || is_known)
            continue;
        if (member.key == "stz" || member.key == "etz") {
            if (!time_in(trace, member.key))
                skip(member, " must be milliseconds since 1970");
        } else if (member.key != "apm_metrics")
            skip(member, " is an unknown member");
        else if (member.type != Type::object)
            skip(member, " must be an object");
    }
}

Node trace_event(const Request &request, Time now, std::pmr::memory_resource *memory)
{
    const Node &trace = request.apm;
    const Node *type = trace.find("type"), *name = trace.find("name");
    const Node *metrics = trace.find("apm_metrics");
    bool is_network = type && type->type == Type::text && type->bytes == "network";
    if (!is_network && !(type && type->type == Type::text && type->bytes == "device"))
        throw Error(ErrorCode::invalid_value, "\"type\" must be device or network");
    if (!name || name->type != Type::text || name->bytes.empty())
        throw Error(ErrorCode::invalid_value, "has no \"name\"");
    NodeList segments(memory);
    segments.push_back(member("name", make_text(cut_characters(name->bytes, kLongestName))));
    if (metrics && metrics->type == Type::object) {
        if (metrics->children.size() > kMetrics)
            throw Error(ErrorCode::limit_exceeded, "has too many metrics");
        add_metrics(*metrics, segments);
    }
    std::optional<Time> start = time_in(trace, "stz"), end = time_in(trace, "etz");
    Node duration;
    if (start && end && *end >= *start)
        duration = make_number(multiply(Number(*end - *start), Number::parse("0.001")), memory);
    Time time = start && *start <= now ? *start : request.time;
    return make_event(is_network ? "[CLY]_apm_network" : "[CLY]_apm_device", time, duration,
                      segments, memory);
}

}  // namespace

void read_trace(const Request &request, Time now, NodeList &events, SkipList &skips,
                std::pmr::memory_resource *memory)
{
    if (request.apm.type != Type::object)
        return;
    try {
        events.push_back(trace_event(request, now, memory));
        report_members(request.apm, skips, memory);
    } catch (const Error &error) {
        skips.push_back({"apm", {}, keep_text(error.message(), memory)});
    }
}

}  // namespace profiles
