// What a block says of itself: how many rows, which columns, and where their bytes are. Reading it
// needs only the first bytes of a block; whatever they say, no range leads out of the block.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "block_layout.h"

namespace profiles {

struct ByteRange {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

struct BlockColumnInfo {
    block::Entry entry;
    std::string_view name;
    ByteRange dictionary, codes;

    block::ColumnKind kind() const { return entry.kind; }
    // How many different codes there may be.
    std::uint32_t code_count() const { return entry.values + entry.has_missing; }
    // Dictionary and codes lie side by side.
    ByteRange bytes() const { return {dictionary.offset, dictionary.size + codes.size}; }
};

class BlockDirectory {
public:
    // How many bytes of the block the directory has, from its first kHeaderSize ones. Throws corrupted
    // or unsupported.
    static constexpr std::size_t kHeaderSize = sizeof(block::Header);
    static std::uint32_t size_from(std::string_view start);

    // `bytes` must outlive this. Throws corrupted or unsupported.
    explicit BlockDirectory(std::string_view bytes);

    std::uint32_t rows() const { return header_.rows; }
    std::uint32_t users() const { return header_.users; }
    std::uint32_t size() const { return header_.size; }
    std::int64_t first_uid() const { return header_.bucket << block::kBucketBits; }
    std::int64_t first_time() const { return header_.first_time; }
    std::int64_t last_time() const { return header_.last_time; }
    ByteRange user_bytes() const { return user_bytes_; }

    const std::vector<BlockColumnInfo> &columns() const { return columns_; }
    // Null where the block has no such column.
    const BlockColumnInfo *find(block::ColumnKind kind, std::string_view name = {}) const;
    // Throws corrupted instead.
    const BlockColumnInfo &get(block::ColumnKind kind) const;

private:
    void read_columns(std::string_view bytes);

    block::Header header_;
    ByteRange user_bytes_;
    std::vector<BlockColumnInfo> columns_;
};

[[noreturn]] void raise_corrupted_block();

inline void require_block(bool condition)
{
    if (!condition)
        raise_corrupted_block();
}

}  // namespace profiles
