// Counts events by time and by up to three properties: the answer to "how many
// users did X, whose properties were Y, split by A, B and C, per day". Fed with
// batches of events in any order; the users of each group are exact.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../events/batch.h"
#include "../events/event_reader.h"
#include "block_filter.h"
#include "combinations.h"
#include "evaluate.h"
#include "metrics.h"
#include "time_buckets.h"

namespace profiles {

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
    std::span<const std::string_view> metrics = {};  // see read_metric()
    // So many cells get rows, those with the most times from this bucket on, and all others one together.
    std::optional<std::int64_t> limit = std::nullopt;
    std::uint32_t ranked_from = 0;
    bool fills = false;            // every bucket has a row for each cell
    std::size_t memory_limit = 0;  // in bytes; 0 is none
};

class Segmentation {
public:
    // Throws what Filter, parse_reference(), read_breakdown() and read_metrics() throw, limit_exceeded for
    // too many breakdowns.
    explicit Segmentation(const SegmentationRequest &request);

    // True when an answer depends on the profile: the caller need not fetch it
    // otherwise.
    bool needs_profile() const { return needs_profile_; }

    void add(const EventBatch &batch);
    // False when nothing that happens in [first, last] counts.
    bool may_ask(std::int64_t first, std::int64_t last) const
    {
        return (!from_ || last >= *from_) && (!until_ || first < *until_);
    }
    // False when no event of a packed list is among those that count, whatever their user is.
    bool asks(std::string_view events);

    // False when something is asked that no column of a block has: then blocks come as batches.
    bool reads_columns() const;
    // The parts of a block that add_block() needs.
    std::vector<ByteRange> needed_bytes(const BlockDirectory &directory) const;
    // With the properties that the events happened with.
    void add_block(const BlockParts &parts);

    GroupTable &table() { return table_; }
    const GroupTable &table() const { return table_; }
    std::span<const Metric> metrics() const { return metrics_; }
    // When all is counted: chooses the cells that have rows, and puts them in order.
    void finish();

private:
    class BlockCount;

    void read_breakdowns(std::span<const std::string_view> texts);
    void note_need(const Reference &reference);
    // The bucket of an event; nothing when its time is not asked for.
    std::optional<std::uint32_t> bucket_of(const Event &event) const;
    bool find_ids_of_user();
    void add_event(const Event &event, std::uint32_t bucket);
    bool is_in_period(std::int64_t time) const
    {
        return (!from_ || time >= *from_) && (!until_ || time < *until_);
    }
    // True when all of its events are in the period.
    bool holds_block(const BlockDirectory &directory) const;
    // Nothing when the times of the single rows must be looked at.
    std::optional<std::uint32_t> bucket_of_block(const BlockDirectory &directory) const;
    // True when the quarter of an hour says whether an event is in the period, and in which bucket.
    bool asks_only_quarters(const BlockDirectory &directory) const;
    ByteRange needed_times(const BlockDirectory &directory) const;
    // Takes away rows that are not of the one cell.
    void keep_cell(const BlockParts &parts, RowSet &rows);
    void find_ids(std::size_t breakdown, const std::optional<Item> &found, Ids &ids)
    {
        profiles::find_ids(found, ranges_[breakdown], table_, breakdown, found_, ids);
    }

    EventReader reader_;
    Event read_;  // the event that was read last
    std::pmr::monotonic_buffer_resource memory_;
    std::optional<Filter> filter_;
    std::optional<Evaluation> evaluation_;
    std::optional<std::string> event_;
    std::vector<Reference> breakdown_;
    std::vector<NumberRanges> ranges_;  // by breakdown
    TimeBuckets buckets_;
    std::optional<std::int64_t> from_, until_;
    std::optional<CellIds> cell_;
    std::int64_t now_ = 0;
    bool needs_profile_ = false;
    bool asks_events_ = false;  // the filter or a breakdown looks into the events
    bool filter_asks_events_ = false;

    std::vector<Metric> metrics_;
    bool keeps_sums_ = false, keeps_durations_ = false;  // of the single events
    std::optional<std::int64_t> limit_;
    std::uint32_t ranked_from_;
    bool fills_;

    std::int64_t uid_ = 0;
    Subject subject_;
    std::vector<Ids> ids_;  // by breakdown; those of the user stay for the whole batch
    std::vector<std::optional<std::string>> found_;  // scratch

    GroupTable table_;
    std::shared_ptr<BlockCount> block_count_;
};

}  // namespace profiles
