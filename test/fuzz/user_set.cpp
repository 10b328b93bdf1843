// Sets of users, as bytes and as text: nothing is read outside of them, what passes the check is the one form
// of its users, and their text makes the same bytes again.
#include "fuzz.h"

#include "../../src/core/segment/user_set_build.h"
#include "../../src/core/segment/user_set_text.h"

using namespace profiles;

namespace {

constexpr std::size_t kMostBuckets = 4096;  // more only take time

void check_set(std::string_view bytes, std::pmr::memory_resource *memory)
{
    UserSetView set(bytes);
    if (set.buckets() > kMostBuckets)
        return;
    check_user_set(bytes, memory);
    TextBuffer text(memory);
    write_user_set(set, text);
    fuzz::promise(read_user_set(text.view(), memory) == bytes,
                  "the text of a set makes the same set");
    fuzz::promise(combine(set, set, SetOperation::unite, memory) == bytes,
                  "a set united with itself");
    fuzz::promise(combine(set, set, SetOperation::intersect, memory) == bytes,
                  "a set intersected with itself");
    fuzz::promise(UserSetView(combine(set, set, SetOperation::subtract, memory)).count() == 0,
                  "a set less itself is empty");
    fuzz::promise(set.has_all(set), "a set has all of itself");
    UserBuckets all(set);
    if (const UserBucket *first = all.next()) {
        std::pmr::vector<std::int64_t> uids(user_set::kUsersPerBucket, memory);
        std::size_t count = write_uids(*first, uids.data());
        fuzz::promise(count > 0 && set.has(uids[0]) && set.has(uids[count - 1]),
                      "a set has its users");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view bytes(reinterpret_cast<const char *>(data), size);
    std::pmr::monotonic_buffer_resource memory;
    try {
        check_set(read_user_set(bytes, &memory), &memory);
    } catch (const Error &error) {
        fuzz::promise(error.code() != ErrorCode::corrupted, "text is never corrupted");
    }
    bool valid = false;
    try {
        check_user_set(bytes, &memory);
        valid = true;
    } catch (const Error &) {
    }
    if (valid)
        return check_set(bytes, &memory), 0;
    try {  // as damage on disk would be met
        UserSetView set(bytes);
        if (set.buckets() > kMostBuckets)
            return 0;
        set.has(1);
        set.overlaps(set);
        TextBuffer text(&memory);
        write_user_set(set, text);
    } catch (const Error &) {
    }
    return 0;
}
