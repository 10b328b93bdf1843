// The one error class of core. A code says which kind of SQLSTATE the server reports; the texts
// follow PostgreSQL's style: a short lower-case message, DETAIL and HINT as sentences.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace profiles {

enum class ErrorCode {
    invalid_text,      // 22P02: text that is not what the type accepts
    invalid_binary,    // 22P03: bytes from outside that break the format
    invalid_encoding,  // 22021: not valid UTF-8, or a NUL character
    invalid_value,     // 22023: a well-formed argument that makes no sense here
    null_value,        // 22004: a null where a value is needed
    out_of_range,      // 22003: a number beyond what can be kept exactly
    wrong_type,        // 42804: an operator met a value of another type
    limit_exceeded,    // 54000: deeper, longer or more than the limits allow
    unsupported,       // 0A000: a format version or feature this build does not know
    corrupted,         // XX001: stored bytes that break the format
    missing_file,      // 58P01: a file that is not there
    unreadable_file,   // 58030: a file that cannot be read or is not what it should be
    cancelled,         // not reported: the caller lets PostgreSQL report its own interrupt
};

class Error : public std::exception {
public:
    Error(ErrorCode code, std::string message, std::string detail = {}, std::string hint = {})
        : code_(code), message_(std::move(message)), detail_(std::move(detail)),
          hint_(std::move(hint))
    {
    }

    ErrorCode code() const noexcept { return code_; }
    const char *what() const noexcept override { return message_.c_str(); }
    const std::string &message() const noexcept { return message_; }
    const std::string &detail() const noexcept { return detail_; }
    const std::string &hint() const noexcept { return hint_; }

private:
    ErrorCode code_;
    std::string message_;
    std::string detail_;
    std::string hint_;
};

// A piece of user data as it may stand in a message: in double quotes, cut at 64 bytes on a
// character boundary, so that a hostile megabyte does not fill the log.
std::string quoted(std::string_view text);

}  // namespace profiles
