#include "session.h"

#include <algorithm>
#include <limits>

#include "../people/uid_text.h"
#include "../profile/assembly.h"
#include "../update/text.h"

namespace profiles {

namespace {

Node member(std::string_view key, Node node)
{
    node.key = key;
    return node;
}

Node object(std::initializer_list<Node> members, std::pmr::memory_resource *memory)
{
    auto *kept =
        static_cast<Node *>(memory->allocate(members.size() * sizeof(Node), alignof(Node)));
    std::uninitialized_copy(members.begin(), members.end(), kept);
    return make_container(Type::object, {kept, members.size()});
}

// Clocks and queues being what they are, a begin may also be stamped shortly before the end.
bool within_cooldown(const Session &session, Time time, const Settings &settings)
{
    Time since = time - *session.end;
    return (since < 0 ? -since : since) < settings.session_cooldown * 1000;
}

bool cooldown_is_over(const Session &session, Time time, const Settings &settings)
{
    return time - *session.end >= settings.session_cooldown * 1000;
}

}  // namespace

SessionStep plan_session(const Session &session, const Request &request, const Settings &settings)
{
    SessionStep step;
    bool ended = session.start && session.end;
    bool recent = ended && within_cooldown(session, request.time, settings);
    bool may_continue = recent && !request.ignore_cooldown;
    bool open = session.start && !ended;
    // A duration or an end that arrives after the end of the session in which it was sent.
    bool late = ended && !request.begin_session && request.time >= *session.start &&
                request.time <= *session.end;

    step.duration = std::min(request.session_duration.value_or(0), settings.session_duration_limit);
    // An orphan: the begin was lost, or the session has been over for too long.
    bool implied = !open && !late && (step.duration > 0 || (request.end_session && !recent));
    bool begin = request.begin_session || implied;
    step.goes_on = begin && may_continue;
    step.begins = begin && !may_continue;
    // An end from before the open session is of one that is closed already.
    step.ends = request.end_session && (!open || begin || request.time >= *session.start);
    bool is_over =
        ended && (request.ignore_cooldown || cooldown_is_over(session, request.time, settings));
    step.closes_at_once = step.ends && request.ignore_cooldown;
    step.closes = step.begins || (is_over && !step.closes_at_once);
    step.closes = session.start && step.closes;
    return step;
}

void advance_session(const SessionStep &step, const Request &request, User &user,
                     std::pmr::memory_resource *memory)
{
    if (step.begins) {
        user.session = Session();
        user.session.start = request.time;
        user.session.id =
            keep_text(uid_text(user.uid) + "_" + std::to_string(request.time), memory);
        user.first_session = std::min(user.first_session.value_or(request.time), request.time);
        user.last_session = std::max(user.last_session.value_or(request.time), request.time);
        ++user.session_count;
    }
    if (step.goes_on)
        user.session.end.reset();
    user.session.duration = static_cast<std::int32_t>(std::min<std::int64_t>(
        user.session.duration + step.duration, std::numeric_limits<std::int32_t>::max()));
    user.time_spent += step.duration;
    if (step.ends)
        user.session.end = std::max(user.session.end.value_or(request.time), request.time);
}

Node session_event(const Session &session, bool ended, std::pmr::memory_resource *memory)
{
    Node segmentation = object({member("session_id", make_text(session.id)),
                                member("events", make_number(session.events, memory)),
                                member("ended", make_text(ended ? "true" : "false"))},
                               memory);
    Node event = object({member("key", make_text(kSessionEvent)),
                         member("ts", make_number(*session.start, memory)),
                         member("dur", make_number(session.duration, memory)),
                         member("segmentation", segmentation)},
                        memory);
    seal(event);
    return event;
}

Node close_session(User &user, std::pmr::memory_resource *memory)
{
    Node event = session_event(user.session, true, memory);
    user.session.start.reset();
    user.session.end.reset();
    return event;
}

}  // namespace profiles
