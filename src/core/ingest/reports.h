// What a request reports beside events and properties: a crash, consents, a performance trace, where
// the user came from, push tokens, enrolments. Each becomes an event, a property or a row of a table of its own.
#pragma once

#include "request.h"

namespace profiles {

// One row of crash_groups and crash_users. Reports of one fault are one group: the same error, but
// for its numbers, on the same system.
struct CrashReport {
    std::string_view group;  // 16 hexadecimal digits
    std::string_view name;   // first line of the error
    std::string_view error, platform, app_version;
    bool fatal = true;
};

// One row of consent_log. Containers: feature -> boolean.
struct ConsentChange {
    std::string_view before, after;
    std::string_view change;  // "in", "out" or "both"
};

// One row of push_tokens; an empty token takes it away.
struct PushToken {
    std::string_view provider;  // APN, FCM, HMS
    std::string_view token;
    std::int16_t mode = 0;
};

// One row of enrolments.
struct Enrolment {
    enum class Kind { enrol, leave, leave_all } kind = Kind::enrol;
    std::string_view key;
    std::string_view method, variant;
};

// The readers leave out what they cannot understand and say so in `skips`. Events are sealed.

std::optional<CrashReport> read_crash(const Request &request, NodeList &events, SkipList &skips,
                                      std::pmr::memory_resource *memory);
// `consent` holds the bytes of before and is replaced. No change, no event.
std::optional<ConsentChange> read_consent(const Request &request, std::string_view &consent,
                                          NodeList &events, SkipList &skips,
                                          std::pmr::memory_resource *memory);
void read_trace(const Request &request, Time now, NodeList &events, SkipList &skips,
                std::pmr::memory_resource *memory);
void read_campaign(const Request &request, std::pmr::vector<Change> &changes, SkipList &skips,
                   std::pmr::memory_resource *memory);
std::span<PushToken> read_tokens(const Request &request, SkipList &skips,
                                 std::pmr::memory_resource *memory);
std::span<Enrolment> read_enrolments(const Request &request, SkipList &skips,
                                     std::pmr::memory_resource *memory);

}  // namespace profiles
