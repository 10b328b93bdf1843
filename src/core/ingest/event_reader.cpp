#include "event_reader.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "../keep.h"
#include "../error.h"
#include "../events/event_list.h"
#include "../interrupt.h"
#include "../update/text.h"
#include "internal_events.h"
#include "repeated_names.h"

namespace profiles {

namespace {

constexpr Time kClockTolerance = 60 * 1000;   // a device's clock may run ahead this much unreported
constexpr std::size_t kReportedSkips = 1000;  // one hostile request must not make a million reports

// Names that link events with each other; nothing reads them.
constexpr std::string_view kLinks[] = {"id", "pvid", "cvid", "peid"};
constexpr std::string_view kMembers[] = {"key",          "count",     "sum",  "dur",
                                         "segmentation", "timestamp", "hour", "dow"};

template <std::size_t Size>
bool is_one_of(const std::string_view (&names)[Size], std::string_view name)
{
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// What was meant to be a duration and is a time.
constexpr std::int64_t kShortestTimestamp = 1000000000;

class EventReader {
public:
    EventReader(const Request &request, Time now, const Limits &limits, SkipList &skips,
                std::pmr::memory_resource *memory)
        : request_(request), now_(now), limits_(limits), skips_(skips), memory_(memory),
          events_(memory), members_(memory)
    {
    }

    RequestEvents read()
    {
        // A message starts with the place of its event, as people count.
        for (const Node &event : request_.events.children) {
            ++number_;
            check_interrupt();
            try {
                read_event(event);
            } catch (const Error &error) {
                if (error.code() == ErrorCode::cancelled)
                    throw;
                skip(event_key(event), error.message());
            }
        }
        if (unreported_)
            skips_.push_back(
                {"events",
                 {},
                 keep_text(std::to_string(unreported_) + " more faults are not listed", memory_)});
        result_.events = profiles::keep(events_, memory_);
        return result_;
    }

private:
    static std::string_view event_key(const Node &event)
    {
        const Node *key = event.find("key");
        return key && key->type == Type::text ? key->bytes : std::string_view("events");
    }

    void skip(std::string_view key, const std::string &reason)
    {
        if (++reported_ > kReportedSkips)
            ++unreported_;
        else
            skips_.push_back(
                {key, {}, keep_text("event " + std::to_string(number_) + ": " + reason, memory_)});
    }

    void read_event(const Node &event)
    {
        if (event.type != Type::object)
            throw Error(ErrorCode::wrong_type,
                        std::string("must be an object, got ") + type_name(event.type));
        std::string_view key = checked_key(event);
        const Node *segmentation = event.find("segmentation");
        if (key == kOrientation) {
            const Node *mode = segmentation && segmentation->type == Type::object
                                   ? segmentation->find("mode")
                                   : nullptr;
            if (!mode || mode->type != Type::text)
                throw Error(ErrorCode::invalid_value, "has no segment \"mode\"");
            result_.orientation = mode->bytes;
            return;
        }
        bool own = !key.starts_with(kInternalPrefix);
        report_unknown_members(key, event);
        InternalEvent shape{key, {}};
        if (!own)
            shape = shape_internal_event(key, segmentation);
        members_.clear();
        add("key", make_text(shape.key));
        Time time = event_time(event);
        add("ts", make_number(time, memory_));
        add_count(event);
        add_number(event, "sum");
        add_number(event, "dur");
        add_local_time(event);
        if (segmentation)
            add_segmentation(key, *segmentation, shape);
        if (shape.key == kView)
            note_view(time, *segmentation);
        keep(time, own);
    }

    void report_unknown_members(std::string_view key, const Node &event)
    {
        for (const Node &member : event.children)
            if (!is_one_of(kMembers, member.key) && !is_one_of(kLinks, member.key))
                skip(key, "unknown member " + quoted(member.key));
    }

    std::string_view checked_key(const Node &event)
    {
        const Node *key = event.find("key");
        if (!key || key->type != Type::text || key->bytes.empty())
            throw Error(ErrorCode::invalid_value, "has no key");
        if (limits_.key_length && character_count(key->bytes) > limits_.key_length)
            throw Error(ErrorCode::limit_exceeded,
                        "key is longer than " + std::to_string(limits_.key_length) + " characters");
        if (key->bytes.starts_with(kInternalPrefix) && !is_sent_by_sdks(key->bytes))
            throw Error(ErrorCode::invalid_value, "unknown internal event " + quoted(key->bytes));
        return key->bytes;
    }

    static std::optional<Number> number(const Node *node)
    {
        if (!node || node->type == Type::null || (node->type == Type::text && node->bytes.empty()))
            return std::nullopt;
        if (node->type == Type::text)
            return Number::parse(node->bytes);
        if (node->item().is_number())
            return number_of(node->item());
        throw Error(ErrorCode::wrong_type,
                    quoted(node->key) + " must be a number, got " + type_name(node->type));
    }

    // As number(), but a part that cannot be understood does not cost the event.
    std::optional<Number> lenient_number(const Node &event, std::string_view name)
    {
        try {
            return number(event.find(name));
        } catch (const Error &error) {
            if (error.code() == ErrorCode::cancelled)
                throw;
            skip(event_key(event),
                 error.code() == ErrorCode::invalid_text   ? quoted(name) + " must be a number"
                 : error.code() == ErrorCode::out_of_range ? quoted(name) + ": " + error.message()
                                                           : error.message());
            return std::nullopt;
        }
    }

    // Missing, wrong or from the future: the request's time. Equal times are moved apart by a
    // millisecond, so that the order of the request stays.
    Time event_time(const Node &event)
    {
        Time time = request_.time;
        if (std::optional<Number> sent = lenient_number(event, "timestamp")) {
            double value = sent->approximate();
            bool is_seconds = value >= 1e9 && value < 1e10,
                 is_milliseconds = value >= 1e12 && value < 1e13;
            if (is_seconds || is_milliseconds)
                time = static_cast<Time>(std::llround(is_seconds ? value * 1000 : value));
            else
                skip(event_key(event), "\"timestamp\" is neither seconds nor milliseconds since "
                                       "1970; the request's time is used");
            if (time > now_ + kClockTolerance)
                skip(event_key(event),
                     "\"timestamp\" is in the future; the request's time is used");
        }
        return free_time(time > now_ ? request_.time : time);
    }

    // The first free millisecond from `time` on. Each taken one remembers where to look next, and
    // all on the way learn the answer, so no order of times costs more than another.
    Time free_time(Time time)
    {
        Time free = time;
        for (auto taken = next_.find(free); taken != next_.end(); taken = next_.find(free))
            free = taken->second;
        for (auto taken = next_.find(time); taken != next_.end(); taken = next_.find(time)) {
            time = taken->second;
            taken->second = free + 1;
        }
        next_[free] = free + 1;
        return free;
    }

    void add(std::string_view name, Node node)
    {
        node.key = name;
        members_.push_back(node);
    }

    void add_count(const Node &event)
    {
        std::optional<Number> count = lenient_number(event, "count");
        if (!count || *count == Number(0))
            return;
        if (!count->is_integer() || count->integer() < 0)
            skip(event_key(event), "\"count\" must be a positive integer; 1 is used");
        else if (count->integer() > 1)
            add("count", make_number(*count, memory_));
    }

    // `segmentation` has the name of the view.
    void note_view(Time time, const Node &segmentation)
    {
        ++result_.views;
        const Node *id = segmentation.find("_idv");
        result_.view = {segmentation.find("name")->bytes,
                        id && id->type == Type::text ? id->bytes : std::string_view(), time};
    }

    void add_number(const Node &event, std::string_view name)
    {
        std::optional<Number> value = lenient_number(event, name);
        if (!value || *value == Number(0))
            return;
        if (name == "dur" && compare(*value, Number(kShortestTimestamp)) >= 0)
            skip(event_key(event), "\"dur\" is a time and no duration");
        else if (name == "dur" && compare(*value, Number(0)) < 0)
            skip(event_key(event), "\"dur\" is negative");
        else
            add(name, make_number(*value, memory_));
    }

    // The device's own hour and day of the week; those of the request where the event has none.
    void add_local_time(const Node &event)
    {
        std::optional<std::int64_t> hour = integer_between(event, "hour", 24),
                                    day = integer_between(event, "dow", 6);
        if (hour)
            hour = *hour % 24;
        else if (request_.hour)
            hour = *request_.hour;
        if (day)
            day = *day == 0 ? 7 : *day;
        else if (request_.day_of_week)
            day = *request_.day_of_week;
        if (hour)
            add("hour", make_number(*hour, memory_));
        if (day)
            add("dow", make_number(*day, memory_));
    }

    // From 0 up; what is not is reported.
    std::optional<std::int64_t> integer_between(const Node &event, std::string_view name,
                                                std::int64_t high)
    {
        std::optional<Number> value = lenient_number(event, name);
        if (!value)
            return std::nullopt;
        if (!value->is_integer() || value->integer() < 0 || value->integer() > high) {
            skip(event_key(event),
                 quoted(name) + " must be an integer from 0 to " + std::to_string(high));
            return std::nullopt;
        }
        return value->integer();
    }

    // Null and empty values are absent; dots and dollar signs go from names, as they do from properties.
    void add_segmentation(std::string_view key, const Node &segmentation,
                          const InternalEvent &shape)
    {
        if (segmentation.type == Type::null)
            return;
        if (segmentation.type != Type::object) {
            skip(key, std::string("\"segmentation\" must be an object, got ") +
                          type_name(segmentation.type));
            return;
        }
        NodeList members(memory_);
        for (const Node &sent : segmentation.children)
            add_segment(key, sent, members);
        report_collisions(key, members);
        members.insert(members.end(), shape.added.begin(),
                       shape.added.begin() + static_cast<std::ptrdiff_t>(shape.added_count));
        if (members.empty())
            return;
        auto *kept =
            static_cast<Node *>(memory_->allocate(members.size() * sizeof(Node), alignof(Node)));
        std::uninitialized_copy(members.begin(), members.end(), kept);
        add("segmentation", make_container(Type::object, {kept, members.size()}));
    }

    void add_segment(std::string_view key, const Node &sent, NodeList &members)
    {
        Node value = sent;
        value.key = cleaned_name(sent.key);
        if (value.type == Type::null || (value.type == Type::text && value.bytes.empty()))
            return;
        if (value.key.empty()) {
            skip(key, "segment " + quoted(sent.key) + " has no name");
        } else if (limits_.key_length && character_count(value.key) > limits_.key_length) {
            skip(key, "segment name is longer than " + std::to_string(limits_.key_length) +
                          " characters");
        } else if (limits_.segments && members.size() >= limits_.segments) {
            skip(key, "segment " + quoted(value.key) + ": limit of " +
                          std::to_string(limits_.segments) + " segments reached");
        } else {
            cut(key, value);
            members.push_back(value);
        }
    }

    // Of names that cleaning made equal the last one stays.
    void report_collisions(std::string_view key, const NodeList &members)
    {
        if (!std::exchange(has_cleaned_, false))
            return;
        for (std::string_view name : repeated_names(members, memory_))
            skip(key, "two segments are named " + quoted(name) +
                          " once \".\" and \"$\" are stripped; one is kept");
    }

    std::string_view cleaned_name(std::string_view name)
    {
        if (name.find_first_of(".$") == std::string_view::npos)
            return name;
        has_cleaned_ = true;
        auto *bytes = static_cast<char *>(memory_->allocate(name.size(), 1));
        char *end = std::copy_if(name.begin(), name.end(), bytes,
                                 [](char byte) { return byte != '.' && byte != '$'; });
        return {bytes, static_cast<std::size_t>(end - bytes)};
    }

    void cut(std::string_view key, Node &value)
    {
        if (value.type == Type::array)
            cut_elements(key, value);
        else if (cut_text(value))
            skip(key, "segment " + quoted(value.key) + " cut to " +
                          std::to_string(limits_.value_length) + " characters");
    }

    bool cut_text(Node &value) const
    {
        if (value.type != Type::text || !limits_.value_length)
            return false;
        std::size_t length = value.bytes.size();
        value.bytes = cut_characters(value.bytes, limits_.value_length);
        return value.bytes.size() < length;
    }

    // The elements are copied: the request stays as it was sent.
    void cut_elements(std::string_view key, Node &array)
    {
        std::span<Node> sent = array.children;
        if (limits_.segment_elements && sent.size() > limits_.segment_elements) {
            sent = sent.first(limits_.segment_elements);
            skip(key, "segment " + quoted(array.key) + " cut to its first " +
                          std::to_string(limits_.segment_elements) + " elements");
        }
        NodeList elements(sent.begin(), sent.end(), memory_);
        bool cut = false;
        for (Node &element : elements)
            cut |= cut_text(element);
        if (cut)
            skip(key, "elements of segment " + quoted(array.key) + " cut to " +
                          std::to_string(limits_.value_length) + " characters");
        array.children = profiles::keep(elements, memory_);
    }

    void keep(Time time, bool own)
    {
        auto *members =
            static_cast<Node *>(memory_->allocate(members_.size() * sizeof(Node), alignof(Node)));
        std::uninitialized_copy(members_.begin(), members_.end(), members);
        Node event = make_container(Type::object, {members, members_.size()});
        seal(event);
        result_.first = events_.empty() ? time : std::min(result_.first, time);
        result_.last = events_.empty() ? time : std::max(result_.last, time);
        result_.own += own ? 1 : 0;
        events_.push_back(event);
    }

    const Request &request_;
    Time now_;
    const Limits &limits_;
    SkipList &skips_;
    std::pmr::memory_resource *memory_;
    NodeList events_;
    NodeList members_;  // of the event that is being made
    std::pmr::unordered_map<Time, Time> next_{memory_};
    std::size_t number_ = 0;
    std::size_t reported_ = 0, unreported_ = 0;
    bool has_cleaned_ = false;  // a segment of the event that is being made was renamed
    RequestEvents result_;
};

}  // namespace

RequestEvents read_events(const Request &request, Time now, const Limits &limits, SkipList &skips,
                          std::pmr::memory_resource *memory)
{
    return EventReader(request, now, limits, skips, memory).read();
}

}  // namespace profiles
