// Random values with a fixed seed, as text, so that what is built can be compared with what was meant.
#pragma once

#include <memory_resource>
#include <random>
#include <string>

#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/profile/json_writer.h"

namespace profiles::test {

class RandomTree {
public:
    explicit RandomTree(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    bool chance(unsigned percent) { return below(100) < percent; }

    template <std::size_t Size>
    const char *pick(const char *const (&choices)[Size])
    {
        return choices[below(Size)];
    }

    std::string scalar()
    {
        static const char *const scalars[] = {"null",
                                              "true",
                                              "false",
                                              "0",
                                              "1",
                                              "-1",
                                              "127",
                                              "128",
                                              "-129",
                                              "65536",
                                              "9223372036854775807",
                                              "-9223372036854775808",
                                              "9223372036854775808",
                                              "0.1",
                                              "-2.5",
                                              "1e40",
                                              "1e-6143",
                                              "1234567890123456789012345678901234",
                                              "\"\"",
                                              "\"x\"",
                                              "\"\\u00e9\"",
                                              "\"\\ud83d\\ude00\"",
                                              "\"007\""};
        if (chance(30))
            return std::to_string(static_cast<std::int64_t>(random_()) >> below(64));
        if (chance(20))
            return '"' + std::string(below(60), static_cast<char>('a' + below(26))) + '"';
        return pick(scalars);
    }

    std::string key()
    {
        return std::string(below(4), static_cast<char>('a' + below(5))) +
               std::to_string(below(1000));
    }

    std::string array(int depth, std::uint64_t count)
    {
        std::string text = "[";
        for (std::uint64_t index = 0; index < count; ++index)
            text += (index ? ", " : "") + value(depth + 1);
        return text + "]";
    }

    std::string object(int depth, std::uint64_t count)
    {
        std::string text = "{";
        for (std::uint64_t index = 0; index < count; ++index)
            text += (index ? ", \"" : "\"") + key() + "\": " + value(depth + 1);
        return text + "}";
    }

    std::string value(int depth)
    {
        std::uint64_t kind = below(depth > 4 ? 8 : 10);
        std::uint64_t count = chance(5) ? below(100) : below(6);
        return kind < 8 ? scalar() : kind == 8 ? array(depth, count) : object(depth, count);
    }

private:
    std::mt19937_64 random_;
};

inline std::string text_of(const Item &item)
{
    std::pmr::monotonic_buffer_resource memory;
    TextBuffer out(&memory);
    write_json(item, out);
    return std::string(out.view());
}

// Text to stored bytes.
inline std::string build(std::string_view json)
{
    std::pmr::monotonic_buffer_resource memory;
    Node root = read_json(json, &memory, "test value");
    seal(root);
    std::string bytes(root.size, '\0');
    write_node(root, bytes.data());
    return bytes;
}

}  // namespace profiles::test
