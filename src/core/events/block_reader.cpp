#include "block_reader.h"

#include "../interrupt.h"
#include "../profile/assembly.h"
#include "../profile/document.h"

namespace profiles {

using block::ColumnKind;

namespace {

Node named(std::string_view key, Node node)
{
    node.key = key;
    return node;
}

// A container of nodes that a list holds, in `memory`.
Node contain(Type type, const NodeList &list, std::pmr::memory_resource *memory)
{
    auto *nodes =
        static_cast<Node *>(memory->allocate(sizeof(Node) * (list.size() + 1), alignof(Node)));
    std::uninitialized_copy(list.begin(), list.end(), nodes);
    return make_container(type, {nodes, list.size()});
}

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
        std::vector<Column> &columns = snapshot ? of_snapshot_ : of_event_;
        columns.push_back({&info, BlockColumn(directory_, info, bytes_),
                           std::vector<std::uint16_t>(directory_.rows())});
        columns.back().values.read_codes(columns.back().codes);
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

bool BlockReader::has_same_snapshot(std::uint32_t row) const
{
    for (const Column &column : of_snapshot_)
        if (column.codes[row] != column.codes[row_])
            return false;
    return true;
}

bool BlockReader::next(EventBatch &batch, std::pmr::memory_resource *memory)
{
    if (row_ == end_)
        return false;
    while (row_ == users_.last_row(user_))
        ++user_;
    batch.uid = users_.uid(user_);
    std::optional<Item> device = of_snapshot_.front().value(row_);
    require_block(device && device->type == Type::text);
    batch.device_id = device->bytes;
    batch.profile = make_profile(memory);
    NodeList events(memory);
    std::uint32_t row = row_;
    do {
        check_interrupt();
        events.push_back(make_event(row++, memory));
    } while (row < users_.last_row(user_) && has_same_snapshot(row));
    Node list = contain(Type::array, events, memory);
    seal(list);
    batch.events = pack(list, memory);
    row_ = row;
    return true;
}

std::string_view BlockReader::make_profile(std::pmr::memory_resource *memory) const
{
    NodeList root(memory), custom(memory), campaign(memory);
    for (const Column &column : of_snapshot_) {
        ColumnKind kind = column.info->kind();
        std::optional<Item> value = column.value(row_);
        if (!value || kind == ColumnKind::device_id)
            continue;
        NodeList &group = kind == ColumnKind::custom     ? custom
                          : kind == ColumnKind::campaign ? campaign
                                                         : root;
        group.push_back(named(column.info->name, make_node(*value)));
    }
    if (!custom.empty())
        root.push_back(named(kCustom, contain(Type::object, custom, memory)));
    if (!campaign.empty())
        root.push_back(named(kCampaign, contain(Type::object, campaign, memory)));
    Node profile = contain(Type::object, root, memory);
    seal(profile);
    return pack(profile, memory);
}

Node BlockReader::make_event(std::uint32_t row, std::pmr::memory_resource *memory) const
{
    NodeList members(memory), segmentation(memory);
    members.push_back(named("ts", make_number(times_[row], memory)));
    if (counts_[row] != 1)
        members.push_back(named("count", make_number(counts_[row], memory)));
    if (!(sums_[row] == Number()))
        members.push_back(named("sum", make_number(sums_[row], memory)));
    if (!(durations_[row] == Number()))
        members.push_back(named("dur", make_number(durations_[row], memory)));
    for (const Column &column : of_event_) {
        std::optional<Item> value = column.value(row);
        if (!value)
            continue;
        if (column.info->kind() == ColumnKind::segmentation)
            segmentation.push_back(named(column.info->name, make_node(*value)));
        else
            members.push_back(named(event_member(column.info->kind()), make_node(*value)));
    }
    if (!segmentation.empty())
        members.push_back(named("segmentation", contain(Type::object, segmentation, memory)));
    return contain(Type::object, members, memory);
}

}  // namespace profiles
