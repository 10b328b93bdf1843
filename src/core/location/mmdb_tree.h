// The search tree of a MaxMind DB for IPv4 addresses. The same answers as libmaxminddb's, faster: the
// node that the first 16 bits lead to is remembered, which leaves at most 16 of the 32 steps, each of them
// a read somewhere in tens of megabytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace profiles::location {

class SearchTree {
public:
    // `bytes`: at least all nodes, as check_file() has made sure. `bits` of a record: 24, 28 or 32.
    SearchTree(std::span<const std::uint8_t> bytes, std::uint32_t node_count, unsigned bits,
               bool has_ipv6);

    // False when addresses of IPv4 have no tree of their own in this file: ask the library.
    bool has_ipv4() const noexcept { return root_ < node_count_; }

    struct Leaf {
        std::uint32_t
            record;  // node_count: nothing known; more: a place in the data; less: corrupt
        int depth;   // bits that led to it
    };
    Leaf find(const std::array<std::uint8_t, 16> &ipv4);

private:
    static constexpr int kRemembered = 16;

    std::uint32_t child(std::uint32_t node, bool right) const noexcept;
    Leaf walk(std::uint32_t node, std::uint32_t address, int from, int to) const noexcept;

    std::span<const std::uint8_t> bytes_;
    std::uint32_t node_count_;
    unsigned bits_;
    std::uint32_t root_ = 0;
    // By the first 16 bits: the node plus one; 0 is not known yet, or the answer comes before.
    std::vector<std::uint32_t> nodes_;
};

}  // namespace profiles::location
