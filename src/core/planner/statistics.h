// What ANALYZE keeps of a column of profiles, and the form in which both sides name its parts.
//
// An item is a text: `country` for a property that is set, `country="DE"` for one with this value or, if
// it is an array, with this element. So pg_stats shows them as they are, among most_common_elems.
// `custom.paid [10, 12.5]` stands for a tenth of the numbers of a property with many different ones, up to
// but without the second: by these ranges are compared with other conditions.
#pragma once

#include <memory_resource>
#include <span>
#include <string>

#include "../profile/view.h"

namespace profiles {

// What is known of one property; frequencies are shares of the profiles that are not NULL.
struct PropertyFigures {
    float set = 0;            // profiles that have it
    float rest = 0;           // profiles with a value of it that is no item
    float distinct_rest = 0;  // how many such values the whole table has
    float numeric_rest = 0;   // profiles with such a value that is a number
    float several = 0;        // profiles with several values of it: arrays
};

// Two items that go together more or less often than by chance.
struct ItemPair {
    float first = 0;  // position of the items; exact, there are not so many
    float second = 0;
    float frequency = 0;
};

// As pg_statistic holds it; all sorted by bytes.
struct StatisticsView {
    std::span<const std::string_view> items;
    const float *frequencies = nullptr;  // one for each item
    std::span<const std::string_view> properties;
    const PropertyFigures *figures = nullptr;  // one for each property
    // Numbers that are no items: for each of these properties as many bounds, between any two of which
    // lie equally many.
    std::span<const std::string_view> numeric;
    const float *bounds = nullptr;
    std::size_t bounds_each = 0;
    std::span<const ItemPair> pairs;  // by first, then second, which is greater
};

using ItemText = std::string;

constexpr std::size_t kBuckets = 10;
struct Bucket {
    float low = 0;
    float high = 0;
};
ItemText bucket_item(std::string_view path, const Bucket &bucket);
// What the items of the buckets of a property begin with.
ItemText bucket_prefix(std::string_view path);
// The bucket of an item without its prefix.
Bucket read_bucket(std::string_view text);

inline void append_item_step(ItemText &path, std::string_view step)
{
    if (!path.empty())
        path.push_back('.');
    path.append(step);
}
// `path` becomes the item of the value; not for containers.
void append_item_value(ItemText &path, const Item &scalar);

constexpr std::size_t kMaxElements = 1'000;  // of one array; more are not looked at

// Calls visit(path, value) for every property of a profile and below: with a null pointer for the fact
// that it is set, then with its value or each of its elements, unless these are containers or null.
template <typename Visit>
class ItemWalk {
public:
    explicit ItemWalk(Visit &visit) : visit_(visit) {}

    void walk(const View &object, int depth = 0)
    {
        if (depth > layout::kMaxDepth)
            raise_corrupted_profile();
        std::size_t parent = path_.size();
        for (Cursor cursor(object); cursor.next();) {
            append_item_step(path_, cursor.key());
            if (cursor.item().type != Type::null)
                visit_value(cursor.item(), depth);
            path_.resize(parent);
        }
    }

private:
    void visit_value(const Item &value, int depth)
    {
        visit_(path_, nullptr);
        if (value.type == Type::object)
            return walk(View(value), depth + 1);
        if (value.type != Type::array)
            return visit_(path_, &value);
        View elements(value);
        std::size_t seen = 0;
        for (Cursor cursor(elements); cursor.next() && ++seen <= kMaxElements;)
            if (!cursor.item().is_container() && cursor.item().type != Type::null)
                visit_(path_, &cursor.item());
    }

    Visit &visit_;
    ItemText path_;
};

}  // namespace profiles
