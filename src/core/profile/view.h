// Reads a container in place. Nothing is copied or unpacked, and whatever the bytes say, nothing
// outside of them is touched: an entry that leads out of the container raises `corrupted`.
#pragma once

#include <optional>

#include "value.h"

namespace profiles {

[[noreturn]] void raise_corrupted_profile();

// The sum of the lengths in entries [from, to), of which there are at most layout::kStride.
std::size_t sum_lengths(const char *entries, bool wide, std::uint32_t from, std::uint32_t to);

class View {
public:
    // Throws corrupted when the directory does not fit, unsupported for an unknown version.
    explicit View(std::string_view bytes)
        : bytes_(bytes), header_(read_header(bytes)), entries_(bytes.data() + layout::kHeaderSize),
          payloads_(bytes.substr(header_.payload_start()))
    {
    }
    explicit View(const Item &item) : View(item.bytes) {}

    std::uint32_t count() const { return header_.count; }
    bool is_array() const { return header_.array; }
    bool is_object() const { return !header_.array; }
    std::string_view bytes() const { return bytes_; }

    // Element or member by position. Random access costs up to 31 additions; walk with Cursor.
    Item item(std::uint32_t position) const { return payload(value_entry(position)); }
    std::string_view key(std::uint32_t position) const { return payload(position).bytes; }

    // Where the key stands, or where it would have to.
    struct Place {
        std::uint32_t position;
        bool found;
    };
    Place place(std::string_view key) const;
    std::optional<Item> find(std::string_view key) const;

    // For Assembly, which copies stretches of entries and payloads as they are.
    const layout::Header &header() const { return header_; }
    std::uint32_t value_entry(std::uint32_t position) const
    {
        return header_.array ? position : header_.count + position;
    }
    const char *entry_bytes(std::uint32_t entry) const
    {
        return entries_ + entry * header_.entry_size();
    }
    layout::Entry entry(std::uint32_t index) const
    {
        return header_.wide ? layout::wide_entry(
                                  layout::load<std::uint32_t>(entries_ + 4 * std::size_t{index}))
                            : layout::narrow_entry(
                                  layout::load<std::uint16_t>(entries_ + 2 * std::size_t{index}));
    }
    // Where the payload of an entry starts; `entries()` asks for the end of the last.
    std::size_t offset(std::uint32_t entry) const;
    // The same for entries that are asked for in ascending order: it goes on from the last one.
    struct Progress {
        std::uint32_t entry = 0;
        std::size_t offset = 0;
    };
    std::size_t offset(std::uint32_t entry, Progress &last) const;
    // The payloads of entries [from, to).
    std::string_view payloads(std::uint32_t from, std::uint32_t to, Progress &last) const;

private:
    friend class Cursor;

    // The keys that are as long as the one that is sought: a stretch of entries and its payload.
    struct Alike {
        std::uint32_t first;
        std::uint32_t end;
        std::size_t offset;
    };

    static layout::Header read_header(std::string_view bytes)
    {
        if (bytes.size() < layout::kHeaderSize)
            raise_corrupted_profile();
        layout::Header header = layout::unpack_header(layout::load<std::uint32_t>(bytes.data()));
        if (header.version != layout::kVersion)
            raise_unsupported_version(header.version);
        if (header.payload_start() > bytes.size())
            raise_corrupted_profile();
        return header;
    }
    [[noreturn]] static void raise_unsupported_version(unsigned version);

    Item payload(std::uint32_t entry) const
    {
        if (entry >= header_.entries())
            raise_corrupted_profile();
        layout::Entry found = this->entry(entry);
        std::size_t start = offset(entry);
        if (start > payloads_.size() || found.length > payloads_.size() - start ||
            static_cast<unsigned>(found.type) > kLastType)
            raise_corrupted_profile();
        return {found.type, payloads_.substr(start, found.length)};
    }

    Alike keys_of_length(std::size_t length) const;
    Alike few_keys_of_length(std::size_t length) const;

    std::string_view bytes_;
    layout::Header header_;
    const char *entries_;
    std::string_view payloads_;
};

// Walks the members or elements in order, each step at a constant cost.
class Cursor {
public:
    explicit Cursor(const View &view)
        : view_(view), value_offset_(view.is_object() ? view.offset(view.count()) : 0)
    {
    }

    // False at the end.
    bool next()
    {
        if (position_ >= view_.count())
            return false;
        if (view_.is_object())
            key_ = take(key_offset_, view_.entry(position_).length);
        layout::Entry value = view_.entry(view_.value_entry(position_));
        if (static_cast<unsigned>(value.type) > kLastType)
            raise_corrupted_profile();
        item_ = {value.type, take(value_offset_, value.length)};
        ++position_;
        return true;
    }
    std::string_view key() const { return key_; }
    const Item &item() const { return item_; }
    std::uint32_t position() const { return position_ - 1; }

private:
    std::string_view take(std::size_t &offset, std::size_t length) const
    {
        std::string_view all = view_.payloads_;
        if (offset > all.size() || length > all.size() - offset)
            raise_corrupted_profile();
        std::string_view taken(all.data() + offset, length);
        offset += length;
        return taken;
    }

    View view_;
    std::uint32_t position_ = 0;
    std::size_t key_offset_ = 0;
    std::size_t value_offset_;
    std::string_view key_;
    Item item_;
};

}  // namespace profiles
