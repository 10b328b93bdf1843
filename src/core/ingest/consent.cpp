// The parameter `consent`.
#include <algorithm>

#include "../error.h"
#include "../profile/document.h"
#include "../update/text.h"
#include "properties.h"
#include "reports.h"
#include "system_event.h"

namespace profiles {

namespace {

constexpr std::string_view kConsent = "[CLY]_consent";
constexpr std::string_view kBefore = "_bf", kType = "_type";
constexpr std::size_t kFeatures = 100;  // of one user; SDKs know about twenty
constexpr std::size_t kLongestFeature = 64;

// Whatever an SDK takes for a boolean: 1 and true are the same consent.
std::optional<bool> granted(const Node &value)
{
    if (value.item().is_boolean())
        return value.type == Type::yes;
    if (value.type == Type::text)
        return value.bytes == "true" || value.bytes == "1"    ? std::optional(true)
               : value.bytes == "false" || value.bytes == "0" ? std::optional(false)
                                                              : std::nullopt;
    if (value.type == Type::integer) {
        std::int64_t number = number_of(value.item()).integer();
        return number == 0 || number == 1 ? std::optional(number == 1) : std::nullopt;
    }
    return std::nullopt;
}

// Consents are stored as a profile is, so a feature is named as a property may be.
bool is_feature_name(std::string_view name)
{
    return !name.empty() && name.size() <= kLongestFeature && name != kCustom &&
           name != kCampaign && name.find_first_of(".$") == std::string_view::npos;
}

// In the event, what was known before stands beside what was sent, as <feature>_bf. So that no name of a
// feature can mean both, one that itself ends like that has an underscore more, as has `_type`.
std::string segment_name(std::string_view feature)
{
    std::string name(feature);
    std::string_view stem = feature.substr(0, feature.find_last_not_of('_') + 1);
    if (stem.ends_with(kBefore) || stem == kType)
        name += '_';
    return name;
}

class ConsentReader {
public:
    ConsentReader(const Request &request, std::string_view consent, SkipList &skips,
                  std::pmr::memory_resource *memory)
        : request_(request), skips_(skips), memory_(memory), now_(memory)
    {
        if (!consent.empty())
            before_ = unpack({Type::object, consent}, memory);
        now_.assign(before_.children.begin(), before_.children.end());
    }

    // The container of after; nothing when no consent changed.
    std::optional<ConsentChange> read(std::string_view before, NodeList &events)
    {
        for (const Node &sent : request_.consent.children)
            read_feature(sent);
        if (!given_ && !taken_)
            return std::nullopt;
        Node after = make_container(Type::object, keep_nodes(now_, memory_));
        seal(after);
        events.push_back(event());
        return ConsentChange{before, pack(after, memory_),
                             given_ && taken_ ? "both"
                             : given_         ? "in"
                                              : "out"};
    }

private:
    void read_feature(const Node &sent)
    {
        std::optional<bool> value = granted(sent);
        if (!value || !is_feature_name(sent.key)) {
            skips_.push_back({"consent",
                              {},
                              keep_text(quoted(sent.key) + (value ? " is no name of a feature"
                                                                  : " must be true or false"),
                                        memory_)});
            return;
        }
        Node *known = nullptr;
        for (Node &each : now_)
            if (each.key == sent.key)
                known = &each;
        Node consent = member(sent.key, make_boolean(*value));
        if (known && known->type == consent.type)
            return;
        if (!known && now_.size() >= kFeatures) {
            skips_.push_back({"consent", {}, "too many features"});
            return;
        }
        (*value ? given_ : taken_) = true;
        if (known)
            *known = consent;
        else
            now_.push_back(consent);
    }

    // Not so when it was refused.
    bool is_known(std::string_view feature) const
    {
        return std::any_of(now_.begin(), now_.end(),
                           [&](const Node &known) { return known.key == feature; });
    }

    Node segment(const std::string &name, bool value) const
    {
        return member(keep_text(name, memory_), make_text(value ? "true" : "false"));
    }

    Node event()
    {
        NodeList segments(memory_);
        for (const Node &sent : request_.consent.children)
            if (std::optional<bool> value = granted(sent); value && is_known(sent.key))
                segments.push_back(segment(segment_name(sent.key), *value));
        for (const Node &known : before_.children)
            segments.push_back(
                segment(segment_name(known.key).append(kBefore), known.type == Type::yes));
        Node types[] = {make_text(given_ ? "i" : "o"), make_text("o")};
        segments.push_back(
            member(kType, given_ && taken_ ? make_container(Type::array, keep_nodes(types, memory_))
                                           : types[0]));
        return make_event(kConsent, request_.time, Node(), segments, memory_);
    }

    const Request &request_;
    SkipList &skips_;
    std::pmr::memory_resource *memory_;
    Node before_ = make_container(Type::object, {});
    NodeList now_;
    bool given_ = false, taken_ = false;
};

}  // namespace

std::optional<ConsentChange> read_consent(const Request &request, std::string_view &consent,
                                          NodeList &events, SkipList &skips,
                                          std::pmr::memory_resource *memory)
{
    if (request.consent.type != Type::object)
        return std::nullopt;
    std::optional<ConsentChange> change =
        ConsentReader(request, consent, skips, memory).read(consent, events);
    if (change)
        consent = change->after;
    return change;
}

}  // namespace profiles
