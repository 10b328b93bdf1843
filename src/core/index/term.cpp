#include "term.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/reference.h"

namespace profiles {

namespace {

constexpr std::size_t kLongestStep = 32;
constexpr std::size_t kCutStep = 16;
constexpr std::size_t kStepHash = 8;
constexpr std::size_t kTextHash = 4;

// The names that most profiles have, at the top: each is its position, from 1, as one byte. Frozen.
constexpr std::string_view kShortNames[] = {
    "custom",
    "campaign",
    "name",
    "username",
    "email",
    "organization",
    "phone",
    "picture",
    "gender",
    "byear",
    "country",
    "region",
    "city",
    "latitude",
    "longitude",
    "platform",
    "platform_version",
    "device",
    "device_type",
    "app_version",
    "carrier",
    "resolution",
    "language",
    "source",
    "source_channel",
    "sdk",
    "browser",
    "browser_version",
    "locale",
    "manufacturer",
    "density",
};
static_assert(std::size(kShortNames) == kTermShortNames);

char short_name(std::string_view name)
{
    auto found = std::find(std::begin(kShortNames), std::end(kShortNames), name);
    return found == std::end(kShortNames) ? '\0'
                                          : static_cast<char>(found - std::begin(kShortNames) + 1);
}

bool is_short_name(std::string_view name)
{
    return name.size() == 1 && static_cast<unsigned char>(name[0]) <= kTermShortNames;
}

// FNV-1a and the finish of MurmurHash3. Frozen: terms are stored.
std::uint64_t hash_bytes(std::string_view bytes)
{
    std::uint64_t hash = 0xcbf29ce484222325;
    for (char byte : bytes)
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
    return hash ^ hash >> 33;
}

void append_hash(Bytes &out, std::string_view hashed, std::size_t size)
{
    std::uint64_t hash = hash_bytes(hashed);
    out.append(reinterpret_cast<const char *>(&hash), size);
}

}  // namespace

bool append_term_step(Bytes &path, std::string_view step)
{
    bool top = path.empty();
    if (!top)
        append_term_kind(path, TermKind::descend);
    if (char code = top ? short_name(step) : '\0') {
        path.push_back(code);
        return true;
    }
    if (step.size() <= kLongestStep && !(top && is_short_name(step))) {
        path.append(step);
        return true;
    }
    path.append(step.substr(0, kCutStep));
    path.append(2, '\0');
    append_hash(path, step, kStepHash);
    return false;
}

Bytes encode_term_path(std::span<const std::string_view> path, std::pmr::memory_resource *memory,
                       bool *exact)
{
    Bytes encoded(memory);
    for (std::string_view step : path)
        if (!append_term_step(encoded, step))
            *exact = false;
    return encoded;
}

void append_term_kind(Bytes &term, TermKind kind)
{
    term.push_back('\0');
    term.push_back(static_cast<char>(kind));
}

bool append_term_value(Bytes &term, const Item &scalar)
{
    switch (scalar.type) {
    case Type::null: append_term_kind(term, TermKind::null); return true;
    case Type::no: append_term_kind(term, TermKind::no); return true;
    case Type::yes: append_term_kind(term, TermKind::yes); return true;
    case Type::integer:
    case Type::decimal:
        append_term_kind(term, TermKind::number);
        append_number_key(number_of(scalar), term);
        return true;
    default: break;
    }
    append_term_kind(term, TermKind::text);
    term.append(term_text_prefix(scalar.bytes));
    if (scalar.bytes.size() <= kTermTextPrefix)
        return true;
    append_hash(term, scalar.bytes, kTextHash);
    return false;
}

bool DeclaredProperties::add(std::string_view reference_text, Bytes &packed)
{
    Reference reference = parse_reference(reference_text, packed.get_allocator().resource());
    if (reference.scope != Scope::profile)
        return false;
    bool exact = true;
    Bytes path = encode_term_path(reference.path, packed.get_allocator().resource(), &exact);
    if (path.size() > 0xFFFF)
        throw Error(ErrorCode::limit_exceeded, "property reference is too long");
    packed.push_back(static_cast<char>(path.size()));
    packed.push_back(static_cast<char>(path.size() >> 8));
    packed.append(path);
    return true;
}

namespace {

// True when `lower` is a path below `upper`.
bool is_below(std::string_view lower, std::string_view upper)
{
    return lower.size() >= upper.size() + 2 && lower.starts_with(upper) &&
           lower[upper.size()] == '\0' &&
           lower[upper.size() + 1] == static_cast<char>(TermKind::descend);
}

}  // namespace

DeclaredProperties::Cover DeclaredProperties::cover(std::string_view path) const
{
    Cover found = Cover::nothing;
    for (std::string_view rest = packed_; rest.size() >= 2;) {
        std::size_t size = layout::load<std::uint16_t>(rest.data());
        std::string_view declared = rest.substr(2, size);
        rest.remove_prefix(2 + declared.size());
        if (path == declared || is_below(path, declared))
            return Cover::all;
        if (is_below(declared, path))
            found = Cover::below;
    }
    return found;
}

namespace {

class TermWriter {
public:
    TermWriter(const DeclaredProperties *declared, std::pmr::memory_resource *memory)
        : declared_(declared), memory_(memory), term_(memory), terms_(memory)
    {
    }

    void add_members(const View &object, bool all, int depth)
    {
        if (depth > layout::kMaxDepth)
            raise_corrupted_profile();
        std::size_t parent = term_.size();
        for (Cursor cursor(object); cursor.next();) {
            check_interrupt();
            append_term_step(term_, cursor.key());
            auto cover = all ? DeclaredProperties::Cover::all : declared_->cover(term_);
            if (cover == DeclaredProperties::Cover::all)
                add_value(cursor.item(), depth);
            else if (cover == DeclaredProperties::Cover::below &&
                     cursor.item().type == Type::object)
                add_members(View(cursor.item()), false, depth + 1);
            term_.resize(parent);
        }
    }

    TermList take()
    {
        InterruptPoll poll;
        std::sort(terms_.begin(), terms_.end(),
                  [&poll](std::string_view left, std::string_view right) {
                      poll.step();
                      return left < right;
                  });
        terms_.erase(std::unique(terms_.begin(), terms_.end()), terms_.end());
        return std::move(terms_);
    }

private:
    void add_value(const Item &value, int depth)
    {
        if (value.type == Type::array)
            return add_elements(View(value));
        if (value.type != Type::object)
            return add_scalar(value);
        View members(value);
        if (members.count() == 0)
            return add_kind(TermKind::empty_object);
        add_members(members, true, depth + 1);
    }

    void add_elements(const View &array)
    {
        add_kind(TermKind::array);
        for (Cursor cursor(array); cursor.next();) {
            check_interrupt();
            if (!cursor.item().is_container() && cursor.item().type != Type::null)
                add_scalar(cursor.item());
        }
    }

    void add_scalar(const Item &value)
    {
        std::size_t path = term_.size();
        append_term_value(term_, value);
        keep(path);
    }

    void add_kind(TermKind kind)
    {
        std::size_t path = term_.size();
        append_term_kind(term_, kind);
        keep(path);
    }

    void keep(std::size_t path)
    {
        auto *bytes = static_cast<char *>(memory_->allocate(term_.size(), 1));
        term_.copy(bytes, term_.size());
        terms_.emplace_back(bytes, term_.size());
        term_.resize(path);
    }

    const DeclaredProperties *declared_;
    std::pmr::memory_resource *memory_;
    Bytes term_;  // the path to where the walk is
    TermList terms_;
};

}  // namespace

TermList profile_terms(const View &profile, const DeclaredProperties *declared,
                       std::pmr::memory_resource *memory)
{
    TermWriter writer(declared, memory);
    writer.add_members(profile, declared == nullptr, 0);
    return writer.take();
}

}  // namespace profiles
