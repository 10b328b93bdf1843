#include "explain.h"

#include "../interrupt.h"
#include "../profile/assembly.h"
#include "../segment/operators.h"

namespace profiles {

namespace {

const char *way_of(TermRank rank)
{
    switch (rank) {
    case TermRank::equality: return "index, by value";
    case TermRank::bounded: return "index, by range";
    case TermRank::half_open: return "index, by range with one end";
    case TermRank::pattern: return "index, every text of the property is tried";
    case TermRank::existence: return "index, by what is set";
    case TermRank::unindexed: break;
    }
    return "row";
}

class Explainer {
public:
    Explainer(const DeclaredProperties *declared, TextBuffer &out) : declared_(declared), out_(out)
    {
    }

    // `unused`: why the index does not look this condition up although it could; null when it does.
    void explain(const Condition &condition, const char *unused, int level)
    {
        check_interrupt();
        if (condition.kind == Condition::Kind::leaf)
            return explain_leaf(*condition.leaf, term_rank(condition, declared_), unused, level);
        bool all = condition.kind == Condition::Kind::all_of;
        if (condition.children.empty())
            return line(level, all ? "everything" : "nothing");
        line(level, all ? "all of" : "any of");
        if (all)
            return explain_units(condition, unused, level + 1);
        if (!unused && term_rank(condition, declared_) == TermRank::unindexed)
            unused = "row, as an alternative needs it";
        for (const Condition &child : condition.children)
            explain(child, unused, level + 1);
    }

    bool looks_at_rows() const { return looks_at_rows_; }

private:
    void explain_units(const Condition &all, const char *unused, int level)
    {
        std::vector<QueryUnit> units = query_units(all.children, declared_);
        for (const QueryUnit &unit : units) {
            const char *why = unused;
            if (!why && !is_looked_up(unit, units))
                why = "row, as the index finds fewer by the rest";
            if (unit.condition) {
                explain(*unit.condition, why, level);
                continue;
            }
            explain_leaf(*unit.low, unit.rank, why, level);
            explain_leaf(*unit.high, unit.rank, why, level);
        }
    }

    void explain_leaf(const Leaf &leaf, TermRank rank, const char *unused, int level)
    {
        indent(level);
        write_leaf(leaf);
        out_.add(": ");
        bool looked_up = rank != TermRank::unindexed && !unused;
        looks_at_rows_ = looks_at_rows_ || !looked_up || !is_exact(leaf);
        out_.add(looked_up ? way_of(rank) : rank == TermRank::unindexed ? "row" : unused);
        if (looked_up && !is_exact(leaf))
            out_.add(", then row");
        out_.add('\n');
    }

    void write_leaf(const Leaf &leaf)
    {
        std::pmr::monotonic_buffer_resource memory;
        Node value = write_predicate(leaf.predicate, &memory);
        value.key = leaf.name;
        Node object = make_container(Type::object, {&value, 1});
        seal(object);
        write_json({Type::object, pack(object, &memory)}, out_);
    }

    void line(int level, std::string_view text)
    {
        indent(level);
        out_.add(text);
        out_.add('\n');
    }

    void indent(int level)
    {
        for (int step = 0; step < level; ++step)
            out_.add("  ");
    }

    const DeclaredProperties *declared_;
    TextBuffer &out_;
    bool looks_at_rows_ = false;
};

}  // namespace

void explain_query(const Filter &filter, const DeclaredProperties *declared, TextBuffer &out)
{
    bool full = IndexQuery::of_filter(filter, declared).needs_full_scan();
    std::pmr::monotonic_buffer_resource memory;
    TextBuffer lines(&memory);
    Explainer explainer(declared, lines);
    explainer.explain(filter.root(), nullptr, 1);
    out.add(full                        ? "no index helps: every row is looked at\n"
            : explainer.looks_at_rows() ? "an index finds the rows that may match\n"
                                        : "an index finds the rows that match\n");
    out.add(lines.view());
}

}  // namespace profiles
