// A stored value as canonical JSON: members in stored order, numbers in their one form, and jsonb's
// spacing, so that the text of a profile is the text of the same jsonb.
#pragma once

#include <memory_resource>

#include "view.h"

namespace profiles {

// Text that grows in a memory resource; its bytes stay there for the caller.
class TextBuffer {
public:
    explicit TextBuffer(std::pmr::memory_resource *memory) : memory_(memory) {}

    void add(char byte)
    {
        if (length_ == capacity_)
            grow(1);
        bytes_[length_++] = byte;
    }
    void add(std::string_view text)
    {
        if (text.size() > capacity_ - length_)
            grow(text.size());
        if (!text.empty())
            std::memcpy(bytes_ + length_, text.data(), text.size());
        length_ += text.size();
    }
    std::string_view view() const { return {bytes_, length_}; }
    // Ends the text with a NUL, which view() does not show.
    char *c_string()
    {
        add('\0');
        --length_;
        return bytes_;
    }

private:
    void grow(std::size_t more);

    std::pmr::memory_resource *memory_;
    char *bytes_ = nullptr;
    std::size_t length_ = 0;
    std::size_t capacity_ = 0;
};

void write_json(const Item &item, TextBuffer &out);
void write_json_string(std::string_view text, TextBuffer &out);
// As ->> shows a value: text bare, everything else as JSON.
void write_plain(const Item &item, TextBuffer &out);
// One member to a line, four spaces a level, as jsonb_pretty.
void write_pretty(const Item &item, TextBuffer &out, int level = 0);

}  // namespace profiles
