// What an event_block says of itself: how many rows, which columns, and where their bytes are. Reading
// it needs only the first bytes of a block.
#pragma once

#include "column_directory.h"

namespace profiles {

class BlockDirectory : public ColumnDirectory {
public:
    // How many bytes of the block the directory has, from its first kHeaderSize ones. Throws corrupted
    // or unsupported.
    static constexpr std::size_t kHeaderSize = sizeof(block::Header);
    static std::uint32_t size_from(std::string_view start);

    // `bytes` must outlive this. Throws corrupted or unsupported.
    explicit BlockDirectory(std::string_view bytes);

    std::uint32_t users() const { return header_.users; }
    std::uint32_t size() const { return header_.size; }
    std::int64_t bucket() const { return header_.bucket; }
    std::int64_t first_uid() const { return header_.bucket << block::kBucketBits; }
    std::int64_t first_time() const { return header_.first_time; }
    std::int64_t last_time() const { return header_.last_time; }
    ByteRange user_bytes() const { return user_bytes_; }

private:
    block::Header header_;
    ByteRange user_bytes_;
};

}  // namespace profiles
