// Reads a `user_details` document into changes: what an SDK sends (docs/reference/operators.md).
#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/document.h"
#include "text.h"
#include "update.h"

namespace profiles {

namespace {

constexpr std::string_view kStandard[] = {"name",  "username", "email",  "organization",
                                          "phone", "picture",  "gender", "byear"};

class DetailsReader {
public:
    DetailsReader(Mode mode, const Limits &limits, std::pmr::vector<Change> &changes,
                  SkipList &skips, std::pmr::memory_resource *memory)
        : mode_(mode), limits_(limits), changes_(changes), skips_(skips), memory_(memory)
    {
    }

    void read(const Node &details)
    {
        if (details.type != Type::object)
            throw Error(ErrorCode::invalid_value,
                        std::string("user details must be a JSON object, got ") +
                            type_name(details.type));
        for (const Node &member : details.children)
            guarded(member.key, [&] {
                if (member.key == kCustom)
                    read_custom(member);
                else
                    read_standard(member);
            });
    }

private:
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

    void read_standard(const Node &member)
    {
        require_numbers(member);
        if (std::find(std::begin(kStandard), std::end(kStandard), member.key) ==
            std::end(kStandard))
            throw Error(ErrorCode::invalid_value, "unknown standard property " + quoted(member.key),
                        {}, "Properties of your own go under \"custom\".");
        if (member.is_container())
            throw Error(ErrorCode::wrong_type, "standard property " + quoted(member.key) +
                                                   " must be a single value, got " +
                                                   type_name(member.type));
        changes_.push_back(
            {{}, member.key, Operator::set, member.key == "byear" ? birth_year(member) : member});
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

    void read_custom(const Node &custom)
    {
        if (custom.type == Type::null)
            return;
        if (custom.type != Type::object)
            throw Error(ErrorCode::wrong_type,
                        std::string("\"custom\" must be an object, got ") + type_name(custom.type));
        InterruptPoll poll;
        for (const Node &member : custom.children) {
            poll.step();
            guarded(member.key, [&] { read_property(member); });
        }
        report_collisions();
    }

    void report_collisions()
    {
        if (!has_stripped_)
            return;
        InterruptPoll poll;
        std::stable_sort(names_.begin(), names_.end(), [&](const Name &left, const Name &right) {
            poll.step();
            return left.cleaned < right.cleaned;
        });
        for (std::size_t index = 1; index < names_.size(); ++index)
            if (names_[index].cleaned == names_[index - 1].cleaned)
                skips_.push_back(
                    {names_[index].sent,
                     {},
                     keep_text("same name as " + quoted(names_[index - 1].sent) +
                                   " once \".\" and \"$\" are stripped; both are applied",
                               memory_)});
    }

    void read_property(const Node &member)
    {
        std::string_view key =
            mode_ == Mode::strict ? checked_key(member.key) : cleaned_key(member.key);
        if (!has_operators(member)) {
            require_numbers(member);
            changes_.push_back({kCustom, key, Operator::set, member});
            return;
        }
        for (const Node &operand : member.children)
            guarded(member.key, [&] { read_operator(key, operand); });
    }

    void read_operator(std::string_view key, const Node &operand)
    {
        require_numbers(operand);
        std::optional<Operator> op = find_operator(operand.key);
        if (!op)
            throw Error(ErrorCode::invalid_value,
                        "unknown operator " + quoted(operand.key) + " for " + quoted(key), {},
                        "Operators are $set, $setOnce, $unset, $inc, $mul, $min, $max, $push, "
                        "$addToSet and $pull.");
        changes_.push_back({kCustom, key, *op, operand});
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
    std::string_view cleaned_key(std::string_view key)
    {
        std::string_view cleaned = strip(key);
        if (cleaned.empty())
            throw Error(ErrorCode::invalid_value,
                        "property name " + quoted(key) + " is empty without \".\" and \"$\"");
        if (limits_.key_length && character_count(cleaned) > limits_.key_length)
            throw Error(ErrorCode::limit_exceeded, "property name is longer than " +
                                                       std::to_string(limits_.key_length) +
                                                       " characters");
        names_.push_back({key, cleaned});
        return cleaned;
    }

    std::string_view strip(std::string_view key)
    {
        if (key.find_first_of(".$") == std::string_view::npos)
            return key;
        has_stripped_ = true;
        auto *bytes = static_cast<char *>(memory_->allocate(key.size(), 1));
        char *end = std::copy_if(key.begin(), key.end(), bytes,
                                 [](char byte) { return byte != '.' && byte != '$'; });
        return {bytes, static_cast<std::size_t>(end - bytes)};
    }

    struct Name {
        std::string_view sent;
        std::string_view cleaned;
    };

    Mode mode_;
    const Limits &limits_;
    std::pmr::vector<Change> &changes_;
    SkipList &skips_;
    std::pmr::memory_resource *memory_;
    bool has_stripped_ = false;
    std::pmr::vector<Name> names_{memory_};
};

}  // namespace

void read_details(const Node &details, Mode mode, const Limits &limits,
                  std::pmr::vector<Change> &changes, SkipList &skips,
                  std::pmr::memory_resource *memory)
{
    DetailsReader(mode, limits, changes, skips, memory).read(details);
}

}  // namespace profiles
