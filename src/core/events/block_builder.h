// Builds blocks out of batches: takes events until a block is full, then sorts and writes them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "batch.h"
#include "column_set.h"
#include "event_list.h"

namespace profiles {

class BlockBuilder {
public:
    // Takes the events of the batch from number `from` on, as many as the block has room for, and
    // returns the number of the first that was not taken. The bytes must live until finish().
    // Throws invalid_value for a user of another bucket.
    std::uint32_t add(const EventBatch &batch, std::uint32_t from = 0);

    bool is_empty() const { return rows_.empty(); }
    std::uint32_t rows() const { return static_cast<std::uint32_t>(rows_.size()); }
    // The bytes of the block, which has at least one event. The builder can build another one.
    std::string finish();

private:
    struct Row {
        std::int64_t uid, time, count;
        std::uint32_t snapshot;
    };
    class Output;

    bool is_full() const;
    void take_snapshot(const EventBatch &batch);
    void reserve_rows();
    void take_event(const EventBatch &batch, const Event &event);
    std::vector<std::uint32_t> order() const;

    std::vector<Row> rows_;
    std::vector<Number> sums_, durations_;  // of the rows
    ColumnSet columns_;
    std::uint32_t snapshots_ = 0;
    std::string_view profile_, device_id_;  // of the last snapshot
};

// Blocks of batches that come in the order of users and arrival.
class BlockSequence {
public:
    // The bytes must live until finish().
    void add(const EventBatch &batch);
    // Whether the batch is all that the first block holds, or has room in it with those before.
    bool fits(const EventBatch &batch) const;
    std::vector<std::string> finish();

private:
    BlockBuilder builder_;
    std::vector<std::string> blocks_;
};

std::vector<std::string> build_blocks(std::span<const EventBatch> batches);

}  // namespace profiles
