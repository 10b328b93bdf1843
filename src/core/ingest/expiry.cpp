#include "expiry.h"

#include <algorithm>
#include <limits>

#include "../profile/document.h"
#include "../update/text.h"
#include "system_event.h"

namespace profiles {

namespace {

constexpr std::string_view kSession = "SESSION";
constexpr Time kDay = 86400000;
constexpr int kMoments = 100;  // that are told apart; what is later goes with the last of them

struct Entry {
    std::string_view property;
    bool of_session = false;
    std::optional<Time> gone_at;  // always there but for an unfinished session
};

// `expiry` of a user, opened.
class Expiry {
public:
    Expiry(std::string_view bytes, std::pmr::memory_resource *memory)
        : entries_(memory), memory_(memory)
    {
        if (bytes.empty())
            return;
        std::optional<Item> custom = View(bytes).find(kCustom);
        if (!custom || custom->type != Type::object)
            return;
        View view(*custom);
        entries_.reserve(view.count());
        for (Cursor cursor(view); cursor.next();)
            entries_.push_back(read(cursor.key(), cursor.item()));
    }

    std::pmr::vector<Entry> &entries() { return entries_; }

    Entry *find(std::string_view property)
    {
        auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry &entry) { return entry.property == property; });
        return found == entries_.end() ? nullptr : &*found;
    }

    void remove(std::string_view property)
    {
        std::erase_if(entries_, [&](const Entry &entry) { return entry.property == property; });
    }

    std::string_view bytes() const
    {
        if (entries_.empty())
            return {};
        NodeList members(memory_);
        for (const Entry &entry : entries_)
            members.push_back(member(entry.property, value_of(entry)));
        Node custom = member(kCustom, make_container(Type::object, members));
        Node container = make_container(Type::object, {&custom, 1});
        seal(container);
        return pack(container, memory_);
    }

private:
    static Entry read(std::string_view property, const Item &value)
    {
        if (value.type != Type::integer)
            return {property, true, std::nullopt};
        Time time = std::max(number_of(value).integer(), -std::numeric_limits<Time>::max());
        return {property, time < 0, time < 0 ? -time : time};
    }

    Node value_of(const Entry &entry) const
    {
        if (!entry.gone_at)
            return make_text(kSession);
        return make_number(entry.of_session ? -*entry.gone_at : *entry.gone_at, memory_);
    }

    std::pmr::vector<Entry> entries_;
    std::pmr::memory_resource *memory_;
};

std::string_view without(std::string_view profile, std::span<const Entry> gone,
                         std::pmr::memory_resource *memory)
{
    std::pmr::vector<Change> changes(memory);
    for (const Entry &entry : gone)
        changes.push_back({kCustom, entry.property, Operator::unset, Node()});
    View before(profile);
    SkipList skips(memory);
    Limits none;
    Update update(before, changes, Mode::lenient, none, skips, memory);
    if (!update.changed())
        return profile;
    auto *bytes = static_cast<char *>(memory->allocate(update.size(), 1));
    update.write(bytes);
    return {bytes, update.size()};
}

std::optional<Item> custom_value(std::string_view profile, std::string_view property)
{
    std::optional<Item> custom = View(profile).find(kCustom);
    if (!custom || custom->type != Type::object)
        return std::nullopt;
    return View(*custom).find(property);
}

// One moment: all of `gone` at `time`.
void add_lapse(User &user, std::span<const Entry> gone, Time time, BatchList &batches,
               std::pmr::memory_resource *memory)
{
    NodeList names(memory);
    for (const Entry &entry : gone)
        if (custom_value(user.profile, entry.property))
            names.push_back(make_text(keep_text("custom." + std::string(entry.property), memory)));
    if (names.empty())
        return;
    user.profile = without(user.profile, gone, memory);
    batches.push_back(make_update_batch(names, user.profile, time, memory));
}

// Takes the entries that `is_gone` chooses, in the order of their times.
template <typename IsGone>
bool expire(User &user, Time latest, IsGone is_gone, BatchList &batches,
            std::pmr::memory_resource *memory)
{
    if (user.expiry.empty())
        return false;
    Expiry expiry(user.expiry, memory);
    std::pmr::vector<Entry> gone(memory);
    for (const Entry &entry : expiry.entries())
        if (is_gone(entry))
            gone.push_back({entry.property, entry.of_session,
                            std::min(entry.gone_at.value_or(latest), latest)});
    if (gone.empty())
        return false;
    std::stable_sort(gone.begin(), gone.end(), [](const Entry &left, const Entry &right) {
        return *left.gone_at < *right.gone_at;
    });
    int moments = 0;
    for (std::span<const Entry> rest(gone); !rest.empty();) {
        auto end = ++moments == kMoments
                       ? rest.end()
                       : std::find_if(rest.begin(), rest.end(), [&](const Entry &entry) {
                             return *entry.gone_at != *rest.front().gone_at;
                         });
        std::span<const Entry> together = rest.first(static_cast<std::size_t>(end - rest.begin()));
        add_lapse(user, together, *together.front().gone_at, batches, memory);
        rest = rest.subspan(together.size());
    }
    for (const Entry &entry : gone)
        expiry.remove(entry.property);
    user.expiry = expiry.bytes();
    return true;
}

std::optional<Entry> new_entry(const Renewal &renewal, const Change &change, const Entry *old)
{
    const Node *rule = renewal.settings.expiry_of(change.key);
    if (!rule)
        return std::nullopt;
    if (rule->type == Type::text)
        return Entry{change.key, true, renewal.session_over};
    Time gone_at = renewal.time + number_of(rule->item()).integer() * kDay;
    if (renewal.is_late && old && old->gone_at && !old->of_session)
        gone_at = std::max(gone_at, *old->gone_at);
    return Entry{change.key, false, gone_at};
}

void renew(Expiry &expiry, const Renewal &renewal, const Change &change, const User &user)
{
    std::optional<Item> after = custom_value(user.profile, change.key);
    if (!after)
        return expiry.remove(change.key);
    bool is_written =
        change.op == Operator::set || custom_value(renewal.before, change.key) != after;
    if (!is_written)
        return;
    Entry *old = expiry.find(change.key);
    std::optional<Entry> entry = new_entry(renewal, change, old);
    if (!entry)
        expiry.remove(change.key);
    else if (old)
        *old = *entry;
    else
        expiry.entries().push_back(*entry);
}

}  // namespace

std::string_view live_profile(std::string_view profile, std::string_view expiry, Time at,
                              std::pmr::memory_resource *memory)
{
    Expiry opened(expiry, memory);
    std::erase_if(opened.entries(),
                  [&](const Entry &entry) { return !entry.gone_at || *entry.gone_at > at; });
    return opened.entries().empty() ? profile : without(profile, opened.entries(), memory);
}

std::optional<Time> next_lapse(std::string_view expiry, Time at, std::pmr::memory_resource *memory)
{
    std::optional<Time> next;
    Expiry opened(expiry, memory);
    for (const Entry &entry : opened.entries())
        if (entry.gone_at && *entry.gone_at > at && (!next || *entry.gone_at < *next))
            next = entry.gone_at;
    return next;
}

bool expire_values(User &user, Time until, BatchList &batches, std::pmr::memory_resource *memory)
{
    return expire(
        user, until,
        [&](const Entry &entry) { return !entry.of_session && *entry.gone_at <= until; }, batches,
        memory);
}

bool expire_session_values(User &user, Time at, BatchList &batches,
                           std::pmr::memory_resource *memory)
{
    return expire(
        user, at, [](const Entry &entry) { return entry.of_session; }, batches, memory);
}

bool session_values_are_gone(const User &user, Time now, std::pmr::memory_resource *memory)
{
    Expiry expiry(user.expiry, memory);
    return std::any_of(expiry.entries().begin(), expiry.entries().end(), [&](const Entry &entry) {
        return entry.of_session && entry.gone_at && *entry.gone_at <= now;
    });
}

void settle_expiry(User &user, Time at, std::pmr::memory_resource *memory)
{
    BatchList silent(memory);
    expire_session_values(user, at, silent, memory);
    expire_values(user, at, silent, memory);
}

bool set_session_over(User &user, std::optional<Time> over, std::pmr::memory_resource *memory)
{
    if (user.expiry.empty())
        return false;
    Expiry expiry(user.expiry, memory);
    bool found = false;
    for (Entry &entry : expiry.entries()) {
        if (!entry.of_session)
            continue;
        entry.gone_at = over;
        found = true;
    }
    if (found)
        user.expiry = expiry.bytes();
    return found;
}

bool renew_expiry(User &user, const Renewal &renewal, std::pmr::memory_resource *memory)
{
    if (user.expiry.empty() && renewal.settings.property_expiry.empty())
        return false;
    Expiry expiry(user.expiry, memory);
    for (const Change &change : renewal.changes)
        if (change.group == kCustom)
            renew(expiry, renewal, change, user);
    std::string_view bytes = expiry.bytes();
    if (bytes == user.expiry)
        return false;
    user.expiry = bytes;
    return true;
}

std::string_view merge_expiry(const User &winner, const User &loser,
                              std::pmr::memory_resource *memory)
{
    Expiry merged(winner.expiry, memory), other(loser.expiry, memory);
    for (const Entry &entry : other.entries())
        if (!custom_value(winner.profile, entry.property))
            merged.entries().push_back(entry);
    return merged.bytes();
}

}  // namespace profiles
