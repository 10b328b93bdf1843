#include "ingest.h"

#include <algorithm>

#include "../keep.h"
#include "../profile/assembly.h"
#include "changed_properties.h"
#include "duplicates.h"
#include "event_reader.h"
#include "expiry.h"
#include "properties.h"
#include "purchases.h"
#include "session.h"
#include "system_event.h"
#include "whereabouts.h"

namespace profiles {

namespace {

constexpr std::size_t kListedProperties = 100;  // of one update

constexpr std::string_view kIdentity[] = {"name", "username", "email", "phone"};

class Ingestion {
public:
    Ingestion(const User &user, const Request &request, const Surroundings &surroundings,
              std::pmr::memory_resource *memory)
        : request_(request), surroundings_(surroundings), memory_(memory), skips_(memory),
          reported_(memory), batches_(memory)
    {
        outcome_.user = user;
    }

    Outcome run()
    {
        User &user = outcome_.user;
        if (request_.sent_at) {
            if (is_duplicate(user, request_)) {
                outcome_.duplicate = true;
                return outcome_;
            }
            user.recent_requests = remember(user.recent_requests, request_.hash, memory_);
        }
        SessionStep step = plan_session(user.session, request_, surroundings_.settings);
        if (step.closes) {
            outcome_.rarely_changed |= user.session.views > 0;
            // With the profile as it was until now, unless the user wants no place to be known any more.
            std::string_view profile = user.profile;
            if (request_.location_disabled)
                user.profile = without_whereabouts(profile);
            batches_.push_back(close_open_session(user, memory_));
            user.profile = profile;
        }
        note_merge();
        expire_before(step);
        advance_session(step, request_, user, memory_);
        mark_times(step);

        RequestEvents events = read_events(request_, surroundings_.now,
                                           surroundings_.settings.limits, skips_, memory_);
        count_events(events);
        read_reports();
        update_profile(step, events);
        add_events(step, events);
        expire_after(step);
        outcome_.skips = keep(skips_, memory_);
        outcome_.batches = keep(batches_, memory_);
        return outcome_;
    }

private:
    // What is gone goes before the request is applied, so that an $inc begins anew.
    void expire_before(const SessionStep &step)
    {
        User &user = outcome_.user;
        if (user.expiry.empty())
            return;
        bool gone = false;
        if (step.closes || step.begins) {
            Time latest = std::max(user.last_seen.value_or(request_.time), request_.time);
            gone = expire_session_values(user, latest, batches_, memory_);
        }
        gone |= expire_values(user, request_.time, batches_, memory_);
        outcome_.profile_changed |= gone;
        outcome_.rarely_changed |= gone;
    }

    void expire_after(const SessionStep &step)
    {
        User &user = outcome_.user;
        bool gone =
            step.closes_at_once && expire_session_values(user, request_.time, batches_, memory_);
        bool moved =
            !gone && (step.ends || step.goes_on) && set_session_over(user, session_over(), memory_);
        outcome_.profile_changed |= gone;
        outcome_.rarely_changed |= gone || moved;
    }

    // When the session that has ended can no longer go on.
    std::optional<Time> session_over() const
    {
        const Session &session = outcome_.user.session;
        if (!session.start || !session.end)
            return std::nullopt;
        return *session.end + surroundings_.settings.session_cooldown * 1000;
    }

    // A merge changes the profile as a request does. One that comes late changes it where nobody looks.
    void note_merge()
    {
        std::string_view before = surroundings_.profile_before_merge;
        const User &user = outcome_.user;
        if (!before.empty() && before != user.profile &&
            request_.time >= user.last_seen.value_or(request_.time))
            changed_from_ = before;
    }

    void mark_times(const SessionStep &step)
    {
        User &user = outcome_.user;
        user.first_seen = std::min(user.first_seen.value_or(request_.time), request_.time);
        user.last_seen = std::max(user.last_seen.value_or(request_.time), request_.time);
        user.first_sync = user.first_sync.value_or(surroundings_.now);
        user.last_sync = surroundings_.now;
        Day day = surroundings_.calendar.day_of(request_.time, surroundings_.calendar.zone);
        user.recent.mark(day, step.begins);
        if (request_.session_duration.value_or(0) > step.duration)
            skips_.push_back({"session_duration", {}, "is over the limit and was cut to it"});
        if (request_.end_session && !step.ends)
            skips_.push_back({"end_session", {}, "is older than the open session, which goes on"});
    }

    void count_events(const RequestEvents &events)
    {
        User &user = outcome_.user;
        user.event_count += events.own;
        if (user.session.start)
            user.session.events += events.own;
        if (events.views > 0) {
            user.view_count += events.views;
            if (user.session.start)
                user.session.views += events.views;
            if (user.view.at.value_or(0) <= *events.view.at)
                user.view = events.view;
            outcome_.rarely_changed = true;
        }
        if (add_purchases(events.events, surroundings_.settings, user.purchases, skips_, memory_))
            outcome_.rarely_changed = true;
    }

    // What becomes an event or a row of its own.
    void read_reports()
    {
        outcome_.crash = read_crash(request_, reported_, skips_, memory_);
        outcome_.consent =
            read_consent(request_, outcome_.user.consent, reported_, skips_, memory_);
        if (outcome_.consent)
            outcome_.rarely_changed = true;
        read_trace(request_, surroundings_.now, reported_, skips_, memory_);
        outcome_.tokens = read_tokens(request_, skips_, memory_);
        outcome_.enrolments = read_enrolments(request_, skips_, memory_);
    }

    // Everything that the request says of the user, in one pass over the profile.
    void update_profile(const SessionStep &step, const RequestEvents &events)
    {
        const Limits &limits = surroundings_.settings.limits;
        User &user = outcome_.user;
        std::pmr::vector<Change> changes(memory_);
        read_properties(request_, changes, skips_, memory_);
        read_campaign(request_, changes, skips_, memory_);
        if (!events.orientation.empty()) {
            Node orientation = make_text(events.orientation);
            seal(orientation);
            changes.push_back(set_property("orientation", orientation));
        }
        std::string_view before = user.profile;
        View profile(before);
        update_location({request_, surroundings_.settings, surroundings_.geoip,
                         surroundings_.geocoder, step.begins},
                        profile, user, changes, memory_);
        if (request_.user_details.type == Type::object)
            read_details(request_.user_details, Mode::lenient, limits, changes, skips_, memory_);

        Update update(profile, changes, Mode::lenient, limits, skips_, memory_);
        if (update.changed()) {
            user.profile = written(update);
            outcome_.profile_changed = true;
            changed_from_ = changed_from_.value_or(before);
        }
        outcome_.rarely_changed |=
            renew_expiry(user,
                         {surroundings_.settings, changes, before, request_.time,
                          request_.time < *user.last_seen, session_over()},
                         memory_);
        snapshot_ = user.profile;
        if (!surroundings_.profile_then.empty())
            snapshot_ = updated_then(changes);
        identify();
    }

    // What the request changes, it changed at its own time, too. Its faults are reported already.
    std::string_view updated_then(std::pmr::vector<Change> &changes)
    {
        if (is_opted_out(outcome_.user))
            forget_whereabouts(changes);
        return updated(surroundings_.profile_then, changes, surroundings_.settings.limits);
    }

    std::string_view without_whereabouts(std::string_view profile)
    {
        std::pmr::vector<Change> changes(memory_);
        forget_whereabouts(changes);
        return updated(profile, changes, Limits());
    }

    std::string_view updated(std::string_view profile, std::span<Change> changes,
                             const Limits &limits)
    {
        SkipList reported(memory_);
        View before(profile);
        Update update(before, changes, Mode::lenient, limits, reported, memory_);
        return update.changed() ? written(update) : profile;
    }

    std::string_view written(const Update &update)
    {
        std::size_t size = update.size();
        auto *bytes = static_cast<char *>(memory_->allocate(size, 1));
        update.write(bytes);
        return {bytes, size};
    }

    void identify()
    {
        User &user = outcome_.user;
        if (request_.device_id_type && request_.device_id == user.device_id)
            user.device_id_type = request_.device_id_type;
        if (user.identified)
            return;
        View profile(user.profile);
        user.identified =
            request_.device_id_type == 0 ||
            std::any_of(std::begin(kIdentity), std::end(kIdentity),
                        [&](std::string_view name) { return profile.find(name).has_value(); });
    }

    void add_events(const SessionStep &step, const RequestEvents &events)
    {
        NodeList list(memory_);
        list.assign(events.events.begin(), events.events.end());
        list.insert(list.end(), reported_.begin(), reported_.end());
        if (list.empty() && changed_from_ && *changed_from_ != outcome_.user.profile)
            list.push_back(property_update());
        if (step.closes_at_once && outcome_.user.session.start) {
            outcome_.rarely_changed |= outcome_.user.session.views > 0;
            NodeList closing = close_session(outcome_.user, memory_);
            list.insert(list.end(), closing.begin(), closing.end());
        }
        if (list.empty())
            return;
        Time first = events.first, last = events.last;
        for (std::size_t index = events.events.size(); index < list.size(); ++index) {
            Time time = number_of(list[index].find("ts")->item()).integer();
            first = index == 0 ? time : std::min(first, time);
            last = index == 0 ? time : std::max(last, time);
        }
        batches_.push_back(make_batch(list, snapshot_, first, last, memory_));
    }

    // So that a profile of any time can be found: no other event of the request keeps it.
    Node property_update()
    {
        NodeList names =
            changed_properties(*changed_from_, outcome_.user.profile, kListedProperties, memory_);
        return make_property_update(names, request_.time, memory_);
    }

    const Request &request_;
    const Surroundings &surroundings_;
    std::pmr::memory_resource *memory_;
    SkipList skips_;
    std::optional<std::string_view>
        changed_from_;           // the profile that the request changed, or its merge
    std::string_view snapshot_;  // what the events of the request carry
    NodeList reported_;          // events that no SDK calls by that name
    BatchList batches_;
    Outcome outcome_;
};

}  // namespace

bool is_duplicate(const User &user, const Request &request)
{
    return request.sent_at && is_remembered(user.recent_requests, request.hash);
}

bool is_late(const User &user, const Request &request)
{
    bool may_leave_events =
        !request.events.children.empty() || request.user_details.type == Type::object ||
        request.crash.type == Type::object || request.apm.type == Type::object ||
        request.consent.type == Type::object;
    return may_leave_events && user.last_seen && request.time < *user.last_seen &&
           !is_duplicate(user, request);
}

Outcome ingest(const User &user, const Request &request, const Surroundings &surroundings,
               std::pmr::memory_resource *memory)
{
    return Ingestion(user, request, surroundings, memory).run();
}

Outcome expire(const User &user, Time now, std::pmr::memory_resource *memory)
{
    Outcome outcome;
    outcome.user = user;
    BatchList batches(memory);
    bool gone = false;
    if (session_values_are_gone(user, now, memory)) {
        if (user.session.start)
            batches.push_back(close_open_session(outcome.user, memory));
        gone = expire_session_values(outcome.user, now, batches, memory);
    }
    gone |= expire_values(outcome.user, now, batches, memory);
    outcome.profile_changed = outcome.rarely_changed = gone;
    outcome.batches = keep(batches, memory);
    return outcome;
}

Batch close_open_session(User &user, std::pmr::memory_resource *memory)
{
    Time start = *user.session.start;
    NodeList events = close_session(user, memory);
    Time last = number_of(events.back().find("ts")->item()).integer();
    return make_batch(events, user.profile, start, std::max(start, last), memory);
}

}  // namespace profiles
