// Counts events by time and by up to three properties: the answer to "how many
// users did X, whose properties were Y, split by A, B and C, per day". Fed with
// batches of events in any order; the users of each group are exact.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "../events/batch.h"
#include "../events/event_list.h"
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

class Segmentation {
public:
    // Throws what Filter and parse_reference() throw, limit_exceeded for too many
    // breakdowns.
    explicit Segmentation(const SegmentationRequest &request);

    // True when an answer depends on the profile: the caller need not fetch it
    // otherwise.
    bool needs_profile() const { return needs_profile_; }

    void add(const Batch &batch);
    // Sorts the groups: by bucket, most times first, then by segment, missing
    // last.
    void finish();
    const std::vector<Group> &groups() const { return groups_; }

private:
    using Values = std::vector<std::optional<std::string>>;  // what one breakdown
                                                             // gives for one event

    void add_event(const Event &event);
    std::optional<std::size_t> bucket_of(std::int64_t time) const;
    void collect(const Reference &reference, Values &values);
    void add_combinations(std::size_t bucket, const Event &event);
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
    bool needs_profile_ = false;

    std::int64_t uid_ = 0;
    Subject subject_;
    std::vector<Values> values_;  // by breakdown; those of the user stay for the whole batch
    std::string key_;             // scratch for the group's key

    std::vector<Group> groups_;
    std::unordered_map<std::string, std::size_t> numbers_;  // of the groups, by key
};

}  // namespace profiles
