// segmentation_groups: the aggregate that counts the events of blocks and of batches. Each process of a
// parallel query counts the rows that it gets into groups of its own and hands them over as bytes when it has
// no more; the leader adds them up.
//
// The result is a bytea, but an expanded object of PostgreSQL's as long as nobody asks for its bytes: the scan
// that asked for it takes the groups as they are.
#include "segmentation_groups.h"

#include "../events/block_datum.h"
#include "../owned.h"
#include "../profile/datum.h"
#include "../time.h"
#include "scan_arguments.h"
#include "segmentation_pages.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(segmentation_block);
PG_FUNCTION_INFO_V1(segmentation_groups_add);
PG_FUNCTION_INFO_V1(segmentation_groups_combine);
PG_FUNCTION_INFO_V1(segmentation_groups_write);
PG_FUNCTION_INFO_V1(segmentation_groups_read);
PG_FUNCTION_INFO_V1(segmentation_groups_result);
}

namespace {

// Of a step: the state, what a row is, and what is asked of all rows.
enum Argument {
    kState,
    kBlock,
    kUid,
    kDevice,
    kProfile,
    kEvents,
    kPages,
    kMoved,
    kEvent,
    kQuery,
    kBreakdown,
    kFrom,
    kUntil,
    kStarts,
    kCell,
    kMetrics,
    kArguments
};

struct Counted {
    std::optional<Segmentation> segmentation;  // of a process that counts itself
    std::optional<GroupTable> sum;             // of what others have counted
    std::string bytes;                         // of the result, once somebody asked for them

    GroupTable &table() { return segmentation ? segmentation->table() : *sum; }
};

// Lives in the memory of the aggregate; what came from another process, until it is added up.
struct State {
    ExpandedObjectHeader result;
    Owned<Counted> *counted;           // null for what came from another process
    std::string_view written;          // that
    std::span<const MovedUser> moved;  // users that blocks have under their old numbers
};

State *state_of(ExpandedObjectHeader *header) { return reinterpret_cast<State *>(header); }

Size flat_size(ExpandedObjectHeader *header)
{
    Counted &counted = *state_of(header)->counted->object;
    Size size = 0;
    attempt([&](std::pmr::memory_resource *) {
        counted.bytes = counted.table().write();
        size = VARHDRSZ + counted.bytes.size();
    });
    return size;
}

void flatten(ExpandedObjectHeader *header, void *out, Size size)
{
    const std::string &bytes = state_of(header)->counted->object->bytes;
    SET_VARSIZE(out, size);
    memcpy(VARDATA(out), bytes.data(), bytes.size());
}

constexpr ExpandedObjectMethods kMethods = {flat_size, flatten};

MemoryContext aggregate_context(FunctionCallInfo fcinfo)
{
    MemoryContext context;
    if (!AggCheckCallContext(fcinfo, &context))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("a step of segmentation_groups was called outside of it")));
    return context;
}

State *make_state(MemoryContext context)
{
    auto *state = static_cast<State *>(MemoryContextAllocZero(context, sizeof(State)));
    EOH_init_header(&state->result, &kMethods, context);
    state->counted = own_in<Counted>(context);
    attempt([&](std::pmr::memory_resource *) { state->counted->object = new Counted; });
    return state;
}

// One state holds the answer to one question.
void check_question(FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(kQuery) || PG_ARGISNULL(kBreakdown))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("query and breakdown of segmentation_groups must not be null")));
    Aggref *call = AggGetAggref(fcinfo);
    for (int argument = kMoved; call && argument < kArguments; ++argument) {
        auto *given = static_cast<TargetEntry *>(list_nth(call->args, argument - 1));
        if (contain_var_clause(reinterpret_cast<::Node *>(given->expr)))
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("segmentation_groups asks the same of all rows"),
                            errdetail("Only its first six arguments may differ.")));
    }
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

std::span<const MovedUser> moved_of(Datum array, MemoryContext context)
{
    static_assert(sizeof(MovedUser) == 2 * sizeof(std::int64_t));
    MemoryContext previous = MemoryContextSwitchTo(context);
    ArrayType *pairs = DatumGetArrayTypePCopy(array);
    MemoryContextSwitchTo(previous);
    if (ARR_HASNULL(pairs))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("moved users must not contain nulls")));
    int count = ArrayGetNItems(ARR_NDIM(pairs), ARR_DIMS(pairs));
    return {reinterpret_cast<const MovedUser *>(ARR_DATA_PTR(pairs)),
            static_cast<std::size_t>(count / 2)};
}

State *begin_counting(FunctionCallInfo fcinfo, MemoryContext context)
{
    check_question(fcinfo);
    State *state = make_state(context);
    if (!PG_ARGISNULL(kMoved))
        state->moved = moved_of(PG_GETARG_DATUM(kMoved), context);
    SegmentationRequest request = request_of(fcinfo);
    attempt([&](std::pmr::memory_resource *) {
        state->counted->object->segmentation.emplace(request);
    });
    return state;
}

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
void count_block(Segmentation &segmentation, Datum block, std::span<const MovedUser> moved)
{
    std::string_view start = block_directory(block);
    Ranges needed = needed_ranges(segmentation, start);
    auto *slices = static_cast<std::string_view *>(palloc(sizeof(std::string_view) * needed.count));
    block_slices(block, {needed.ranges, needed.count}, slices);
    attempt([&](std::pmr::memory_resource *) {
        BlockDirectory directory(start);
        BlockBytes bytes;
        for (std::size_t index = 0; index < needed.count; ++index)
            bytes.add(needed.ranges[index].offset, slices[index]);
        segmentation.add_block(BlockParts(directory, bytes, moved));
    });
}

// A profile is fetched only for events that it is asked about.
bool is_asked(Segmentation &segmentation, std::string_view events)
{
    bool asked = false;
    attempt([&](std::pmr::memory_resource *) { asked = segmentation.asks(events); });
    return asked;
}

bool is_stored_in_row(const struct varlena *value)
{
    return VARATT_IS_SHORT(value) || !VARATT_IS_EXTENDED(value);
}

// The profile as it is stored; null where nothing is asked of it.
void count_batch(Segmentation &segmentation, EventBatch batch, struct varlena *profile)
{
    if (profile) {
        if (!is_stored_in_row(profile) && !is_asked(segmentation, batch.events))
            return;
        batch.profile = bytes_of(pg_detoast_datum_packed(profile));
    }
    attempt([&](std::pmr::memory_resource *) { segmentation.add(batch); });
}

void count_row(FunctionCallInfo fcinfo, Segmentation &segmentation)
{
    if (PG_ARGISNULL(kUid))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("events of segmentation_groups need a uid")));
    EventBatch batch;
    batch.uid = PG_GETARG_INT64(kUid);
    batch.events = PG_GETARG_BYTES(kEvents);  // fetches what lies before it, too: the profile
    if (!PG_ARGISNULL(kDevice))
        batch.device_id = bytes_of(PG_GETARG_VARLENA_PP(kDevice));
    count_batch(segmentation, batch,
                PG_ARGISNULL(kProfile)
                    ? nullptr
                    : reinterpret_cast<struct varlena *>(PG_GETARG_POINTER(kProfile)));
}

// Those of its events that are asked for, with the profile of the batch.
void count_stored(Segmentation &segmentation, const Batch &stored)
{
    EventBatch batch;
    batch.uid = stored.uid;
    batch.device_id = bytes_of(pg_detoast_datum_packed(stored.device_id));
    batch.events = bytes_of(pg_detoast_datum_packed(stored.events));
    count_batch(segmentation, batch, segmentation.needs_profile() ? stored.profile : nullptr);
}

void count_pages(FunctionCallInfo fcinfo, Segmentation &segmentation)
{
    PagesOfBatches pages = pages_of(PG_GETARG_DATUM(kPages));
    BatchTable table = open_batches(pages.table);
    if (!table.has_pages)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" cannot be read page by page",
                               RelationGetRelationName(table.relation))));
    BatchReader *reader = make_batch_reader(table, GetActiveSnapshot());
    read_batches(*reader, pages.first, pages.count);
    MemoryContext per_batch =
        AllocSetContextCreate(CurrentMemoryContext, "batch of events", ALLOCSET_DEFAULT_SIZES);
    MemoryContext previous = MemoryContextSwitchTo(per_batch);
    for (Batch batch; next_batch(*reader, &batch); MemoryContextReset(per_batch))
        if (segmentation.may_ask(milliseconds_of(batch.first_ts), milliseconds_of(batch.last_ts)))
            count_stored(segmentation, batch);
    MemoryContextSwitchTo(previous);
    MemoryContextDelete(per_batch);
    close_pages(table);
}

}  // namespace

GroupTable *counted_groups(Datum result)
{
    auto *value = DatumGetPointer(result);
    if (!VARATT_IS_EXTERNAL_EXPANDED(value) || DatumGetEOHP(result)->eoh_methods != &kMethods)
        return nullptr;
    return &state_of(DatumGetEOHP(result))->counted->object->table();
}

// Nothing but a price, for the planner: see the script.
extern "C" Datum segmentation_block(PG_FUNCTION_ARGS) { PG_RETURN_DATUM(PG_GETARG_DATUM(0)); }

extern "C" Datum segmentation_groups_add(PG_FUNCTION_ARGS)
{
    MemoryContext context = aggregate_context(fcinfo);
    State *state = PG_ARGISNULL(kState) ? begin_counting(fcinfo, context)
                                        : reinterpret_cast<State *>(PG_GETARG_POINTER(kState));
    Segmentation &segmentation = *state->counted->object->segmentation;
    if (!PG_ARGISNULL(kBlock))
        count_block(segmentation, PG_GETARG_DATUM(kBlock), state->moved);
    if (!PG_ARGISNULL(kEvents))
        count_row(fcinfo, segmentation);
    if (!PG_ARGISNULL(kPages))
        count_pages(fcinfo, segmentation);
    PG_RETURN_POINTER(state);
}

extern "C" Datum segmentation_groups_combine(PG_FUNCTION_ARGS)
{
    MemoryContext context = aggregate_context(fcinfo);
    if (PG_ARGISNULL(1)) {
        if (PG_ARGISNULL(0))
            PG_RETURN_NULL();
        PG_RETURN_DATUM(PG_GETARG_DATUM(0));
    }
    State *state =
        PG_ARGISNULL(0) ? make_state(context) : reinterpret_cast<State *>(PG_GETARG_POINTER(0));
    auto *other = reinterpret_cast<State *>(PG_GETARG_POINTER(1));
    std::size_t limit = segmentation_memory();
    attempt([&](std::pmr::memory_resource *) {
        Counted &counted = *state->counted->object;
        std::string bytes;
        if (other->counted)
            bytes = other->counted->object->table().write();
        std::string_view written = other->counted ? std::string_view(bytes) : other->written;
        if (!counted.segmentation && !counted.sum)
            counted.sum.emplace(GroupTable::breakdowns_of(written), limit);
        counted.table().add(written);
    });
    PG_RETURN_POINTER(state);
}

extern "C" Datum segmentation_groups_write(PG_FUNCTION_ARGS)
{
    aggregate_context(fcinfo);
    auto *state = reinterpret_cast<State *>(PG_GETARG_POINTER(0));
    struct varlena *written = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        written = make_varlena(state->counted->object->table().write(), memory);
    });
    PG_RETURN_POINTER(written);
}

// It is added up at once, so that the bytes may stay where they are.
extern "C" Datum segmentation_groups_read(PG_FUNCTION_ARGS)
{
    aggregate_context(fcinfo);
    auto *state = static_cast<State *>(palloc0(sizeof(State)));
    state->written = bytes_of(PG_GETARG_VARLENA_PP(0));
    PG_RETURN_POINTER(state);
}

// The pointer to the object lies in the memory of this call: the executor takes a result that does not for one
// that it has to copy.
extern "C" Datum segmentation_groups_result(PG_FUNCTION_ARGS)
{
    aggregate_context(fcinfo);
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    auto *state = reinterpret_cast<State *>(PG_GETARG_POINTER(0));
    void *pointer = palloc(EXPANDED_POINTER_SIZE);
    memcpy(pointer, DatumGetPointer(EOHPGetRODatum(&state->result)), EXPANDED_POINTER_SIZE);
    PG_RETURN_POINTER(pointer);
}

}  // namespace profiles::pg
