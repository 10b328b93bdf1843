// The objects that a block stores by column, put together again: the profile of a row and the
// segmentation of its event.
#pragma once

#include <vector>

#include "../profile/node.h"
#include "block_column.h"

namespace profiles {

// A column of values with the codes of all rows at hand.
struct CodedColumn {
    const BlockColumnInfo *info;
    BlockColumn values;
    std::vector<std::uint16_t> codes;

    CodedColumn(const BlockDirectory &directory, const BlockColumnInfo &column,
                const BlockBytes &bytes);
    std::optional<Item> value(std::uint32_t row) const { return values.value(codes[row]); }
};

using CodedColumns = std::vector<const CodedColumn *>;

// A node under a name, and a container of nodes that a list holds.
Node named(std::string_view key, Node node);
Node contain(Type type, const NodeList &list, std::pmr::memory_resource *memory);

bool have_same_values(const CodedColumns &columns, std::uint32_t row, std::uint32_t other);

// Not sealed; without members where nothing is set. Other columns than those of the object are passed.
Node profile_of_row(const CodedColumns &columns, std::uint32_t row,
                    std::pmr::memory_resource *memory);
Node segmentation_of_row(const CodedColumns &columns, std::uint32_t row,
                         std::pmr::memory_resource *memory);

}  // namespace profiles
