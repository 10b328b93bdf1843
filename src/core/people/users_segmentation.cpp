#include "users_segmentation.h"

#include "../error.h"
#include "../ingest/expiry.h"

namespace profiles {

namespace {

[[noreturn]] void raise_unknown_field(std::string_view name)
{
    throw Error(ErrorCode::invalid_value, "users have no counter " + quoted(name), {},
                "Counters are user.session_count, user.first_seen and others; a property of this "
                "name is " +
                    quoted("up." + std::string(name)) + ".");
}

// A slip in the name of a counter would otherwise be a property that nobody has.
bool looks_like_field(const Reference &reference, std::string_view name)
{
    return reference.scope == Scope::profile && name.starts_with("user.");
}

bool is_of_event(const Reference &reference)
{
    return reference.scope == Scope::event ||
           (reference.scope == Scope::field && reference.field != Field::uid &&
            reference.field != Field::device_id);
}

}  // namespace

UsersSegmentation::UsersSegmentation(const UsersSegmentationRequest &request)
    : now_(request.now), table_(std::min(request.breakdown.size(), kMaxBreakdowns))
{
    filter_.emplace(make_node({Type::object, request.filter}));
    evaluation_.emplace(*filter_, request.now);
    for (const Leaf &leaf : filter_->leaves())
        if (leaf.predicate.op == PredicateKind::near)
            needs_profile_ = true;
        else
            need(leaf.reference, leaf.name);
    read_breakdown(request.breakdown);
    if (request.cell)
        cell_ = only_cell(*request.cell, table_);
}

void UsersSegmentation::read_breakdown(std::span<const std::string_view> breakdown)
{
    if (breakdown.size() > kMaxBreakdowns)
        throw Error(ErrorCode::limit_exceeded,
                    "too many breakdowns: " + std::to_string(breakdown.size()), {},
                    "Break down by at most " + std::to_string(kMaxBreakdowns) + " properties.");
    for (std::string_view text : breakdown) {
        auto *kept = static_cast<char *>(memory_.allocate(text.size() + 1, 1));
        text.copy(kept, text.size());
        breakdown_.push_back(parse_reference({kept, text.size()}, &memory_));
        need(breakdown_.back(), text);
    }
    ids_.resize(breakdown_.size());
}

void UsersSegmentation::need(const Reference &reference, std::string_view name)
{
    if (is_of_event(reference))
        throw Error(ErrorCode::invalid_value, quoted(name) + " is not a property of a user", {},
                    "Filters and breakdowns by events are for profiles.segmentation.");
    if (looks_like_field(reference, name))
        raise_unknown_field(name);
    if (reference.scope == Scope::user)
        needed_[static_cast<std::size_t>(reference.user_field)] = true;
    else if (reference.scope == Scope::profile)
        needs_profile_ = true;
    else if (reference.field == Field::device_id)
        needs_device_id_ = true;
}

void UsersSegmentation::add(const UserRow &user)
{
    check_interrupt();
    NumberItem uid = pack_number(Number(user.uid));
    std::array<NumberItem, kUserFields> numbers;
    std::array<std::optional<Item>, kUserFields> fields;
    for (std::size_t index = 0; index < kUserFields; ++index)
        if (needed_[index])
            fields[index] =
                item_of(static_cast<UserField>(index), user.values[index], numbers[index]);
    std::pmr::monotonic_buffer_resource memory;
    std::string_view live =
        user.expiry.empty() ? user.profile : live_profile(user.profile, user.expiry, now_, &memory);
    std::optional<View> profile;
    if (!live.empty())
        profile.emplace(live);
    Subject subject;
    subject.profile = profile ? &*profile : nullptr;
    subject.uid = uid.item();
    subject.device_id = {Type::text, user.device_id};
    subject.user = fields;
    evaluation_->change_user();
    if (!evaluation_->matches(subject))
        return;
    std::array<const Ids *, kMaxBreakdowns> all{};
    for (std::size_t index = 0; index < breakdown_.size(); ++index) {
        find_ids(find_value(breakdown_[index], subject), {}, table_, index, found_, ids_[index]);
        all[index] = &ids_[index];
    }
    count({all.data(), ids_.size()}, 1, {&user.uid, 1});
}

void UsersSegmentation::count(std::span<const Ids *const> all, std::int64_t users,
                              std::span<const std::int64_t> uids)
{
    for_each_combination(0, all, cell_, [&](const GroupKey &key) {
        Group &group = table_.group(key);
        group.add_times(users);
        if (cell_)
            group.users.add(uids);
    });
}

}  // namespace profiles
