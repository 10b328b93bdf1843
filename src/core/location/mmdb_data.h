// Reads the data section of a MaxMind DB: maps, arrays, texts and numbers, with every byte checked.
//
// Why not the decoder of libmaxminddb: it has only "one value by a path", which starts again at the
// top of the record for each field, and "the whole record as a list", which a file of a few bytes
// can make expand to gigabytes, because pointers let one array hold another many times over.
// Version 1.7.1, which Debian 12 has, also recurses without a limit while it skips values. This
// reader goes through a record once, allocates nothing and stops at fixed limits. The search tree
// is left to the library.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace profiles::location {

// The numbers are the format's.
enum class DataType : std::uint8_t {
    pointer = 1,
    string = 2,
    real64 = 3,
    bytes = 4,
    uint16 = 5,
    uint32 = 6,
    map = 7,
    int32 = 8,
    uint64 = 9,
    uint128 = 10,
    array = 11,
    boolean = 14,
    real32 = 15,
};

struct DataValue {
    DataType type;
    bool referenced;      // reached through a pointer, so its contents lie elsewhere
    std::uint32_t size;   // bytes of a scalar, pairs of a map, elements of an
                          // array, 0 or 1 of a boolean
    std::uint32_t start;  // offset of its bytes or of its first child

    bool is_number() const noexcept;
};

// One pass over one record. Positions are offsets into the data section; a function that takes one
// by reference moves it past what it has read. Whatever breaks the format is an Error (corrupted)
// that names the file.
class DataReader {
public:
    DataReader(std::span<const std::uint8_t> data, const std::string &file)
        : data_(data), file_(file)
    {
    }

    // Follows a pointer. Afterwards `at` is past the value, except for a map or an array that lies
    // here: then it is at the first child, and each_pair or each_element moves it on.
    DataValue read(std::uint32_t &at);
    void skip(std::uint32_t &at);
    std::string_view key(std::uint32_t &at);

    // visit(key, at) and visit(index, at) must read or skip exactly one value at `at`. A visit of pairs
    // that returns false wants no more of them.
    template <typename Visit>
    void each_pair(const DataValue &map, std::uint32_t &at, Visit visit)
    {
        Nesting nesting(*this);
        std::uint32_t child = map.start, left = map.size;
        bool wanted = true;
        for (; left > 0 && wanted; --left) {
            std::string_view name = key(child);
            if constexpr (std::is_same_v<decltype(visit(name, child)), bool>)
                wanted = visit(name, child);
            else
                visit(name, child);
        }
        if (map.referenced)
            return;
        for (; left > 0; --left) {
            skip(child);
            skip(child);
        }
        at = child;
    }
    template <typename Visit>
    void each_element(const DataValue &array, std::uint32_t &at, Visit visit)
    {
        Nesting nesting(*this);
        std::uint32_t child = array.start;
        for (std::uint32_t i = 0; i < array.size; ++i)
            visit(i, child);
        if (!array.referenced)
            at = child;
    }

    // The value of a scalar of a fitting type. Texts are valid UTF-8 without NUL; keys are compared
    // unchecked, so what shows one checks it.
    std::string_view text(const DataValue &value) { return checked(raw_text(value)); }
    std::string_view checked(std::string_view text);
    std::span<const std::uint8_t> bytes(const DataValue &value) const
    {
        return data_.subspan(value.start, value.size);
    }
    std::uint64_t unsigned_integer(const DataValue &value) const;
    std::int32_t signed_integer(const DataValue &value) const;
    double real64(const DataValue &value) const;
    float real32(const DataValue &value) const;
    // Any number. A float becomes the double with the same shortest decimal form: 51.5143, not
    // 51.51430130004883.
    double number(const DataValue &value) const;

    [[noreturn]] void corrupt(const char *detail) const;

private:
    // Counts how deep maps and arrays are nested, so that recursion over them ends.
    struct Nesting {
        explicit Nesting(DataReader &owner) : reader(owner) { reader.enter(); }
        ~Nesting() { --reader.depth_; }
        Nesting(const Nesting &) = delete;
        Nesting &operator=(const Nesting &) = delete;
        DataReader &reader;
    };

    void enter();
    DataValue header(std::uint32_t &at);
    std::uint32_t pointer_target(std::uint8_t control, std::uint32_t &at);
    std::uint32_t payload_size(std::uint8_t control, std::uint32_t &at);
    void check_size(const DataValue &value) const;
    std::uint32_t big_endian(std::uint32_t &at, unsigned count);
    std::string_view raw_text(const DataValue &value) const
    {
        return {reinterpret_cast<const char *>(data_.data()) + value.start, value.size};
    }

    std::span<const std::uint8_t> data_;
    const std::string &file_;
    unsigned depth_ = 0;
    std::size_t work_ = 0;
};

// Well-formed UTF-8 without NUL.
bool is_text(std::string_view candidate);

}  // namespace profiles::location
