#include "compose.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/document.h"
#include "action.h"
#include "document_text.h"
#include "text.h"

namespace profiles {

Composition::Composition(std::pmr::memory_resource *memory) : memory_(memory), stretches_(memory) {}

void Composition::add(std::span<Change> changes)
{
    // The renames of a step come first, and the operators on one property in their order.
    std::stable_sort(changes.begin(), changes.end(), [](const Change &left, const Change &right) {
        return left.step != right.step ? left.step < right.step : left.op < right.op;
    });
    std::size_t index = 0;
    while (index < changes.size()) {
        bool renames = changes[index].op == Operator::rename;
        if (stretches_.empty() || (renames && !stretches_.back().courses.empty()))
            stretches_.emplace_back(memory_);
        std::uint32_t step = changes[index].step;
        for (; index < changes.size() && changes[index].step == step; ++index) {
            check_interrupt();
            add_change(changes[index]);
        }
    }
}

void Composition::add_change(const Change &change)
{
    if (std::optional<Action> action = make_action(change, memory_))
        add_action(course_of(change), std::move(*action));
}

Composition::Course &Composition::course_of(const Change &change)
{
    Stretch &stretch = stretches_.back();
    auto known = stretch.places.find({change.group, change.key});
    if (known != stretch.places.end())
        return stretch.courses[known->second];
    std::string_view group = change.group.empty()      ? change.group
                             : change.group == kCustom ? kCustom
                                                       : kCampaign;
    std::string_view key = keep_text(change.key, memory_);
    stretch.places.emplace(Property{group, key}, stretch.courses.size());
    return stretch.courses.emplace_back(
        Course{group, key, false, std::pmr::vector<Action>(memory_)});
}

void Composition::add_action(Course &course, Action action)
{
    std::pmr::vector<Action> &actions = course.actions;
    std::size_t first = !actions.empty() && actions[0].op == Operator::rename ? 1 : 0;
    if (is_assignment(action)) {
        actions.erase(actions.begin() + static_cast<std::ptrdiff_t>(first), actions.end());
        course.is_present = false;
    } else if (action.op == Operator::set_once && course.is_present) {
        return;
    }
    course.is_present |= action.makes;
    actions.push_back(std::move(action));
    while (actions.size() >= first + 2 &&
           join_actions(actions[actions.size() - 2], actions.back(), memory_))
        actions.pop_back();
}

namespace {

// An operator in the composed document: an action, or the value that a property is known to have.
struct Part {
    Operator op;
    const Action *action = nullptr;
    std::optional<Item> value = std::nullopt;
};

// The operators of one property that stand in one step.
struct Entry {
    std::size_t step;
    std::string_view group;
    std::string_view key;
    std::size_t from;  // in the parts
    std::size_t to;
};

bool precedes(const Entry &left, const Entry &right)
{
    if (left.step != right.step)
        return left.step < right.step;
    return left.group != right.group ? left.group < right.group
                                     : compare_keys(left.key, right.key) < 0;
}

class Writer {
public:
    Writer(TextBuffer &out, std::pmr::memory_resource *scratch)
        : out_(out), scratch_(scratch), parts_(scratch), entries_(scratch)
    {
    }

    // `base`: the step in which the actions start. Returns the step after their last.
    std::size_t place(std::string_view group, std::string_view key, std::span<const Action> actions,
                      std::size_t base)
    {
        std::size_t from = parts_.size();
        add_parts(actions);
        std::size_t step = base;
        for (std::size_t index = from; index < parts_.size(); ++index) {
            bool starts = index == from || parts_[index].op <= parts_[index - 1].op;
            if (starts)
                entries_.push_back({step++, group, key, index, index});
            entries_.back().to = index + 1;
        }
        return step;
    }

    void write(std::size_t steps)
    {
        std::sort(entries_.begin(), entries_.end(), precedes);
        std::span<const Entry> rest = entries_;
        out_.add(steps > 1 ? "{\"$seq\": [" : "");
        for (std::size_t step = 0; step < std::max<std::size_t>(steps, 1); ++step) {
            auto end = std::find_if(rest.begin(), rest.end(),
                                    [&](const Entry &entry) { return entry.step != step; });
            auto count = static_cast<std::size_t>(end - rest.begin());
            out_.add(step ? ", " : "");
            write_step(rest.first(count));
            rest = rest.subspan(count);
        }
        out_.add(steps > 1 ? "]}" : "");
    }

private:
    // Actions on a value that is known are done here; the first fault ends that, since what it means is for
    // the profile that it meets to say.
    void add_parts(std::span<const Action> actions)
    {
        std::size_t index = 0;
        if (!actions.empty() && actions[0].op == Operator::rename)
            parts_.push_back({Operator::rename, &actions[index++]});
        if (index < actions.size() && is_assignment(actions[index])) {
            std::optional<Item> value;
            if (actions[index].op == Operator::set)
                value = actions[index].operand.item();
            while (++index < actions.size() && perform_next(actions[index], value)) {
            }
            parts_.push_back({value ? Operator::set : Operator::unset, nullptr, value});
        }
        for (; index < actions.size(); ++index)
            parts_.push_back({actions[index].op, &actions[index]});
    }

    bool perform_next(const Action &action, std::optional<Item> &value)
    {
        check_interrupt();
        try {
            value = perform(action, value, scratch_);
            return true;
        } catch (const Error &error) {
            if (error.code() == ErrorCode::cancelled)
                throw;
            return false;
        }
    }

    void write_step(std::span<const Entry> entries)
    {
        bool is_first = true;
        out_.add('{');
        while (!entries.empty()) {
            std::string_view group = entries[0].group;
            GroupText text(group, out_, is_first);
            for (; !entries.empty() && entries[0].group == group; entries = entries.subspan(1)) {
                check_interrupt();
                text.add_member(entries[0].key);
                write_entry(entries[0]);
            }
            text.close();
        }
        out_.add('}');
    }

    void write_entry(const Entry &entry)
    {
        const Part &only = parts_[entry.from];
        if (entry.to - entry.from == 1 && !only.action) {
            if (only.value)
                write_assignment(entry.group, entry.key, *only.value, out_);
            else
                out_.add("null");
            return;
        }
        for (std::size_t index = entry.from; index < entry.to; ++index) {
            out_.add(index == entry.from ? "{" : ", ");
            write_part(parts_[index]);
        }
        out_.add('}');
    }

    void write_part(const Part &part)
    {
        write_json_string(part.value ? assigning_operator(*part.value) : operator_name(part.op),
                          out_);
        out_.add(": ");
        if (part.action)
            write_operand(*part.action, out_, scratch_);
        else if (part.value)
            write_json(*part.value, out_);
        else
            out_.add("null");
    }

    TextBuffer &out_;
    std::pmr::memory_resource *scratch_;
    std::pmr::vector<Part> parts_;
    std::pmr::vector<Entry> entries_;
};

}  // namespace

void Composition::write(TextBuffer &out, std::pmr::memory_resource *scratch) const
{
    Writer writer(out, scratch);
    std::size_t base = 0;
    for (const Stretch &stretch : stretches_) {
        std::size_t end = base;
        for (const Course &course : stretch.courses)
            end = std::max(end, writer.place(course.group, course.key, course.actions, base));
        base = end;
    }
    writer.write(base);
}

}  // namespace profiles
