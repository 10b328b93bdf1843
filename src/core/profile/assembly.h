// Writes a container in one pass: out of new nodes, out of stretches of an old container that are
// copied as they are, or of both. A changed profile costs one copy of its bytes, whatever it holds.
#pragma once

#include <span>

#include "node.h"
#include "view.h"

namespace profiles {

// One stretch of the new container: sealed nodes, or the members [from, to) of the old container.
struct Piece {
    std::span<const Node> nodes = {};
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    // The payloads of the stretch, which Assembly looks up once.
    std::string_view keys = {};
    std::string_view values = {};
};

class Assembly {
public:
    // `old` may be null when nothing is copied from it; pieces of an object come in key order. All
    // must live until write(). Throws limit_exceeded.
    Assembly(Type type, const View *old, std::span<Piece> pieces);

    std::size_t size() const { return header_.payload_start() + payload_; }
    std::uint32_t count() const { return header_.count; }
    // Fills exactly size() bytes.
    void write(char *out) const;

private:
    void measure_nodes(std::span<const Node> nodes);
    void measure_stretch(Piece &piece, View::Progress &keys, View::Progress &values);
    std::string_view add_lengths(std::uint32_t from, std::uint32_t to, View::Progress &last);
    void write_entries(char *out, bool keys) const;
    void write_payloads(char *&out, bool keys) const;
    void write_skips(char *entries) const;

    const View *old_;
    std::span<const Piece> pieces_;
    layout::Header header_{};
    std::size_t payload_ = 0;
    std::size_t longest_ = 0;
};

// The payload of a sealed node, written out.
void write_node(const Node &node, char *out);
std::string_view pack(const Node &node, std::pmr::memory_resource *memory);

}  // namespace profiles
