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

// Those with the key, if one is given.
template <typename Visit>
void for_each_event(EventReader &reader, Event &event, std::string_view list,
                    const std::optional<std::string> &key, Visit &&visit)
{
    View events(list);
    if (!events.is_array())
        raise_corrupted_events();
    for (Cursor cursor(events); cursor.next();) {
        check_interrupt();
        if (reader.read(cursor.item(), key, event))
            visit(event);
    }
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
      now_(request.now), metrics_(read_metrics(request.metrics)), limit_(request.limit),
      ranked_from_(request.ranked_from), fills_(request.fills), table_(0)
{
    if (limit_ && *limit_ <= 0)
        throw Error(ErrorCode::invalid_value, "limit must be greater than 0", {},
                    "NULL gives every cell a row of its own.");
    for (const Metric &metric : metrics_) {
        keeps_sums_ = keeps_sums_ || metric.needs_amounts(Measure::sum);
        keeps_durations_ = keeps_durations_ || metric.needs_amounts(Measure::duration);
    }
    filter_.emplace(make_node({Type::object, request.filter}));
    evaluation_.emplace(*filter_, request.now);
    for (const Leaf &leaf : filter_->leaves()) {
        refuse_counter(leaf.reference, leaf.name);
        note_need(leaf.reference);
    }
    filter_asks_events_ = asks_events_;
    read_breakdowns(request.breakdown);
    table_ = GroupTable(breakdown_.size(), request.memory_limit);
    if (request.cell)
        cell_ = only_cell(*request.cell, table_);
}

void Segmentation::read_breakdowns(std::span<const std::string_view> texts)
{
    std::vector<BreakdownText> read = read_breakdown(texts);
    if (read.size() > kMaxBreakdowns)
        throw Error(ErrorCode::limit_exceeded,
                    "too many breakdowns: " + std::to_string(read.size()), {},
                    "Break down by at most " + std::to_string(kMaxBreakdowns) + " properties.");
    for (BreakdownText &text : read) {
        auto *kept = static_cast<char *>(memory_.allocate(text.property.size() + 1, 1));
        text.property.copy(kept, text.property.size());
        breakdown_.push_back(parse_reference({kept, text.property.size()}, &memory_));
        refuse_counter(breakdown_.back(), text.property);
        ranges_.push_back(std::move(text.ranges));
        note_need(breakdown_.back());
    }
    ids_.resize(breakdown_.size());
}

void Segmentation::note_need(const Reference &reference)
{
    needs_profile_ = needs_profile_ || reference.scope == Scope::profile;
    asks_events_ = asks_events_ || !is_of_user(reference);
}

void Segmentation::finish()
{
    if (limit_)
        table_.keep_top(static_cast<std::size_t>(*limit_), ranked_from_);
    if (fills_)
        table_.fill(static_cast<std::uint32_t>(buckets_.count()));
    table_.sort();
}

// Most batches have no event that is asked for: what says so with the least work is looked at first.
void Segmentation::add(const EventBatch &batch)
{
    NumberItem uid = pack_number(Number(batch.uid));
    std::optional<View> profile;
    if (!batch.profile.empty())
        profile.emplace(batch.profile);
    uid_ = batch.uid;
    subject_.uid = uid.item();
    subject_.device_id = {Type::text, batch.device_id};
    subject_.profile = profile ? &*profile : nullptr;
    evaluation_->change_user();
    bool is_known = cell_.has_value();
    bool may_match = (filter_asks_events_ || evaluation_->matches(subject_)) &&
                     (!is_known || find_ids_of_user());
    if (may_match)
        for_each_event(reader_, read_, batch.events, event_, [&](const Event &event) {
            std::optional<std::uint32_t> bucket = bucket_of(event);
            if (!bucket)
                return;
            if (!is_known)
                find_ids_of_user();
            is_known = true;
            add_event(event, *bucket);
        });
    subject_.profile = subject_.segmentation = nullptr;  // they end with this batch
}

bool Segmentation::asks(std::string_view events)
{
    bool asked = false;
    for_each_event(reader_, read_, events, event_,
                   [&](const Event &event) { asked = asked || bucket_of(event); });
    return asked;
}

std::optional<std::uint32_t> Segmentation::bucket_of(const Event &event) const
{
    return is_in_period(event.ts) ? buckets_.find(event.ts) : std::nullopt;
}

// False when none of them is of the one cell.
bool Segmentation::find_ids_of_user()
{
    for (std::size_t index = 0; index < breakdown_.size(); ++index) {
        Ids &ids = ids_[index];
        if (!is_of_user(breakdown_[index]))
            continue;
        find_ids(index, find_value(breakdown_[index], subject_), ids);
        if (cell_ && std::find(ids.begin(), ids.end(), (*cell_)[index]) == ids.end())
            return false;
    }
    return true;
}

void Segmentation::add_event(const Event &event, std::uint32_t bucket)
{
    // What an event leaves out has its meaning all the same: a filter on the
    // count finds 1.
    NumberItem count, sum, duration;
    std::optional<View> segmentation;
    if (asks_events_) {
        count = pack_number(event.count);
        sum = pack_number(event.sum);
        duration = pack_number(event.duration);
        if (event.segmentation)
            segmentation.emplace(*event.segmentation);
        subject_.key = {Type::text, event.key};
        subject_.count = count.item();
        subject_.sum = sum.item();
        subject_.duration = duration.item();
        subject_.segmentation = segmentation ? &*segmentation : nullptr;
    }
    if (!evaluation_->matches(subject_))
        return;
    for (std::size_t index = 0; index < breakdown_.size(); ++index)
        if (!is_of_user(breakdown_[index]))
            find_ids(index, find_value(breakdown_[index], subject_), ids_[index]);
    std::array<const Ids *, kMaxBreakdowns> all{};
    for (std::size_t index = 0; index < ids_.size(); ++index)
        all[index] = &ids_[index];
    for_each_combination(bucket, {all.data(), ids_.size()}, cell_, [&](const GroupKey &key) {
        Group &counted = table_.group(key);
        counted.add_times(event.count);
        table_.grow(counted.users.add(uid_) + counted.sum.add(event.sum) +
                    counted.duration.add(event.duration));
        if (keeps_sums_)
            table_.add_amount(counted, &Group::Amounts::sum, event.sum);
        if (keeps_durations_)
            table_.add_amount(counted, &Group::Amounts::duration, event.duration);
    });
}

}  // namespace profiles
