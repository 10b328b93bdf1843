// Update documents: two lines of text, a profile and what is done to it. The result is a sound profile;
// lenient mode never fails on a document that can be read; strict mode agrees where nothing is skipped.
#include "fuzz.h"

#include "../../src/core/update/update.h"

using namespace profiles;

namespace {

std::string apply_details(std::string_view profile, std::string_view text, Mode mode,
                          const Limits &limits, bool *skipped)
{
    std::pmr::monotonic_buffer_resource memory;
    Node details = read_json(text, &memory, "details", FaultyNumbers::keep);
    seal(details);
    SkipList skips(&memory);
    std::pmr::vector<Change> changes(&memory);
    read_details(details, mode, limits, changes, skips, &memory);
    View view(profile);
    Update update(view, changes, mode, limits, skips, &memory);
    *skipped = !skips.empty();
    std::string result(profile);
    if (update.changed()) {
        result.assign(update.size(), '\0');
        update.write(result.data());
        fuzz::promise(result != profile, "a change changes something");
    }
    check_profile(result);
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view input(reinterpret_cast<const char *>(data), size);
    std::size_t line = input.find('\n');
    if (line == std::string_view::npos)
        return 0;
    std::pmr::monotonic_buffer_resource memory;
    std::string_view profile, details = input.substr(line + 1);
    try {
        profile = fuzz::build_profile(input.substr(0, line), &memory);
        Node root = read_json(details, &memory, "details", FaultyNumbers::keep);
        seal(root);
        if (root.type != Type::object)
            return 0;
    } catch (const Error &) {
        return 0;
    }
    bool skipped = false, ignored = false;
    std::string lenient;
    try {
        lenient = apply_details(profile, details, Mode::lenient, {}, &skipped);
    } catch (const Error &error) {
        // The one fault that is nobody's operator's: the result is larger or deeper than a profile can be.
        fuzz::promise(error.code() == ErrorCode::limit_exceeded,
                      "lenient mode fails on nothing but size");
        return 0;
    }
    try {
        std::string strict = apply_details(profile, details, Mode::strict, {}, &ignored);
        fuzz::promise(skipped || strict == lenient,
                      "strict and lenient agree where nothing is skipped");
    } catch (const Error &error) {
        fuzz::promise(error.code() != ErrorCode::corrupted, "no update corrupts");
    }
    Limits small{.custom_properties = 3, .array_elements = 4, .value_length = 5, .key_length = 6};
    apply_details(profile, details, Mode::lenient, small, &ignored);
    return 0;
}
