#include "mmdb_record.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace profiles::location {

namespace {

constexpr std::size_t kMaxJson = 16 << 20;

void append_escaped(std::string_view text, std::pmr::string &out)
{
    constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    for (char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += "\\u00";
            out += kHex[c >> 4 & 15];
            out += kHex[c & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

template <typename Number>
void append_number(Number number, std::pmr::string &out)
{
    char digits[64];
    auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

// The shortest digits that read back as the same number: 51.5143 for a float, too.
template <typename Real>
void append_real(Real number, std::pmr::string &out)
{
    if (std::isfinite(number))
        append_number(number, out);
    else
        out += "null";
}

void append_uint128(std::span<const std::uint8_t> bytes, std::pmr::string &out)
{
    unsigned __int128 number = 0;
    for (std::uint8_t byte : bytes)
        number = number << 8 | byte;
    char digits[40];
    char *start = digits + sizeof digits;
    do {
        *--start = static_cast<char>('0' + static_cast<int>(number % 10));
        number /= 10;
    } while (number != 0);
    out.append(start, digits + sizeof digits);
}

void append_bytes(std::span<const std::uint8_t> bytes, std::pmr::string &out)
{
    constexpr char kHex[] = "0123456789abcdef";
    out += "\"\\\\x";
    for (std::uint8_t byte : bytes) {
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    out += '"';
}

class Writer {
public:
    Writer(DataReader &reader, std::pmr::string &out) : reader_(reader), out_(out) {}

    void value(std::uint32_t &at)
    {
        DataValue next = reader_.read(at);
        if (next.type == DataType::map)
            map(next, at);
        else if (next.type == DataType::array)
            array(next, at);
        else
            scalar(next);
        // The same long text may be reached over many pointers.
        if (out_.size() > kMaxJson)
            reader_.corrupt("A record is longer than 16 MB as JSON.");
    }

    void scalar(const DataValue &value);

private:
    void map(const DataValue &value, std::uint32_t &at)
    {
        char separator = '{';
        reader_.each_pair(value, at, [&](std::string_view key, std::uint32_t &child) {
            out_ += separator;
            separator = ',';
            append_escaped(reader_.checked(key), out_);
            out_ += ':';
            this->value(child);
        });
        out_ += separator == '{' ? "{}" : "}";
    }

    void array(const DataValue &value, std::uint32_t &at)
    {
        char separator = '[';
        reader_.each_element(value, at, [&](std::uint32_t, std::uint32_t &child) {
            out_ += separator;
            separator = ',';
            this->value(child);
        });
        out_ += separator == '[' ? "[]" : "]";
    }

    DataReader &reader_;
    std::pmr::string &out_;
};

void Writer::scalar(const DataValue &value)
{
    switch (value.type) {
    case DataType::string: append_escaped(reader_.text(value), out_); break;
    case DataType::bytes: append_bytes(reader_.bytes(value), out_); break;
    case DataType::boolean: out_ += value.size ? "true" : "false"; break;
    case DataType::real64: append_real(reader_.real64(value), out_); break;
    case DataType::real32: append_real(reader_.real32(value), out_); break;
    case DataType::int32: append_number(reader_.signed_integer(value), out_); break;
    case DataType::uint128: append_uint128(reader_.bytes(value), out_); break;
    default: append_number(reader_.unsigned_integer(value), out_);
    }
}

// Moves `at` to the value under the key. The last of several equal keys counts, as in jsonb.
bool enter_map(DataReader &reader, const DataValue &map, std::string_view step, std::uint32_t &at)
{
    bool found = false;
    std::uint32_t child = map.start;
    for (std::uint32_t i = 0; i < map.size; ++i) {
        if (reader.key(child) == step) {
            at = child;
            found = true;
        }
        reader.skip(child);
    }
    return found;
}

bool enter_array(DataReader &reader, const DataValue &array, std::string_view step,
                 std::uint32_t &at)
{
    std::int64_t index = 0;
    auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (error != std::errc() || end != step.data() + step.size())
        return false;
    if (index < 0)
        index += array.size;
    if (index < 0 || index >= array.size)
        return false;
    at = array.start;
    while (index-- > 0)
        reader.skip(at);
    return true;
}

}  // namespace

void write_json(DataReader &reader, std::uint32_t entry, std::pmr::string &out)
{
    Writer(reader, out).value(entry);
}

bool is_map(DataReader &reader, std::uint32_t entry)
{
    return reader.read(entry).type == DataType::map;
}

bool decides(DataReader &reader, std::uint32_t entry, std::string_view key)
{
    DataValue record = reader.read(entry);
    std::uint32_t unused = 0;
    return record.type != DataType::map || enter_map(reader, record, key, unused);
}

void write_new_pairs(DataReader &reader, std::uint32_t entry,
                     std::pmr::vector<std::string_view> &keys, std::pmr::string &out)
{
    Writer writer(reader, out);
    std::size_t before = keys.size();
    DataValue record = reader.read(entry);
    reader.each_pair(record, entry, [&](std::string_view key, std::uint32_t &child) {
        auto earlier = keys.begin() + static_cast<std::ptrdiff_t>(before);
        if (std::find(keys.begin(), earlier, key) != earlier)
            return reader.skip(child);
        if (!keys.empty())
            out += ',';
        append_escaped(reader.checked(key), out);
        out += ':';
        writer.value(child);
        keys.push_back(key);
    });
}

FieldKind write_field(DataReader &reader, std::uint32_t entry,
                      std::span<const std::string_view> path, std::pmr::string &out)
{
    std::uint32_t at = entry;
    for (std::string_view step : path) {
        std::uint32_t next = at;
        DataValue value = reader.read(next);
        bool found = value.type == DataType::map     ? enter_map(reader, value, step, at)
                     : value.type == DataType::array ? enter_array(reader, value, step, at)
                                                     : false;
        if (!found)
            return FieldKind::missing;
    }
    std::uint32_t next = at;
    DataValue value = reader.read(next);
    if (value.type == DataType::string) {
        out += reader.text(value);
        return FieldKind::text;
    }
    Writer(reader, out).value(at);
    return FieldKind::json;
}

}  // namespace profiles::location
