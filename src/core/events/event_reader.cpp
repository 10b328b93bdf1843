#include "event_reader.h"

namespace profiles {

namespace {

// A few words: less than the call of memcmp takes.
bool are_same(const char *left, const char *right, std::size_t size)
{
    auto differ = [&](std::size_t at) {
        return layout::load<std::uint64_t>(left + at) ^ layout::load<std::uint64_t>(right + at);
    };
    if (size < sizeof(std::uint64_t))
        return std::memcmp(left, right, size) == 0;
    std::uint64_t difference = differ(size - sizeof(std::uint64_t));
    for (std::size_t at = 0; at + sizeof(std::uint64_t) < size; at += sizeof(std::uint64_t))
        difference |= differ(at);
    return difference == 0;
}

}  // namespace

bool EventReader::Shape::fits(std::string_view event) const
{
    return count > 0 && event.size() >= names_start() + names_size &&
           are_same(event.data(), head.data(), head_size()) &&
           are_same(event.data() + names_start(), names.data(), names_size);
}

const EventReader::Shape *EventReader::find(std::string_view event)
{
    if (shapes_[latest_].fits(event))
        return &shapes_[latest_];
    for (std::size_t index = 0; index < kShapes; ++index)
        if (shapes_[index].fits(event)) {
            latest_ = index;
            return &shapes_[index];
        }
    return nullptr;
}

void EventReader::set_member(Member member, const Item &value, Event &event)
{
    switch (member) {
    case Member::key: event.key = value.bytes; break;
    case Member::ts: event.ts = number_of(value).integer(); break;
    case Member::count: event.count = number_of(value).integer(); break;
    case Member::sum: event.sum = number_of(value); break;
    case Member::duration: event.duration = number_of(value); break;
    case Member::hour: event.hour = value; break;
    case Member::weekday: event.weekday = value; break;
    case Member::segmentation: event.segmentation = value; break;
    }
}

bool EventReader::find_member(std::string_view name, Member &member)
{
    static constexpr std::pair<std::string_view, Member> kMembers[] = {
        {"key", Member::key},      {"ts", Member::ts},
        {"count", Member::count},  {"sum", Member::sum},
        {"dur", Member::duration}, {"hour", Member::hour},
        {"dow", Member::weekday},  {"segmentation", Member::segmentation}};
    for (const auto &[known, is] : kMembers)
        if (name == known) {
            member = is;
            return true;
        }
    return false;
}

// Only what an event can look like; anything else is read member by member, each time.
void EventReader::learn(const View &event)
{
    Shape shape;
    shape.count = event.count();
    if (event.is_array() || event.header().wide || shape.count == 0 || shape.count > kMaxMembers)
        return;
    std::string_view bytes = event.bytes();
    std::memcpy(shape.head.data(), bytes.data(), shape.head_size());
    for (std::uint32_t index = 0; index < shape.count; ++index) {
        std::size_t length = event.entry(index).length;
        if (shape.names_size + length > kMaxNames ||
            shape.names_start() + shape.names_size + length > bytes.size())
            return;
        char *name = shape.names.data() + shape.names_size;
        std::memcpy(name, bytes.data() + shape.names_start() + shape.names_size, length);
        if (!find_member({name, length}, shape.members[index]))
            return;
        shape.has_key |= shape.members[index] == Member::key;
        shape.names_size += static_cast<std::uint32_t>(length);
    }
    shapes_[next_] = shape;
    next_ = (next_ + 1) % kShapes;
}

// The key is looked at first: most events have another one than the one that is sought.
bool EventReader::read_members(const Shape &shape, std::string_view bytes,
                               const std::optional<std::string> &key, Event &event)
{
    const char *entries = bytes.data() + shape.head_size();
    const char *at = bytes.data() + shape.names_start() + shape.names_size;
    const char *end = bytes.data() + bytes.size();
    const char *values[kMaxMembers];
    auto entry = [&](std::uint32_t index) {
        return layout::narrow_entry(layout::load<std::uint16_t>(entries + 2 * index));
    };
    for (std::uint32_t index = 0; index < shape.count; ++index) {
        layout::Entry found = entry(index);
        if (static_cast<unsigned>(found.type) > kLastType ||
            found.length > static_cast<std::size_t>(end - at))
            raise_corrupted_profile();
        if (key && shape.members[index] == Member::key &&
            std::string_view(at, found.length) != *key)
            return false;
        values[index] = at;
        at += found.length;
    }
    // Whole: to set member after member and to read them at once later stalls a processor.
    event = kEmptyEvent;
    for (std::uint32_t index = 0; index < shape.count; ++index) {
        layout::Entry found = entry(index);
        set_member(shape.members[index], {found.type, {values[index], found.length}}, event);
    }
    return !key || shape.has_key || key->empty();
}

bool EventReader::read(const Item &element, const std::optional<std::string> &key, Event &event)
{
    if (element.type != Type::object)
        raise_corrupted_profile();
    if (const Shape *shape = find(element.bytes))
        return read_members(*shape, element.bytes, key, event);
    bool is_sought = read_event(element, key, event);
    learn(View(element));
    return is_sought;
}

}  // namespace profiles
