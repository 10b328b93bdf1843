// Counts events by time and by up to three properties: the answer to "how many
// users did X, whose properties were Y, split by A, B and C, per day". Fed with
// batches of events in any order; the users of each group are exact.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "../events/batch.h"
#include "../events/event_list.h"
#include "../interrupt.h"
#include "block_filter.h"
#include "evaluate.h"
#include "exact_sum.h"
#include "user_set.h"

namespace profiles {

constexpr std::size_t kMaxBreakdowns = 3;

// All times are milliseconds since the epoch. What it points to is copied.
struct SegmentationRequest {
    std::string_view filter;                           // a packed object
    std::optional<std::string_view> event;             // its key; none means any event
    std::span<const std::string_view> breakdown = {};  // property references
    std::span<const std::int64_t> starts = {};         // of the buckets, ascending; none = one
    std::optional<std::int64_t> from, until;           // [from, until)
    std::int64_t now = 0;
    // When set, only events of this one cell count: one value for each breakdown.
    std::optional<std::span<const std::optional<std::string_view>>> cell = std::nullopt;
};

// One row of the answer. Without buckets `bucket` is 0.
struct Group {
    std::size_t bucket = 0;
    std::vector<std::optional<std::string>> segment;
    UserSet users;
    std::int64_t times = 0;
    ExactSum sum, duration;
};

// What one breakdown gives for a value: an array gives each distinct element once; what is missing,
// null or empty gives one missing value.
void collect_values(const std::optional<Item> &found,
                    std::vector<std::optional<std::string>> &values);

class Segmentation {
public:
    // Throws what Filter and parse_reference() throw, limit_exceeded for too many
    // breakdowns.
    explicit Segmentation(const SegmentationRequest &request);

    // True when an answer depends on the profile: the caller need not fetch it
    // otherwise.
    bool needs_profile() const { return needs_profile_; }

    void add(const EventBatch &batch);

    // False when something is asked that no column of a block has: then blocks come as batches.
    bool reads_columns() const;
    // The parts of a block that add_block() needs.
    std::vector<ByteRange> needed_bytes(const BlockDirectory &directory) const;
    // With the properties that the events happened with.
    void add_block(const BlockParts &parts);

    // Sorts the groups: by bucket, most times first, then by segment, missing
    // last.
    void finish();
    const std::vector<Group> &groups() const { return groups_; }

private:
    class BlockCount;
    using Values = std::vector<std::optional<std::string>>;  // what one breakdown
                                                             // gives for one event

    void add_event(const Event &event);
    std::optional<std::size_t> bucket_of(std::int64_t time) const;
    template <typename Visit>
    void for_each_combination(Visit &&visit);
    void add_to_group(std::size_t bucket, const Event &event, std::span<const std::size_t> chosen);
    bool is_cell(std::span<const std::size_t> chosen) const;
    Group &group(std::size_t bucket, std::span<const std::size_t> chosen);

    std::pmr::monotonic_buffer_resource memory_;
    std::optional<Filter> filter_;
    std::optional<Evaluation> evaluation_;
    std::optional<std::string> event_;
    std::vector<Reference> breakdown_;
    std::vector<std::int64_t> starts_;
    std::optional<std::int64_t> from_, until_;
    std::optional<Values> cell_;
    std::int64_t now_ = 0;
    bool needs_profile_ = false;

    std::int64_t uid_ = 0;
    Subject subject_;
    std::vector<Values> values_;  // by breakdown; those of the user stay for the whole batch
    std::string key_;             // scratch for the group's key

    std::vector<Group> groups_;
    std::unordered_map<std::string, std::size_t> numbers_;  // of the groups, by key
};

// Every combination of the values of all breakdowns that is asked for, counted like an odometer.
template <typename Visit>
void Segmentation::for_each_combination(Visit &&visit)
{
    std::array<std::size_t, kMaxBreakdowns> chosen{};
    std::span<const std::size_t> all(chosen.data(), breakdown_.size());
    for (;;) {
        check_interrupt();
        if (!cell_ || is_cell(all))
            visit(all);
        std::size_t wheel = 0;
        while (wheel < all.size() && ++chosen[wheel] == values_[wheel].size())
            chosen[wheel++] = 0;
        if (wheel == all.size())
            return;
    }
}

}  // namespace profiles
