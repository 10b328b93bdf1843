// One block of a segmentation, counted by whichever process the planner gives it to.
#include "../events/block_datum.h"
#include "../owned.h"
#include "../profile/datum.h"
#include "../time.h"
#include "scan_arguments.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segmentation_part);
}

namespace {

enum Argument {
    kBlock,
    kMoved,
    kEvent,
    kQuery,
    kBreakdown,
    kFrom,
    kUntil,
    kStarts,
    kCell,
    kMetrics
};

struct Ranges {
    const ByteRange *ranges;
    std::size_t count;
};

Ranges needed_ranges(const Segmentation &segmentation, std::string_view start)
{
    Ranges needed{};
    attempt([&](std::pmr::memory_resource *memory) {
        std::vector<ByteRange> ranges = segmentation.needed_bytes(BlockDirectory(start));
        auto *kept = static_cast<ByteRange *>(
            memory->allocate(sizeof(ByteRange) * ranges.size(), alignof(ByteRange)));
        std::uninitialized_copy(ranges.begin(), ranges.end(), kept);
        needed = {kept, ranges.size()};
    });
    return needed;
}

// Fetches of a block what is needed, and only that.
void feed_block(Segmentation &segmentation, Datum block, std::span<const MovedUser> moved)
{
    std::string_view start = block_directory(block);
    Ranges needed = needed_ranges(segmentation, start);
    auto *slices = static_cast<std::string_view *>(palloc(sizeof(std::string_view) * needed.count));
    for (std::size_t index = 0; index < needed.count; ++index)
        new (slices + index) std::string_view(
            block_slice(block, needed.ranges[index].offset, needed.ranges[index].size));
    attempt([&](std::pmr::memory_resource *) {
        BlockDirectory directory(start);
        BlockBytes bytes;
        for (std::size_t index = 0; index < needed.count; ++index)
            bytes.add(needed.ranges[index].offset, slices[index]);
        segmentation.add_block(BlockParts(directory, bytes, moved));
    });
}

SegmentationRequest request_of(FunctionCallInfo fcinfo)
{
    SegmentationRequest request;
    request.filter = PG_GETARG_BYTES(kQuery);
    if (!PG_ARGISNULL(kEvent))
        request.event = PG_GETARG_BYTES(kEvent);
    request.breakdown = names_of(PG_GETARG_DATUM(kBreakdown), "breakdown");
    if (!PG_ARGISNULL(kFrom))
        request.from = PG_GETARG_INT64(kFrom);
    if (!PG_ARGISNULL(kUntil))
        request.until = PG_GETARG_INT64(kUntil);
    Datum *starts;
    if (!PG_ARGISNULL(kStarts))
        request.starts = starts_of(PG_GETARG_DATUM(kStarts), &starts);
    if (!PG_ARGISNULL(kCell))
        request.cell = cell_of(PG_GETARG_DATUM(kCell));
    if (!PG_ARGISNULL(kMetrics))
        request.metrics = names_of(PG_GETARG_DATUM(kMetrics), "metrics");
    request.memory_limit = segmentation_memory();
    request.now = milliseconds_of(GetCurrentTransactionStartTimestamp());
    return request;
}

// Everything but the block is the same in all calls of a query.
bool asks_the_same(FmgrInfo *function)
{
    for (int argument = kEvent; argument <= kMetrics; ++argument)
        if (!get_fn_expr_arg_stable(function, argument))
            return false;
    return true;
}

Segmentation &segmentation_of(FunctionCallInfo fcinfo)
{
    FmgrInfo *function = fcinfo->flinfo;
    auto *owned = static_cast<Owned<Segmentation> *>(function->fn_extra);
    if (owned)
        return *owned->object;
    bool keeps = asks_the_same(function);
    owned = own_in<Segmentation>(keeps ? function->fn_mcxt : CurrentMemoryContext);
    SegmentationRequest request = request_of(fcinfo);
    attempt([&](std::pmr::memory_resource *) { owned->object = new Segmentation(request); });
    if (keeps)
        function->fn_extra = owned;
    return *owned->object;
}

std::span<const MovedUser> moved_of(ArrayType *array)
{
    static_assert(sizeof(MovedUser) == 2 * sizeof(std::int64_t));
    int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    if (ARR_HASNULL(array))
        count = 0;
    return {reinterpret_cast<const MovedUser *>(ARR_DATA_PTR(array)),
            static_cast<std::size_t>(count / 2)};
}

}  // namespace

extern "C" Datum segmentation_part(PG_FUNCTION_ARGS)
{
    if (PG_ARGISNULL(kBlock) || PG_ARGISNULL(kMoved) || PG_ARGISNULL(kQuery) ||
        PG_ARGISNULL(kBreakdown))
        PG_RETURN_NULL();
    Segmentation &segmentation = segmentation_of(fcinfo);
    feed_block(segmentation, PG_GETARG_DATUM(kBlock), moved_of(PG_GETARG_ARRAYTYPE_P(kMoved)));
    struct varlena *part = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        part = make_varlena(segmentation.table().write(), memory);
        segmentation.table().clear();
    });
    return PointerGetDatum(part);
}

}  // namespace profiles::pg
