// The columns of the block that is being read: fetched when they are asked for, each distinct value made a
// Datum once.
#include "event_scan.h"

#include "../events/block_datum.h"
#include "../profile/numeric.h"
#include "../time.h"

extern "C" {
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/numeric.h"
}

namespace profiles::pg {

using block::ColumnKind;

namespace {

constexpr std::size_t kCachedIntegers = 1024;  // a power of two

ColumnKind kind_of(Source source)
{
    switch (source) {
    case Source::ts: return ColumnKind::time;
    case Source::count: return ColumnKind::count;
    case Source::sum: return ColumnKind::sum;
    case Source::duration: return ColumnKind::duration;
    case Source::device_id: return ColumnKind::device_id;
    default: return ColumnKind::key;
    }
}

// The column of the block; null where it has none.
const BlockColumnInfo *find_info(EventScan &scan, int column)
{
    const BlockDirectory &directory = scan.block->object->directory();
    const Reference *reference = reference_of(scan, column);
    const BlockColumnInfo *info = nullptr;
    attempt([&](std::pmr::memory_resource *) {
        info = reference ? find_column(directory, *reference)
                         : &directory.get(kind_of(scan.columns.columns[column].source));
    });
    return info;
}

// All columns of profiles or of segmentations, which lie side by side.
void fetch_document(EventScan &scan, bool is_profile)
{
    BlockRows &rows = *scan.block->object;
    ByteRange range;
    auto is_part = [&](const BlockColumnInfo &info) {
        return is_profile ? block::is_of_profile(info.kind())
                          : info.kind() == ColumnKind::segmentation;
    };
    for (const BlockColumnInfo &info : rows.directory().columns())
        if (is_part(info)) {
            if (range.size == 0)
                range.offset = info.bytes().offset;
            range.size = info.bytes().offset + info.bytes().size - range.offset;
        }
    std::string_view bytes = block_slice(scan.block_datum, range);
    attempt([&](std::pmr::memory_resource *) {
        require_block(bytes.size() >= range.size);
        for (const BlockColumnInfo &info : rows.directory().columns())
            if (is_part(info) && !rows.has(info))
                rows.read(info,
                          bytes.substr(info.bytes().offset - range.offset, info.bytes().size));
    });
}

void prepare_values(EventScan &scan, BlockValues &values)
{
    const BlockRows &rows = *scan.block->object;
    attempt([&](std::pmr::memory_resource *) {
        if (values.info->holds_integers())
            values.integers = rows.integers(*values.info).data();
        else
            values.codes = rows.coded(*values.info).codes.data();
    });
    Size count = values.integers ? kCachedIntegers : values.info->code_count();
    values.values = static_cast<Datum *>(palloc(sizeof(Datum) * count));
    values.known = static_cast<char *>(palloc0(count));
    if (values.integers)
        values.cached = static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * count));
}

struct FoundItem {
    bool found;
    Item item;
};

FoundItem find_item(EventScan &scan, int column, std::uint32_t code)
{
    FoundItem answer{};
    const BlockValues &values = scan.values[column];
    const Reference *reference = reference_of(scan, column);
    attempt([&](std::pmr::memory_resource *) {
        std::optional<Item> item = scan.block->object->coded(*values.info).values.value(code);
        if (reference)
            item = find_inside(*reference, item);
        if (item)
            answer = {true, *item};
    });
    return answer;
}

// Amounts repeat, and making a numeric takes longer than anything else here.
Datum amount_of(EventScan &scan, BlockValues &values, std::int64_t coefficient)
{
    auto hash = static_cast<std::uint64_t>(coefficient) * 0x9E3779B97F4A7C15u >> 54;
    static_assert(kCachedIntegers == 1 << (64 - 54));
    if (values.known[hash] && values.cached[hash] == coefficient)
        return values.values[hash];
    if (values.known[hash])
        pfree(DatumGetPointer(values.values[hash]));
    values.known[hash] = 0;
    MemoryContext previous = MemoryContextSwitchTo(scan.block_context);
    values.values[hash] = scaled_numeric(coefficient, values.info->entry.exponent);
    MemoryContextSwitchTo(previous);
    values.cached[hash] = coefficient;
    values.known[hash] = 1;
    return values.values[hash];
}

Datum integer_value(EventScan &scan, int column, std::uint32_t row)
{
    BlockValues &values = scan.values[column];
    std::int64_t integer = values.integers[row];
    switch (scan.columns.columns[column].source) {
    case Source::ts: return TimestampTzGetDatum(timestamp_of(integer));
    case Source::count: return Int64GetDatum(integer);
    default: return amount_of(scan, values, integer);
    }
}

// Rows are asked for in their order, so the user goes on from the last one.
Datum user_of_row(EventScan &scan, std::uint32_t row)
{
    const BlockRows &rows = *scan.block->object;
    if (row < rows.users().first_row(scan.user))
        scan.user = 0;
    while (row >= rows.users().last_row(scan.user))
        ++scan.user;
    return Int64GetDatum(rows.uids()[scan.user]);
}

// The document of the last row is kept: that of the next one is often the same.
Datum profile_of(EventScan &scan, std::uint32_t row)
{
    BlockRows &rows = *scan.block->object;
    struct varlena *profile = nullptr;
    MemoryContext previous = CurrentMemoryContext;
    attempt([&](std::pmr::memory_resource *) {
        const CodedColumns &columns = rows.profile_columns();
        if (scan.profile_row >= 0 &&
            have_same_values(columns, row, static_cast<std::uint32_t>(scan.profile_row)))
            return;
        MemoryContextReset(scan.profile_context);
        MemoryContextSwitchTo(scan.profile_context);
        ContextMemory memory;
        Scratch scratch(&memory);
        Node node = profile_of_row(columns, row, scratch.memory());
        seal(node);
        profile = make_varlena(node, &memory);
    });
    MemoryContextSwitchTo(previous);
    if (profile)
        scan.profile_datum = PointerGetDatum(profile);
    scan.profile_row = row;
    return scan.profile_datum;
}

Datum segmentation_of(EventScan &scan, std::uint32_t row)
{
    BlockRows &rows = *scan.block->object;
    std::string_view packed;
    bool same = false;
    MemoryContext previous = MemoryContextSwitchTo(scan.segmentation_context);
    attempt([&](std::pmr::memory_resource *memory) {
        const CodedColumns &columns = rows.segmentation_columns();
        same = scan.segmentation_row >= 0 &&
               have_same_values(columns, row, static_cast<std::uint32_t>(scan.segmentation_row));
        if (same)
            return;
        MemoryContextReset(scan.segmentation_context);
        Scratch scratch(memory);
        Node node = segmentation_of_row(columns, row, scratch.memory());
        seal(node);
        packed = pack(node, memory);
    });
    if (!same)
        scan.segmentation_datum = jsonb_from_item({Type::object, packed});
    MemoryContextSwitchTo(previous);
    scan.segmentation_row = row;
    return scan.segmentation_datum;
}

}  // namespace

void fetch_column(EventScan &scan, const BlockColumnInfo &info)
{
    BlockRows &rows = *scan.block->object;
    if (rows.has(info))
        return;
    ByteRange range = info.bytes();
    std::string_view bytes =
        range.size > 0 ? block_slice(scan.block_datum, range) : std::string_view();
    attempt([&](std::pmr::memory_resource *) { rows.read(info, bytes); });
}

void fetch_users(EventScan &scan)
{
    BlockRows &rows = *scan.block->object;
    if (rows.has_users())
        return;
    ByteRange range = rows.directory().user_bytes();
    std::string_view bytes = block_slice(scan.block_datum, range);
    attempt([&](std::pmr::memory_resource *) { rows.read_users(bytes); });
}

void prepare_column(EventScan &scan, int column)
{
    BlockValues &values = scan.values[column];
    if (values.ready)
        return;
    MemoryContext previous = MemoryContextSwitchTo(scan.block_context);
    switch (scan.columns.columns[column].source) {
    case Source::nothing: break;
    case Source::uid: fetch_users(scan); break;
    case Source::profile: fetch_document(scan, true); break;
    case Source::segmentation: fetch_document(scan, false); break;
    default:
        values.info = find_info(scan, column);
        if (values.info) {
            fetch_column(scan, *values.info);
            prepare_values(scan, values);
        }
    }
    MemoryContextSwitchTo(previous);
    values.ready = true;
}

Datum value_of_code(EventScan &scan, int column, std::uint32_t code, bool *is_null)
{
    BlockValues &values = scan.values[column];
    if (!values.known[code]) {
        MemoryContext previous = MemoryContextSwitchTo(scan.block_context);
        FoundItem found = find_item(scan, column, code);
        bool missing = !found.found;
        if (found.found)
            values.values[code] = datum_of_item(scan.columns.columns[column], found.item, &missing);
        values.known[code] = missing ? 2 : 1;
        MemoryContextSwitchTo(previous);
    }
    *is_null = values.known[code] == 2;
    return *is_null ? Datum(0) : values.values[code];
}

Datum value_of_row(EventScan &scan, int column, std::uint32_t row, bool *is_null)
{
    BlockValues &values = scan.values[column];
    *is_null = false;
    if (values.codes)
        return value_of_code(scan, column, values.codes[row], is_null);
    if (values.integers)
        return integer_value(scan, column, row);
    switch (scan.columns.columns[column].source) {
    case Source::uid: return user_of_row(scan, row);
    case Source::profile: return profile_of(scan, row);
    case Source::segmentation: return segmentation_of(scan, row);
    default: *is_null = true; return Datum(0);
    }
}

}  // namespace profiles::pg
