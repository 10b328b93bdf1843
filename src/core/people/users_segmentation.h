// Counts users as they are now, by up to three properties or counters. Fed with users one by one, and
// with copies of many of them by column, in any order; each user must come once.
#pragma once

#include <memory>
#include <memory_resource>

#include "../segment/cell_numbers.h"
#include "../segment/combinations.h"
#include "../segment/evaluate.h"
#include "../segment/row_set.h"
#include "user_block.h"
#include "user_row.h"

namespace profiles {

// What it points to is copied.
struct UsersSegmentationRequest {
    std::string_view filter;                           // a packed object
    std::span<const std::string_view> breakdown = {};  // references
    std::int64_t now = 0;                              // milliseconds since 1970
    // When set, the users of this one cell are wanted: one value for each breakdown.
    std::optional<std::span<const std::optional<std::string_view>>> cell = std::nullopt;
};

class UsersSegmentation {
public:
    // Throws what Filter and parse_reference() throw, invalid_value for references to events and to
    // fields that users do not have, limit_exceeded for too many breakdowns.
    explicit UsersSegmentation(const UsersSegmentationRequest &request);

    // What of a user has to be there; the rest need not be fetched.
    bool needs_profile() const { return needs_profile_; }
    bool needs_device_id() const { return needs_device_id_; }
    bool needs(UserField field) const { return needed_[static_cast<std::size_t>(field)]; }

    void add(const UserRow &user);

    // False when something is asked that no column has: then users come one by one.
    bool reads_columns() const;
    std::int64_t now() const { return now_; }
    // The parts of a block that add_block() needs, and its pages where they are wanted.
    std::vector<ByteRange> needed_bytes(const UserBlockDirectory &directory, bool pages) const;
    // The chosen rows of a block.
    void add_block(const UserBlockDirectory &directory, const BlockBytes &bytes, RowSet rows);

    // `times` of a group is the number of its users; their uids are in it when a cell is wanted.
    GroupTable &table() { return table_; }

private:
    class BlockCount;

    void read_breakdown(std::span<const std::string_view> breakdown);
    void need(const Reference &reference, std::string_view name);
    void count(std::span<const Ids *const> all, std::int64_t users,
               std::span<const std::int64_t> uids);

    std::pmr::monotonic_buffer_resource memory_;
    std::optional<Filter> filter_;
    std::optional<Evaluation> evaluation_;
    std::vector<Reference> breakdown_;
    std::optional<CellIds> cell_;
    std::int64_t now_ = 0;
    bool needs_profile_ = false, needs_device_id_ = false;
    std::array<bool, kUserFields> needed_{};

    std::vector<Ids> ids_;                           // by breakdown
    std::vector<std::optional<std::string>> found_;  // scratch

    GroupTable table_;
    std::shared_ptr<BlockCount> block_count_;
};

}  // namespace profiles
