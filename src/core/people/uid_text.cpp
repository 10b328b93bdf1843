#include "uid_text.h"

#include <limits>

#include "../error.h"

namespace profiles {

namespace {

constexpr std::string_view kDigits =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::int64_t kBase = kDigits.size();
constexpr std::int64_t kMaxUid = std::numeric_limits<std::int64_t>::max();

// Ranges of ASCII, not isalpha(): what is a digit must not depend on a locale.
int digit_value(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'Z')
        return character - 'A' + 36;
    return -1;
}

[[noreturn]] void refuse(std::string_view text, std::string detail)
{
    throw Error(ErrorCode::invalid_text, "invalid uid: " + quoted(text), std::move(detail));
}

}  // namespace

std::string uid_text(std::int64_t uid)
{
    if (uid < 0)
        throw Error(ErrorCode::out_of_range, "uid must not be negative: " + std::to_string(uid));
    char digits[kMaxUidDigits];
    std::size_t start = kMaxUidDigits;
    do {
        digits[--start] = kDigits[static_cast<std::size_t>(uid % kBase)];
        uid /= kBase;
    } while (uid > 0);
    return std::string(digits + start, kMaxUidDigits - start);
}

std::int64_t parse_uid(std::string_view text)
{
    std::string_view digits = text.starts_with('#') ? text.substr(1) : text;
    if (digits.empty())
        refuse(text, "A uid has at least one digit.");
    std::int64_t uid = 0;
    for (char character : digits) {
        int value = digit_value(character);
        if (value < 0)
            refuse(text, "A uid has the digits 0-9, a-z and A-Z, and may begin with \"#\".");
        if (uid > (kMaxUid - value) / kBase)
            refuse(text, "The largest uid is \"" + uid_text(kMaxUid) + "\".");
        uid = uid * kBase + value;
    }
    return uid;
}

}  // namespace profiles
