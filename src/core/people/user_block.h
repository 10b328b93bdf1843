// Reads a user block in place, each part from its own bytes alone.
#pragma once

#include "../events/block_column.h"
#include "user_block_layout.h"

namespace profiles {

class UserBlockDirectory : public ColumnDirectory {
public:
    static constexpr std::size_t kHeaderSize = sizeof(user_block::Header);
    // False for another version: such a copy is as good as none. `start` has kHeaderSize bytes or is corrupted.
    static bool is_readable(std::string_view start);
    // How many bytes the directory has. Throws corrupted.
    static std::uint32_t size_from(std::string_view start);

    // `bytes` must outlive this. Throws corrupted.
    explicit UserBlockDirectory(std::string_view bytes);

    std::uint32_t pages() const { return header_.pages; }
    std::uint32_t first_page() const { return header_.first_page; }
    std::uint64_t oldest_running() const { return header_.oldest_running; }
    std::int64_t made_at() const { return header_.made_at; }
    // Of all its pages.
    bool is_current(std::int64_t now) const
    {
        return user_block::is_current(header_.made_at, header_.lapses_at, now);
    }
    // Of the visibility map; nothing follows from it unless every page was settled.
    const std::array<std::uint64_t, 2> &map_lsns() const { return header_.map_lsns; }
    bool is_settled() const { return header_.settled != 0; }
    const user_block::Origin &origin() const { return header_.origin; }
    ByteRange page_bytes() const
    {
        return {header_.directory_size, pages() * std::uint32_t{sizeof(user_block::Page)} +
                                            rows() * std::uint32_t{sizeof(std::uint16_t)}};
    }

private:
    user_block::Header header_;
};

// The rows of each page. Plain data.
class UserBlockPages {
public:
    UserBlockPages() = default;
    // Throws corrupted.
    UserBlockPages(std::string_view bytes, std::uint32_t pages, std::uint32_t rows);

    std::uint32_t count() const { return pages_; }
    std::uint64_t lsn(std::uint32_t page) const { return load(page).lsn; }
    std::int64_t lapses_at(std::uint32_t page) const { return load(page).lapses_at; }
    std::uint32_t first_row(std::uint32_t page) const { return load(page).first_row; }
    std::uint32_t last_row(std::uint32_t page) const
    {
        return page + 1 < pages_ ? first_row(page + 1) : rows_;
    }
    std::uint16_t line(std::uint32_t row) const
    {
        return layout::load<std::uint16_t>(bytes_ + pages_ * sizeof(user_block::Page) +
                                           std::size_t{row} * sizeof(std::uint16_t));
    }

private:
    user_block::Page load(std::uint32_t page) const
    {
        return layout::load<user_block::Page>(bytes_ + page * sizeof(user_block::Page));
    }

    const char *bytes_ = nullptr;
    std::uint32_t pages_ = 0, rows_ = 0;
};

// The integers of a column of counters or times: one for each row, `missing` where it says so.
struct UserIntegers {
    std::vector<std::int64_t> values;
    std::optional<std::int64_t> missing;
};
UserIntegers read_user_integers(const ColumnDirectory &directory, const BlockColumnInfo &column,
                                const BlockBytes &bytes);

}  // namespace profiles
