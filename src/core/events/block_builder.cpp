#include "block_builder.h"

#include <algorithm>
#include <numeric>

#include "../error.h"
#include "../interrupt.h"
#include "column_output.h"

namespace profiles {

using block::ColumnKind;

namespace {

// What bounds the memory and the time of a block that hostile events with ever new properties are
// put into: such a block just has fewer rows.
constexpr std::size_t kMaxCells = std::size_t{1} << 26;  // rows x columns
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

std::int64_t bucket_of(std::int64_t uid) { return uid >> block::kBucketBits; }

}  // namespace

bool BlockBuilder::is_full() const
{
    return rows_.size() == block::kMaxRows || columns_.bytes() > kMaxBytes ||
           columns_.columns().size() * (rows_.size() + 1) > kMaxCells;
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
    columns_.put(ColumnKind::device_id, {}, {Type::text, batch.device_id}, snapshot);
    if (!batch.profile.empty())
        columns_.put_profile(batch.profile, snapshot);
}

// Room that is not used is not touched, and costs no memory.
void BlockBuilder::reserve_rows()
{
    rows_.reserve(block::kMaxRows);
    sums_.reserve(block::kMaxRows);
    durations_.reserve(block::kMaxRows);
}

void BlockBuilder::take_event(const EventBatch &batch, const Event &event)
{
    auto row = static_cast<std::uint32_t>(rows_.size());
    if (row == 0)
        reserve_rows();
    rows_.push_back({batch.uid, event.ts, event.count, snapshots_ - 1});
    sums_.push_back(event.sum);
    durations_.push_back(event.duration);
    columns_.put(ColumnKind::key, {}, {Type::text, event.key}, row);
    if (event.hour.type != Type::null)
        columns_.put(ColumnKind::hour, {}, event.hour, row);
    if (event.weekday.type != Type::null)
        columns_.put(ColumnKind::weekday, {}, event.weekday, row);
    if (event.segmentation)
        columns_.put_members(*event.segmentation, ColumnKind::segmentation, row);
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
        for (const ColumnSet::Column &column : from_.columns_.columns()) {
            check_interrupt();
            write_cells(column);
        }
        return joined();
    }

private:
    void write_users()
    {
        std::string starts;
        std::int64_t previous = -1;
        for (std::size_t row = 0; row < order_.size(); ++row) {
            std::int64_t uid = from_.rows_[order_[row]].uid;
            if (uid == previous)
                continue;
            append_bytes(users_, static_cast<std::uint16_t>(uid));
            append_bytes(starts, static_cast<std::uint16_t>(row));
            previous = uid;
        }
        header_.users = static_cast<std::uint32_t>(starts.size() / sizeof(std::uint16_t));
        users_ += starts;
    }

    // What every event has.
    void write_fixed()
    {
        std::vector<std::int64_t> times, counts;
        times.reserve(order_.size());
        counts.reserve(order_.size());
        for (std::uint32_t row : order_) {
            times.push_back(from_.rows_[row].time);
            counts.push_back(from_.rows_[row].count);
        }
        auto [first, last] = std::minmax_element(times.begin(), times.end());
        header_.first_time = *first;
        header_.last_time = *last;
        ColumnOutput::Part &time = output_.add(ColumnKind::time);
        write_times(times, time.entry, time.bytes);
        ColumnOutput::Part &count = output_.add(ColumnKind::count);
        write_integers(counts, count.entry, count.bytes);
        add_numbers(ColumnKind::sum, from_.sums_);
        add_numbers(ColumnKind::duration, from_.durations_);
    }

    void add_numbers(ColumnKind kind, std::span<const Number> numbers)
    {
        std::vector<Number> sorted;
        sorted.reserve(order_.size());
        for (std::uint32_t row : order_)
            sorted.push_back(numbers[row]);
        ColumnOutput::Part &part = output_.add(kind);
        if (!write_numbers(sorted, part.entry, part.bytes))
            write_as_values(sorted, part);
    }

    void write_as_values(std::span<const Number> numbers, ColumnOutput::Part &part)
    {
        std::vector<NumberItem> packed;
        packed.reserve(numbers.size());
        ValueTable values;
        std::vector<std::uint32_t> codes;
        for (const Number &number : numbers)
            codes.push_back(values.number_of(packed.emplace_back(pack_number(number)).item()) + 1);
        write_column(values, codes, part.entry, part.bytes);
    }

    void write_cells(const ColumnSet::Column &column)
    {
        bool by_snapshot =
            block::is_of_profile(column.kind) || column.kind == ColumnKind::device_id;
        std::size_t positions = by_snapshot ? from_.snapshots_ : order_.size();
        by_position_.assign(positions, 0);
        for (const ColumnSet::Cell &cell : column.cells)
            by_position_[cell.position] = cell.value + 1;
        codes_.clear();
        for (std::uint32_t row : order_)
            codes_.push_back(by_position_[by_snapshot ? from_.rows_[row].snapshot : row]);
        output_.add_values(column.kind, column.name, column.values, codes_);
    }

    std::string joined()
    {
        header_.version = block::kVersion;
        header_.rows = static_cast<std::uint32_t>(order_.size());
        header_.bucket = bucket_of(from_.rows_.front().uid);
        output_.seal(header_, users_.size());
        std::string out;
        out.reserve(header_.size);
        append_bytes(out, header_);
        output_.append_directory(out);
        out.append(users_);
        output_.append_columns(out);
        return out;
    }

    const BlockBuilder &from_;
    std::vector<std::uint32_t> order_;
    block::Header header_{};
    std::string users_;
    ColumnOutput output_;
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
