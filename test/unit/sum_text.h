// The terms of an exact sum, as they are written.
#pragma once

#include <string>

#include "../../src/core/segment/exact_sum.h"

namespace profiles::test {

inline std::string terms_of(const ExactSum &sum)
{
    std::string all;
    for (const ExactSum::Term &term : sum.terms()) {
        char text[kTermText];
        write_term(term, text);
        all += (all.empty() ? "" : " ") + std::string(text);
    }
    return all;
}

}  // namespace profiles::test
