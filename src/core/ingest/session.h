// The session of a user: begins, goes on, ends, may continue for a moment, is closed.
//
//   begin within the cooldown after end_session    the same session goes on, nothing is counted
//   any other begin                                closes what was open, opens a new session
//   a duration or an end without an open session   begins one
//   the same, sent before the latest end           belongs to the session that ended then
//   the first request after the cooldown           closes a session that ended
//   end_session with ignore_cooldown               closes at once
//
// A closed session becomes the event [CLY]_session with the profile as it was until then. The session
// that is not closed yet lives in the user's row; readers count it from there.
#pragma once

#include "../app/settings.h"
#include "request.h"

namespace profiles {

inline constexpr std::string_view kSessionEvent = "[CLY]_session";

// What a request means for the session, decided before anything is changed.
struct SessionStep {
    bool closes = false;          // the session of before becomes an event
    bool begins = false;          // a new session is opened
    bool goes_on = false;         // a session that had ended continues
    bool ends = false;            // end_session
    bool closes_at_once = false;  // end_session without a cooldown
    std::int64_t duration = 0;    // seconds to add
};

SessionStep plan_session(const Session &session, const Request &request, const Settings &settings);

// Carries the step out, but for the closing, which needs close_session() first.
void advance_session(const SessionStep &step, const Request &request, User &user,
                     std::pmr::memory_resource *memory);

// The events of the open session as sealed nodes: the session itself, and the exit from its last view
// (a bounce, when it was the only one). The session is none any more.
NodeList close_session(User &user, std::pmr::memory_resource *memory);
// The same event while the session is not closed.
Node session_event(const Session &session, bool ended, std::pmr::memory_resource *memory);

}  // namespace profiles
