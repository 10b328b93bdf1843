#include "cell_users.h"

namespace profiles {

// By cell, as they come.
void CellUsers::sort(std::span<const Found> found, std::size_t cell_count)
{
    starts_.assign(cell_count + 1, 0);
    for (const Found &each : found)
        ++starts_[each.cell + 1u];
    for (std::size_t cell = 0; cell < cell_count; ++cell)
        starts_[cell + 1] += starts_[cell];
    std::vector<std::uint32_t> next = starts_;
    users_.resize(found.size());
    for (const Found &each : found)
        users_[next[each.cell]++] = each.user;
}

void CellUsers::choose(const BlockParts &parts, std::uint32_t cell)
{
    std::span numbers(users_.data() + starts_[cell], users_.data() + starts_[cell + 1]);
    const BlockUsers &users = parts.users();
    low_bits_.clear();
    uids_.clear();
    if (parts.has_moved())
        for (std::uint16_t user : numbers)
            uids_.push_back(parts.uid(user));
    else
        for (std::uint16_t user : numbers)
            low_bits_.push_back(users.low_bits(user));
}

std::size_t CellUsers::add_to(UserSet &users, const BlockParts &parts) const
{
    return parts.has_moved() ? users.add(uids_) : users.add(parts.directory().bucket(), low_bits_);
}

}  // namespace profiles
