// A block made of batches in JSON, with its users and columns at hand, and who of them has moved.
#pragma once

#include <deque>
#include <string>

#include "../../src/core/events/block_builder.h"
#include "../../src/core/scan/block_rows.h"
#include "random_tree.h"

namespace profiles::test {

struct BatchText {
    std::int64_t uid;
    std::string_view device_id, profile, events;
};

struct BlockOf {
    std::string bytes;
    std::vector<MovedUser> moved;
    BlockRows rows;

    BlockOf(std::initializer_list<BatchText> batches, std::vector<MovedUser> merged)
        : bytes(build_block(batches)), moved(std::move(merged)), rows(bytes, moved)
    {
        for (const BlockColumnInfo &column : rows.directory().columns())
            rows.read(column, slice(column.bytes()));
        rows.read_users(slice(rows.directory().user_bytes()));
    }

    std::string_view slice(ByteRange range) const
    {
        return std::string_view(bytes).substr(range.offset, range.size);
    }

    static std::string build_block(std::initializer_list<BatchText> texts)
    {
        std::deque<std::string> kept;
        auto packed = [&](std::string_view json) -> std::string_view {
            return kept.emplace_back(build(json));
        };
        std::vector<EventBatch> batches;
        for (const BatchText &text : texts)
            batches.push_back(
                {text.uid, text.device_id, packed(text.profile), packed(text.events)});
        return build_blocks(batches).front();
    }
};

}  // namespace profiles::test
