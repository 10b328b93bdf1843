#include "document_text.h"

namespace profiles {

GroupText::GroupText(std::string_view group, TextBuffer &out, bool &is_first)
    : group_(group), out_(out), is_first_(is_first)
{
}

void GroupText::add_member(std::string_view key)
{
    if (!group_.empty() && !is_open_) {
        out_.add(is_first_ ? "" : ", ");
        write_json_string(group_, out_);
        out_.add(": {");
    } else if (!is_first_) {
        out_.add(", ");
    }
    is_open_ = true;
    is_first_ = false;
    write_json_string(key, out_);
    out_.add(": ");
}

void GroupText::close()
{
    if (is_open_ && !group_.empty())
        out_.add('}');
}

namespace {

// Whether the value alone means that the property gets it. Containers are spelled out, since an object
// may look like operators; of the year of birth a document takes more than it keeps.
bool speaks_for_itself(std::string_view group, std::string_view key, const Item &value)
{
    if (value.is_container() || (value.type == Type::text && value.bytes.empty()))
        return false;
    if (!group.empty() || key != "byear")
        return true;
    return value.type == Type::integer && number_of(value).integer() >= 0;
}

}  // namespace

std::string_view assigning_operator(const Item &value)
{
    return value.type == Type::text && value.bytes.empty() ? "$literal" : "$set";
}

void write_assignment(std::string_view group, std::string_view key, const Item &value,
                      TextBuffer &out)
{
    bool is_plain = speaks_for_itself(group, key, value);
    if (!is_plain) {
        out.add('{');
        write_json_string(assigning_operator(value), out);
        out.add(": ");
    }
    write_json(value, out);
    if (!is_plain)
        out.add('}');
}

}  // namespace profiles
