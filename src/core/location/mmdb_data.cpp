#include "mmdb_data.h"

#include <bit>
#include <charconv>

#include "../error.h"
#include "file.h"

namespace profiles::location {

namespace {

// A real record has about 200 values and 4 levels. Pointers can make a small file look like a
// record without end, so what is read is counted: one a value, and one more for each 256 bytes of
// text.
constexpr std::size_t kMaxWork = 100'000;
constexpr unsigned kMaxDepth = 32;

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Length of the well-formed UTF-8 sequence at the start of `rest`, 0 if there is none or it is NUL.
std::size_t sequence_length(std::string_view rest)
{
    auto byte = [&](std::size_t i) {
        return static_cast<std::uint8_t>(i < rest.size() ? rest[i] : 0);
    };
    std::uint8_t first = byte(0);
    if (first < 0x80)
        return first ? 1 : 0;
    if (first >= 0xC2 && first <= 0xDF)
        return is_continuation(byte(1)) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        std::uint8_t low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
        return byte(1) >= low && byte(1) <= high && is_continuation(byte(2)) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        std::uint8_t low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
        return byte(1) >= low && byte(1) <= high && is_continuation(byte(2)) &&
                       is_continuation(byte(3))
                   ? 4
                   : 0;
    }
    return 0;
}

}  // namespace

bool is_text(std::string_view candidate)
{
    while (!candidate.empty()) {
        std::size_t length = sequence_length(candidate);
        if (length == 0)
            return false;
        candidate.remove_prefix(length);
    }
    return true;
}

bool DataValue::is_number() const noexcept
{
    switch (type) {
    case DataType::real64:
    case DataType::real32:
    case DataType::uint16:
    case DataType::uint32:
    case DataType::uint64:
    case DataType::int32: return true;
    default: return false;
    }
}

void DataReader::corrupt(const char *detail) const
{
    throw Error(ErrorCode::corrupted, "geoip database " + quoted_path(file_) + " is corrupt",
                detail, "Replace the file by an intact one; the next statement uses it.");
}

void DataReader::enter()
{
    if (depth_ >= kMaxDepth)
        corrupt("A record is nested too deeply.");
    ++depth_;
}

std::uint32_t DataReader::big_endian(std::uint32_t &at, unsigned count)
{
    if (at > data_.size() || count > data_.size() - at)
        corrupt("A value reaches beyond the end of the file.");
    std::uint32_t result = 0;
    for (unsigned i = 0; i < count; ++i)
        result = result << 8 | data_[at++];
    return result;
}

// The control byte of a pointer holds the number of further bytes and, unless there are four, the
// highest three bits; longer pointers continue where shorter ones end.
std::uint32_t DataReader::pointer_target(std::uint8_t control, std::uint32_t &at)
{
    constexpr std::uint32_t kBase[] = {0, 2048, 526336, 0};
    unsigned extra = control >> 3 & 3;
    std::uint32_t high = extra == 3 ? 0 : (control & 7u) << (8 * (extra + 1));
    return (high | big_endian(at, extra + 1)) + kBase[extra];
}

std::uint32_t DataReader::payload_size(std::uint8_t control, std::uint32_t &at)
{
    std::uint32_t size = control & 31u;
    switch (size) {
    case 29: return 29 + big_endian(at, 1);
    case 30: return 285 + big_endian(at, 2);
    case 31: return 65'821 + big_endian(at, 3);
    default: return size;
    }
}

void DataReader::check_size(const DataValue &value) const
{
    std::uint32_t most = 0;
    switch (value.type) {
    case DataType::string:
    case DataType::bytes:
    case DataType::array: most = UINT32_MAX; break;
    case DataType::map: most = UINT32_MAX / 2; break;
    case DataType::boolean: most = 1; break;
    case DataType::uint16: most = 2; break;
    case DataType::uint32:
    case DataType::int32:
    case DataType::real32: most = 4; break;
    case DataType::uint64:
    case DataType::real64: most = 8; break;
    case DataType::uint128: most = 16; break;
    case DataType::pointer: break;
    }
    bool exact = value.type == DataType::real32 || value.type == DataType::real64;
    if (value.size > most || (exact && value.size != most))
        corrupt("A value has a size that its type does not allow.");
    // Every element takes at least one byte and every pair two, so this bounds the loops as well.
    std::uint32_t least = value.type == DataType::boolean ? 0
                          : value.type == DataType::map   ? value.size * 2
                                                          : value.size;
    if (least > data_.size() - value.start)
        corrupt("A value reaches beyond the end of the file.");
}

DataValue DataReader::header(std::uint32_t &at)
{
    if (++work_ > kMaxWork)
        corrupt("A record is too large.");
    auto control = static_cast<std::uint8_t>(big_endian(at, 1));
    unsigned type = control >> 5;
    if (type == static_cast<unsigned>(DataType::pointer)) {
        std::uint32_t target = pointer_target(control, at);
        return {DataType::pointer, true, 0, target};
    }
    if (type == 0) {
        type = 7 + big_endian(at, 1);
        if (type < 8 || type > 15 || type == 12 || type == 13)
            corrupt("A value has an unknown type.");
    }
    DataValue value{static_cast<DataType>(type), false, payload_size(control, at), at};
    check_size(value);
    return value;
}

DataValue DataReader::read(std::uint32_t &at)
{
    DataValue value = header(at);
    if (value.type == DataType::pointer) {
        std::uint32_t target = value.start;
        value = header(target);
        if (value.type == DataType::pointer)
            corrupt("A pointer leads to another pointer.");
        value.referenced = true;
    } else if (value.type != DataType::map && value.type != DataType::array &&
               value.type != DataType::boolean) {
        at += value.size;
    }
    return value;
}

void DataReader::skip(std::uint32_t &at)
{
    DataValue value = header(at);
    if (value.type == DataType::map) {
        Nesting nesting(*this);
        for (std::uint32_t i = 0; i < value.size; ++i) {
            skip(at);
            skip(at);
        }
    } else if (value.type == DataType::array) {
        Nesting nesting(*this);
        for (std::uint32_t i = 0; i < value.size; ++i)
            skip(at);
    } else if (value.type != DataType::pointer && value.type != DataType::boolean) {
        at += value.size;
    }
}

std::string_view DataReader::key(std::uint32_t &at)
{
    DataValue name = read(at);
    if (name.type != DataType::string)
        corrupt("A key is not a text.");
    return raw_text(name);
}

std::string_view DataReader::checked(std::string_view text)
{
    work_ += text.size() / 256;
    if (!is_text(text))
        corrupt("A text is not valid UTF-8 or contains a NUL character.");
    return text;
}

std::uint64_t DataReader::unsigned_integer(const DataValue &value) const
{
    std::uint64_t result = 0;
    for (std::uint8_t byte : bytes(value))
        result = result << 8 | byte;
    return result;
}

// Shorter than four bytes is never negative: the writer drops leading zero bytes only.
std::int32_t DataReader::signed_integer(const DataValue &value) const
{
    return static_cast<std::int32_t>(unsigned_integer(value));
}

double DataReader::real64(const DataValue &value) const
{
    return std::bit_cast<double>(unsigned_integer(value));
}

float DataReader::real32(const DataValue &value) const
{
    return std::bit_cast<float>(static_cast<std::uint32_t>(unsigned_integer(value)));
}

double DataReader::number(const DataValue &value) const
{
    switch (value.type) {
    case DataType::real64: return real64(value);
    case DataType::int32: return signed_integer(value);
    case DataType::real32: break;
    default: return static_cast<double>(unsigned_integer(value));
    }
    float narrow = real32(value);
    char digits[64];
    auto end = std::to_chars(digits, digits + sizeof digits, narrow).ptr;
    double result = narrow;
    std::from_chars(digits, end, result);
    return result;
}

}  // namespace profiles::location
