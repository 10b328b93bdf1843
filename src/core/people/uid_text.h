// The form in which people see and type a uid: base 62 with the digits 0-9a-zA-Z, as Countly shows
// it, so 1 is "1", 61 is "Z" and 62 is "10". It is case-sensitive, and its order as text is not the
// order of the numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace profiles {

// The longest text of a uid: 2^63 - 1 has eleven digits. A std::string of that length needs no heap.
inline constexpr std::size_t kMaxUidDigits = 11;

// Throws out_of_range when uid is negative.
std::string uid_text(std::int64_t uid);

// Accepts one leading '#', with which uids are usually shown, and leading zeros. Throws invalid_text
// for everything that uid_text cannot have written otherwise.
std::int64_t parse_uid(std::string_view text);

}  // namespace profiles
