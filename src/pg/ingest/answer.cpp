#include "answer.h"

#include "../../core/update/text.h"
#include "../profile/jsonb.h"
#include "../update/skips.h"

extern "C" {
#include "utils/builtins.h"
}

namespace profiles::pg {

namespace {

constexpr std::size_t kListedSkips = 2000;

}  // namespace

const char *skipped_json(std::span<const Skip> of_request, std::span<const Skip> of_outcome,
                         const Failure &unusable)
{
    if (of_request.empty() && of_outcome.empty() && !unusable.failed)
        return "[]";
    const char *json = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        SkipList all(of_request.begin(), of_request.end(), memory);
        all.insert(all.end(), of_outcome.begin(), of_outcome.end());
        if (unusable.failed)
            all.push_back({"ip_address", {}, unusable.message});
        if (all.size() > kListedSkips) {
            std::string rest =
                std::to_string(all.size() - kListedSkips) + " more faults are not listed";
            all.resize(kListedSkips);
            all.push_back({"", {}, keep_text(rest, memory)});
        }
        json = write_skips(all, memory);
    });
    return json;
}

AnswerColumns answer_columns(const Answer &answer)
{
    AnswerColumns columns = {{Int64GetDatum(answer.uid), CStringGetTextDatum(answer.status),
                              Datum{0}, jsonb_from_text(answer.skipped)},
                             {answer.uid == 0, false, answer.reason == nullptr, false}};
    if (answer.reason)
        columns.values[2] = CStringGetTextDatum(answer.reason);
    return columns;
}

}  // namespace profiles::pg
