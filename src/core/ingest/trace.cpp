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
constexpr std::string_view kName = "name";
// The web SDK adds the time and the device's hour and day, which the request has as well.
constexpr std::string_view kOtherMembers[] = {"type", kName, "timestamp", "hour", "dow"};

std::optional<Number> number_in(const Node &value)
{
    if (value.item().is_number())
        return number_of(value.item());
    if (value.type != Type::text || value.bytes.empty())
        return std::nullopt;
    try {
        return Number::parse(value.bytes);
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled)
            throw;
        return std::nullopt;
    }
}

// Milliseconds since 1970, where it is one.
std::optional<Time> time_in(const Node &trace, std::string_view name)
{
    const Node *member = trace.find(name);
    std::optional<Number> value = member ? number_in(*member) : std::nullopt;
    double time = value ? value->approximate() : 0;
    return time >= 1e12 && time < 1e13 ? std::optional(static_cast<Time>(std::llround(time)))
                                       : std::nullopt;
}

// Metrics stand beside the name of the trace.
bool is_metric_name(std::string_view name)
{
    return !name.empty() && name.size() <= kLongestMetric && name != kName &&
           name.find_first_of(".$") == std::string_view::npos;
}

// A trace needs a type and a name; of the rest, what an event cannot show costs only itself.
class TraceReader {
public:
    TraceReader(const Request &request, Time now, SkipList &skips,
                std::pmr::memory_resource *memory)
        : request_(request), trace_(request.apm), now_(now), skips_(skips), memory_(memory)
    {
    }

    Node read()
    {
        const char *key = event_key();
        NodeList segments(memory_);
        segments.push_back(member(kName, make_text(name())));
        add_metrics(segments);
        report_members();
        std::optional<Time> start = time_in(trace_, "stz"), end = time_in(trace_, "etz");
        Node duration;
        if (start && end && *end >= *start)
            duration =
                make_number(multiply(Number(*end - *start), Number::parse("0.001")), memory_);
        Time time = start && *start <= now_ ? *start : request_.time;
        return make_event(key, time, duration, segments, memory_);
    }

private:
    const char *event_key() const
    {
        const Node *type = trace_.find("type");
        std::string_view sent = type && type->type == Type::text ? type->bytes : "";
        if (sent == "network")
            return "[CLY]_apm_network";
        if (sent == "device")
            return "[CLY]_apm_device";
        throw Error(ErrorCode::invalid_value, "\"type\" must be device or network");
    }

    std::string_view name()
    {
        const Node *name = trace_.find(kName);
        if (!name || name->type != Type::text || name->bytes.empty())
            throw Error(ErrorCode::invalid_value, "has no \"name\"");
        std::string_view kept = cut_characters(name->bytes, kLongestName);
        if (kept.size() < name->bytes.size())
            skip("\"name\" cut to " + std::to_string(kLongestName) + " characters");
        return kept;
    }

    void add_metrics(NodeList &segments)
    {
        const Node *metrics = trace_.find("apm_metrics");
        if (!metrics || metrics->type != Type::object)
            return;
        std::size_t count = metrics->children.size();
        if (count > kMetrics)
            skip("only the first " + std::to_string(kMetrics) + " of " + std::to_string(count) +
                 " metrics are taken");
        for (const Node &metric : metrics->children.first(std::min(count, kMetrics))) {
            std::optional<Number> value = number_in(metric);
            if (value && is_metric_name(metric.key))
                segments.push_back(member(metric.key, make_number(*value, memory_)));
            else if (metric.type != Type::null)
                skip("metric " + quoted(metric.key) + " must be a number with a short name");
        }
    }

    void report_members()
    {
        for (const Node &member : trace_.children) {
            if (member.type == Type::null ||
                std::find(std::begin(kOtherMembers), std::end(kOtherMembers), member.key) !=
                    std::end(kOtherMembers))
                continue;
            if (member.key == "stz" || member.key == "etz") {
                if (!time_in(trace_, member.key))
                    skip(quoted(member.key) + " must be milliseconds since 1970");
            } else if (member.key != "apm_metrics")
                skip(quoted(member.key) + " is an unknown member");
            else if (member.type != Type::object)
                skip(quoted(member.key) + " must be an object");
        }
    }

    void skip(const std::string &reason)
    {
        skips_.push_back({"apm", {}, keep_text(reason, memory_)});
    }

    const Request &request_;
    const Node &trace_;
    Time now_;
    SkipList &skips_;
    std::pmr::memory_resource *memory_;
};

}  // namespace

void read_trace(const Request &request, Time now, NodeList &events, SkipList &skips,
                std::pmr::memory_resource *memory)
{
    if (request.apm.type != Type::object)
        return;
    try {
        events.push_back(TraceReader(request, now, skips, memory).read());
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled)
            throw;
        skips.push_back({"apm", {}, keep_text(error.message(), memory)});
    }
}

}  // namespace profiles
