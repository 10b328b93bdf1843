#include "exact_sum.h"

#include <charconv>

namespace profiles {

std::size_t ExactSum::add(const Number &number)
{
    if (number.is_integer())
        return add(number.integer(), 0);
    Decimal decimal = number.decimal();
    auto magnitude = static_cast<WideInteger>(decimal.coefficient);
    return add(decimal.negative ? -magnitude : magnitude, decimal.exponent);
}

std::size_t ExactSum::add(WideInteger coefficient, int exponent)
{
    if (coefficient == 0)
        return 0;
    // From the back: where a term is full, a second one with its exponent stands
    // behind it.
    for (std::size_t index = terms_.size(); index-- > 0;) {
        Term &term = terms_[index];
        WideInteger sum;
        if (term.exponent != exponent ||
            __builtin_add_overflow(term.coefficient, coefficient, &sum))
            continue;
        term.coefficient = sum;
        if (sum == 0)
            terms_.erase(terms_.begin() + static_cast<std::ptrdiff_t>(index));
        return 0;
    }
    terms_.push_back({exponent, coefficient});
    return 2 * sizeof(Term);
}

std::size_t ExactSum::add(const ExactSum &other)
{
    std::size_t growth = 0;
    for (const Term &term : other.terms_)
        growth += add(term.coefficient, term.exponent);
    return growth;
}

void write_term(const ExactSum::Term &term, char (&text)[kTermText])
{
    bool negative = term.coefficient < 0;
    auto rest = static_cast<Coefficient>(term.coefficient);
    if (negative)
        rest = -rest;
    char digits[40];
    char *first = digits + sizeof digits;
    for (; rest > 0; rest /= 10)
        *--first = static_cast<char>('0' + static_cast<int>(rest % 10));
    char *end = text;
    if (negative)
        *end++ = '-';
    while (first < digits + sizeof digits)
        *end++ = *first++;
    *end++ = 'e';
    end = std::to_chars(end, text + kTermText - 1, term.exponent).ptr;
    *end = '\0';
}

}  // namespace profiles
