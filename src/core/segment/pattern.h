// A regular expression, ready to be searched for. The only users of RE2 are
// this class and its source: its time grows linearly with the text whatever the
// expression, and its memory is bounded, so an expression may come from anyone.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace profiles {

class Pattern {
public:
    // Options: i (ignore case), m (^ and $ at line ends), s (a dot matches a line
    // end). Throws invalid_value for an expression or option that is none,
    // limit_exceeded for one too large.
    Pattern(std::string_view expression, std::string_view options);
    ~Pattern();
    Pattern(const Pattern &) = delete;
    Pattern &operator=(const Pattern &) = delete;

    // Throws limit_exceeded for a text so long that the search could take more than a second.
    bool found_in(std::string_view text) const;

private:
    std::unique_ptr<re2::RE2> compiled_;
    std::size_t longest_text_;
};

// The expression that finds any of the texts as they are.
std::string expression_of_any(std::span<const std::string_view> texts);

}  // namespace profiles
