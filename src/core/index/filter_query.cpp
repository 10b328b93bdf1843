// The index query of a filter: which terms each condition looks up.
#include <array>
#include <charconv>

#include "../interrupt.h"
#include "../location/sphere.h"
#include "index_query_builder.h"

namespace profiles {

namespace {

class FilterQueryBuilder : public IndexQueryBuilder {
public:
    using IndexQueryBuilder::IndexQueryBuilder;

    std::uint32_t add(const Condition &condition)
    {
        if (term_rank(condition, declared()) == TermRank::unindexed)
            return add_unknown();
        if (condition.kind == Condition::Kind::leaf)
            return add(*condition.leaf);
        bool all = condition.kind == Condition::Kind::all_of;
        return all ? add_all(condition.children) : add_any(condition.children);
    }

private:
    std::uint32_t add_any(std::span<const Condition> conditions)
    {
        std::vector<std::uint32_t> children;
        for (const Condition &condition : conditions)
            children.push_back(add(condition));
        return add_group(IndexQuery::Kind::any_of, children);
    }

    std::uint32_t add_all(std::span<const Condition> conditions)
    {
        std::vector<QueryUnit> units = query_units(conditions, declared());
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
};

}  // namespace

IndexQuery IndexQuery::of_filter(const Filter &filter, const DeclaredProperties *declared)
{
    IndexQuery query;
    FilterQueryBuilder builder(query, declared);
    builder.finish(builder.add(filter.root()));
    return query;
}

}  // namespace profiles
