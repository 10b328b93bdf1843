#include "assembly.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

using layout::Header;

namespace {

void store_entry(char *at, bool wide, std::size_t length, Type type)
{
    auto code = static_cast<std::uint32_t>(type);
    if (wide)
        layout::store(at, static_cast<std::uint32_t>(length) | code << 28);
    else
        layout::store(at, static_cast<std::uint16_t>(length | code << 12));
}

char *copy(char *out, std::string_view bytes)
{
    if (!bytes.empty())
        std::memcpy(out, bytes.data(), bytes.size());
    return out + bytes.size();
}

}  // namespace

Assembly::Assembly(Type type, const View *old, std::span<Piece> pieces) : old_(old), pieces_(pieces)
{
    header_.array = type == Type::array;
    std::size_t count = 0;
    View::Progress keys, values;
    for (Piece &piece : pieces) {
        count += piece.nodes.size() + (piece.to - piece.from);
        measure_nodes(piece.nodes);
        measure_stretch(piece, keys, values);
    }
    header_.wide = longest_ > layout::kNarrowLength || payload_ > layout::kNarrowPayload;
    if (count > layout::kMaxCount || payload_ > layout::kWideLength)
        throw Error(ErrorCode::limit_exceeded, "profile is too large",
                    "An object or array may hold 16777215 members and 256 MB.");
    header_.count = static_cast<std::uint32_t>(count);
}

void Assembly::measure_nodes(std::span<const Node> nodes)
{
    for (const Node &node : nodes) {
        std::size_t key = header_.array ? 0 : node.key.size();
        payload_ += key + node.size;
        longest_ = std::max({longest_, key, node.size});
    }
}

void Assembly::measure_stretch(Piece &piece, View::Progress &keys, View::Progress &values)
{
    if (piece.from == piece.to)
        return;
    if (!header_.array)
        piece.keys = add_lengths(piece.from, piece.to, keys);
    piece.values = add_lengths(old_->value_entry(piece.from), old_->value_entry(piece.to), values);
}

std::string_view Assembly::add_lengths(std::uint32_t from, std::uint32_t to, View::Progress &last)
{
    std::string_view payloads = old_->payloads(from, to, last);
    payload_ += payloads.size();
    // The lengths of a narrow container never make the new one wide.
    if (old_->header().wide)
        for (std::uint32_t index = from; index < to; ++index)
            longest_ = std::max(longest_, old_->entry(index).length);
    return payloads;
}

void Assembly::write(char *out) const
{
    layout::store(out, layout::pack_header(header_));
    char *entries = out + layout::kHeaderSize;
    char *payload = out + header_.payload_start();
    if (!header_.array) {
        write_entries(entries, true);
        write_payloads(payload, true);
    }
    write_entries(entries + (header_.entries() - header_.count) * header_.entry_size(), false);
    write_payloads(payload, false);
    if (header_.skips() > 0)
        write_skips(entries);
}

void Assembly::write_entries(char *out, bool keys) const
{
    std::size_t step = header_.entry_size();
    for (const Piece &piece : pieces_) {
        for (const Node &node : piece.nodes) {
            store_entry(out, header_.wide, keys ? node.key.size() : node.size,
                        keys ? Type::null : node.type);
            out += step;
        }
        if (piece.from == piece.to)
            continue;
        std::uint32_t from = keys ? piece.from : old_->value_entry(piece.from);
        std::uint32_t to = from + (piece.to - piece.from);
        if (old_->header().wide == header_.wide) {
            out = copy(out, {old_->entry_bytes(from), (to - from) * step});
            continue;
        }
        for (std::uint32_t index = from; index < to; ++index, out += step) {
            layout::Entry entry = old_->entry(index);
            store_entry(out, header_.wide, entry.length, entry.type);
        }
    }
}

void Assembly::write_payloads(char *&out, bool keys) const
{
    for (const Piece &piece : pieces_) {
        for (const Node &node : piece.nodes) {
            if (keys) {
                out = copy(out, node.key);
                continue;
            }
            write_node(node, out);
            out += node.size;
        }
        out = copy(out, keys ? piece.keys : piece.values);
    }
}

void Assembly::write_skips(char *entries) const
{
    char *skip = entries + header_.entries() * header_.entry_size();
    std::size_t offset = 0;
    for (std::uint32_t stretch = 0; stretch < header_.skips(); ++stretch) {
        std::uint32_t from = stretch * layout::kStride;
        offset += sum_lengths(entries, header_.wide, from, from + layout::kStride);
        if (header_.wide)
            layout::store(skip, static_cast<std::uint32_t>(offset));
        else
            layout::store(skip, static_cast<std::uint16_t>(offset));
        skip += header_.entry_size();
    }
}

void write_node(const Node &node, char *out)
{
    if (node.packed) {
        copy(out, node.bytes);
        return;
    }
    check_interrupt();
    Piece all{.nodes = node.children};
    Assembly(node.type, nullptr, {&all, 1}).write(out);
}

std::string_view pack(const Node &node, std::pmr::memory_resource *memory)
{
    auto *bytes = static_cast<char *>(memory->allocate(node.size > 0 ? node.size : 1, 1));
    write_node(node, bytes);
    return {bytes, node.size};
}

}  // namespace profiles
