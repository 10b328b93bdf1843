#include "segmentation.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

namespace {

[[noreturn]] void raise_corrupted_events()
{
    throw Error(ErrorCode::corrupted, "corrupted list of events");
}

// An event does not carry them.
void refuse_counter(const Reference &reference, std::string_view name)
{
    if (reference.scope == Scope::user)
        throw Error(ErrorCode::invalid_value, quoted(name) + " is not kept with events", {},
                    "Counters of users are for profiles.users_segmentation.");
}

}  // namespace

Segmentation::Segmentation(const SegmentationRequest &request)
    : event_(request.event), buckets_(request.starts), from_(request.from), until_(request.until),
      now_(request.now), table_(std::min(request.breakdown.size(), kMaxBreakdowns))
{
    if (request.breakdown.size() > kMaxBreakdowns)
        throw Error(ErrorCode::limit_exceeded,
                    "too many breakdowns: " + std::to_string(request.breakdown.size()), {},
                    "Break down by at most " + std::to_string(kMaxBreakdowns) + " properties.");
    filter_.emplace(make_node({Type::object, request.filter}));
    evaluation_.emplace(*filter_, request.now);
    for (const Leaf &leaf : filter_->leaves()) {
        refuse_counter(leaf.reference, leaf.name);
        needs_profile_ = needs_profile_ || leaf.reference.scope == Scope::profile;
    }
    for (std::string_view text : request.breakdown) {
        auto *kept = static_cast<char *>(memory_.allocate(text.size() + 1, 1));
        text.copy(kept, text.size());
        breakdown_.push_back(parse_reference({kept, text.size()}, &memory_));
        refuse_counter(breakdown_.back(), text);
        needs_profile_ = needs_profile_ || breakdown_.back().scope == Scope::profile;
    }
    ids_.resize(breakdown_.size());
    if (!request.cell)
        return;
    cell_.emplace();
    for (std::size_t index = 0; index < breakdown_.size(); ++index) {
        const std::optional<std::string_view> &value = (*request.cell)[index];
        (*cell_)[index] =
            table_.values(index).id_of(value ? std::optional<std::string>(*value) : std::nullopt);
        table_.values(index).close();
    }
}

void Segmentation::add(const EventBatch &batch)
{
    NumberItem uid = pack_number(Number(batch.uid));
    std::optional<View> profile;
    if (!batch.profile.empty())
        profile.emplace(batch.profile);
    uid_ = batch.uid;
    subject_ = {};
    subject_.profile = profile ? &*profile : nullptr;
    subject_.uid = uid.item();
    subject_.device_id = {Type::text, batch.device_id};
    evaluation_->change_user();
    for (std::size_t index = 0; index < breakdown_.size(); ++index)
        if (is_of_user(breakdown_[index]))
            find_ids(index, find_value(breakdown_[index], subject_), ids_[index]);

    View events(batch.events);
    if (!events.is_array())
        raise_corrupted_events();
    for (Cursor cursor(events); cursor.next();) {
        check_interrupt();
        add_event(read_event(cursor.item()));
    }
    subject_ = {};  // its parts end with this batch
}

void Segmentation::add_event(const Event &event)
{
    if (event_ && event.key != *event_)
        return;
    if (!is_in_period(event.ts))
        return;
    std::optional<std::uint32_t> bucket = buckets_.find(event.ts);
    if (!bucket)
        return;
    // What an event leaves out has its meaning all the same: a filter on the
    // count finds 1.
    NumberItem count = pack_number(event.count), sum = pack_number(event.sum);
    NumberItem duration = pack_number(event.duration);
    std::optional<View> segmentation;
    if (event.segmentation)
        segmentation.emplace(*event.segmentation);
    subject_.key = {Type::text, event.key};
    subject_.count = count.item();
    subject_.sum = sum.item();
    subject_.duration = duration.item();
    subject_.segmentation = segmentation ? &*segmentation : nullptr;
    if (!evaluation_->matches(subject_))
        return;
    for (std::size_t index = 0; index < breakdown_.size(); ++index)
        if (!is_of_user(breakdown_[index]))
            find_ids(index, find_value(breakdown_[index], subject_), ids_[index]);
    std::array<const Ids *, kMaxBreakdowns> all{};
    for (std::size_t index = 0; index < ids_.size(); ++index)
        all[index] = &ids_[index];
    for_each_combination(*bucket, {all.data(), ids_.size()}, cell_, [&](const GroupKey &key) {
        Group &counted = table_.group(key);
        counted.users.add(uid_);
        counted.add_times(event.count);
        counted.sum.add(event.sum);
        counted.duration.add(event.duration);
    });
}

}  // namespace profiles
