// A whole update document in one pass over a profile: changes sorted by key meet the members sorted by
// key, and what did not change is copied in stretches. The cost is O(changes + bytes), however many
// operators the document holds.
#pragma once

#include <optional>

#include "../profile/assembly.h"
#include "../profile/replacement.h"
#include "../profile/view.h"
#include "operators.h"

namespace profiles {

// Limits of an app (DESIGN: rulings 10); 0 means none. Over a limit is reported, never an error.
struct Limits {
    std::uint32_t custom_properties = 0;  // per user
    std::uint32_t array_elements = 0;     // the newest are kept
    std::uint32_t value_length = 0;       // characters; longer text is cut
    std::uint32_t key_length = 0;         // characters; a property with a longer name is skipped
    std::uint32_t segments = 0;           // of an event
    std::uint32_t segment_elements = 0;   // of an array in a segment; the first are kept
};

enum class Mode {
    strict,   // the first fault is raised, nothing is changed
    lenient,  // a fault skips its operator and is reported, the rest is applied
};

// One operator on one property. `group` is empty for properties at the top.
//
// Different properties never meet, except in a $rename, which comes first in its document. So the steps
// of a sequence need no update each: sorted by property, then by step, they are done in one pass. A
// step that renames begins another pass.
struct Change {
    std::string_view group;
    std::string_view key;
    Operator op;
    Node operand;
    std::uint32_t step = 0;  // of a $seq, from 0
    std::uint32_t pass = 0;
};

// What was not done as asked. Texts live in the memory that was handed in.
struct Skip {
    std::string_view key;
    std::string_view operator_name;
    std::string_view reason;
};
using SkipList = std::pmr::vector<Skip>;

// Reads the `user_details` of an SDK: the eight standard properties that it may set and, under `custom`,
// values and operators. `details` must be sealed. Faults are raised or go to `skips`, as the mode says.
void read_details(const Node &details, Mode mode, const Limits &limits,
                  std::pmr::vector<Change> &changes, SkipList &skips,
                  std::pmr::memory_resource *memory);

// Reads an update document, in which any property at the top, of `custom` and of `campaign` may be
// changed, or a sequence of them, {"$seq": [...]}. `document` must be sealed; it may be deeper than a
// profile by kDocumentDepth, for what stands around a value: {"$seq": [{"custom": {"a": {"$push": {"$each":
// [value]}}}}]}.
constexpr int kDocumentDepth = 4;
void read_document(const Node &document, Mode mode, const Limits &limits,
                   std::pmr::vector<Change> &changes, SkipList &skips,
                   std::pmr::memory_resource *memory);

// The member of a document that holds a sequence of documents.
inline constexpr std::string_view kSequence = "$seq";

// Throws unless `target` can be the new name of the property `key`.
void check_rename(std::string_view group, std::string_view key, const Node &target);

// Splits off the changes that one Update can do.
std::span<Change> take_pass(std::span<Change> &rest);

// The result of update(): the new bytes wait to be written wherever the caller wants them.
class Update {
public:
    // The changes of one pass; `profile` and everything in `changes` must outlive the Update. Sorts
    // `changes`. Steps in one Update give what one Update after the other gives, also with limits on values;
    // only a limit on the number of properties counts once, at the end.
    Update(const View &profile, std::span<Change> changes, Mode mode, const Limits &limits,
           SkipList &skips, std::pmr::memory_resource *memory);

    bool changed() const { return changed_; }
    std::size_t size() const { return replacement_ ? replacement_->size() : assembly_->size(); }
    void write(char *out) const { replacement_ ? replacement_->write(out) : assembly_->write(out); }

private:
    struct Edit {
        std::string_view key;
        View::Place place;
        std::optional<Item> value;  // absent: the member goes
        const Change *cause;        // the first that asked for it
    };
    using Edits = std::pmr::vector<Edit>;

    void edit_group(std::string_view group, std::span<Change> changes, bool is_only_group,
                    Edits &root_edits);
    bool replace(const Edits &edits, std::uint32_t group_position, const View *group);
    void edit_members(const View *members, std::span<Change> changes, Edits &edits);
    void limit_properties(std::size_t count, Edits &edits);
    std::optional<Item> apply_change(const std::optional<Item> &value, const Change &change,
                                     const View *members);
    Item within_limits(const Item &value, const Change &change);
    Item cut_elements(const Item &array, const Change &change);
    void skip(const Change &change, std::string_view reason);
    static void splice(const View *old, std::span<const Edit> edits,
                       std::pmr::vector<Piece> &pieces, NodeList &nodes);

    const View &profile_;
    Mode mode_;
    const Limits &limits_;
    SkipList &skips_;
    std::pmr::memory_resource *memory_;
    bool changed_ = false;
    NodeList nodes_;
    std::pmr::vector<Piece> pieces_;
    // One of them, when something changed.
    std::optional<Replacement> replacement_;
    std::optional<Assembly> assembly_;
};

}  // namespace profiles
