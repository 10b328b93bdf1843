// Gives back the batches that a block was built from: its rows in order, those of one user, device and
// profile that follow each other as one batch.
#pragma once

#include <vector>

#include "batch.h"
#include "block_column.h"
#include "../profile/node.h"

namespace profiles {

class BlockReader {
public:
    // The whole block, which must outlive this. Throws corrupted or unsupported.
    explicit BlockReader(std::string_view bytes);

    const BlockDirectory &directory() const { return directory_; }
    const BlockUsers &users() const { return users_; }

    // False at the end. The bytes of the batch lie in `memory`.
    bool next(EventBatch &batch, std::pmr::memory_resource *memory);
    // Goes on with the first row of this user.
    void go_to(std::uint32_t user);
    // Gives only the batches of this one, which may be none.
    void choose_user(std::int64_t uid);

private:
    struct Column {
        const BlockColumnInfo *info;
        BlockColumn values;
        std::vector<std::uint16_t> codes;

        std::optional<Item> value(std::uint32_t row) const { return values.value(codes[row]); }
    };

    std::vector<std::int64_t> integers(block::ColumnKind kind) const;
    std::vector<Number> numbers(block::ColumnKind kind) const;
    bool has_same_snapshot(std::uint32_t row) const;
    std::string_view make_profile(std::pmr::memory_resource *memory) const;
    Node make_event(std::uint32_t row, std::pmr::memory_resource *memory) const;

    BlockBytes bytes_;
    BlockDirectory directory_;
    BlockUsers users_;
    std::vector<std::int64_t> times_, counts_;
    std::vector<Number> sums_, durations_;
    std::vector<Column> of_snapshot_, of_event_;
    std::uint32_t row_ = 0, user_ = 0, end_ = 0;
};

}  // namespace profiles
