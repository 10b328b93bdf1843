// Blocks of events: nothing is read outside of them, and what passes the check can be read, built
// again and says the same.
#include "fuzz.h"

#include "../../src/core/events/block_check.h"
#include "../../src/core/events/block_info.h"
#include "../../src/core/events/block_merge.h"
#include "../../src/core/events/block_reader.h"

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
