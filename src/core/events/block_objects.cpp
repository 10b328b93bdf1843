#include "block_objects.h"

#include "../profile/document.h"

namespace profiles {

using block::ColumnKind;

Node named(std::string_view key, Node node)
{
    node.key = key;
    return node;
}

Node contain(Type type, const NodeList &list, std::pmr::memory_resource *memory)
{
    auto *nodes =
        static_cast<Node *>(memory->allocate(sizeof(Node) * (list.size() + 1), alignof(Node)));
    std::uninitialized_copy(list.begin(), list.end(), nodes);
    return make_container(type, {nodes, list.size()});
}

CodedColumn::CodedColumn(const BlockDirectory &directory, const BlockColumnInfo &column,
                         const BlockBytes &bytes)
    : info(&column), values(directory, column, bytes), codes(directory.rows())
{
    values.read_codes(codes);
}

bool have_same_values(const CodedColumns &columns, std::uint32_t row, std::uint32_t other)
{
    for (const CodedColumn *column : columns)
        if (column->codes[row] != column->codes[other])
            return false;
    return true;
}

Node profile_of_row(const CodedColumns &columns, std::uint32_t row,
                    std::pmr::memory_resource *memory)
{
    NodeList root(memory), custom(memory), campaign(memory);
    for (const CodedColumn *column : columns) {
        ColumnKind kind = column->info->kind();
        std::optional<Item> value = column->value(row);
        if (!value || !block::is_of_profile(kind))
            continue;
        NodeList &group = kind == ColumnKind::custom     ? custom
                          : kind == ColumnKind::campaign ? campaign
                                                         : root;
        group.push_back(named(column->info->name, make_node(*value)));
    }
    if (!custom.empty())
        root.push_back(named(kCustom, contain(Type::object, custom, memory)));
    if (!campaign.empty())
        root.push_back(named(kCampaign, contain(Type::object, campaign, memory)));
    return contain(Type::object, root, memory);
}

Node segmentation_of_row(const CodedColumns &columns, std::uint32_t row,
                         std::pmr::memory_resource *memory)
{
    NodeList members(memory);
    for (const CodedColumn *column : columns) {
        if (column->info->kind() != ColumnKind::segmentation)
            continue;
        if (std::optional<Item> value = column->value(row))
            members.push_back(named(column->info->name, make_node(*value)));
    }
    return contain(Type::object, members, memory);
}

}  // namespace profiles
