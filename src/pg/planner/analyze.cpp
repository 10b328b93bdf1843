// ANALYZE of a column of profiles: what PostgreSQL finds out itself, and the statistics of the properties,
// whatever the width of the profiles.
#include "../profile/datum.h"

#include <algorithm>

#include "../../core/planner/sample.h"
#include "../owned.h"
#include "kinds.h"

extern "C" {
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "commands/vacuum.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(profile_typanalyze);
}

namespace {

// What std_typanalyze() wanted to do.
struct Standard {
    AnalyzeAttrComputeStatsFunc compute;
    void *extra;
};

// One slot, as it goes into VacAttrStats.
struct Slot {
    std::int16_t kind;
    Datum *values;
    int value_count;
    float *numbers;
    int number_count;
};

Datum *make_texts(const std::vector<std::string> &texts, std::pmr::memory_resource *memory)
{
    auto *values =
        static_cast<Datum *>(memory->allocate((texts.size() + 1) * sizeof(Datum), alignof(Datum)));
    for (std::size_t index = 0; index < texts.size(); ++index)
        values[index] = PointerGetDatum(make_varlena(texts[index], memory));
    return values;
}

template <typename Record>
float *make_numbers(const std::vector<Record> &records, std::size_t more,
                    std::pmr::memory_resource *memory)
{
    std::size_t size = records.size() * sizeof(Record);
    auto *numbers =
        static_cast<float *>(memory->allocate(size + (more + 1) * sizeof(float), alignof(float)));
    if (size > 0)
        std::memcpy(numbers, records.data(), size);
    return numbers;
}

template <typename Record>
int floats_in(const std::vector<Record> &records)
{
    return static_cast<int>(records.size() * sizeof(Record) / sizeof(float));
}

constexpr int kSlots = 4;

// In the order that matters least: the last ones are lost should there be no room.
int make_slots(const Statistics &made, Slot *slots, std::pmr::memory_resource *memory)
{
    int count = 0;
    auto add = [&](int kind, const std::vector<std::string> &texts, float *numbers,
                   int number_count) {
        slots[count++] = {static_cast<std::int16_t>(kind),
                          texts.empty() ? nullptr : make_texts(texts, memory),
                          static_cast<int>(texts.size()), numbers, number_count};
    };
    if (!made.items.empty()) {
        // As for arrays, the least and the greatest frequency close the list.
        float *numbers = make_numbers(made.frequencies, 2, memory);
        auto [least, greatest] =
            std::minmax_element(made.frequencies.begin(), made.frequencies.end());
        numbers[made.frequencies.size()] = *least;
        numbers[made.frequencies.size() + 1] = *greatest;
        add(STATISTIC_KIND_MCELEM, made.items, numbers, floats_in(made.frequencies) + 2);
    }
    if (!made.properties.empty())
        add(kPropertyFigures, made.properties, make_numbers(made.figures, 0, memory),
            floats_in(made.figures));
    if (!made.numeric.empty())
        add(kNumericBounds, made.numeric, make_numbers(made.bounds, 0, memory),
            floats_in(made.bounds));
    if (!made.pairs.empty())
        add(kDependentPairs, {}, make_numbers(made.pairs, 0, memory), floats_in(made.pairs));
    return count;
}

// The order of profiles is arbitrary, so a histogram or a correlation of it is of no use to anybody, and
// large.
void drop_slots_of_order(VacAttrStats *stats)
{
    for (int slot = 0; slot < STATISTIC_NUM_SLOTS; ++slot)
        if (stats->stakind[slot] == STATISTIC_KIND_HISTOGRAM ||
            stats->stakind[slot] == STATISTIC_KIND_CORRELATION) {
            stats->stakind[slot] = 0;
            stats->numnumbers[slot] = stats->numvalues[slot] = 0;
            stats->stanumbers[slot] = nullptr;
            stats->stavalues[slot] = nullptr;
            stats->staop[slot] = stats->stacoll[slot] = InvalidOid;
        }
}

void put_slot(VacAttrStats *stats, int at, const Slot &slot)
{
    stats->stakind[at] = slot.kind;
    stats->staop[at] = TextEqualOperator;
    stats->stacoll[at] = C_COLLATION_OID;
    stats->stanumbers[at] = slot.numbers;
    stats->numnumbers[at] = slot.number_count;
    stats->stavalues[at] = slot.values;
    stats->numvalues[at] = slot.value_count;
    stats->statypid[at] = TEXTOID;
    stats->statyplen[at] = -1;
    stats->statypbyval[at] = false;
    stats->statypalign[at] = TYPALIGN_INT;
}

void put_slots(VacAttrStats *stats, const Slot *slots, int count)
{
    int at = 0;
    for (int index = 0; index < count; ++index) {
        while (at < STATISTIC_NUM_SLOTS && stats->stakind[at] != 0)
            ++at;
        if (at < STATISTIC_NUM_SLOTS)
            put_slot(stats, at, slots[index]);
    }
}

// One pass over the sample; `visit` is core code.
template <typename Visit>
double walk_sample(VacAttrStats *stats, AnalyzeAttrFetchFunc fetch, int rows, MemoryContext per_row,
                   Visit visit)
{
    double found = 0;
    for (int row = 0; row < rows; ++row) {
        vacuum_delay_point();
        bool is_null;
        Datum value = fetch(stats, row, &is_null);
        if (is_null)
            continue;
        found += 1;
        MemoryContext previous = MemoryContextSwitchTo(per_row);
        std::string_view bytes = bytes_of(PG_DETOAST_DATUM_PACKED(value));
        attempt([&](std::pmr::memory_resource *) { visit(View(bytes)); });
        MemoryContextSwitchTo(previous);
        MemoryContextReset(per_row);
    }
    return found;
}

void compute_property_stats(VacAttrStats *stats, AnalyzeAttrFetchFunc fetch, int rows,
                            double table_rows)
{
    MemoryContext own =
        AllocSetContextCreate(CurrentMemoryContext, "profile statistics", ALLOCSET_DEFAULT_SIZES);
    MemoryContext per_row =
        AllocSetContextCreate(own, "profile statistics row", ALLOCSET_DEFAULT_SIZES);
    Owned<ProfileSample> *owned = own_in<ProfileSample>(own);
    auto target = static_cast<std::size_t>(Max(stats->attr->attstattarget, 1));
    attempt([&](std::pmr::memory_resource *) { owned->object = new ProfileSample(target); });
    ProfileSample &sample = *owned->object;

    double found = walk_sample(stats, fetch, rows, per_row,
                               [&](const View &profile) { sample.count(profile); });
    attempt([&](std::pmr::memory_resource *) {
        sample.choose(rows > 0 ? table_rows * found / rows : 0);
    });
    walk_sample(stats, fetch, rows, per_row, [&](const View &profile) { sample.observe(profile); });

    Slot slots[kSlots];
    int count = 0;
    MemoryContext previous = MemoryContextSwitchTo(stats->anl_context);
    attempt([&](std::pmr::memory_resource *memory) {
        count = make_slots(sample.finish(), slots, memory);
    });
    MemoryContextSwitchTo(previous);
    put_slots(stats, slots, count);
    MemoryContextDelete(own);
}

void compute_profile_stats(VacAttrStats *stats, AnalyzeAttrFetchFunc fetch, int rows,
                           double table_rows)
{
    auto *standard = static_cast<Standard *>(stats->extra_data);
    stats->extra_data = standard->extra;
    standard->compute(stats, fetch, rows, table_rows);
    stats->extra_data = standard;
    if (!stats->stats_valid)
        return;
    drop_slots_of_order(stats);
    compute_property_stats(stats, fetch, rows, table_rows);
}

}  // namespace

extern "C" Datum profile_typanalyze(PG_FUNCTION_ARGS)
{
    auto *stats = reinterpret_cast<VacAttrStats *>(PG_GETARG_POINTER(0));
    if (!std_typanalyze(stats))
        PG_RETURN_BOOL(false);
    auto *standard = static_cast<Standard *>(palloc(sizeof(Standard)));
    standard->compute = stats->compute_stats;
    standard->extra = stats->extra_data;
    stats->compute_stats = compute_profile_stats;
    stats->extra_data = standard;
    PG_RETURN_BOOL(true);
}

}  // namespace profiles::pg
