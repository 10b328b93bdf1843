#include "block_builder.h"

#include <algorithm>
#include <numeric>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/document.h"
#include "column_writer.h"

namespace profiles {

using block::ColumnKind;

namespace {

// What bounds the memory and the time of a block that hostile events with ever new properties are
// put into: such a block just has fewer rows.
constexpr std::size_t kMaxCells = std::size_t{1} << 26;  // rows x columns
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

std::int64_t bucket_of(std::int64_t uid) { return uid >> block::kBucketBits; }

}  // namespace

std::size_t BlockBuilder::NameHash::operator()(const Name &name) const
{
    return std::hash<std::string_view>()(name.text) * 31 + static_cast<std::size_t>(name.kind);
}

bool BlockBuilder::is_full() const
{
    return rows_.size() == block::kMaxRows || bytes_ > kMaxBytes ||
           columns_.size() * (rows_.size() + 1) > kMaxCells;
}

std::uint32_t BlockBuilder::add(const EventBatch &batch, std::uint32_t from)
{
    if (!rows_.empty() && bucket_of(batch.uid) != bucket_of(rows_.front().uid))
        throw Error(ErrorCode::invalid_value, "events of several buckets of users in one block",
                    "User " + std::to_string(batch.uid) + " is not in the bucket of user " +
                        std::to_string(rows_.front().uid) + ".");
    View events(batch.events);
    if (!events.is_array())
        raise_corrupted_profile();
    if (from >= events.count() || (is_full() && !rows_.empty()))
        return from;
    take_snapshot(batch);
    do {
        check_interrupt();
        take_event(batch, read_event(events.item(from++)));
    } while (from < events.count() && !is_full());
    return from;
}

// Requests of one user mostly come one after the other, and most of them change no property.
void BlockBuilder::take_snapshot(const EventBatch &batch)
{
    if (snapshots_ > 0 && profile_ == batch.profile && device_id_ == batch.device_id)
        return;
    profile_ = batch.profile;
    device_id_ = batch.device_id;
    std::uint32_t snapshot = snapshots_++;
    put(ColumnKind::device_id, {}, {Type::text, batch.device_id}, snapshot);
    if (batch.profile.empty())
        return;
    View root(batch.profile);
    if (!root.is_object())
        raise_corrupted_profile();
    for (Cursor cursor(root); cursor.next();) {
        if (cursor.key() == kCustom)
            take_members(cursor.item(), ColumnKind::custom, snapshot);
        else if (cursor.key() == kCampaign)
            take_members(cursor.item(), ColumnKind::campaign, snapshot);
        else
            put(ColumnKind::property, cursor.key(), cursor.item(), snapshot);
    }
}

void BlockBuilder::take_members(const Item &object, ColumnKind kind, std::uint32_t position)
{
    if (object.type != Type::object)
        raise_corrupted_profile();
    for (Cursor cursor{View(object)}; cursor.next();)
        put(kind, cursor.key(), cursor.item(), position);
}

void BlockBuilder::take_event(const EventBatch &batch, const Event &event)
{
    auto row = static_cast<std::uint32_t>(rows_.size());
    rows_.push_back({batch.uid, event.ts, event.count, snapshots_ - 1});
    sums_.push_back(event.sum);
    durations_.push_back(event.duration);
    put(ColumnKind::key, {}, {Type::text, event.key}, row);
    if (event.hour.type != Type::null)
        put(ColumnKind::hour, {}, event.hour, row);
    if (event.weekday.type != Type::null)
        put(ColumnKind::weekday, {}, event.weekday, row);
    if (event.segmentation)
        take_members(*event.segmentation, ColumnKind::segmentation, row);
}

void BlockBuilder::put(ColumnKind kind, std::string_view name, const Item &value,
                       std::uint32_t position)
{
    Column &column = this->column(kind, name);
    std::size_t before = column.values.payload();
    column.cells.push_back({position, column.values.number_of(value)});
    bytes_ += column.values.payload() - before;
}

// Objects have their members in one order, so that the column after this one is mostly the one that
// came after it the last time.
BlockBuilder::Column &BlockBuilder::column(ColumnKind kind, std::string_view name)
{
    if (previous_ < guesses_.size()) {
        std::size_t guess = guesses_[previous_];
        if (guess < columns_.size() && columns_[guess].kind == kind && columns_[guess].name == name)
            return columns_[previous_ = guess];
    }
    auto [at, is_new] = names_.try_emplace({kind, name}, columns_.size());
    if (is_new) {
        columns_.push_back({kind, name, {}, {}});
        guesses_.push_back(0);
        bytes_ += name.size() + sizeof(Column);
    }
    guesses_[previous_] = at->second;
    return columns_[previous_ = at->second];
}

// By user and time; events of the same millisecond stay in the order in which they came.
std::vector<std::uint32_t> BlockBuilder::order() const
{
    std::vector<std::uint32_t> order(rows_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
        const Row &one = rows_[left], &other = rows_[right];
        return one.uid != other.uid ? one.uid < other.uid : one.time < other.time;
    });
    return order;
}

// Lays out what the builder has taken.
class BlockBuilder::Output {
public:
    explicit Output(const BlockBuilder &from) : from_(from), order_(from.order()) {}

    std::string write()
    {
        write_users();
        write_fixed();
        for (const Column &column : from_.columns_) {
            check_interrupt();
            write_cells(column);
        }
        return joined();
    }

private:
    struct Part {
        block::Entry entry;
        std::string_view name;
        std::string bytes;
    };

    Part &add_part(ColumnKind kind, std::string_view name = {})
    {
        Part &part = parts_.emplace_back();
        part.entry = {};
        part.entry.kind = kind;
        part.entry.name_size = static_cast<std::uint32_t>(name.size());
        part.name = name;
        return part;
    }

    void write_users()
    {
        std::string starts;
        std::int64_t previous = -1;
        for (std::size_t row = 0; row < order_.size(); ++row) {
            std::int64_t uid = from_.rows_[order_[row]].uid;
            if (uid == previous)
                continue;
            append(users_, static_cast<std::uint16_t>(uid));
            append(starts, static_cast<std::uint16_t>(row));
            previous = uid;
        }
        header_.users = static_cast<std::uint32_t>(starts.size() / sizeof(std::uint16_t));
        users_ += starts;
    }

    template <typename Value>
    static void append(std::string &out, const Value &value)
    {
        out.append(reinterpret_cast<const char *>(&value), sizeof value);
    }

    // What every event has.
    void write_fixed()
    {
        std::vector<std::int64_t> times, counts;
        for (std::uint32_t row : order_) {
            times.push_back(from_.rows_[row].time);
            counts.push_back(from_.rows_[row].count);
        }
        auto [first, last] = std::minmax_element(times.begin(), times.end());
        header_.first_time = *first;
        header_.last_time = *last;
        add_integers(ColumnKind::time, times);
        add_integers(ColumnKind::count, counts);
        add_numbers(ColumnKind::sum, from_.sums_);
        add_numbers(ColumnKind::duration, from_.durations_);
    }

    void add_integers(ColumnKind kind, std::span<const std::int64_t> integers)
    {
        Part &part = add_part(kind);
        write_integers(integers, part.entry, part.bytes);
    }

    void add_numbers(ColumnKind kind, std::span<const Number> numbers)
    {
        std::vector<Number> sorted;
        for (std::uint32_t row : order_)
            sorted.push_back(numbers[row]);
        Part &part = add_part(kind);
        if (!write_numbers(sorted, part.entry, part.bytes))
            write_as_values(sorted, part);
    }

    void write_as_values(std::span<const Number> numbers, Part &part)
    {
        std::vector<NumberItem> packed;
        packed.reserve(numbers.size());
        ValueTable values;
        std::vector<std::uint32_t> codes;
        for (const Number &number : numbers)
            codes.push_back(values.number_of(packed.emplace_back(pack_number(number)).item()) + 1);
        write_column(values, codes, part.entry, part.bytes);
    }

    void write_cells(const Column &column)
    {
        bool by_snapshot =
            block::is_of_profile(column.kind) || column.kind == ColumnKind::device_id;
        std::size_t positions = by_snapshot ? from_.snapshots_ : order_.size();
        by_position_.assign(positions, 0);
        for (const Cell &cell : column.cells)
            by_position_[cell.position] = cell.value + 1;
        codes_.clear();
        for (std::uint32_t row : order_)
            codes_.push_back(by_position_[by_snapshot ? from_.rows_[row].snapshot : row]);
        Part &part = add_part(column.kind, column.name);
        write_column(column.values, codes_, part.entry, part.bytes);
    }

    void sort_parts()
    {
        std::sort(parts_.begin(), parts_.end(), [](const Part &left, const Part &right) {
            if (left.entry.kind != right.entry.kind)
                return left.entry.kind < right.entry.kind;
            return compare_keys(left.name, right.name) < 0;
        });
    }

    std::string joined()
    {
        sort_parts();
        std::size_t directory = sizeof header_ + parts_.size() * sizeof(block::Entry);
        std::size_t size = users_.size();
        for (const Part &part : parts_) {
            directory += part.name.size();
            size += part.bytes.size();
        }
        if (directory + size > INT32_MAX / 2)
            throw Error(ErrorCode::limit_exceeded, "event is too large for a block");
        header_.version = block::kVersion;
        header_.rows = static_cast<std::uint32_t>(order_.size());
        header_.columns = static_cast<std::uint32_t>(parts_.size());
        header_.directory_size = static_cast<std::uint32_t>(directory);
        header_.size = static_cast<std::uint32_t>(directory + size);
        header_.bucket = bucket_of(from_.rows_.front().uid);

        std::string out;
        out.reserve(header_.size);
        append(out, header_);
        for (const Part &part : parts_)
            append(out, part.entry);
        for (const Part &part : parts_)
            out.append(part.name);
        out.append(users_);
        for (Part &part : parts_) {
            out.append(part.bytes);
            part.bytes = {};
        }
        return out;
    }

    const BlockBuilder &from_;
    std::vector<std::uint32_t> order_;
    block::Header header_{};
    std::string users_;
    std::vector<Part> parts_;
    std::vector<std::uint32_t> by_position_, codes_;
};

std::string BlockBuilder::finish()
{
    std::string bytes = Output(*this).write();
    *this = BlockBuilder();
    return bytes;
}

void BlockSequence::add(const EventBatch &batch)
{
    std::uint32_t count = View(batch.events).count();
    for (std::uint32_t from = builder_.add(batch); from < count; from = builder_.add(batch, from))
        blocks_.push_back(builder_.finish());
}

bool BlockSequence::fits(const EventBatch &batch) const
{
    return blocks_.empty() &&
           (builder_.is_empty() ||
            View(batch.events).count() <= block::kMaxRows - std::size_t{builder_.rows()});
}

std::vector<std::string> BlockSequence::finish()
{
    if (!builder_.is_empty())
        blocks_.push_back(builder_.finish());
    return std::move(blocks_);
}

std::vector<std::string> build_blocks(std::span<const EventBatch> batches)
{
    BlockSequence blocks;
    for (const EventBatch &batch : batches)
        blocks.add(batch);
    return blocks.finish();
}

}  // namespace profiles
