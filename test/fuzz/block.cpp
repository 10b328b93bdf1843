// Blocks of events: nothing is read outside of them, also when they are counted, and what passes the check can be
// read, built again and says the same.
#include "fuzz.h"

#include "../../src/core/events/block_check.h"
#include "../../src/core/events/block_info.h"
#include "../../src/core/events/block_merge.h"
#include "../../src/core/events/block_reader.h"
#include "../../src/core/segment/segmentation.h"

using namespace profiles;

namespace {

std::string text_of(std::string_view block)
{
    std::pmr::monotonic_buffer_resource memory;
    TextBuffer out(&memory);
    BlockReader reader(block);
    for (EventBatch batch; reader.next(batch, &memory);) {
        out.add(batch.device_id);
        write_json({Type::object, batch.profile}, out);
        write_json({Type::array, batch.events}, out);
    }
    return std::string(out.view());
}

// By rows and by stretches of rows, by the day and at once.
void count(std::string_view bytes)
{
    std::pmr::monotonic_buffer_resource memory;
    Node filter =
        read_json(R"({"event.dur": {"$ne": 2}, "country": {"$ne": "FR"}})", &memory, "filter");
    seal(filter);
    constexpr std::int64_t kStart = 1714521600000, kDay = 86'400'000;
    const std::int64_t days[] = {kStart, kStart + kDay, kStart + 2 * kDay};
    const std::string_view of_users[] = {"country", "custom.plan"},
                           of_events[] = {"event.key", "dur"};
    SegmentationRequest request;
    request.filter = pack(filter, &memory);
    request.memory_limit = 16 << 20;
    for (bool of_user : {false, true})
        for (bool has_days : {false, true}) {
            request.breakdown = of_user ? of_users : of_events;
            request.starts =
                has_days ? std::span<const std::int64_t>(days) : std::span<const std::int64_t>();
            BlockDirectory directory(bytes);
            Segmentation segmentation(request);
            segmentation.add_block(BlockParts(directory, BlockBytes(bytes), {}));
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view bytes(reinterpret_cast<const char *>(data), size);
    std::string text;
    bool readable = true;
    try {
        std::pmr::monotonic_buffer_resource memory;
        TextBuffer out(&memory);
        write_block_info(BlockDirectory(bytes), out);
        block_keys(BlockDirectory(bytes), BlockBytes(bytes));
        text = text_of(bytes);
    } catch (const Error &) {
        readable = false;
    }
    try {
        count(bytes);
    } catch (const Error &) {
        readable = false;
    }
    try {
        check_block(bytes);
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::corrupted ||
                          error.code() == ErrorCode::unsupported,
                      "the check says corrupted");
        return 0;
    }
    fuzz::promise(readable, "a valid block can be read");
    std::string_view blocks[] = {bytes};
    std::string again;
    for (const std::string &block : merge_blocks(blocks)) {
        check_block(block);
        again += text_of(block);
    }
    fuzz::promise(again == text, "a block built of a block says the same");
    return 0;
}
