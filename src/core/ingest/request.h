// The decoded parameters of one SDK request. Every parameter is accepted as SDKs send it: JSON inside
// strings or as itself, numbers inside strings or as themselves. What cannot be understood is reported
// and left out, and never takes the rest of the request with it.
#pragma once

#include "../location/mmdb.h"
#include "../update/update.h"
#include "user.h"

namespace profiles {

// Plain data, so that it may be looked at between two compute steps.
struct Request {
    std::string_view device_id;
    std::string_view old_device_id;
    std::optional<std::int16_t> device_id_type;  // t

    std::optional<Time> sent_at;                    // timestamp as sent; absent when there was none
    Time time = 0;                                  // what counts: never in the future
    std::optional<std::int16_t> hour, day_of_week;  // day_of_week: Sunday is 7
    std::optional<std::int64_t> time_zone_offset;   // minutes east of UTC

    bool begin_session = false, end_session = false, ignore_cooldown = false;
    std::optional<std::int64_t> session_duration;  // seconds; not negative

    location::Place place;                     // country_code, region, city, location
    bool location_disabled = false;            // location=""
    std::optional<location::Address> address;  // ip_address

    std::string_view app_version, sdk_name, sdk_version;
    Node metrics, events, user_details;  // sealed; null when absent
    Node crash, consent, apm;
    std::string_view campaign_id, campaign_user;
    Node attribution_data, advertising_id;  // the second one is `aid`
    bool token_session = false;
    std::optional<std::string_view> ios_token, android_token;  // an empty one is a token taken away
    std::string_view token_provider;
    std::optional<std::int16_t> test_mode;  // of the token: 0 production, 1 development, 2 ad hoc
    std::string_view method, variant;       // of remote config and A/B tests
    Node keys;                              // an array, or a text with one key
    bool has_faulty_keys = false;           // which are not the same as none
    bool opts_in = false;                   // oi

    // For apps with a salt: see checksum.h.
    std::string_view query_string, checksum, checksum256;

    std::uint64_t hash = 0;       // of its content; see duplicates.h
    std::span<const Skip> skips;  // what was not understood

    bool has_session_parameters() const { return begin_session || end_session || session_duration; }
};

// Reads the parameters. `parameters` may hold number literals; everything is taken from `memory`, which
// must live as long as the Request. Throws invalid_value when there is no usable device_id.
Request read_request(Node &parameters, Time now, const Limits &limits,
                     std::pmr::memory_resource *memory);

// A device id that stands for nobody: all zeros, what a device sends when tracking is limited, and the
// temporary id, under which SDKs keep requests until they know the real one.
bool is_anonymous_device(std::string_view device_id);

}  // namespace profiles
