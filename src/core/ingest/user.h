// What is kept of a user, as ingestion reads and writes it: the columns of `users`. Plain data; texts
// and bytes point into memory that outlives it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace profiles {

using Time = std::int64_t;  // milliseconds since the Unix epoch
using Day = std::int32_t;   // days since the Unix epoch, in the app's time zone

// Sessions begun on the last active day, on the day before, ...: what the engagement score needs.
struct RecentDays {
    static constexpr std::int16_t kInactive = -1;
    static constexpr int kDays = 7;

    std::optional<Day> last;
    std::array<std::int16_t, kDays> sessions{kInactive, kInactive, kInactive, kInactive,
                                             kInactive, kInactive, kInactive};

    void mark(Day day, bool session_begins);
};

struct LastView {
    std::string_view name;
    std::string_view id;  // of this one visit; empty when the SDK gives none
    std::optional<Time> at;
};

struct Purchases {
    std::int32_t count = 0;
    // Numbers as text, since sums may grow beyond what profiles keep; empty is none.
    std::string_view total, last_amount;
    std::optional<Time> last;
};

struct Session {
    std::string_view id;
    std::optional<Time> start;  // while it is open, or ended so lately that it may continue
    std::optional<Time> end;    // when end_session came
    std::int32_t duration = 0;  // seconds
    std::int32_t events = 0;
    std::int32_t views = 0;
};

struct User {
    std::int64_t uid = 0;
    std::string_view device_id;
    std::optional<std::int16_t> device_id_type;
    bool identified = false;
    std::string_view profile;  // the bytes of a container

    std::optional<Time> first_seen, last_seen;
    std::optional<Time> first_session, last_session;
    std::optional<Time> first_sync, last_sync;
    std::int32_t session_count = 0;
    std::int64_t time_spent = 0;  // seconds
    std::int64_t event_count = 0;
    std::int32_t merges = 0;
    Session session;
    RecentDays recent;

    std::string_view location_source;
    std::optional<Time> location_at;   // when the SDK last sent coordinates, or opted out
    std::string_view recent_requests;  // see duplicates.h

    // What few requests change: see Outcome::rarely_changed.
    std::string_view consent;  // the bytes of a container: feature -> boolean; empty is none
    std::string_view expiry;   // the bytes of a profile, see expiry.h; empty is none
    bool logged = false;       // the requests go to the log, also when the app has none
    LastView view;
    std::int64_t view_count = 0;
    Purchases purchases;
};

}  // namespace profiles
