#include "ingest.h"

#include <algorithm>

#include "../profile/assembly.h"
#include "duplicates.h"
#include "event_reader.h"
#include "properties.h"
#include "session.h"
#include "whereabouts.h"

namespace profiles {

namespace {

constexpr std::string_view kIdentity[] = {"name", "username", "email", "phone"};

Batch make_batch(std::span<Node> events, std::string_view profile, Time first, Time last,
                 std::pmr::memory_resource *memory)
{
    Node list = make_container(Type::array, events);
    seal(list);
    return {profile, pack(list, memory), first, last};
}

class Ingestion {
public:
    Ingestion(const User &user, const Request &request, const Surroundings &surroundings,
              std::pmr::memory_resource *memory)
        : request_(request), surroundings_(surroundings), memory_(memory), skips_(memory),
          before_(user.profile)
    {
        outcome_.user = user;
    }

    Outcome run()
    {
        User &user = outcome_.user;
        if (request_.sent_at) {
            if (is_remembered(user.recent_requests, request_.hash)) {
                outcome_.duplicate = true;
                return outcome_;
            }
            user.recent_requests = remember(user.recent_requests, request_.hash, memory_);
        }
        SessionStep step = plan_session(user.session, request_, surroundings_.settings);
        if (step.closes)
            add_batch(close_open_session(user, memory_));  // with the profile as it was until now
        advance_session(step, request_, user, memory_);
        mark_times(step);

        RequestEvents events = read_events(request_, surroundings_.now,
                                           surroundings_.settings.limits, skips_, memory_);
        user.event_count += events.own;
        if (user.session.start)
            user.session.events += events.own;
        update_profile(step, events);
        add_events(step, events);
        outcome_.skips = keep_skips();
        return outcome_;
    }

private:
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

    // Everything that the request says of the user, in one pass over the profile.
    void update_profile(const SessionStep &step, const RequestEvents &events)
    {
        const Limits &limits = surroundings_.settings.limits;
        User &user = outcome_.user;
        std::pmr::vector<Change> changes(memory_);
        read_properties(request_, changes, skips_, memory_);
        if (!events.orientation.empty()) {
            Node orientation = make_text(events.orientation);
            seal(orientation);
            changes.push_back(set_property("orientation", orientation));
        }
        View profile(before_);
        update_location({request_, surroundings_.settings, surroundings_.geoip,
                         surroundings_.geocoder, step.begins},
                        profile, user, changes, memory_);
        if (request_.user_details.type == Type::object)
            read_details(request_.user_details, Mode::lenient, limits, changes, skips_, memory_);

        Update update(profile, changes, Mode::lenient, limits, skips_, memory_);
        if (update.changed()) {
            std::size_t size = update.size();
            auto *bytes = static_cast<char *>(memory_->allocate(size, 1));
            update.write(bytes);
            user.profile = {bytes, size};
            outcome_.profile_changed = true;
        }
        identify();
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
        Time first = events.first, last = events.last;
        if (step.closes_at_once && outcome_.user.session.start) {
            Time start = *outcome_.user.session.start;
            first = list.empty() ? start : std::min(first, start);
            last = list.empty() ? start : std::max(last, start);
            list.push_back(close_session(outcome_.user, memory_));
        }
        if (!list.empty())
            add_batch(make_batch(list, outcome_.user.profile, first, last, memory_));
    }

    void add_batch(const Batch &batch) { outcome_.batches[outcome_.batch_count++] = batch; }

    std::span<const Skip> keep_skips()
    {
        auto *kept =
            static_cast<Skip *>(memory_->allocate(sizeof(Skip) * skips_.size() + 1, alignof(Skip)));
        std::uninitialized_copy(skips_.begin(), skips_.end(), kept);
        return {kept, skips_.size()};
    }

    const Request &request_;
    const Surroundings &surroundings_;
    std::pmr::memory_resource *memory_;
    SkipList skips_;
    std::string_view before_;
    Outcome outcome_;
};

}  // namespace

Outcome ingest(const User &user, const Request &request, const Surroundings &surroundings,
               std::pmr::memory_resource *memory)
{
    return Ingestion(user, request, surroundings, memory).run();
}

Batch close_open_session(User &user, std::pmr::memory_resource *memory)
{
    Time start = *user.session.start;
    Node event = close_session(user, memory);
    return make_batch({&event, 1}, user.profile, start, start, memory);
}

}  // namespace profiles
