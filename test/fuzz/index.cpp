// Profiles, filters, containment and property lists out of the input's bytes as choices: what an index says must
// agree with the operators, also while it does not know everything.
#include "fuzz.h"

#include "../../src/core/segment/evaluate.h"
#include "../unit/random_filter.h"

using namespace profiles;
using profiles::test::Generator;

namespace {

std::vector<std::string> terms_of(const View &profile, const DeclaredProperties *declared,
                                  std::pmr::memory_resource *memory)
{
    TermList terms = profile_terms(profile, declared, memory);
    return {terms.begin(), terms.end()};
}

void check_answer(const IndexQuery &query, const std::vector<std::string> &terms, bool truth,
                  Generator &generator)
{
    std::vector<char> found = test::look_up(query, terms);
    Certainty full = query.answer(found.data());
    fuzz::promise(full != (truth ? Certainty::no : Certainty::yes), "an index is never wrong");
    bool any = std::find(found.begin(), found.end(), 1) != found.end();
    fuzz::promise(any || query.needs_full_scan() || !truth,
                  "what no term leads to does not match, or everything is looked at");
    for (char &term : found)
        if (generator.pick(2) == 1)
            term = static_cast<char>(Certainty::maybe);
    Certainty partial = query.answer(found.data());
    fuzz::promise(partial == full || partial == Certainty::maybe, "what is known early stays true");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    // At the end of the input every choice is 0, with which the generator comes to an end.
    std::size_t at = 0;
    Generator generator([&](std::size_t count) { return at < size ? data[at++] % count : 0; });
    std::pmr::monotonic_buffer_resource memory;
    Bytes packed;
    for (std::size_t count = generator.pick(3); count > 0; --count)
        DeclaredProperties::add(generator.reference(), packed);
    DeclaredProperties some(packed);
    const DeclaredProperties *declared = packed.empty() ? nullptr : &some;

    View profile(fuzz::build_profile(generator.profile(), &memory));
    std::vector<std::string> terms = terms_of(profile, declared, &memory);

    Filter filter(read_json(generator.filter(0), &memory, "segment"));
    Subject subject;
    subject.profile = &profile;
    check_answer(IndexQuery::of_filter(filter, declared), terms,
                 Evaluation(filter, 0).matches(subject), generator);

    View part(fuzz::build_profile(generator.profile(), &memory));
    check_answer(IndexQuery::of_containment(part, declared), terms,
                 contains({Type::object, profile.bytes()}, {Type::object, part.bytes()}),
                 generator);

    std::string references[] = {generator.reference(), generator.reference()};
    std::string_view texts[] = {references[0], references[1]};
    bool first = find_property(profile, texts[0]).has_value(),
         second = find_property(profile, texts[1]).has_value();
    check_answer(IndexQuery::of_properties(texts, true, declared), terms, first && second,
                 generator);
    check_answer(IndexQuery::of_properties(texts, false, declared), terms, first || second,
                 generator);
    return 0;
}
