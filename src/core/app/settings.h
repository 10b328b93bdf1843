// The settings of an app: a JSON object in profiles.apps, read here and nowhere else.
#pragma once

#include "../update/update.h"

namespace profiles {

// `automatic` rests while the log is full of requests of one minute.
enum class RequestLog { off, on, automatic };

// When the events of an app are moved into blocks, where that is left to its policy.
struct CompactPolicy {
    bool automatic = true;        // the background worker does it
    std::int64_t interval = 300;  // seconds from the begin of a run to that of the next
    std::int64_t batch_age =
        3600;  // a bucket moves when its oldest batch has been here for so long, in seconds
    std::int64_t batch_events = 65536;  // or when so many events wait
    std::int64_t merged_users = 100;    // blocks are rewritten when a bucket has so many
    std::int64_t small_block = 16384;   // blocks of fewer events are put together
};

struct Settings {
    Limits limits{20, 50, 256, 128, 100, 10};
    std::int64_t session_cooldown = 15;  // seconds after end_session in which a session continues
    std::int64_t session_duration_limit = 86400;  // seconds that one request may report
    bool country_data = true;                     // keep the country
    bool city_data = true;                        // keep the city and derived coordinates
    bool ip_data = false;                         // keep the latest address
    std::span<const Node> purchase_events;        // texts: events whose sum is a purchase
    // Objects of the form {"plan": 30, "cart": "SESSION"}: days that a value lasts, or for a session.
    std::span<const Node> property_expiry;
    RequestLog request_log = RequestLog::off;
    std::int64_t request_log_limit = 1000;  // rows that are kept
    CompactPolicy compact_policy;
    bool salted = false;  // requests need a checksum; the salt is no setting that all may read

    // How long values of a custom property last; null for ever.
    const Node *expiry_of(std::string_view property) const;
};

// A null stands for the default. Throws invalid_value naming the setting for anything unknown or out of range.
// `settings` must be a sealed object with packed numbers and outlive the Settings.
Settings read_settings(const Node &settings);

}  // namespace profiles
