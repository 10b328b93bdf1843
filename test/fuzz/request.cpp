// SDK requests: lines of JSON, one request each, one after the other into one user. None fails once its device is
// known; each leaves a sound profile and sound events; sent again it is a duplicate.
#include "fuzz.h"

#include "../../src/core/events/event_list.h"
#include "../../src/core/ingest/expiry.h"
#include "../../src/core/ingest/ingest.h"
#include "../../src/core/ingest/merge.h"

using namespace profiles;

namespace {

constexpr Time kNow = 1700000000000;

Day day_of(Time time, const void *) { return static_cast<Day>(time / 86400000); }

Outcome take(const User &user, const Request &request, std::pmr::memory_resource *memory)
{
    // Names that the seeds and the dictionary use, so that values expire on the way.
    static std::pmr::monotonic_buffer_resource kept;
    static const Settings settings = [] {
        Node rules = read_json(
            R"({"property_expiry": {"a": 1, "b": 3, "c": "SESSION", "n": 2, "plan": "SESSION"}})",
            &kept, "settings");
        pack_numbers(rules, &kept);
        seal(rules);
        return read_settings(rules);
    }();
    return ingest(user, request, {settings, kNow, {day_of, nullptr}, nullptr}, memory);
}

void check_batch(const Batch &batch)
{
    check_profile(batch.profile);
    check_container(batch.events);
    View list(batch.events);
    fuzz::promise(list.is_array() && list.count() > 0, "a batch holds events");
    for (Cursor cursor(list); cursor.next();) {
        Event event = read_event(cursor.item());
        fuzz::promise(!event.key.empty() && event.count >= 1, "an event has a key and a count");
        fuzz::promise(event.ts >= batch.first && event.ts <= batch.last,
                      "the events lie between the batch's times");
    }
}

void check_outcome(const Outcome &outcome)
{
    check_profile(outcome.user.profile);
    if (!outcome.user.expiry.empty())
        check_profile(outcome.user.expiry);
    for (const Batch &batch : outcome.batches)
        check_batch(batch);
    for (const Skip &skip : outcome.skips)
        fuzz::promise(!skip.reason.empty(), "a skip says why");
}

// At any time a sweep leaves what readers see without it.
void check_expiry(const User &user, std::pmr::memory_resource *memory)
{
    for (Time days : {0, 1, 2, 5}) {
        Time at = kNow + days * 86400000;
        Outcome swept = expire(user, at, memory);
        check_outcome(swept);
        fuzz::promise(swept.user.profile == live_profile(user.profile, user.expiry, at, memory),
                      "a sweep takes out what is not shown");
    }
}

// False for what is no request.
bool read(std::string_view json, Request &request, std::pmr::memory_resource *memory)
{
    try {
        Node parameters = read_json(json, memory, "request", FaultyNumbers::keep);
        request = read_request(parameters, kNow, {20, 50, 256, 128}, memory);
        return true;
    } catch (const Error &error) {
        fuzz::promise(error.code() != ErrorCode::corrupted, "text is never corrupted");
        return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view input(reinterpret_cast<const char *>(data), size);
    std::pmr::monotonic_buffer_resource memory;
    User user, other;
    user.uid = 1;
    other.uid = 2;
    user.device_id = other.device_id = "d";
    user.profile = other.profile = fuzz::build_profile("{}", &memory);
    while (!input.empty()) {
        std::string_view line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(line.size() + 1, input.size()));
        Request request;
        if (!read(line, request, &memory))
            continue;
        Outcome outcome = take(user, request, &memory);
        check_outcome(outcome);
        fuzz::promise(!request.sent_at || take(outcome.user, request, &memory).duplicate,
                      "a request that is sent again is a duplicate");
        std::swap(user, other);
        (outcome.duplicate ? other : user) = outcome.duplicate ? other : outcome.user;
    }
    check_expiry(user, &memory);
    for (User *open : {&user, &other})
        if (open->session.start)
            check_batch(close_open_session(*open, &memory));
    User merged = merge_users(user, other, kNow, &memory);
    check_profile(merged.profile);
    if (!merged.expiry.empty())
        check_profile(merged.expiry);
    return 0;
}
