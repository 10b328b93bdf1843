// Unpacking the statistics takes longer than estimating with them (they are compressed, 1,000 texts), so the
// last few columns' are kept, as long as their row of pg_statistic is the same.
#include "statistics.h"

#include "../profile/datum.h"
#include "kinds.h"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

namespace {

// As they lie in pg_statistic; one that is not there is zeroed.
struct Slots {
    AttStatsSlot items, figures, numeric, pairs;
};

void fetch_slots(Slots &slots, HeapTuple tuple)
{
    memset(&slots, 0, sizeof slots);
    int both = ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS;
    get_attstatsslot(&slots.items, tuple, STATISTIC_KIND_MCELEM, InvalidOid, both);
    get_attstatsslot(&slots.figures, tuple, kPropertyFigures, InvalidOid, both);
    get_attstatsslot(&slots.numeric, tuple, kNumericBounds, InvalidOid, both);
    get_attstatsslot(&slots.pairs, tuple, kDependentPairs, InvalidOid, ATTSTATSSLOT_NUMBERS);
}

std::span<const std::string_view> texts_of_slot(const AttStatsSlot &slot)
{
    if (slot.nvalues == 0 || slot.valuetype != TEXTOID)
        return {};
    auto count = static_cast<std::size_t>(slot.nvalues);
    auto *texts = static_cast<std::string_view *>(palloc(sizeof(std::string_view) * count));
    for (std::size_t index = 0; index < count; ++index)
        new (texts + index) std::string_view(bytes_of(PG_DETOAST_DATUM_PACKED(slot.values[index])));
    return {texts, count};
}

// Only as much of each slot as its parts have in common: statistics may have been set by hand.
StatisticsView view_of(const Slots &slots)
{
    StatisticsView view;
    view.items = texts_of_slot(slots.items);
    view.items =
        view.items.first(Min(view.items.size(), static_cast<std::size_t>(slots.items.nnumbers)));
    view.frequencies = slots.items.numbers;
    view.properties = texts_of_slot(slots.figures);
    std::size_t figures = slots.figures.nnumbers * sizeof(float) / sizeof(PropertyFigures);
    view.properties = view.properties.first(Min(view.properties.size(), figures));
    view.figures = reinterpret_cast<const PropertyFigures *>(slots.figures.numbers);
    view.numeric = texts_of_slot(slots.numeric);
    if (!view.numeric.empty())
        view.bounds_each = static_cast<std::size_t>(slots.numeric.nnumbers) / view.numeric.size();
    view.bounds = slots.numeric.numbers;
    view.pairs = {reinterpret_cast<const ItemPair *>(slots.pairs.numbers),
                  slots.pairs.nnumbers * sizeof(float) / sizeof(ItemPair)};
    return view;
}

// Which version of which row it is: ANALYZE writes a new one.
struct RowVersion {
    Oid relation = InvalidOid;
    AttrNumber attribute = 0;
    bool inherited = false;
    ItemPointerData place = {};
    TransactionId writer = InvalidTransactionId;

    explicit RowVersion(HeapTuple tuple)
        : place(tuple->t_self), writer(HeapTupleHeaderGetRawXmin(tuple->t_data))
    {
        auto *row = reinterpret_cast<Form_pg_statistic>(GETSTRUCT(tuple));
        relation = row->starelid;
        attribute = row->staattnum;
        inherited = row->stainherit;
    }
    RowVersion() = default;

    // What a planner hook made up is in no table, and may change without a sign.
    bool operator==(const RowVersion &other) const
    {
        return TransactionIdIsValid(writer) && relation == other.relation &&
               attribute == other.attribute && inherited == other.inherited &&
               writer == other.writer &&
               ItemPointerEquals(const_cast<ItemPointer>(&place),
                                 const_cast<ItemPointer>(&other.place));
    }
};

struct KnownColumn {
    RowVersion version;
    MemoryContext context = nullptr;
    StatisticsView view;
};

constexpr int kKnownColumns = 8;  // of at most some 100 kB each
KnownColumn known_columns[kKnownColumns];
int next_column = 0;

// The place of an older version of the same row, or else the one that was filled the longest ago.
KnownColumn &place_for(const RowVersion &version)
{
    for (KnownColumn &column : known_columns)
        if (column.version.relation == version.relation &&
            column.version.attribute == version.attribute &&
            column.version.inherited == version.inherited)
            return column;
    return known_columns[next_column++ % kKnownColumns];
}

}  // namespace

const StatisticsView &fetch_statistics(HeapTuple tuple)
{
    RowVersion version(tuple);
    for (KnownColumn &column : known_columns)
        if (column.context && column.version == version)
            return column.view;

    // Only what was read as a whole outlives the query.
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "statistics of profiles",
                                                  ALLOCSET_DEFAULT_SIZES);
    MemoryContext before = MemoryContextSwitchTo(context);
    Slots slots;
    fetch_slots(slots, tuple);
    StatisticsView view = view_of(slots);
    MemoryContextSwitchTo(before);
    MemoryContextSetParent(context, CacheMemoryContext);

    KnownColumn &column = place_for(version);
    if (column.context)
        MemoryContextDelete(column.context);
    column.version = version;
    column.context = context;
    column.view = view;
    return column.view;
}

}  // namespace profiles::pg
