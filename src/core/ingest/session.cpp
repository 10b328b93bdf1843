#include "session.h"

#include <algorithm>
#include <limits>

#include "../people/uid_text.h"
#include "../profile/assembly.h"
#include "../update/text.h"
#include "internal_events.h"
#include "system_event.h"

namespace profiles {

namespace {

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
    NodeList segmentation(memory);
    segmentation.push_back(member("session_id", make_text(session.id)));
    segmentation.push_back(member("events", make_number(session.events, memory)));
    segmentation.push_back(member("ended", make_text(ended ? "true" : "false")));
    return make_event(kSessionEvent, *session.start, make_number(session.duration, memory),
                      segmentation, memory);
}

// How the session left the app: of the view that was open then.
Node exit_event(const User &user, std::pmr::memory_resource *memory)
{
    NodeList segmentation(memory);
    segmentation.push_back(member("name", make_text(user.view.name)));
    if (!user.view.id.empty())
        segmentation.push_back(member("_idv", make_text(user.view.id)));
    segmentation.push_back(member("exit", make_number(1, memory)));
    if (user.session.views == 1)
        segmentation.push_back(member("bounce", make_number(1, memory)));
    Time at = std::max(user.view.at.value_or(*user.session.start), *user.session.start);
    return make_event(kViewUpdate, at, Node(), segmentation, memory);
}

NodeList close_session(User &user, std::pmr::memory_resource *memory)
{
    NodeList events(memory);
    events.push_back(session_event(user.session, true, memory));
    if (user.session.views > 0 && !user.view.name.empty())
        events.push_back(exit_event(user, memory));
    user.session.start.reset();
    user.session.end.reset();
    user.session.views = 0;
    return events;
}

}  // namespace profiles
