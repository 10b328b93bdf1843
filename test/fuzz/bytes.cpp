// Stored bytes: nothing is read outside of them, whatever they are, and what passes the check is the
// one form of its value.
#include "fuzz.h"

using namespace profiles;

namespace {

template <typename Body>
void attempt(Body body)
{
    try {
        body();
    } catch (const Error &) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view bytes(reinterpret_cast<const char *>(data), size);
    std::pmr::monotonic_buffer_resource memory;
    attempt([&] { fuzz::text_of(bytes, &memory); });
    attempt([&] {
        TextBuffer out(&memory);
        write_pretty({Type::object, bytes}, out);
    });
    attempt([&] { find_property(View(bytes), "custom.plan"); });
    attempt([&] { find_property(View(bytes), "up.custom.a.b"); });
    std::string_view half = bytes.substr(size / 2);
    attempt([&] { compare_items({Type::object, bytes}, {Type::object, half}); });
    attempt([&] { contains({Type::object, bytes}, {Type::object, bytes}); });
    attempt([&] { contains({Type::object, bytes}, {Type::object, half}); });
    try {
        check_profile(bytes);
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::corrupted ||
                          error.code() == ErrorCode::unsupported,
                      "the check says corrupted");
        return 0;
    }
    fuzz::promise(fuzz::build_profile(fuzz::text_of(bytes, &memory), &memory) == bytes,
                  "valid bytes are the one form of their value");
    return 0;
}
