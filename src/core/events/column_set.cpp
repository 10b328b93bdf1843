#include "column_set.h"

#include "../profile/document.h"
#include "../profile/view.h"

namespace profiles {

using block::ColumnKind;

std::size_t ColumnSet::NameHash::operator()(const Name &name) const
{
    return std::hash<std::string_view>()(name.text) * 31 + static_cast<std::size_t>(name.kind);
}

void ColumnSet::put_profile(std::string_view profile, std::uint32_t position)
{
    View root(profile);
    if (!root.is_object())
        raise_corrupted_profile();
    for (Cursor cursor(root); cursor.next();) {
        if (cursor.key() == kCustom)
            put_members(cursor.item(), ColumnKind::custom, position);
        else if (cursor.key() == kCampaign)
            put_members(cursor.item(), ColumnKind::campaign, position);
        else
            put(ColumnKind::property, cursor.key(), cursor.item(), position);
    }
}

void ColumnSet::put_members(const Item &object, ColumnKind kind, std::uint32_t position)
{
    if (object.type != Type::object)
        raise_corrupted_profile();
    for (Cursor cursor{View(object)}; cursor.next();)
        put(kind, cursor.key(), cursor.item(), position);
}

void ColumnSet::put(ColumnKind kind, std::string_view name, const Item &value,
                    std::uint32_t position)
{
    Column &column = this->column(kind, name);
    std::size_t before = column.values.payload();
    column.cells.push_back({position, column.values.number_of(value)});
    bytes_ += column.values.payload() - before;
}

// Objects have their members in one order, so that the column after this one is mostly the one that
// came after it the last time.
ColumnSet::Column &ColumnSet::column(ColumnKind kind, std::string_view name)
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

}  // namespace profiles
