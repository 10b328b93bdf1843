// Folds update documents into one that does what they do one after the other.
//
// Operators on different properties never meet, so each property has a list of actions of its own. An
// action that comes joins the last one where one operator can do both for every value that may be there: a
// sum of $inc, the stricter $min, one longer $push; a value that is set replaces what came before. What
// cannot be joined stays in order. At the end the actions go into as few documents as the fixed order of
// operators allows; more than one is a sequence, {"$seq": [...]}. A $rename lets properties meet: it
// closes what came before it.
#pragma once

#include <unordered_map>
#include <vector>

#include "../profile/json_writer.h"
#include "update.h"

namespace profiles {

// A value that owns its bytes.
struct OwnedValue {
    Type type;
    std::pmr::string bytes;
    Item item() const { return {type, bytes}; }
};

// One operator with an operand in the form in which it can be joined with the next.
struct Action {
    enum class Form { value, number, list };

    Action(Operator wanted, std::pmr::memory_resource *memory)
        : op(wanted), operand{Type::null, std::pmr::string(memory)}, elements(memory)
    {
    }

    Operator op;
    Form form = Form::value;
    bool can_join = false;  // a value that is no such form is kept as it came
    bool makes = false;     // a missing property is there afterwards
    OwnedValue operand;
    Number number;
    std::pmr::vector<OwnedValue> elements;
    std::optional<std::int64_t> slice;
    std::size_t unique_at = 64;  // so many elements of a set are worth a look for repeated ones
};

class Composition {
public:
    // Everything it keeps is copied into `memory`; what is given up is freed.
    explicit Composition(std::pmr::memory_resource *memory);

    // The changes of one document, as read_document() gives them. Sorts them.
    void add(std::span<Change> changes);
    // As JSON text. `scratch` needs to live as long as the call.
    void write(TextBuffer &out, std::pmr::memory_resource *scratch) const;

private:
    // A property, and what happens to it.
    struct Course {
        std::string_view group;
        std::string_view key;
        bool is_present = false;  // whatever the value was before
        std::pmr::vector<Action> actions;
    };
    struct Property {
        std::string_view group;
        std::string_view key;
        bool operator==(const Property &) const = default;
    };
    struct PropertyHash {
        std::size_t operator()(const Property &property) const
        {
            return std::hash<std::string_view>()(property.key) + property.group.size();
        }
    };
    // What happens between two renames.
    struct Stretch {
        explicit Stretch(std::pmr::memory_resource *memory) : courses(memory), places(memory) {}
        std::pmr::vector<Course> courses;
        std::pmr::unordered_map<Property, std::size_t, PropertyHash> places;
    };

    Course &course_of(const Change &change);
    void add_change(const Change &change);
    void add_action(Course &course, Action action);

    std::pmr::memory_resource *memory_;
    std::pmr::vector<Stretch> stretches_;
};

}  // namespace profiles
