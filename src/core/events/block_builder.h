// Builds blocks out of batches: takes events until a block is full, then sorts and writes them.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "batch.h"
#include "block_layout.h"
#include "event_list.h"
#include "value_table.h"

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
    // A value and where it stands: the number of an event, or of a snapshot.
    struct Cell {
        std::uint32_t position, value;
    };
    struct Column {
        block::ColumnKind kind;
        std::string_view name;
        ValueTable values;
        std::vector<Cell> cells;
    };
    struct Name {
        block::ColumnKind kind;
        std::string_view text;
        bool operator==(const Name &) const = default;
    };
    struct NameHash {
        std::size_t operator()(const Name &name) const;
    };
    class Output;

    bool is_full() const;
    void take_snapshot(const EventBatch &batch);
    void take_event(const EventBatch &batch, const Event &event);
    void take_members(const Item &object, block::ColumnKind kind, std::uint32_t position);
    void put(block::ColumnKind kind, std::string_view name, const Item &value,
             std::uint32_t position);
    Column &column(block::ColumnKind kind, std::string_view name);
    std::vector<std::uint32_t> order() const;

    std::vector<Row> rows_;
    std::vector<Number> sums_, durations_;  // of the rows
    std::vector<Column> columns_;
    std::unordered_map<Name, std::size_t, NameHash> names_;
    std::vector<std::size_t> guesses_;  // the column that followed each column last time
    std::size_t previous_ = 0;
    std::uint32_t snapshots_ = 0;
    std::string_view profile_, device_id_;  // of the last snapshot
    std::size_t bytes_ = 0;                 // of values taken
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
