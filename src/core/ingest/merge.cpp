#include "merge.h"

#include <algorithm>

#include "../keep.h"
#include "../profile/assembly.h"
#include "../location/fallback.h"
#include "../profile/document.h"
#include "duplicates.h"
#include "expiry.h"
#include "purchases.h"
#include "whereabouts.h"

namespace profiles {

namespace {

template <typename Value, typename Choose>
std::optional<Value> choose(std::optional<Value> left, std::optional<Value> right, Choose better)
{
    if (!left || !right)
        return left ? left : right;
    return better(*left, *right);
}

constexpr auto earlier = [](Time left, Time right) { return std::min(left, right); };
constexpr auto later = [](Time left, Time right) { return std::max(left, right); };

bool is_group(const Node &member)
{
    return (member.key == kCustom || member.key == kCampaign) && member.type == Type::object;
}

bool is_location(std::string_view property)
{
    for (std::string_view part :
         {"country", "region", "city", "latitude", "longitude", "ip_address"})
        if (property == part)
            return true;
    return false;
}

// Whether a user's location says anything: a place, or that there shall be none.
bool has_location(const User &user)
{
    return !user.location_source.empty() &&
           user.location_source != location::source_name(location::Source::unknown);
}

// Whose location the two have from now on: the winner's if there is one. But who opted out on one device
// opted out, whichever device was used later.
const User &located(const User &winner, const User &loser)
{
    if (is_opted_out(winner) != is_opted_out(loser))
        return is_opted_out(winner) ? winner : loser;
    return !has_location(winner) && has_location(loser) ? loser : winner;
}

// A location is one thing: a city of one user is never put beside the country of the other.
Node without_location(const Item &profile, std::pmr::memory_resource *memory)
{
    Node open = unpack(profile, memory);
    auto end = std::remove_if(open.children.begin(), open.children.end(),
                              [](const Node &member) { return is_location(member.key); });
    open.children = open.children.first(static_cast<std::size_t>(end - open.children.begin()));
    seal(open);
    return open;
}

// The winner's members, and the loser's where the winner has none. Groups are filled, too.
Node fill(Node mine, Node theirs, bool groups, std::pmr::memory_resource *memory)
{
    NodeList members(memory);
    members.reserve(mine.children.size() + theirs.children.size());
    for (Node &member : mine.children) {
        const Node *other = theirs.find(member.key);
        bool fills = groups && is_group(member) && other && is_group(*other);
        Node filled = fills ? fill(unpack(member.item(), memory), unpack(other->item(), memory),
                                   false, memory)
                            : member;
        filled.key = member.key;
        members.push_back(filled);
    }
    for (const Node &member : theirs.children)
        if (!mine.find(member.key))
            members.push_back(member);
    return make_container(Type::object, keep(members, memory));
}

std::string_view merge_profiles(const User &winner, const User &loser,
                                std::pmr::memory_resource *memory)
{
    bool theirs_counts = &located(winner, loser) == &loser;
    auto read = [&](const User &user, bool keeps_location) {
        Item bytes{Type::object, user.profile};
        return keeps_location ? unpack(bytes, memory) : without_location(bytes, memory);
    };
    Node profile = fill(read(winner, !theirs_counts), read(loser, theirs_counts), true, memory);
    seal(profile);
    return pack(profile, memory);
}

RecentDays merge_days(const RecentDays &left, const RecentDays &right)
{
    if (!left.last || !right.last)
        return left.last ? left : right;
    RecentDays merged = *left.last >= *right.last ? left : right;
    const RecentDays &other = *left.last >= *right.last ? right : left;
    std::int64_t shift = std::int64_t{*merged.last} - *other.last;
    for (std::int64_t day = 0; day + shift < RecentDays::kDays; ++day) {
        std::int16_t theirs = other.sessions[static_cast<std::size_t>(day)];
        std::int16_t &mine = merged.sessions[static_cast<std::size_t>(day + shift)];
        if (theirs != RecentDays::kInactive)
            mine = static_cast<std::int16_t>(std::min(std::max<int>(mine, 0) + theirs, 32767));
    }
    return merged;
}

// The survivor's consents, and the other's where it has none.
std::string_view merge_consent(std::string_view mine, std::string_view theirs,
                               std::pmr::memory_resource *memory)
{
    if (mine.empty() || theirs.empty())
        return mine.empty() ? theirs : mine;
    Node consent = fill(unpack({Type::object, mine}, memory),
                        unpack({Type::object, theirs}, memory), false, memory);
    seal(consent);
    return pack(consent, memory);
}

// With equal sessions, or none, the new user's properties win.
bool old_one_wins(const User &from, const User &into)
{
    if (!from.last_session)
        return false;
    return !into.last_session || *into.last_session < *from.last_session;
}

}  // namespace

User merge_users(const User &from, const User &into, Time at, std::pmr::memory_resource *memory)
{
    User winner = old_one_wins(from, into) ? from : into;
    User loser = old_one_wins(from, into) ? into : from;
    settle_expiry(winner, at, memory);
    settle_expiry(loser, at, memory);

    User merged = into;
    merged.identified = true;
    merged.profile = merge_profiles(winner, loser, memory);
    merged.first_seen = choose(from.first_seen, into.first_seen, earlier);
    merged.last_seen = choose(from.last_seen, into.last_seen, later);
    merged.first_session = choose(from.first_session, into.first_session, earlier);
    merged.last_session = choose(from.last_session, into.last_session, later);
    merged.first_sync = choose(from.first_sync, into.first_sync, earlier);
    merged.last_sync = choose(from.last_sync, into.last_sync, later);
    // Both sessions are closed: what is left tells of the last one.
    if (from.last_session && into.last_session.value_or(0) < *from.last_session) {
        merged.session.id = from.session.id;
        merged.session.duration = from.session.duration;
        merged.session.events = from.session.events;
    }
    merged.session_count = from.session_count + into.session_count;
    merged.time_spent = from.time_spent + into.time_spent;
    merged.event_count = from.event_count + into.event_count;
    merged.merges = from.merges + into.merges + 1;
    merged.recent = merge_days(from.recent, into.recent);
    merged.location_source = located(winner, loser).location_source;
    merged.location_at = located(winner, loser).location_at;
    merged.recent_requests = merge_remembered(into.recent_requests, from.recent_requests, memory);
    merged.consent = merge_consent(winner.consent, loser.consent, memory);
    merged.expiry = merge_expiry(winner, loser, memory);
    merged.logged = from.logged || into.logged;
    merged.view_count = from.view_count + into.view_count;
    if (into.view.at.value_or(0) < from.view.at.value_or(0))
        merged.view = from.view;
    merged.purchases = merge_purchases(into.purchases, from.purchases, memory);
    return merged;
}

}  // namespace profiles
