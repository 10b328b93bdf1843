// How an IndexQuery is put together: terms, and parts that say what they tell.
#pragma once

#include "index_query.h"

namespace profiles {

class IndexQueryBuilder {
public:
    // `declared` may be null: all properties.
    IndexQueryBuilder(IndexQuery &query, const DeclaredProperties *declared)
        : query_(query), declared_(declared)
    {
    }

    void finish(std::uint32_t root) { query_.root_ = root; }

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

protected:
    const DeclaredProperties *declared() const { return declared_; }

private:
    std::uint32_t add_part(const IndexQuery::Part &part)
    {
        query_.parts_.push_back(part);
        return static_cast<std::uint32_t>(query_.parts_.size() - 1);
    }

    IndexQuery &query_;
    const DeclaredProperties *declared_;
};

}  // namespace profiles
