// Text input: whatever is accepted is a sound profile whose text makes the same bytes again.
#include "fuzz.h"

using namespace profiles;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::pmr::monotonic_buffer_resource memory;
    std::string_view bytes;
    try {
        bytes = fuzz::build_profile({reinterpret_cast<const char *>(data), size}, &memory);
    } catch (const Error &error) {
        fuzz::promise(error.code() != ErrorCode::corrupted, "text is never corrupted");
        return 0;
    }
    check_profile(bytes);
    std::string_view text = fuzz::text_of(bytes, &memory);
    fuzz::promise(fuzz::build_profile(text, &memory) == bytes,
                  "the text of a profile makes the same profile");
    fuzz::promise(compare_items({Type::object, bytes}, {Type::object, bytes}) == 0,
                  "a profile equals itself");
    fuzz::promise(contains({Type::object, bytes}, {Type::object, bytes}),
                  "a profile contains itself");
    return 0;
}
