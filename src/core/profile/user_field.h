// The columns of the table of users that a reference can name: counters and times, which are no
// properties. `user.session_count`; Countly's `up.sc` is the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace profiles {

enum class UserField : std::uint8_t {
    identified,
    device_id_type,
    first_seen,
    last_seen,
    first_session,
    last_session,
    first_sync,
    last_sync,
    session_count,
    time_spent,
    event_count,
    merges,
    session_start,
    session_duration,
    session_events,
    view_count,
    last_view,
    last_view_at,
    purchase_count,
    purchase_total,
    last_purchase_amount,
    last_purchase,
    location_source,
    location_at,
};
constexpr std::size_t kUserFields = 24;

enum class UserFieldType : std::uint8_t { boolean, integer, time, number, text };

// Of the column in the table of users.
std::string_view column_name(UserField field);
// As filters see it; a time is an integer, milliseconds since 1970.
UserFieldType type_of(UserField field);

// The field that a reference names, with its prefix `user.` or in Countly's spelling.
std::optional<UserField> find_user_field(std::string_view reference);

}  // namespace profiles
