// The rows of a block that a scan still wants, narrowed condition after condition, and the columns that it
// has looked at. It asks for bytes only when a column is needed, so a block of which nothing is left costs
// no more than the columns of the conditions.
#pragma once

#include <memory>

#include "../events/block_objects.h"
#include "../segment/block_filter.h"

namespace profiles {

class BlockRows {
public:
    // `directory` and all bytes that are read must outlive this, and so must `moved`.
    BlockRows(std::string_view directory, std::span<const MovedUser> moved);
    BlockRows(const BlockRows &) = delete;

    const BlockDirectory &directory() const { return directory_; }

    // The bytes of the users and of a column are given before these are used.
    bool has_users() const { return users_.has_value(); }
    bool has(const BlockColumnInfo &column) const;
    void read_users(std::string_view bytes);
    void read(const BlockColumnInfo &column, std::string_view bytes);

    // The numbers of a column of the form integers, one a row; of any other column the codes.
    std::span<const std::int64_t> integers(const BlockColumnInfo &column) const;
    const CodedColumn &coded(const BlockColumnInfo &column) const;
    const BlockUsers &users() const { return *users_; }
    // Who the users are now, in the order of users().
    std::span<const std::int64_t> uids() const { return uids_; }
    // With the users and the columns that are at hand.
    BlockParts parts() const { return BlockParts(directory_, bytes_, moved_); }
    // The columns of the profiles and those of the segmentations: all are at hand.
    const CodedColumns &profile_columns();
    const CodedColumns &segmentation_columns();

    const RowSet &chosen() const { return chosen_; }
    // The chosen rows by number. Good until the next call of a function that changes them.
    std::span<const std::uint16_t> numbers();

    // Which codes the chosen rows have: a byte each, 1 for those.
    std::span<const std::uint8_t> present_codes(const BlockColumnInfo &column);
    // And which users.
    std::span<const std::uint8_t> present_users();

    // Each keeps of the chosen rows those that match: by their codes, by their users, in the order of
    // numbers(), of a range of uids or times that has both its ends, by a filter on profiles.
    void keep_codes(const BlockColumnInfo &column, std::span<const std::uint8_t> match);
    void keep_users(std::span<const std::uint8_t> match);
    void keep_numbered(std::span<const std::uint8_t> match);
    void keep_uids(std::int64_t first, std::int64_t last);
    void keep_times(std::int64_t first, std::int64_t last);
    void keep_matching(const Filter &filter, std::int64_t now);
    void keep_none() { choose(RowSet(directory_.rows())); }

    // Alternatives: each one that is begun starts with the rows that none before has kept; in the end those
    // are chosen that any has kept.
    void begin_alternatives();
    void next_alternative();
    void end_alternatives();

private:
    struct Column {
        std::unique_ptr<CodedColumn> coded;
        std::unique_ptr<std::vector<std::int64_t>> integers;
    };
    struct Alternatives {
        RowSet left, kept;
    };

    template <typename IsWanted>
    CodedColumns gather(IsWanted &&is_wanted) const;
    std::size_t index_of(const BlockColumnInfo &column) const;
    void choose(RowSet rows);

    BlockDirectory directory_;
    BlockBytes bytes_;
    std::span<const MovedUser> moved_;
    std::vector<Column> columns_;
    std::optional<BlockUsers> users_;
    std::vector<std::int64_t> uids_;
    std::optional<CodedColumns> profile_columns_, segmentation_columns_;
    RowSet chosen_;
    std::vector<std::uint16_t> numbers_;
    bool numbered_ = false;
    std::vector<std::uint8_t> present_;
    std::vector<Alternatives> alternatives_;
};

// True when every condition of a filter on profiles can be asked of columns.
bool is_by_column(const Filter &filter);

}  // namespace profiles
