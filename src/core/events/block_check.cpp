#include "block_check.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "../profile/check.h"
#include "../profile/compare.h"
#include "../profile/document.h"
#include "block_column.h"
#include "event_list.h"

namespace profiles {

using block::ColumnKind;
using block::Form;

namespace {

// Containers around the one that a value is in: the profile, or the list and the event.
int depth_of(ColumnKind kind)
{
    return kind == ColumnKind::segmentation ? 2 : kind == ColumnKind::property ? 0 : 1;
}

bool is_property_name(std::string_view name)
{
    return !name.empty() && name.find_first_of(".$") == std::string_view::npos;
}

bool is_group(const BlockColumnInfo &column)
{
    return column.kind() == ColumnKind::property &&
           (column.name == kCustom || column.name == kCampaign);
}

bool is_integer_between(const Item &value, std::int64_t low, std::int64_t high)
{
    if (value.type != Type::integer)
        return false;
    std::int64_t integer = number_of(value).integer();
    return integer >= low && integer <= high;
}

bool may_hold(ColumnKind kind, const Item &value)
{
    switch (kind) {
    case ColumnKind::key: return value.type == Type::text && !value.bytes.empty();
    case ColumnKind::device_id: return value.type == Type::text;
    case ColumnKind::sum:
    case ColumnKind::duration: return value.is_number();
    case ColumnKind::hour: return is_integer_between(value, 0, 23);
    case ColumnKind::weekday: return is_integer_between(value, 1, 7);
    case ColumnKind::segmentation: return true;
    default: return value.type != Type::null;
    }
}

class Checker {
public:
    explicit Checker(std::string_view bytes) : bytes_(bytes), directory_(bytes) {}

    void check()
    {
        for (ColumnKind kind : {ColumnKind::time, ColumnKind::key, ColumnKind::device_id,
                                ColumnKind::count, ColumnKind::sum, ColumnKind::duration})
            require_block(directory_.get(kind).entry.has_missing == 0);
        check_times();
        check_counts();
        for (const BlockColumnInfo &column : directory_.columns()) {
            check_interrupt();
            check_name(column);
            if (column.holds_integers())
                check_coefficients(column);
            else
                check_values(column);
        }
    }

private:
    std::vector<std::int64_t> integers(const BlockColumnInfo &column)
    {
        std::vector<std::int64_t> integers(directory_.rows());
        IntegerColumn read(directory_, column, bytes_);
        // The sum of base and offset is taken in 64 bits: it must not have gone around.
        Coefficient room =
            static_cast<std::uint64_t>(INT64_MAX) - static_cast<std::uint64_t>(column.entry.base);
        for (std::uint32_t row = 0; row < integers.size(); ++row) {
            integers[row] = read[row];
            Coefficient span = Coefficient{read.offset(row)} * column.entry.unit;
            require_block(span <= room);
        }
        return integers;
    }

    void check_times()
    {
        const BlockColumnInfo &column = directory_.get(ColumnKind::time);
        std::vector<std::int64_t> times = integers(column);
        auto [first, last] = std::minmax_element(times.begin(), times.end());
        require_block(column.entry.exponent == 0 && *first >= kEarliestTime &&
                      *last <= kLatestTime && *first == directory_.first_time() &&
                      *last == directory_.last_time());
        BlockUsers users(directory_, bytes_);
        for (std::uint32_t user = 0; user < users.count(); ++user) {
            require_block(users.uid(user) > 0);
            require_block(std::is_sorted(times.begin() + users.first_row(user),
                                         times.begin() + users.last_row(user)));
        }
    }

    void check_counts()
    {
        const BlockColumnInfo &column = directory_.get(ColumnKind::count);
        std::vector<std::int64_t> counts = integers(column);
        require_block(column.entry.exponent == 0 &&
                      *std::min_element(counts.begin(), counts.end()) >= 1);
    }

    void check_name(const BlockColumnInfo &column)
    {
        require_block(is_valid_text(column.name) && !is_group(column) &&
                      (!block::is_of_profile(column.kind()) || is_property_name(column.name)));
    }

    void check_coefficients(const BlockColumnInfo &column)
    {
        require_block(!block::is_named(column.kind()) && column.kind() <= ColumnKind::duration &&
                      column.kind() != ColumnKind::key && column.kind() != ColumnKind::device_id);
        integers(column);
        read_numbers(directory_, column, bytes_);
    }

    void check_values(const BlockColumnInfo &column)
    {
        BlockColumn values(directory_, column, bytes_);
        std::optional<Item> previous;
        std::size_t payload = 0;
        for (std::uint32_t code = column.entry.has_missing; code < column.code_count(); ++code) {
            if (code % 1024 == 0)
                check_interrupt();
            Item value = *values.value(code);
            check_value(value, depth_of(column.kind()));
            require_block(may_hold(column.kind(), value) &&
                          (!previous || compare_items(*previous, value) < 0));
            previous = value;
            payload += value.bytes.size();
        }
        require_block(payload + column.entry.values * sizeof(std::uint32_t) ==
                      column.dictionary.size);
    }

    BlockBytes bytes_;
    BlockDirectory directory_;
};

}  // namespace

void check_block(std::string_view bytes)
{
    require_block(bytes.size() >= BlockDirectory::kHeaderSize);
    Checker checker(bytes);
    require_block(BlockDirectory(bytes).size() == bytes.size());
    try {
        checker.check();
    } catch (const Error &error) {
        // A number out of range, a text that is none: all the same here.
        if (error.code() == ErrorCode::cancelled || error.code() == ErrorCode::unsupported)
            throw;
        raise_corrupted_block();
    }
}

}  // namespace profiles
