#include "changed_properties.h"

#include "../profile/assembly.h"
#include "../profile/document.h"
#include "../profile/view.h"
#include "../update/text.h"

namespace profiles {

namespace {

class Comparison {
public:
    Comparison(std::size_t limit, std::pmr::memory_resource *memory)
        : limit_(limit), memory_(memory), names_(memory)
    {
    }

    void compare(const View &before, const View &after, std::string_view group)
    {
        for (Cursor cursor(after); cursor.next();) {
            std::optional<Item> old = before.find(cursor.key());
            if (old && old->type == cursor.item().type && old->bytes == cursor.item().bytes)
                continue;
            bool is_group = group.empty() && cursor.item().type == Type::object &&
                            (cursor.key() == kCustom || cursor.key() == kCampaign);
            if (is_group)
                compare_group(old, cursor.item(), cursor.key());
            else
                add(group, cursor.key());
        }
        for (Cursor cursor(before); cursor.next();)
            if (!after.find(cursor.key()))
                add(group, cursor.key());
    }

    NodeList names() { return std::move(names_); }

private:
    void compare_group(const std::optional<Item> &before, const Item &after, std::string_view name)
    {
        Node empty = make_container(Type::object, {});
        seal(empty);
        std::string_view old =
            before && before->type == Type::object ? before->bytes : pack(empty, memory_);
        compare(View(old), View(after.bytes), name);
    }

    void add(std::string_view group, std::string_view key)
    {
        if (names_.size() >= limit_)
            return;
        std::string_view name =
            group.empty() ? key : keep_text(std::string(group) + "." + std::string(key), memory_);
        names_.push_back(make_text(name));
    }

    std::size_t limit_;
    std::pmr::memory_resource *memory_;
    NodeList names_;
};

}  // namespace

NodeList changed_properties(std::string_view before, std::string_view after, std::size_t limit,
                            std::pmr::memory_resource *memory)
{
    Comparison comparison(limit, memory);
    comparison.compare(View(before), View(after), {});
    return comparison.names();
}

}  // namespace profiles
