#include "event_list.h"

#include "../interrupt.h"

namespace profiles {

namespace {

[[noreturn]] void raise_invalid(const std::string &what)
{
    throw Error(ErrorCode::invalid_value, "invalid list of events: " + what);
}

bool is_integer_between(const Node &node, std::int64_t low, std::int64_t high)
{
    if (node.type != Type::integer)
        return false;
    std::int64_t value = number_of(node.item()).integer();
    return value >= low && value <= high;
}

bool is_valid_member(const Node &member)
{
    if (member.key == "key")
        return member.type == Type::text && !member.bytes.empty();
    if (member.key == "ts")
        return is_integer_between(member, kEarliestTime, kLatestTime);
    if (member.key == "count")
        return is_integer_between(member, 1, INT64_MAX);
    if (member.key == "sum" || member.key == "dur")
        return member.item().is_number();
    if (member.key == "hour")
        return is_integer_between(member, 0, 23);
    if (member.key == "dow")
        return is_integer_between(member, 1, 7);
    return member.key == "segmentation" && member.type == Type::object;
}

void check_event(const Node &event)
{
    if (event.type != Type::object)
        raise_invalid(std::string("an event must be an object, not ") + type_name(event.type));
    for (const Node &member : event.children)
        if (!is_valid_member(member))
            raise_invalid("unknown or invalid member " + quoted(member.key));
    if (!event.find("key") || !event.find("ts"))
        raise_invalid("an event needs a key and a ts");
}

}  // namespace

const Event kEmptyEvent;

// Members are in the order of the lengths of their names, so that the key comes before most of them.
bool read_event(const Item &element, const std::optional<std::string> &key, Event &event)
{
    if (element.type != Type::object)
        raise_corrupted_profile();
    event.key = {};
    event.ts = 0;
    event.count = 1;
    event.sum = event.duration = Number();
    event.hour = event.weekday = Item();
    event.segmentation.reset();
    for (Cursor cursor{View(element)}; cursor.next();) {
        std::string_view name = cursor.key();
        const Item &value = cursor.item();
        switch (name.size()) {
        case 2:
            if (name == "ts")
                event.ts = number_of(value).integer();
            break;
        case 3:
            if (name == "key") {
                event.key = value.bytes;
                if (key && event.key != *key)
                    return false;
            } else if (name == "sum")
                event.sum = number_of(value);
            else if (name == "dur")
                event.duration = number_of(value);
            else if (name == "dow")
                event.weekday = value;
            break;
        case 4:
            if (name == "hour")
                event.hour = value;
            break;
        case 5:
            if (name == "count")
                event.count = number_of(value).integer();
            break;
        default:
            if (name == "segmentation")
                event.segmentation = value;
        }
    }
    return !key || event.key == *key;
}

Event read_event(const Item &element)
{
    Event event;
    read_event(element, std::nullopt, event);
    return event;
}

void normalise_events(Node &list)
{
    if (list.type != Type::array)
        raise_invalid(std::string("it must be a JSON array, not ") + type_name(list.type));
    seal(list);
    for (const Node &event : list.children) {
        check_interrupt();
        check_event(event);
    }
}

}  // namespace profiles
