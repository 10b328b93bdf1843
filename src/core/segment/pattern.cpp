#include "pattern.h"

#include <algorithm>

#include <re2/re2.h>

#include "../error.h"

namespace profiles {

namespace {

// RE2 cannot be interrupted. In the worst case each byte of a text costs one step for each instruction
// of the compiled expression, some ten nanoseconds: so many steps take less than a second.
constexpr int kMemory = 512 * 1024;
constexpr std::size_t kLongestExpression = 10'000;
constexpr std::size_t kMaxSteps = 64'000'000;

[[noreturn]] void raise_too_large()
{
    throw Error(ErrorCode::limit_exceeded, "regular expression is too large", {},
                "Use a shorter expression or smaller repetition counts.");
}

void check_options(std::string_view options)
{
    for (char option : options)
        if (std::string_view("ims").find(option) == std::string_view::npos)
            throw Error(ErrorCode::invalid_value,
                        "invalid regular expression option " + quoted(std::string_view(&option, 1)),
                        {},
                        "Options are i (ignore case), m (^ and $ at line ends) and s (a dot "
                        "matches a line end).");
}

// Flags of the whole expression; RE2's own multi-line option works in its POSIX
// syntax only.
std::string with_flags(std::string_view expression, std::string_view options)
{
    if (options.empty())
        return std::string(expression);
    return "(?" + std::string(options) + ")" + std::string(expression);
}

re2::RE2::Options engine_options()
{
    re2::RE2::Options options;
    options.set_max_mem(kMemory);
    options.set_never_capture(true);
    options.set_log_errors(false);
    return options;
}

}  // namespace

Pattern::Pattern(std::string_view expression, std::string_view options)
{
    check_options(options);
    if (expression.size() > kLongestExpression)
        raise_too_large();
    compiled_ = std::make_unique<re2::RE2>(with_flags(expression, options), engine_options());
    if (compiled_->error_code() == re2::RE2::ErrorPatternTooLarge)
        raise_too_large();
    if (!compiled_->ok())
        throw Error(ErrorCode::invalid_value, "invalid regular expression " + quoted(expression),
                    compiled_->error(),
                    "The syntax is RE2's: no look-around and no back-references.");
    longest_text_ = kMaxSteps / static_cast<std::size_t>(std::max(compiled_->ProgramSize(), 1));
}

Pattern::~Pattern() = default;

bool Pattern::found_in(std::string_view text) const
{
    if (text.size() > longest_text_)
        throw Error(ErrorCode::limit_exceeded, "text is too long for the regular expression",
                    "It has " + std::to_string(text.size()) +
                        " bytes; with an expression of this size at most " +
                        std::to_string(longest_text_) + " are searched.");
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

std::string expression_of_any(std::span<const std::string_view> texts)
{
    std::string expression;
    for (std::string_view text : texts) {
        if (!expression.empty())
            expression += '|';
        expression += "(?:" + re2::RE2::QuoteMeta(re2::StringPiece(text.data(), text.size())) + ")";
    }
    return expression;
}

}  // namespace profiles
