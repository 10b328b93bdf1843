// Index terms: what an inverted index keeps of a profile, one term for each property and value, as bytes
// that memcmp orders. A stored format: indexes rely on it.
//
//   term    path 00 kind value
//   path    step (00 03 step)*
//   step    the name; of a name beyond 32 bytes the first 16, then 00 00 and 8 bytes of its hash;
//           at the top one byte, 01 to 1f, for each of the 31 usual names (a name that looks like
//           one of these bytes is cut, too)
//   kind    01 null   02 object without members   04 false   05 true   06 number   07 text   08 array
//   value   of a number its key (number_key.h); of a text its bytes, beyond 16 bytes the first 16
//           and 4 of its hash; nothing for the other kinds
//
// Names and texts hold no NUL, so 00 always ends a step and everything at or below a path is one
// stretch of terms: "is it set" needs no terms of its own. The elements of an array are terms of the
// array's path, beside the one that says that it is an array; an array or object inside of an array
// has none. Every value that is not inside of an array has at least one term at or below its path.
//
// A term tells its value exactly unless a name or the text was cut: then rows must be looked at again.
#pragma once

#include <span>
#include <vector>

#include "../profile/view.h"
#include "number_key.h"

namespace profiles {

enum class TermKind : std::uint8_t {
    null = 1,
    empty_object = 2,
    descend = 3,
    no = 4,
    yes = 5,
    number = 6,
    text = 7,
    array = 8,
};

constexpr std::size_t kTermTextPrefix = 16;
constexpr std::size_t kTermShortNames = 31;

// One more step to an encoded path; false when the name was cut.
bool append_term_step(Bytes &path, std::string_view step);
// The path of a reference; `exact` turns false when a name was cut.
Bytes encode_term_path(std::span<const std::string_view> path, std::pmr::memory_resource *memory,
                       bool *exact);
void append_term_kind(Bytes &term, TermKind kind);
// Kind and value of a scalar; false when the text was cut.
bool append_term_value(Bytes &term, const Item &scalar);

// The part of a text that a term keeps, without its hash.
inline std::string_view term_text_prefix(std::string_view text)
{
    return text.substr(0, kTermTextPrefix);
}

// The properties that an index covers, when it does not cover all.
class DeclaredProperties {
public:
    enum class Cover : std::uint8_t { nothing, below, all };

    // Encoded paths one after the other, each with its length in two bytes: what add() made.
    explicit DeclaredProperties(std::string_view packed) : packed_(packed) {}

    // Adds one property; false when it is none of a profile. Throws invalid_value, limit_exceeded.
    static bool add(std::string_view reference, Bytes &packed);

    // `below`: some properties below the path, but not the path as a whole.
    Cover cover(std::string_view path) const;

private:
    std::string_view packed_;
};

using TermList = std::pmr::vector<std::string_view>;

// The terms of a profile, sorted and distinct. `declared` may be null: all properties. The terms lie
// in the list's memory.
TermList profile_terms(const View &profile, const DeclaredProperties *declared,
                       std::pmr::memory_resource *memory);

}  // namespace profiles
