#include "index_query.h"

#include <algorithm>
#include <cstring>

#include "../error.h"
#include "../interrupt.h"
#include "index_query_builder.h"

namespace profiles {

namespace {

// Tries a text of an index; one that was cut may match.
bool may_match(const Predicate &predicate, std::string_view text)
{
    if (text.size() > kTermTextPrefix)
        return true;
    return matches(predicate, Item{Type::text, text}, 0);
}

}  // namespace

int QueryTerm::compare(std::string_view term) const
{
    if (!term.starts_with(prefix))
        return term < prefix ? -1 : 1;
    if (without_low && term == low)
        return -1;
    if (bounded) {
        int order = term.compare(high);
        if (order > 0 || (order == 0 && without_high))
            return 1;
    }
    if (predicate && !may_match(*predicate, term.substr(prefix.size())))
        return -1;
    return 0;
}

namespace {

// The terms that every profile has that contains the part. Members without a value of their own (an
// object without members) are a whole stretch: only looked up when nothing else is.
class ContainmentTerms {
public:
    ContainmentTerms(IndexQueryBuilder &builder, bool objects)
        : builder_(builder), objects_(objects)
    {
    }

    void add_members(const View &object, int depth)
    {
        if (depth > layout::kMaxDepth)
            raise_corrupted_profile();
        std::size_t parent = path_.size();
        for (Cursor cursor(object); cursor.next();) {
            check_interrupt();
            append_term_step(path_, cursor.key());
            add_value(cursor.item(), depth);
            path_.resize(parent);
        }
    }

private:
    void add_value(const Item &value, int depth)
    {
        if (value.type == Type::object && View(value).count() > 0)
            return add_members(View(value), depth + 1);
        if (!builder_.covers(path_))
            return;
        if (value.type == Type::array)
            add_elements(View(value));
        else if (value.type != Type::object)
            builder_.add_scalar(path_, value);
        else if (objects_)
            builder_.add_object(path_);
    }

    void add_elements(const View &array)
    {
        bool found = false;
        for (Cursor cursor(array); cursor.next();) {
            check_interrupt();
            if (cursor.item().is_container() || cursor.item().type == Type::null)
                continue;
            builder_.add_scalar(path_, cursor.item());
            found = true;
        }
        if (!found)
            builder_.add_kind(path_, TermKind::array);
    }

    IndexQueryBuilder &builder_;
    bool objects_;
    Bytes path_;
};

}  // namespace

IndexQuery IndexQuery::of_containment(const View &part, const DeclaredProperties *declared)
{
    IndexQuery query;
    IndexQueryBuilder builder(query, declared);
    for (bool objects : {false, true})
        if (builder.term_count() == 0)
            ContainmentTerms(builder, objects).add_members(part, 0);
    if (part.count() == 0)
        builder.finish(builder.add_group(Kind::all_of, {}));
    else if (builder.term_count() == 0)
        builder.finish(builder.add_unknown());
    else
        builder.finish(builder.add_terms(0, true, false));
    return query;
}

namespace {

// The path that find_property() would follow; none when it would find nothing anywhere.
std::optional<Bytes> property_path(std::string_view text, bool *exact)
{
    std::string_view steps[] = {"custom", text};
    std::pmr::memory_resource *memory = std::pmr::get_default_resource();
    if (text.find('.') == std::string_view::npos)
        return encode_term_path(std::span(steps).subspan(1), memory, exact);
    if (text.starts_with("custom.") && text.find('.', 7) == std::string_view::npos) {
        steps[1] = text.substr(7);
        return encode_term_path(steps, memory, exact);
    }
    Reference reference = parse_reference(text, memory);
    if (reference.scope != Scope::profile)
        return std::nullopt;
    return encode_term_path(reference.path, memory, exact);
}

}  // namespace

IndexQuery IndexQuery::of_properties(std::span<const std::string_view> references, bool all,
                                     const DeclaredProperties *declared)
{
    IndexQuery query;
    IndexQueryBuilder builder(query, declared);
    bool unknown = false, never = false, exact = true;
    for (std::string_view text : references) {
        check_interrupt();
        std::optional<Bytes> path = property_path(text, &exact);
        if (!path)
            never = true;
        else if (!builder.covers(*path))
            unknown = true;
        else
            builder.add_stretch(*path, TermKind::null);
    }
    std::vector<std::uint32_t> parts;
    if (all && never)
        parts.push_back(builder.add_group(Kind::any_of, {}));
    if (unknown)
        parts.push_back(builder.add_unknown());
    if (builder.term_count() > 0)
        parts.push_back(builder.add_terms(0, all, exact));
    builder.finish(builder.add_group(all ? Kind::all_of : Kind::any_of, parts));
    return query;
}

// --- answering

Certainty IndexQuery::root_answer() const
{
    std::vector<char> none(terms_.size() + 1, static_cast<char>(Certainty::no));
    return answer(none.data());
}

Certainty IndexQuery::answer_terms(const Part &part, const char *found) const
{
    const char *first = found + part.first;
    Certainty decisive = part.every ? Certainty::no : Certainty::yes;
    Certainty answer = part.every ? Certainty::yes : Certainty::no;
    if (part.count > 0 && std::memchr(first, static_cast<char>(decisive), part.count))
        answer = decisive;
    else if (part.count > 0 && std::memchr(first, static_cast<char>(Certainty::maybe), part.count))
        answer = Certainty::maybe;
    return answer == Certainty::yes && !part.exact ? Certainty::maybe : answer;
}

Certainty IndexQuery::answer(const Part &part, const char *found) const
{
    if (part.kind == Kind::unknown)
        return Certainty::maybe;
    if (part.kind == Kind::terms)
        return answer_terms(part, found);
    Certainty decisive = part.kind == Kind::all_of ? Certainty::no : Certainty::yes;
    Certainty all = part.kind == Kind::all_of ? Certainty::yes : Certainty::no;
    for (std::uint32_t index = 0; index < part.count; ++index) {
        Certainty child = answer(parts_[children_[part.first + index]], found);
        if (child == decisive)
            return child;
        if (child == Certainty::maybe)
            all = child;
    }
    return all;
}

}  // namespace profiles
