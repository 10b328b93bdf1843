#include "mmdb_tree.h"

namespace profiles::location {

SearchTree::SearchTree(std::span<const std::uint8_t> bytes, std::uint32_t node_count, unsigned bits,
                       bool has_ipv6)
    : bytes_(bytes), node_count_(node_count), bits_(bits)
{
    // IPv4 is ::/96 in a file of IPv6.
    for (int i = 0; has_ipv6 && i < 96 && root_ < node_count_; ++i)
        root_ = child(root_, false);
}

std::uint32_t SearchTree::child(std::uint32_t node, bool right) const noexcept
{
    const std::uint8_t *at = bytes_.data() + std::size_t{node} * (bits_ / 4);
    auto number = [](const std::uint8_t *bytes) {
        return std::uint32_t{bytes[0]} << 16 | std::uint32_t{bytes[1]} << 8 | bytes[2];
    };
    if (bits_ == 24)
        return number(right ? at + 3 : at);
    if (bits_ == 28)
        return right ? (at[3] & 0x0Fu) << 24 | number(at + 4) : (at[3] & 0xF0u) << 20 | number(at);
    at += right ? 4 : 0;
    return number(at) << 8 | at[3];
}

SearchTree::Leaf SearchTree::walk(std::uint32_t node, std::uint32_t address, int from,
                                  int to) const noexcept
{
    int depth = from;
    while (depth < to && node < node_count_) {
        node = child(node, address >> (31 - depth) & 1);
        ++depth;
    }
    return {node, depth};
}

SearchTree::Leaf SearchTree::find(const std::array<std::uint8_t, 16> &ipv4)
{
    std::uint32_t address = std::uint32_t{ipv4[0]} << 24 | std::uint32_t{ipv4[1]} << 16 |
                            std::uint32_t{ipv4[2]} << 8 | ipv4[3];
    if (nodes_.empty())
        nodes_.resize(std::size_t{1} << kRemembered);
    std::uint32_t &remembered = nodes_[address >> kRemembered];
    if (remembered == 0) {
        Leaf leaf = walk(root_, address, 0, kRemembered);
        if (leaf.record >= node_count_)
            return leaf;
        remembered = leaf.record + 1;
    }
    return walk(remembered - 1, address, kRemembered, 32);
}

}  // namespace profiles::location
