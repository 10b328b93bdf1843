#include "segmentation.h"

#include <algorithm>
#include <array>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/json_writer.h"

namespace profiles {

namespace {

[[noreturn]] void raise_corrupted_events()
{
    throw Error(ErrorCode::corrupted, "corrupted list of events");
}

std::string plain_text(const Item &item)
{
    if (item.type == Type::text)
        return std::string(item.bytes);
    std::array<char, 512> buffer;
    std::pmr::monotonic_buffer_resource arena(buffer.data(), buffer.size());
    TextBuffer out(&arena);
    write_plain(item, out);
    return std::string(out.view());
}

}  // namespace

void collect_values(const std::optional<Item> &found, const NumberRanges &ranges,
                    std::vector<std::optional<std::string>> &values)
{
    auto value_of = [&](const Item &item) -> std::optional<std::string> {
        if (item.type == Type::null)
            return std::nullopt;
        return ranges.empty() ? plain_text(item) : ranges.find(item);
    };
    values.clear();
    if (found && found->type == Type::array) {
        View elements(*found);
        for (Cursor cursor(elements); cursor.next();) {
            check_interrupt();
            values.push_back(value_of(cursor.item()));
        }
        std::sort(values.begin(), values.end());
        values.erase(std::unique(values.begin(), values.end()), values.end());
    } else if (found) {
        values.push_back(value_of(*found));
    }
    if (values.empty())
        values.push_back(std::nullopt);
}

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
    for (const Leaf &leaf : filter_->leaves())
        needs_profile_ = needs_profile_ || leaf.reference.scope == Scope::profile;
    read_breakdowns(request.breakdown);
    table_ = GroupTable(breakdown_.size(), request.memory_limit);
    if (request.cell)
        read_cell(*request.cell);
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
        ranges_.push_back(std::move(text.ranges));
        needs_profile_ = needs_profile_ || breakdown_.back().scope == Scope::profile;
    }
    ids_.resize(breakdown_.size());
}

void Segmentation::read_cell(std::span<const std::optional<std::string_view>> values)
{
    if (values.size() != breakdown_.size())
        throw Error(ErrorCode::invalid_value, "segment must have one value for each breakdown",
                    "Values: " + std::to_string(values.size()) +
                        ", breakdowns: " + std::to_string(breakdown_.size()) + ".",
                    "NULL stands for a missing value.");
    cell_.emplace();
    for (std::size_t index = 0; index < values.size(); ++index) {
        const std::optional<std::string_view> &value = values[index];
        (*cell_)[index] =
            table_.id_of(index, value ? std::optional<std::string>(*value) : std::nullopt);
        table_.values(index).close();
    }
}

void Segmentation::finish()
{
    if (limit_)
        table_.keep_top(static_cast<std::size_t>(*limit_), ranked_from_);
    if (fills_)
        table_.fill(static_cast<std::uint32_t>(buckets_.count()));
    table_.sort();
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
    for_each_combination(*bucket, {all.data(), ids_.size()}, [&](Group &counted) {
        counted.add_times(event.count);
        table_.grow(counted.users.add(uid_) + counted.sum.add(event.sum) +
                    counted.duration.add(event.duration));
        if (keeps_sums_)
            table_.add_amount(counted, &Group::Amounts::sum, event.sum);
        if (keeps_durations_)
            table_.add_amount(counted, &Group::Amounts::duration, event.duration);
    });
}

void Segmentation::find_ids(std::size_t breakdown, const std::optional<Item> &found, Ids &ids)
{
    collect_values(found, ranges_[breakdown], found_);
    ids.clear();
    for (const std::optional<std::string> &value : found_)
        ids.push_back(table_.id_of(breakdown, value));
}

}  // namespace profiles
