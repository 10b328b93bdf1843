#include "compare.h"

#include <algorithm>
#include <memory_resource>
#include <vector>

#include "../interrupt.h"

namespace profiles {

namespace {

constexpr std::uint32_t kLinearSearch = 16;  // up to here comparing beats sorting

int sign(std::strong_ordering order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

int rank(Type type)
{
    if (type == Type::decimal)
        type = Type::integer;
    return static_cast<int>(type);
}

int compare_containers(const Item &left, const Item &right, int depth);

int compare_values(const Item &left, const Item &right, int depth)
{
    if (rank(left.type) != rank(right.type))
        return rank(left.type) < rank(right.type) ? -1 : 1;
    if (left.is_number())
        return left == right ? 0 : sign(compare(number_of(left), number_of(right)));
    if (left.is_container())
        return left == right ? 0 : compare_containers(left, right, depth + 1);
    int order = left.bytes.compare(right.bytes);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
}

int compare_containers(const Item &left, const Item &right, int depth)
{
    if (depth > layout::kMaxDepth)
        raise_corrupted_profile();
    View left_view(left), right_view(right);
    if (left_view.count() != right_view.count())
        return left_view.count() < right_view.count() ? -1 : 1;
    Cursor left_cursor(left_view), right_cursor(right_view);
    while (left_cursor.next() && right_cursor.next()) {
        if (left_cursor.position() % 1024 == 0)
            check_interrupt();
        int order = left_view.is_object() ? compare_keys(left_cursor.key(), right_cursor.key()) : 0;
        if (order == 0)
            order = compare_values(left_cursor.item(), right_cursor.item(), depth);
        if (order != 0)
            return order;
    }
    return 0;
}

bool contains_value(const Item &whole, const Item &part, int depth);

bool object_contains(const View &whole, const View &part, int depth)
{
    if (part.count() > whole.count())
        return false;
    for (Cursor cursor(part); cursor.next();) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        std::optional<Item> found = whole.find(cursor.key());
        if (!found || !contains_value(*found, cursor.item(), depth))
            return false;
    }
    return true;
}

bool any_contains(const View &whole, const Item &wanted, int depth)
{
    for (Cursor cursor(whole); cursor.next();) {
        if (cursor.position() % 1024 == 0)
            check_interrupt();
        if (contains_value(cursor.item(), wanted, depth))
            return true;
    }
    return false;
}

// The scalars of an array, sorted, so that many of them can be looked up.
class Scalars {
public:
    explicit Scalars(const View &array)
    {
        for (Cursor cursor(array); cursor.next();)
            if (!cursor.item().is_container())
                sorted_.push_back(cursor.item());
        std::size_t comparisons = 0;
        std::sort(sorted_.begin(), sorted_.end(), [&](const Item &left, const Item &right) {
            if (++comparisons % 4096 == 0)
                check_interrupt();
            return precedes(left, right);
        });
    }

    bool has(const Item &wanted) const
    {
        return std::binary_search(sorted_.begin(), sorted_.end(), wanted, precedes);
    }

private:
    // Any order of canonical values serves.
    static bool precedes(const Item &left, const Item &right)
    {
        return left.type != right.type ? left.type < right.type : left.bytes < right.bytes;
    }

    std::pmr::vector<Item> sorted_;
};

bool array_contains(const View &whole, const View &part, int depth)
{
    std::optional<Scalars> scalars;
    if (whole.count() > kLinearSearch && part.count() > kLinearSearch)
        scalars.emplace(whole);
    for (Cursor wanted(part); wanted.next();) {
        if (wanted.position() % 1024 == 0)
            check_interrupt();
        bool found = scalars && !wanted.item().is_container()
                         ? scalars->has(wanted.item())
                         : any_contains(whole, wanted.item(), depth);
        if (!found)
            return false;
    }
    return true;
}

bool contains_value(const Item &whole, const Item &part, int depth)
{
    if (!part.is_container() || whole.type != part.type)
        return whole == part;
    if (depth > layout::kMaxDepth)
        raise_corrupted_profile();
    View whole_view(whole), part_view(part);
    return whole_view.is_array() ? array_contains(whole_view, part_view, depth + 1)
                                 : object_contains(whole_view, part_view, depth + 1);
}

}  // namespace

int compare_items(const Item &left, const Item &right) { return compare_values(left, right, 0); }

bool contains(const Item &whole, const Item &part) { return contains_value(whole, part, 0); }

}  // namespace profiles
