#include "replacement.h"

namespace profiles {

using layout::Entry;

std::optional<Replacement> Replacement::make(const View &root, std::uint32_t group_position,
                                             const View *group, std::uint32_t position,
                                             const Item &value)
{
    Replacement result;
    result.root_ = root.bytes();
    result.value_ = value;
    result.old_ = (group ? *group : root).item(position).bytes;
    bool fits = group ? result.add_step(root, group_position) && result.add_step(*group, position)
                      : result.add_step(root, position);
    if (!fits)
        return std::nullopt;
    return result;
}

bool Replacement::add_step(const View &container, std::uint32_t position)
{
    const layout::Header &header = container.header();
    std::uint32_t entry = container.value_entry(position);
    std::size_t growth = value_.bytes.size() - old_.size();  // wraps around when negative
    std::size_t length = container.entry(entry).length + growth;
    std::size_t payload = container.bytes().size() - header.payload_start() + growth;
    steps_[step_count_++] = {static_cast<std::size_t>(container.bytes().data() - root_.data()),
                             entry, header};
    return !header.wide && length <= layout::kNarrowLength && payload <= layout::kNarrowPayload;
}

void Replacement::write(char *out) const
{
    auto before = static_cast<std::size_t>(old_.data() - root_.data());
    std::size_t after = before + old_.size();
    std::memcpy(out, root_.data(), before);
    if (!value_.bytes.empty())
        std::memcpy(out + before, value_.bytes.data(), value_.bytes.size());
    std::memcpy(out + before + value_.bytes.size(), root_.data() + after, root_.size() - after);
    for (int step = 0; step < step_count_; ++step)
        patch(out, steps_[step], step == step_count_ - 1);
}

// The directories lie before the payloads, so they are where they were.
void Replacement::patch(char *out, const Step &step, bool is_last) const
{
    auto growth = static_cast<std::uint16_t>(value_.bytes.size() - old_.size());
    char *entries = out + step.start + layout::kHeaderSize;
    char *at = entries + 2 * std::size_t{step.entry};
    Entry entry = layout::narrow_entry(layout::load<std::uint16_t>(at));
    auto length = static_cast<std::uint16_t>(entry.length + growth);
    auto type = static_cast<std::uint16_t>(is_last ? value_.type : entry.type);
    layout::store(at, static_cast<std::uint16_t>(length | type << 12));
    for (std::uint32_t skip = step.entry / layout::kStride; skip < step.header.skips(); ++skip) {
        char *offset = entries + 2 * (std::size_t{step.header.entries()} + skip);
        layout::store(offset,
                      static_cast<std::uint16_t>(layout::load<std::uint16_t>(offset) + growth));
    }
}

}  // namespace profiles
