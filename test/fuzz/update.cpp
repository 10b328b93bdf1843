// Update documents: two lines of text, a profile and what is done to it; a third line is done after that. The
// result is a sound profile; lenient mode never fails on a document that can be read; strict mode agrees where
// nothing is skipped; a composed document does what its parts do, a difference leads from one profile to the other.
#include "fuzz.h"

#include "../../src/core/update/compose.h"
#include "../../src/core/update/diff.h"

using namespace profiles;

namespace {

using Reader = decltype(&read_document);
constexpr Limits kNoLimits;

Node read_tree(std::string_view text, std::pmr::memory_resource *memory)
{
    Node document = read_json(text, memory, "details", FaultyNumbers::keep);
    seal(document, -kDocumentDepth);
    return document;
}

std::string apply_details(Reader reader, std::string_view profile, std::string_view text, Mode mode,
                          const Limits &limits = kNoLimits, bool *skipped = nullptr)
{
    std::pmr::monotonic_buffer_resource memory;
    Node details = read_tree(text, &memory);
    SkipList skips(&memory);
    std::pmr::vector<Change> changes(&memory);
    reader(details, mode, limits, changes, skips, &memory);
    std::string result(profile);
    for (std::span<Change> rest = changes; !rest.empty();) {
        std::string before = result;
        View view{std::string_view(before)};
        Update update(view, take_pass(rest), mode, limits, skips, &memory);
        if (!update.changed())
            continue;
        result.assign(update.size(), '\0');
        update.write(result.data());
        fuzz::promise(result != before, "a change changes something");
        check_profile(result);
    }
    if (skipped)
        *skipped = !skips.empty();
    return result;
}

std::string compose(std::string_view first, std::string_view second)
{
    std::pmr::monotonic_buffer_resource memory;
    Composition composition(&memory);
    for (std::string_view text : {first, second}) {
        Node document = read_tree(text, &memory);
        std::pmr::vector<Change> changes(&memory);
        SkipList skips(&memory);
        read_document(document, Mode::strict, kNoLimits, changes, skips, &memory);
        composition.add(changes);
    }
    TextBuffer out(&memory);
    composition.write(out, &memory);
    return std::string(out.view());
}

// Both modes, and what limits do.
void test_document(Reader reader, std::string_view profile, std::string_view details)
{
    bool skipped = false;
    std::string lenient;
    try {
        lenient = apply_details(reader, profile, details, Mode::lenient, kNoLimits, &skipped);
    } catch (const Error &error) {
        // The one fault that is nobody's operator's: the result is larger or deeper than a profile can be.
        fuzz::promise(error.code() == ErrorCode::limit_exceeded,
                      "lenient mode fails on nothing but size");
        return;
    }
    try {
        std::string strict = apply_details(reader, profile, details, Mode::strict);
        fuzz::promise(skipped || strict == lenient,
                      "strict and lenient agree where nothing is skipped");
    } catch (const Error &error) {
        fuzz::promise(error.code() != ErrorCode::corrupted, "no update corrupts");
    }
    Limits small{.custom_properties = 3, .array_elements = 4, .value_length = 5, .key_length = 6};
    apply_details(reader, profile, details, Mode::lenient, small);
}

// What a document leads to, told by the difference.
void test_difference(std::string_view before, std::string_view after)
{
    std::pmr::monotonic_buffer_resource memory;
    TextBuffer out(&memory);
    write_diff(View(before), View(after), out);
    std::string again;
    try {
        again = apply_details(read_document, before, out.view(), Mode::strict);
    } catch (const Error &error) {
        // The reader of text allows no more levels than a profile has, and the document needs some more.
        fuzz::promise(error.code() == ErrorCode::limit_exceeded, "a difference can be applied");
        return;
    }
    fuzz::promise(again == after, "a difference leads from one profile to the other");
}

void test_laws(std::string_view profile, std::string_view first, std::string_view second)
{
    std::string composed, after;
    try {
        composed = compose(first, second);
        after = apply_details(read_document, profile, first, Mode::strict);
        test_difference(profile, after);
        after = apply_details(read_document, after, second, Mode::strict);
    } catch (const Error &error) {
        fuzz::promise(error.code() != ErrorCode::corrupted, "no composition corrupts");
        return;
    }
    try {
        fuzz::promise(apply_details(read_document, profile, composed, Mode::strict) == after,
                      "a composed document does what its parts do");
        fuzz::promise(compose(composed, "{}") == composed,
                      "a composed document is as short as can be");
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::limit_exceeded,
                      "a composed document can be applied");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view input(reinterpret_cast<const char *>(data), size), lines[3];
    for (std::string_view &line : lines) {
        std::size_t end = std::min(input.find('\n'), input.size());
        line = input.substr(0, end);
        input.remove_prefix(std::min(end + 1, input.size()));
    }
    const auto &[profile_text, first, second] = lines;
    std::pmr::monotonic_buffer_resource memory;
    std::string_view profile;
    try {
        profile = fuzz::build_profile(profile_text, &memory);
        if (read_tree(first, &memory).type != Type::object)
            return 0;
    } catch (const Error &) {
        return 0;
    }
    test_document(read_details, profile, first);
    test_document(read_document, profile, first);
    test_laws(profile, first, second.empty() ? "{}" : second);
    return 0;
}
