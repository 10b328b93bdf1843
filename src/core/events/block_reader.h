// Gives back the batches that a block was built from: its rows in order, those of one user, device and
// profile that follow each other as one batch.
#pragma once

#include <deque>

#include "batch.h"
#include "block_objects.h"

namespace profiles {

class BlockReader {
public:
    // The whole block, which must outlive this. Throws corrupted or unsupported.
    explicit BlockReader(std::string_view bytes);
    BlockReader(const BlockReader &) = delete;

    const BlockDirectory &directory() const { return directory_; }
    const BlockUsers &users() const { return users_; }

    // False at the end. The bytes of the batch lie in `memory`.
    bool next(EventBatch &batch, std::pmr::memory_resource *memory);
    // Goes on with the first row of this user.
    void go_to(std::uint32_t user);
    // Gives only the batches of this one, which may be none.
    void choose_user(std::int64_t uid);

private:
    std::vector<std::int64_t> integers(block::ColumnKind kind) const;
    std::vector<Number> numbers(block::ColumnKind kind) const;
    Node make_event(std::uint32_t row, std::pmr::memory_resource *memory) const;

    BlockBytes bytes_;
    BlockDirectory directory_;
    BlockUsers users_;
    std::vector<std::int64_t> times_, counts_;
    std::vector<Number> sums_, durations_;
    std::deque<CodedColumn> columns_;
    CodedColumns of_snapshot_, of_event_;  // the device id is the first one of a snapshot
    std::uint32_t row_ = 0, user_ = 0, end_ = 0;
};

}  // namespace profiles
