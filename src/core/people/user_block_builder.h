// Builds a user block, page by page. What it cannot take is not lost: the page then says that its rows
// have to be looked at.
#pragma once

#include <deque>
#include <memory_resource>
#include <string>

#include "../events/column_output.h"
#include "../events/column_set.h"
#include "user_block_layout.h"
#include "user_row.h"

namespace profiles {

class UserBlockBuilder {
public:
    // Values that are gone at `now` are left out.
    explicit UserBlockBuilder(std::int64_t now) : now_(now) {}

    // The next page of the range; `lsn` as in user_block::Page.
    void add_page(std::uint64_t lsn);
    // A user of that page, in the order of lines. Its bytes must live until finish().
    void add_user(std::uint16_t line, const UserRow &row);

    bool is_empty() const { return lines_.empty(); }
    // What a copy says of the table that it is of.
    struct Source {
        user_block::Origin origin;
        std::uint32_t first_page;
        std::uint64_t oldest_running;
        std::array<std::uint64_t, 2> map_lsns;
    };
    // The bytes of the block, which must not be empty.
    std::string finish(const Source &source);

private:
    using Integers = std::vector<std::optional<std::int64_t>>;
    // What is no integer, with its bytes.
    struct FieldItem {
        UserField field;
        NumberItem number;
        std::optional<Item> item;
    };

    UserRow live(const UserRow &row);
    bool has_room_for(const UserRow &row) const;
    bool read_fields(const UserRow &row, std::vector<FieldItem> &items) const;
    void take(const UserRow &row, std::vector<FieldItem> &items);
    void write_integers(std::string_view name, const Integers &integers, ColumnOutput &output);
    void write_values(const ColumnSet::Column &column, ColumnOutput &output);

    std::int64_t now_;
    std::pmr::monotonic_buffer_resource live_profiles_;
    std::vector<user_block::Page> pages_;
    std::vector<std::uint16_t> lines_;
    std::vector<std::int64_t> uids_;
    std::array<Integers, kUserFields> integers_;
    ColumnSet values_;
    std::deque<NumberItem> numbers_;  // what `values_` points to
    std::size_t bytes_ = 0;           // of the rows taken
    std::vector<std::uint32_t> codes_;
};

}  // namespace profiles
