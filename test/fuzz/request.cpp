// SDK requests: lines of JSON, one request each, one after the other into one user. None fails once its device is
// known; each leaves a sound profile and sound events; sent again it is a duplicate.
#include "fuzz.h"

#include "../../src/core/events/event_list.h"
#include "../../src/core/ingest/ingest.h"
#include "../../src/core/ingest/merge.h"

using namespace profiles;

namespace {

constexpr Time kNow = 1700000000000;

Day day_of(Time time, const void *) { return static_cast<Day>(time / 86400000); }

Outcome take(const User &user, const Request &request, std::pmr::memory_resource *memory)
{
    static const Settings settings;
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
    for (std::size_t index = 0; index < outcome.batch_count; ++index)
        check_batch(outcome.batches[index]);
    for (const Skip &skip : outcome.skips)
        fuzz::promise(!skip.reason.empty(), "a skip says why");
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
    for (User *open : {&user, &other})
        if (open->session.start)
            check_batch(close_open_session(*open, &memory));
    check_profile(merge_users(user, other, &memory).profile);
    return 0;
}
