// Reads an update document into changes (docs/reference/operators.md): what an SDK sends as `user_details`,
// or, with the same rules for what an SDK may send, what may be done to any property.
#include <algorithm>
#include <set>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/document.h"
#include "text.h"
#include "update.h"

namespace profiles {

namespace {

constexpr std::string_view kStandard[] = {"name",  "username", "email",  "organization",
                                          "phone", "picture",  "gender", "byear"};

bool is_standard(std::string_view name)
{
    return std::find(std::begin(kStandard), std::end(kStandard), name) != std::end(kStandard);
}

bool is_group(std::string_view name) { return name == kCustom || name == kCampaign; }

int levels_of(const Node &node)
{
    if (!node.is_container())
        return 0;
    int deepest = 0;
    for (const Node &child : node.children)
        deepest = std::max(deepest, levels_of(child));
    return deepest + 1;
}

// What may be changed: what an SDK sends, or any property of a profile.
enum class Vocabulary { sdk, full };

class DocumentReader {
public:
    DocumentReader(Vocabulary vocabulary, Mode mode, const Limits &limits,
                   std::pmr::vector<Change> &changes, SkipList &skips,
                   std::pmr::memory_resource *memory)
        : is_sdk_(vocabulary == Vocabulary::sdk), mode_(mode), limits_(limits), changes_(changes),
          skips_(skips), memory_(memory)
    {
    }

    void read(const Node &document)
    {
        if (document.type != Type::object)
            throw Error(ErrorCode::invalid_value,
                        std::string("user details must be a JSON object, got ") +
                            type_name(document.type));
        const Node *sequence = is_sdk_ ? nullptr : document.find(kSequence);
        if (sequence)
            guarded(kSequence, [&] { read_sequence(document, *sequence); });
        else
            read_step(document);
    }

private:
    // What a name was before "." and "$" were stripped.
    struct Name {
        std::string_view sent;
        std::string_view cleaned;
    };
    struct Names {
        explicit Names(std::pmr::memory_resource *memory) : list(memory) {}
        std::pmr::vector<Name> list;
        bool has_stripped = false;
    };

    // In lenient mode a fault skips this one property.
    template <typename Body>
    void guarded(std::string_view key, Body body)
    {
        if (mode_ == Mode::strict) {
            body();
            return;
        }
        try {
            body();
        } catch (const Error &error) {
            if (error.code() == ErrorCode::cancelled)
                throw;
            skips_.push_back({key, {}, keep_text(error.message(), memory_)});
        }
    }

    void read_sequence(const Node &document, const Node &sequence)
    {
        if (document.children.size() != 1)
            throw Error(ErrorCode::invalid_value, "\"$seq\" must stand alone in its document");
        if (sequence.type != Type::array)
            throw Error(ErrorCode::wrong_type,
                        std::string("\"$seq\" must be an array of update documents, got ") +
                            type_name(sequence.type));
        for (const Node &step : sequence.children) {
            check_interrupt();
            guarded(kSequence, [&] {
                if (step.type != Type::object)
                    throw Error(ErrorCode::wrong_type,
                                std::string("a step of \"$seq\" must be an object, got ") +
                                    type_name(step.type));
                if (step.find(kSequence))
                    throw Error(ErrorCode::invalid_value,
                                "a step of \"$seq\" must not be a sequence itself", {},
                                "Write the steps of both one after the other.");
                read_step(step);
            });
            ++step_;
        }
    }

    void read_step(const Node &step)
    {
        std::size_t first = changes_.size();
        renamed_.clear();
        Names names(memory_);
        for (const Node &member : step.children)
            guarded(member.key, [&] { read_member(member, names); });
        report_collisions(names);
        if (renamed_.empty() || first == 0)
            return;
        ++pass_;
        for (std::size_t index = first; index < changes_.size(); ++index)
            changes_[index].pass = pass_;
    }

    void read_member(const Node &member, Names &names)
    {
        if (member.key == kCustom || (member.key == kCampaign && !is_sdk_))
            read_group(member);
        else if (is_sdk_ || (is_standard(member.key) && !is_instruction(member)))
            read_standard(member);
        else
            read_property({}, member, names);
    }

    void read_standard(const Node &member)
    {
        require_numbers(member);
        if (!is_standard(member.key))
            throw Error(ErrorCode::invalid_value, "unknown standard property " + quoted(member.key),
                        {}, "Properties of your own go under \"custom\".");
        if (member.is_container())
            throw Error(ErrorCode::wrong_type, "standard property " + quoted(member.key) +
                                                   " must be a single value, got " +
                                                   type_name(member.type));
        add({}, member.key, Operator::set, member.key == "byear" ? birth_year(member) : member);
    }

    // The one standard property that is a number; a negative one clears it, as the SDKs say.
    Node birth_year(const Node &member)
    {
        bool clears =
            member.type == Type::null || (member.type == Type::text && member.bytes.empty());
        if (clears)
            return Node();
        Number year = number_value(member);
        if (!year.is_integer())
            throw Error(ErrorCode::invalid_value, "byear must be an integer");
        return year.integer() < 0 ? Node() : sealed(make_number(year, memory_));
    }

    static Number number_value(const Node &member)
    {
        if (member.item().is_number())
            return number_of(member.item());
        if (member.type != Type::text)
            throw Error(ErrorCode::wrong_type,
                        std::string("byear must be a number, got ") + type_name(member.type));
        try {
            return Number::parse(member.bytes);
        } catch (const Error &error) {
            bool too_large = error.code() == ErrorCode::out_of_range;
            throw Error(error.code(),
                        (too_large ? "byear is out of range: " : "byear must be a number, got ") +
                            quoted(member.bytes));
        }
    }

    static Node sealed(Node node)
    {
        seal(node);
        return node;
    }

    void read_group(const Node &group)
    {
        if (group.type == Type::null)
            return;
        if (group.type != Type::object)
            throw Error(ErrorCode::wrong_type,
                        quoted(group.key) + " must be an object, got " + type_name(group.type));
        Names names(memory_);
        InterruptPoll poll;
        for (const Node &member : group.children) {
            poll.step();
            guarded(member.key, [&] { read_property(group.key, member, names); });
        }
        report_collisions(names);
    }

    void report_collisions(Names &names)
    {
        if (!names.has_stripped)
            return;
        std::pmr::vector<Name> &list = names.list;
        InterruptPoll poll;
        std::stable_sort(list.begin(), list.end(), [&](const Name &left, const Name &right) {
            poll.step();
            return left.cleaned < right.cleaned;
        });
        for (std::size_t index = 1; index < list.size(); ++index)
            if (list[index].cleaned == list[index - 1].cleaned)
                skips_.push_back(
                    {list[index].sent,
                     {},
                     keep_text("same name as " + quoted(list[index - 1].sent) +
                                   " once \".\" and \"$\" are stripped; both are applied",
                               memory_)});
    }

    void read_property(std::string_view group, const Node &member, Names &names)
    {
        std::string_view key =
            mode_ == Mode::strict ? checked_key(member.key) : cleaned_key(member.key, names);
        if (group.empty() && is_group(key))
            throw Error(ErrorCode::invalid_value, "property name " + quoted(member.key) +
                                                      " is that of a group once \".\" and \"$\" "
                                                      "are stripped");
        if (!has_operators(member)) {
            read_value(group, key, Operator::set, member);
            return;
        }
        for (const Node &operand : member.children)
            guarded(member.key, [&] { read_operator(group, key, operand); });
    }

    void read_operator(std::string_view group, std::string_view key, const Node &operand)
    {
        require_numbers(operand);
        std::optional<Operator> op = find_operator(operand.key);
        if (!op || (is_sdk_ && !is_sdk_operator(*op)))
            throw Error(ErrorCode::invalid_value,
                        "unknown operator " + quoted(operand.key) + " for " + quoted(key), {},
                        is_sdk_ ? "Operators are $set, $setOnce, $unset, $inc, $mul, $min, $max, "
                                  "$push, $addToSet and $pull."
                                : "Operators are $set, $setOnce, $literal, $unset, $rename, $inc, "
                                  "$mul, $min, $max, $push, $addToSet, $pull and $pop.");
        if (op == Operator::rename)
            read_rename(group, key, operand);
        else
            read_value(group, key, *op, operand);
    }

    // Both names, so that the order of several renames in one step never matters.
    void read_rename(std::string_view group, std::string_view key, const Node &target)
    {
        check_rename(group, key, target);
        for (std::string_view name : {key, target.bytes})
            if (renamed_.contains({group, name}))
                throw Error(ErrorCode::invalid_value,
                            "cannot rename " + quoted(key) + " to " + quoted(target.bytes) + ": " +
                                quoted(name) + " is part of another $rename of the document",
                            {}, "Give each a document of its own.");
        renamed_.insert({group, key});
        renamed_.insert({group, target.bytes});
        add(group, key, Operator::rename, target);
        add(group, target.bytes, Operator::arrive, make_text(key));
    }

    void read_value(std::string_view group, std::string_view key, Operator op, const Node &operand)
    {
        require_numbers(operand);
        int groups = group.empty() ? 1 : 2;
        if (operand.is_container() && groups + stored_levels(op, operand) > layout::kMaxDepth)
            throw Error(ErrorCode::limit_exceeded, "value is nested too deeply",
                        "At most " + std::to_string(layout::kMaxDepth) + " levels are allowed.");
        add(group, key, op, operand);
    }

    // How many levels a property can get from an operand.
    static int stored_levels(Operator op, const Node &operand)
    {
        switch (op) {
        case Operator::set:
        case Operator::literal:
        case Operator::set_once: return levels_of(operand);
        case Operator::add_to_set:
        case Operator::push:
            if (operand.type == Type::array)
                return levels_of(operand);
            return operand.find("$each") ? levels_of(operand) - 1 : levels_of(operand) + 1;
        default: return 0;
        }
    }

    void add(std::string_view group, std::string_view key, Operator op, const Node &operand)
    {
        changes_.push_back({group, key, op, operand, step_, pass_});
    }

    static bool is_instruction(const Node &member)
    {
        return member.type == Type::object && !member.children.empty() && has_operators(member);
    }

    // An empty object holds no operator and changes nothing.
    static bool has_operators(const Node &member)
    {
        if (member.type != Type::object)
            return false;
        auto is_operator = [](const Node &child) { return child.key.starts_with('$'); };
        auto operators = std::count_if(member.children.begin(), member.children.end(), is_operator);
        if (operators != 0 && static_cast<std::size_t>(operators) != member.children.size())
            throw Error(ErrorCode::invalid_value,
                        "value of " + quoted(member.key) + " mixes operators and plain members");
        return operators != 0 || member.children.empty();
    }

    static std::string_view checked_key(std::string_view key)
    {
        check_property_name(key);
        return key;
    }

    // Dots and dollar signs go, as in the reference; when that makes two names one, it is reported.
    std::string_view cleaned_key(std::string_view key, Names &names)
    {
        std::string_view cleaned = strip(key, names);
        if (cleaned.empty())
            throw Error(ErrorCode::invalid_value,
                        "property name " + quoted(key) + " is empty without \".\" and \"$\"");
        if (limits_.key_length && character_count(cleaned) > limits_.key_length)
            throw Error(ErrorCode::limit_exceeded, "property name is longer than " +
                                                       std::to_string(limits_.key_length) +
                                                       " characters");
        names.list.push_back({key, cleaned});
        return cleaned;
    }

    std::string_view strip(std::string_view key, Names &names)
    {
        if (key.find_first_of(".$") == std::string_view::npos)
            return key;
        names.has_stripped = true;
        auto *bytes = static_cast<char *>(memory_->allocate(key.size(), 1));
        char *end = std::copy_if(key.begin(), key.end(), bytes,
                                 [](char byte) { return byte != '.' && byte != '$'; });
        return {bytes, static_cast<std::size_t>(end - bytes)};
    }

    bool is_sdk_;
    Mode mode_;
    const Limits &limits_;
    std::pmr::vector<Change> &changes_;
    SkipList &skips_;
    std::pmr::memory_resource *memory_;
    std::uint32_t step_ = 0;
    std::uint32_t pass_ = 0;
    std::pmr::set<std::pair<std::string_view, std::string_view>> renamed_{memory_};  // of the step
};

}  // namespace

void check_rename(std::string_view group, std::string_view key, const Node &target)
{
    if (target.type != Type::text)
        throw Error(target.type == Type::null ? ErrorCode::null_value : ErrorCode::wrong_type,
                    "$rename of " + quoted(key) + " needs the name of a property, got " +
                        type_name(target.type));
    check_property_name(target.bytes);
    if (target.bytes == key)
        throw Error(ErrorCode::invalid_value, "cannot rename " + quoted(key) + " to itself");
    if (group.empty() && is_group(target.bytes))
        throw Error(ErrorCode::invalid_value, "cannot rename " + quoted(key) + " to " +
                                                  quoted(target.bytes) + ", which is a group");
}

void read_details(const Node &details, Mode mode, const Limits &limits,
                  std::pmr::vector<Change> &changes, SkipList &skips,
                  std::pmr::memory_resource *memory)
{
    DocumentReader(Vocabulary::sdk, mode, limits, changes, skips, memory).read(details);
}

void read_document(const Node &document, Mode mode, const Limits &limits,
                   std::pmr::vector<Change> &changes, SkipList &skips,
                   std::pmr::memory_resource *memory)
{
    DocumentReader(Vocabulary::full, mode, limits, changes, skips, memory).read(document);
}

}  // namespace profiles
