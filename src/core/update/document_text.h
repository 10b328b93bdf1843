// Update documents as JSON text: what diff() and Composition write.
#pragma once

#include "../profile/json_writer.h"

namespace profiles {

// Opens what one group (empty: the top) of a document changes, writes members in the order they come,
// and closes it, with commas where they belong. A group without members writes nothing.
class GroupText {
public:
    GroupText(std::string_view group, TextBuffer &out, bool &is_first);
    // The name of the next member; the caller writes its value.
    void add_member(std::string_view key);
    void close();

private:
    std::string_view group_;
    TextBuffer &out_;
    bool &is_first_;  // whether the document has no member yet
    bool is_open_ = false;
};

// What gives the property `key` of `group` exactly this value, whatever it was: the value itself where that
// is what it means, otherwise the operator that takes any value.
void write_assignment(std::string_view group, std::string_view key, const Item &value,
                      TextBuffer &out);
// The name of the operator that sets exactly this value.
std::string_view assigning_operator(const Item &value);

}  // namespace profiles
