// Segments: what is accepted has one canonical form, which reads as itself and asks the same; its negation asks the
// opposite.
#include "fuzz.h"

#include <array>

#include "../../src/core/segment/evaluate.h"

using namespace profiles;

namespace {

constexpr std::int64_t kNow = 1700000000000;

constexpr std::array kProfiles = {
    R"({})",
    R"({"country":"DE","name":"Ada","byear":1990,"custom":{"plan":"pro","n":5,"list":[1,"a",[2],{"b":3}]}})",
    R"({"country":"FR","custom":{"plan":["free","team"],"n":0.5,"flag":true,"a":{"b":{"c":"x"}},"e":[],"o":{}}})",
    R"({"name":"Café","custom":{"last":1699999999,"n":-12345678901234567890,"long":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"}})",
};

struct Answers {
    bool failed = false;  // a text too long for an expression
    std::array<bool, kProfiles.size()> matches{};
    bool operator==(const Answers &) const = default;
};

Answers answers_of(const Filter &filter, std::pmr::memory_resource *memory)
{
    Answers answers;
    for (std::size_t index = 0; index < kProfiles.size(); ++index) {
        View profile(fuzz::build_profile(kProfiles[index], memory));
        Subject subject;
        subject.profile = &profile;
        try {
            answers.matches[index] = Evaluation(filter, kNow).matches(subject);
        } catch (const Error &error) {
            fuzz::promise(error.code() == ErrorCode::limit_exceeded,
                          "only a limit stops an evaluation");
            answers.failed = true;
        }
    }
    return answers;
}

std::string_view canonical_form(const Filter &filter, std::pmr::memory_resource *memory)
{
    std::string_view bytes = pack(filter.to_node(memory), memory);
    check_container(bytes);
    return bytes;
}

void check_opposite(std::string_view text, const Answers &answers,
                    std::pmr::memory_resource *memory)
{
    std::string opposite = "{\"$nor\":[" + std::string(text) + "]}";
    try {
        Filter filter(read_json(opposite, memory, "segment"));
        Answers others = answers_of(filter, memory);
        for (std::size_t index = 0; index < kProfiles.size(); ++index)
            fuzz::promise(answers.failed || others.failed ||
                              answers.matches[index] != others.matches[index],
                          "the negation is true where the filter is false");
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::limit_exceeded, "a filter can be negated");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view text(reinterpret_cast<const char *>(data), size);
    std::pmr::monotonic_buffer_resource memory;
    std::string_view bytes;
    Answers answers;
    try {
        Filter filter(read_json(text, &memory, "segment"));
        bytes = canonical_form(filter, &memory);
        answers = answers_of(filter, &memory);
    } catch (const Error &error) {
        fuzz::promise(error.code() != ErrorCode::corrupted, "text is never corrupted");
        return 0;
    }
    Filter stored(make_node({Type::object, bytes}));
    fuzz::promise(canonical_form(stored, &memory) == bytes, "the canonical form is its own");
    fuzz::promise(answers_of(stored, &memory) == answers, "the canonical form asks the same");
    Filter printed(read_json(fuzz::text_of(bytes, &memory), &memory, "segment"));
    fuzz::promise(canonical_form(printed, &memory) == bytes,
                  "the text of a segment makes the same segment");
    check_opposite(text, answers, &memory);
    return 0;
}
