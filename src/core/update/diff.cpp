#include "diff.h"

#include <optional>

#include "../interrupt.h"
#include "../profile/document.h"
#include "document_text.h"

namespace profiles {

namespace {

// Walks one side, or nothing where that side has no such group.
class Side {
public:
    explicit Side(const std::optional<View> &members)
    {
        if (members)
            cursor_.emplace(*members);
        next();
    }
    void next() { has_member_ = cursor_ && cursor_->next(); }
    bool has_member() const { return has_member_; }
    std::string_view key() const { return cursor_->key(); }
    const Item &item() const { return cursor_->item(); }

private:
    std::optional<Cursor> cursor_;
    bool has_member_ = false;
};

// Calls visit(key, before, after) for each key of either side, in order; an absent value is null.
template <typename Visit>
void walk(const std::optional<View> &before, const std::optional<View> &after, Visit visit)
{
    Side left(before), right(after);
    while (left.has_member() || right.has_member()) {
        check_interrupt();
        int order = !left.has_member()    ? 1
                    : !right.has_member() ? -1
                                          : compare_keys(left.key(), right.key());
        const Item *old = order <= 0 ? &left.item() : nullptr;
        const Item *now = order >= 0 ? &right.item() : nullptr;
        visit(order <= 0 ? left.key() : right.key(), old, now);
        if (order <= 0)
            left.next();
        if (order >= 0)
            right.next();
    }
}

class Diff {
public:
    explicit Diff(TextBuffer &out) : out_(out) {}

    void write(const View &before, const View &after)
    {
        out_.add('{');
        GroupText top({}, out_, is_first_);
        walk(before, after, [&](std::string_view key, const Item *old, const Item *now) {
            if (key == kCustom || key == kCampaign)
                write_group(key, old, now);
            else
                write_property({}, key, old, now, top);
        });
        out_.add('}');
    }

private:
    void write_group(std::string_view group, const Item *before, const Item *after)
    {
        if (before && after && *before == *after)
            return;
        std::optional<View> old, now;
        if (before)
            old.emplace(*before);
        if (after)
            now.emplace(*after);
        GroupText members(group, out_, is_first_);
        walk(old, now, [&](std::string_view key, const Item *left, const Item *right) {
            write_property(group, key, left, right, members);
        });
        members.close();
    }

    void write_property(std::string_view group, std::string_view key, const Item *before,
                        const Item *after, GroupText &members)
    {
        if (before && after && *before == *after)
            return;
        members.add_member(key);
        if (after)
            write_assignment(group, key, *after, out_);
        else
            out_.add("null");
    }

    TextBuffer &out_;
    bool is_first_ = true;
};

}  // namespace

void write_diff(const View &before, const View &after, TextBuffer &out)
{
    Diff(out).write(before, after);
}

}  // namespace profiles
