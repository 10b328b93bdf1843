// Counts events by time and by up to three properties: the answer to "how many
// users did X, whose properties were Y, split by A, B and C, per day". Fed with
// batches of events in any order; the users of each group are exact.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../events/batch.h"
#include "../events/event_list.h"
#include "block_filter.h"
#include "combinations.h"
#include "evaluate.h"
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
};

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

    GroupTable &table() { return table_; }

private:
    class BlockCount;

    void add_event(const Event &event);
    bool is_in_period(std::int64_t time) const
    {
        return (!from_ || time >= *from_) && (!until_ || time < *until_);
    }
    void find_ids(std::size_t breakdown, const std::optional<Item> &found, Ids &ids)
    {
        profiles::find_ids(found, table_.values(breakdown), found_, ids);
    }

    std::pmr::monotonic_buffer_resource memory_;
    std::optional<Filter> filter_;
    std::optional<Evaluation> evaluation_;
    std::optional<std::string> event_;
    std::vector<Reference> breakdown_;
    TimeBuckets buckets_;
    std::optional<std::int64_t> from_, until_;
    std::optional<CellIds> cell_;
    std::int64_t now_ = 0;
    bool needs_profile_ = false;

    std::int64_t uid_ = 0;
    Subject subject_;
    std::vector<Ids> ids_;  // by breakdown; those of the user stay for the whole batch
    std::vector<std::optional<std::string>> found_;  // scratch

    GroupTable table_;
    std::shared_ptr<BlockCount> block_count_;
};

}  // namespace profiles
