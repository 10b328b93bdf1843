#include "evaluate.h"

#include <algorithm>

#include "../interrupt.h"

namespace profiles {

namespace {

std::optional<Item> find_field(Field field, const Subject &subject)
{
    switch (field) {
    case Field::uid: return subject.uid;
    case Field::device_id: return subject.device_id;
    case Field::key: return subject.key;
    case Field::count: return subject.count;
    case Field::sum: return subject.sum;
    case Field::duration: return subject.duration;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Item> find_value(const Reference &reference, const Subject &subject)
{
    if (reference.scope == Scope::field)
        return find_field(reference.field, subject);
    if (reference.scope == Scope::user)
        return subject.user.empty() ? std::nullopt
                                    : subject.user[static_cast<std::size_t>(reference.user_field)];
    const View *root = reference.scope == Scope::event ? subject.segmentation : subject.profile;
    return root ? find_path(*root, reference.path) : std::nullopt;
}

std::optional<location::Point> find_point(const View *profile)
{
    return profile ? make_point(profile->find("latitude"), profile->find("longitude"))
                   : std::nullopt;
}

std::optional<location::Point> make_point(const std::optional<Item> &latitude,
                                          const std::optional<Item> &longitude)
{
    if (!latitude || !longitude || !latitude->is_number() || !longitude->is_number())
        return std::nullopt;
    location::Point point{number_of(*latitude).approximate(), number_of(*longitude).approximate()};
    return location::is_valid(point) ? std::optional(point) : std::nullopt;
}

bool is_of_user(const Reference &reference)
{
    if (reference.scope == Scope::field)
        return reference.field == Field::uid || reference.field == Field::device_id;
    return reference.scope != Scope::event;
}

Evaluation::Evaluation(const Filter &filter, std::int64_t now)
    : filter_(filter), now_(now), known_(filter.leaves().size())
{
}

void Evaluation::change_user() { std::fill(known_.begin(), known_.end(), Known::no_idea); }

bool Evaluation::matches(const Condition &condition, const Subject &subject)
{
    if (condition.kind == Condition::Kind::leaf)
        return matches(*condition.leaf, subject);
    bool all = condition.kind == Condition::Kind::all_of;
    for (const Condition &child : condition.children) {
        check_interrupt();
        if (matches(child, subject) != all)
            return !all;
    }
    return all;
}

bool Evaluation::matches(const Leaf &leaf, const Subject &subject)
{
    bool remembered = is_of_user(leaf.reference);
    Known &known = known_[leaf.position];
    if (remembered && known != Known::no_idea)
        return known == Known::yes;
    bool answer =
        leaf.predicate.op == PredicateKind::near
            ? is_near(leaf.predicate, find_point(subject.profile))
            : profiles::matches(leaf.predicate, find_value(leaf.reference, subject), now_);
    if (remembered)
        known = answer ? Known::yes : Known::no;
    return answer;
}

}  // namespace profiles
