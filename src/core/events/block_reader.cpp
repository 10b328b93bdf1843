#include "block_reader.h"

#include "../interrupt.h"
#include "../profile/assembly.h"

namespace profiles {

using block::ColumnKind;

namespace {

// What an event calls a column that has no name of its own.
std::string_view event_member(ColumnKind kind)
{
    switch (kind) {
    case ColumnKind::key: return "key";
    case ColumnKind::hour: return "hour";
    case ColumnKind::weekday: return "dow";
    default: raise_corrupted_block();
    }
}

}  // namespace

BlockReader::BlockReader(std::string_view bytes)
    : bytes_(bytes), directory_(bytes), users_(directory_, bytes_),
      times_(integers(ColumnKind::time)), counts_(integers(ColumnKind::count)),
      sums_(numbers(ColumnKind::sum)), durations_(numbers(ColumnKind::duration))
{
    end_ = directory_.rows();
    directory_.get(ColumnKind::key);
    directory_.get(ColumnKind::device_id);
    for (const BlockColumnInfo &info : directory_.columns()) {
        check_interrupt();
        if (info.kind() == ColumnKind::time || info.kind() == ColumnKind::count ||
            info.kind() == ColumnKind::sum || info.kind() == ColumnKind::duration)
            continue;
        bool snapshot = block::is_of_profile(info.kind()) || info.kind() == ColumnKind::device_id;
        columns_.emplace_back(directory_, info, bytes_);
        (snapshot ? of_snapshot_ : of_event_).push_back(&columns_.back());
    }
}

std::vector<std::int64_t> BlockReader::integers(ColumnKind kind) const
{
    std::vector<std::int64_t> integers(directory_.rows());
    read_integers(directory_, directory_.get(kind), bytes_, integers);
    return integers;
}

std::vector<Number> BlockReader::numbers(ColumnKind kind) const
{
    return read_numbers(directory_, directory_.get(kind), bytes_);
}

void BlockReader::go_to(std::uint32_t user)
{
    user_ = user;
    row_ = users_.first_row(user);
}

void BlockReader::choose_user(std::int64_t uid)
{
    std::uint32_t user = users_.lower_bound(uid);
    bool found = user < users_.count() && users_.uid(user) == uid;
    if (found)
        go_to(user);
    end_ = found ? users_.last_row(user) : row_;
}

bool BlockReader::next(EventBatch &batch, std::pmr::memory_resource *memory)
{
    if (row_ == end_)
        return false;
    while (row_ == users_.last_row(user_))
        ++user_;
    batch.uid = users_.uid(user_);
    std::optional<Item> device = of_snapshot_.front()->value(row_);
    require_block(device && device->type == Type::text);
    batch.device_id = device->bytes;
    Node profile = profile_of_row(of_snapshot_, row_, memory);
    seal(profile);
    batch.profile = pack(profile, memory);
    NodeList events(memory);
    std::uint32_t row = row_;
    do {
        check_interrupt();
        events.push_back(make_event(row++, memory));
    } while (row < users_.last_row(user_) && have_same_values(of_snapshot_, row, row_));
    Node list = contain(Type::array, events, memory);
    seal(list);
    batch.events = pack(list, memory);
    row_ = row;
    return true;
}

Node BlockReader::make_event(std::uint32_t row, std::pmr::memory_resource *memory) const
{
    NodeList members(memory);
    members.push_back(named("ts", make_number(times_[row], memory)));
    if (counts_[row] != 1)
        members.push_back(named("count", make_number(counts_[row], memory)));
    if (!(sums_[row] == Number()))
        members.push_back(named("sum", make_number(sums_[row], memory)));
    if (!(durations_[row] == Number()))
        members.push_back(named("dur", make_number(durations_[row], memory)));
    for (const CodedColumn *column : of_event_) {
        std::optional<Item> value = column->value(row);
        if (value && column->info->kind() != ColumnKind::segmentation)
            members.push_back(named(event_member(column->info->kind()), make_node(*value)));
    }
    Node segmentation = segmentation_of_row(of_event_, row, memory);
    if (!segmentation.children.empty())
        members.push_back(named("segmentation", segmentation));
    return contain(Type::object, members, memory);
}

}  // namespace profiles
