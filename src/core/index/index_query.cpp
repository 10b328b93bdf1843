#include "index_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "../error.h"
#include "../interrupt.h"
#include "../location/sphere.h"

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

// --- building

class IndexQueryBuilder {
public:
    IndexQueryBuilder(IndexQuery &query, const DeclaredProperties *declared)
        : query_(query), declared_(declared)
    {
    }

    void finish(std::uint32_t root) { query_.root_ = root; }

    std::uint32_t add(const Condition &condition)
    {
        if (term_rank(condition, declared_) == TermRank::unindexed)
            return add_unknown();
        if (condition.kind == Condition::Kind::leaf)
            return add(*condition.leaf);
        bool all = condition.kind == Condition::Kind::all_of;
        return all ? add_all(condition.children) : add_any(condition.children);
    }

    std::uint32_t add_unknown() { return add_part({}); }

    // A group of parts: "all of" nothing is true, "any of" nothing is false.
    std::uint32_t add_group(IndexQuery::Kind kind, std::span<const std::uint32_t> children)
    {
        IndexQuery::Part part;
        part.kind = kind;
        part.first = static_cast<std::uint32_t>(query_.children_.size());
        part.count = static_cast<std::uint32_t>(children.size());
        query_.children_.insert(query_.children_.end(), children.begin(), children.end());
        return add_part(part);
    }

    // The terms that were added since there were `first`.
    std::uint32_t add_terms(std::size_t first, bool every, bool exact)
    {
        IndexQuery::Part part;
        part.kind = IndexQuery::Kind::terms;
        part.every = every;
        part.exact = exact;
        part.first = static_cast<std::uint32_t>(first);
        part.count = static_cast<std::uint32_t>(query_.terms_.size() - first);
        return add_part(part);
    }

    std::size_t term_count() const { return query_.terms_.size(); }

    void add_scalar(const Bytes &path, const Item &scalar)
    {
        QueryTerm term;
        term.low = path;
        append_term_value(term.low, scalar);
        query_.terms_.push_back(std::move(term));
    }

    void add_kind(const Bytes &path, TermKind kind)
    {
        QueryTerm term;
        term.low = path;
        append_term_kind(term.low, kind);
        query_.terms_.push_back(std::move(term));
    }

    // Everything at or below a path from one kind on.
    QueryTerm &add_stretch(const Bytes &path, TermKind from)
    {
        QueryTerm term;
        term.partial = true;
        term.low = path;
        append_term_kind(term.low, from);
        term.prefix = path;
        term.prefix.push_back('\0');
        return query_.terms_.emplace_back(std::move(term));
    }

    void add_object(const Bytes &path)
    {
        QueryTerm &stretch = add_stretch(path, TermKind::empty_object);
        stretch.bounded = stretch.without_high = true;
        stretch.high = path;
        append_term_kind(stretch.high, TermKind::no);
    }

    bool covers(const Bytes &path) const
    {
        return !declared_ || declared_->cover(path) == DeclaredProperties::Cover::all;
    }

private:
    std::uint32_t add_part(const IndexQuery::Part &part)
    {
        query_.parts_.push_back(part);
        return static_cast<std::uint32_t>(query_.parts_.size() - 1);
    }

    std::uint32_t add_any(std::span<const Condition> conditions)
    {
        std::vector<std::uint32_t> children;
        for (const Condition &condition : conditions)
            children.push_back(add(condition));
        return add_group(IndexQuery::Kind::any_of, children);
    }

    std::uint32_t add_all(std::span<const Condition> conditions)
    {
        std::vector<QueryUnit> units = query_units(conditions, declared_);
        std::vector<std::uint32_t> children;
        bool dropped = false;
        for (const QueryUnit &unit : units) {
            check_interrupt();
            if (!is_looked_up(unit, units))
                dropped = true;
            else
                children.push_back(unit.condition ? add(*unit.condition)
                                                  : add_range(*unit.low, *unit.high));
        }
        if (dropped)
            children.push_back(add_unknown());
        return add_group(IndexQuery::Kind::all_of, children);
    }

    static Bytes path_of(const Leaf &leaf)
    {
        bool exact = true;
        return encode_term_path(leaf.reference.path, std::pmr::get_default_resource(), &exact);
    }

    // One value within both ends, or an array, where each end may have an element of its own.
    std::uint32_t add_range(const Leaf &low, const Leaf &high)
    {
        Bytes path = path_of(low);
        std::size_t first = term_count();
        QueryTerm &stretch = add_comparable(path, low.predicate.operand);
        set_low(stretch, low.predicate);
        set_high(stretch, high.predicate);
        std::uint32_t range = add_terms(first, false, is_exact(low) && is_exact(high));
        first = term_count();
        add_kind(path, TermKind::array);
        std::uint32_t array = add_terms(first, false, false);
        return add_group(IndexQuery::Kind::any_of, std::array{range, array});
    }

    // All values that can be compared with the operand.
    QueryTerm &add_comparable(const Bytes &path, const Item &operand)
    {
        TermKind kind = operand.type == Type::text ? TermKind::text : TermKind::number;
        QueryTerm &stretch = add_stretch(path, kind);
        stretch.prefix = stretch.low;
        return stretch;
    }

    // Of a long text only the part that terms keep counts, so the end itself may match.
    static void set_low(QueryTerm &stretch, const Predicate &predicate)
    {
        const Item &operand = predicate.operand;
        if (operand.type == Type::text && operand.bytes.size() > kTermTextPrefix) {
            stretch.low.append(term_text_prefix(operand.bytes));
            return;
        }
        append_operand(stretch.low, operand);
        stretch.without_low = predicate.op == PredicateKind::greater;
    }

    static void set_high(QueryTerm &stretch, const Predicate &predicate)
    {
        const Item &operand = predicate.operand;
        stretch.bounded = true;
        stretch.high = stretch.prefix;
        if (operand.type == Type::text && operand.bytes.size() > kTermTextPrefix) {
            stretch.high.append(term_text_prefix(operand.bytes)).append(8, '\xFF');
            return;
        }
        append_operand(stretch.high, operand);
        stretch.without_high = predicate.op == PredicateKind::less;
    }

    static void append_operand(Bytes &term, const Item &operand)
    {
        if (operand.type == Type::text)
            term.append(operand.bytes);
        else
            append_number_key(number_of(operand), term);
    }

    static void append_degrees(Bytes &term, double degrees)
    {
        char text[40];
        char *end = std::to_chars(text, text + sizeof text, degrees).ptr;
        append_number_key(Number::parse({text, static_cast<std::size_t>(end - text)}), term);
    }

    // Numbers of a coordinate between two ends, both included.
    void add_degrees(std::string_view coordinate, double low, double high)
    {
        bool exact = true;
        Bytes path = encode_term_path({&coordinate, 1}, std::pmr::get_default_resource(), &exact);
        QueryTerm &stretch = add_stretch(path, TermKind::number);
        stretch.prefix = stretch.high = stretch.low;
        stretch.bounded = true;
        append_degrees(stretch.low, low);
        append_degrees(stretch.high, high);
    }

    // The rectangle around the circle, in two parts when it lies across the date line.
    std::uint32_t add_near(const Predicate &predicate)
    {
        location::BoundingRanges ranges =
            location::bounding_ranges(predicate.centre, predicate.radius_km);
        std::size_t first = term_count();
        add_degrees(kCoordinates[0], ranges.south, ranges.north);
        std::uint32_t latitude = add_terms(first, false, false);
        first = term_count();
        for (int part = 0; part < 2; ++part)
            if (ranges.west[part] <= ranges.east[part])
                add_degrees(kCoordinates[1], ranges.west[part], ranges.east[part]);
        std::uint32_t longitude = add_terms(first, false, false);
        return add_group(IndexQuery::Kind::all_of, std::array{latitude, longitude});
    }

    std::uint32_t add(const Leaf &leaf)
    {
        const Predicate &predicate = leaf.predicate;
        if (predicate.op == PredicateKind::near)
            return add_near(predicate);
        Bytes path = path_of(leaf);
        std::size_t first = term_count();
        bool every = false;
        switch (predicate.op) {
        case PredicateKind::exists: add_stretch(path, TermKind::empty_object); break;
        case PredicateKind::equal: add_equal(path, predicate.operand); break;
        case PredicateKind::in: add_list(path, predicate.list); break;
        case PredicateKind::all: every = add_every(path, predicate); break;
        case PredicateKind::size: add_kind(path, TermKind::array); break;
        case PredicateKind::begins: add_beginnings(path, predicate.list); break;
        case PredicateKind::greater:
        case PredicateKind::greater_equal:
            set_low(add_comparable(path, predicate.operand), predicate);
            break;
        case PredicateKind::less:
        case PredicateKind::less_equal:
            set_high(add_comparable(path, predicate.operand), predicate);
            break;
        default: add_texts(path, predicate); break;
        }
        return add_terms(first, every, is_exact(leaf));
    }

    // A container has no term that tells it from others; an array may have it as an element.
    void add_equal(const Bytes &path, const Item &operand)
    {
        if (!operand.is_container())
            return add_scalar(path, operand);
        if (operand.type == Type::object)
            add_object(path);
        add_kind(path, TermKind::array);
    }

    void add_list(const Bytes &path, std::span<const Item> list)
    {
        for (const Item &item : list) {
            check_interrupt();
            add_equal(path, item);
        }
    }

    // Terms that are all there when the predicate is true. None at all stands for a predicate that is
    // never true, which is why "any of" it is right then.
    bool add_every(const Bytes &path, const Predicate &predicate)
    {
        if (predicate.missing)
            return false;
        bool found = false;
        for (const Item &item : predicate.list) {
            check_interrupt();
            if (item.is_container())
                continue;
            add_scalar(path, item);
            found = true;
        }
        if (!found)
            add_list(path, predicate.list.first(std::min<std::size_t>(predicate.list.size(), 1)));
        return found;
    }

    void add_beginnings(const Bytes &path, std::span<const Item> texts)
    {
        for (const Item &text : texts) {
            check_interrupt();
            QueryTerm &stretch = add_comparable(path, text);
            stretch.low.append(term_text_prefix(text.bytes));
            stretch.prefix = stretch.low;
        }
    }

    void add_texts(const Bytes &path, const Predicate &predicate)
    {
        if (predicate.op != PredicateKind::regex && predicate.list.empty())
            return;  // true of nothing
        add_comparable(path, Item{Type::text, {}}).predicate = &predicate;
    }

    IndexQuery &query_;
    const DeclaredProperties *declared_;
};

IndexQuery IndexQuery::of_filter(const Filter &filter, const DeclaredProperties *declared)
{
    IndexQuery query;
    IndexQueryBuilder builder(query, declared);
    builder.finish(builder.add(filter.root()));
    return query;
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
