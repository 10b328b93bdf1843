#include "properties.h"

#include <algorithm>

#include "../update/text.h"

namespace profiles {

namespace {

struct Metric {
    std::string_view name;
    std::string_view property;
};

constexpr Metric kMetrics[] = {
    {"_os", "platform"},
    {"_os_version", "platform_version"},
    {"_device", "device"},
    {"_device_type", "device_type"},
    {"_manufacturer", "manufacturer"},
    {"_resolution", "resolution"},
    {"_density", "density"},
    {"_carrier", "carrier"},
    {"_app_version", "app_version"},
    {"_locale", "locale"},
    {"_store", "source"},
    {"_browser", "browser"},
    {"_browser_version", "browser_version"},
    {"_orientation", "orientation"},
    {"_has_hinge", "has_hinge"},
    {"_ua", "user_agent"},
};

// Operating systems that run on one maker's devices only, and what the device's name tells.
struct DeviceFamily {
    std::string_view platform;
    std::string_view device_prefix;
    std::string_view type;
};

constexpr DeviceFamily kFamilies[] = {
    {"iOS", "iPhone", "mobile"},      {"iOS", "iPod", "mobile"},      {"iOS", "iPad", "tablet"},
    {"watchOS", "Watch", "wearable"}, {"tvOS", "AppleTV", "smarttv"}, {"macOS", "Mac", "desktop"},
    {"macOS", "iMac", "desktop"},
};

constexpr std::string_view kAppleSystems[] = {"iOS", "watchOS", "tvOS", "macOS"};

class PropertyReader {
public:
    PropertyReader(std::pmr::vector<Change> &changes, SkipList &skips,
                   std::pmr::memory_resource *memory)
        : changes_(changes), skips_(skips), memory_(memory)
    {
    }

    void read_metrics(const Node &metrics)
    {
        if (metrics.type != Type::object)
            return;
        for (const Node &metric : metrics.children)
            read_metric(metric);
        infer_device(metrics);
        if (std::string_view locale = text_of(metrics.find("_locale")); !locale.empty())
            add("language", locale.substr(0, locale.find_first_of("_-")));
    }

    void read_sdk(std::string_view name, std::string_view version)
    {
        if (name.empty() && version.empty())
            return;
        auto *members = static_cast<Node *>(memory_->allocate(2 * sizeof(Node), alignof(Node)));
        std::size_t count = 0;
        for (auto [key, value] :
             {std::pair<std::string_view, std::string_view>{"name", name}, {"version", version}}) {
            if (value.empty())
                continue;
            Node *member = new (members + count++) Node(make_text(value));
            member->key = key;
        }
        Node sdk = make_container(Type::object, {members, count});
        seal(sdk);
        changes_.push_back(set_property("sdk", sdk));
    }

    void add(std::string_view property, std::string_view value)
    {
        if (value.empty())
            return;
        Node node = make_text(value);
        seal(node);
        changes_.push_back(set_property(property, node));
    }

    void add(std::string_view property, std::int64_t value)
    {
        Node node = make_number(value, memory_);
        seal(node);
        changes_.push_back(set_property(property, node));
    }

private:
    void read_metric(const Node &metric)
    {
        auto known = std::find_if(std::begin(kMetrics), std::end(kMetrics),
                                  [&](const Metric &each) { return each.name == metric.key; });
        if (known == std::end(kMetrics)) {
            skip(metric.key, "unknown metric");
            return;
        }
        if (metric.is_container()) {
            skip(metric.key, "a metric must be a single value");
            return;
        }
        // What some systems send for "no carrier".
        if (metric.key == "_carrier" && metric.bytes == "--")
            return;
        if (metric.key == "_has_hinge")
            add("has_hinge",
                has_hinge(metric) ? std::string_view("hinged") : std::string_view("not_hinged"));
        else
            add(known->property, text_of(&metric));
    }

    static bool has_hinge(const Node &metric)
    {
        return metric.type == Type::yes ||
               (metric.type == Type::text && (metric.bytes == "true" || metric.bytes == "hinged"));
    }

    void infer_device(const Node &metrics)
    {
        std::string_view platform = text_of(metrics.find("_os")),
                         device = text_of(metrics.find("_device"));
        if (!metrics.find("_device_type"))
            for (const DeviceFamily &family : kFamilies)
                if (platform == family.platform && device.starts_with(family.device_prefix)) {
                    add("device_type", family.type);
                    break;
                }
        bool is_apple = std::find(std::begin(kAppleSystems), std::end(kAppleSystems), platform) !=
                        std::end(kAppleSystems);
        if (is_apple && !metrics.find("_manufacturer"))
            add("manufacturer", "Apple");
    }

    // Metrics are texts: a number or boolean is kept as its text.
    std::string_view text_of(const Node *metric)
    {
        if (!metric || metric->is_container())
            return {};
        switch (metric->type) {
        case Type::text: return metric->bytes;
        case Type::yes: return "true";
        case Type::no: return "false";
        case Type::integer:
        case Type::decimal: return keep_text(to_text(number_of(metric->item())).view(), memory_);
        default: return {};
        }
    }

    void skip(std::string_view metric, std::string_view reason)
    {
        skips_.push_back({metric, {}, keep_text(reason, memory_)});
    }

    std::pmr::vector<Change> &changes_;
    SkipList &skips_;
    std::pmr::memory_resource *memory_;
};

}  // namespace

Change set_property(std::string_view name, Node value) { return {{}, name, Operator::set, value}; }

void read_properties(const Request &request, std::pmr::vector<Change> &changes, SkipList &skips,
                     std::pmr::memory_resource *memory)
{
    PropertyReader reader(changes, skips, memory);
    reader.add("app_version", request.app_version);  // a metric of this name comes later and wins
    reader.read_metrics(request.metrics);
    reader.read_sdk(request.sdk_name, request.sdk_version);
    if (request.time_zone_offset)
        reader.add("time_zone_offset", *request.time_zone_offset);
}

}  // namespace profiles
