// A sum of numbers without any rounding and without a limit: a total may need
// more digits than a single number of a profile can have. It is kept as a few
// terms, one for each power of ten that occurred.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../profile/number.h"

namespace profiles {

__extension__ typedef __int128 WideInteger;

class ExactSum {
public:
    struct Term {
        int exponent;
        WideInteger coefficient;  // the term is coefficient * 10^exponent
    };

    // They say by how many bytes it may have grown.
    std::size_t add(const Number &number);
    // coefficient * 10^exponent
    std::size_t add(WideInteger coefficient, int exponent);
    std::size_t add(const ExactSum &other);

    // The sum is the sum of the terms; none is zero.
    const std::vector<Term> &terms() const { return terms_; }
    std::size_t bytes() const { return terms_.capacity() * sizeof(Term); }

private:
    std::vector<Term> terms_;
};

// A term as numeric reads it, in plain digits and an exponent. Needs 52 bytes,
// ends with NUL.
constexpr std::size_t kTermText = 56;
void write_term(const ExactSum::Term &term, char (&text)[kTermText]);

}  // namespace profiles
