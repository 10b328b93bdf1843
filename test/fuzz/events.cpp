// Event lists, as text and as damaged bytes: what is accepted can be read event by event and makes the same
// bytes again; nothing outside of damaged ones is read.
#include "fuzz.h"

#include "../../src/core/events/event_list.h"

using namespace profiles;

namespace {

std::string_view build_events(std::string_view text, std::pmr::memory_resource *memory)
{
    Node list = read_json(text, memory, "event_list");
    normalise_events(list);
    return pack(list, memory);
}

void read_damaged(std::string_view bytes)
{
    try {
        View list(bytes);
        for (std::uint32_t position = 0; position < list.count(); ++position)
            read_event(list.item(position));
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::corrupted ||
                          error.code() == ErrorCode::unsupported,
                      "damage is called corrupted");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view input(reinterpret_cast<const char *>(data), size);
    read_damaged(input);
    std::pmr::monotonic_buffer_resource memory;
    std::string_view bytes;
    try {
        bytes = build_events(input, &memory);
    } catch (const Error &error) {
        fuzz::promise(error.code() != ErrorCode::corrupted, "text is never corrupted");
        return 0;
    }
    check_container(bytes);
    View list(bytes);
    for (Cursor cursor(list); cursor.next();) {
        Event event = read_event(cursor.item());
        fuzz::promise(!event.key.empty() && event.count >= 1 && event.ts >= kEarliestTime &&
                          event.ts <= kLatestTime,
                      "an accepted event has a key, a count and a time");
    }
    TextBuffer text(&memory);
    write_json({Type::array, bytes}, text);
    fuzz::promise(build_events(text.view(), &memory) == bytes,
                  "the text of a list makes the same list");
    return 0;
}
