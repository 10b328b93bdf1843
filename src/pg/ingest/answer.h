// What the sender of a request is told: a row of ingest_result.
#pragma once

#include "../../core/update/update.h"
#include "../guard.h"

extern "C" {
#include "access/tupdesc.h"
}

namespace profiles::pg {

struct Answer {
    std::int64_t uid = 0;
    const char *status = "ok";
    const char *reason = nullptr;
    const char *skipped = "[]";
};

// The first faults one by one, of the rest the number.
const char *skipped_json(std::span<const Skip> of_request, std::span<const Skip> of_outcome,
                         const Failure &unusable);

// The columns of ingest_result, made in the current memory.
struct AnswerColumns {
    Datum values[4];
    bool nulls[4];
};
AnswerColumns answer_columns(const Answer &answer);

}  // namespace profiles::pg
