#include "purchases.h"

#include "../error.h"
#include "../update/text.h"

namespace profiles {

namespace {

Number number_of_text(std::string_view text)
{
    return text.empty() ? Number() : Number::parse(text);
}

std::string_view keep_number(const Number &number, std::pmr::memory_resource *memory)
{
    return keep_text(to_text(number).view(), memory);
}

bool is_purchase(const Settings &settings, std::string_view key)
{
    for (const Node &name : settings.purchase_events)
        if (name.bytes == key)
            return true;
    return false;
}

void add_purchase(const Node &event, const Node &sum, Purchases &purchases,
                  std::pmr::memory_resource *memory)
{
    Number amount = number_of(sum.item());
    Time time = number_of(event.find("ts")->item()).integer();
    purchases.total = keep_number(add(number_of_text(purchases.total), amount), memory);
    ++purchases.count;
    if (purchases.last && *purchases.last > time)
        return;
    purchases.last = time;
    purchases.last_amount = keep_number(amount, memory);
}

}  // namespace

bool add_purchases(std::span<const Node> events, const Settings &settings, Purchases &purchases,
                   SkipList &skips, std::pmr::memory_resource *memory)
{
    if (settings.purchase_events.empty())
        return false;
    bool found = false;
    for (const Node &event : events) {
        std::string_view key = event.find("key")->bytes;
        const Node *sum = event.find("sum");
        if (!sum || !is_purchase(settings, key))
            continue;
        try {
            add_purchase(event, *sum, purchases, memory);
            found = true;
        } catch (const Error &error) {
            skips.push_back({key, {}, keep_text("purchase: " + error.message(), memory)});
        }
    }
    return found;
}

Purchases merge_purchases(const Purchases &left, const Purchases &right,
                          std::pmr::memory_resource *memory)
{
    Purchases merged = right.last && (!left.last || *left.last < *right.last) ? right : left;
    merged.count = left.count + right.count;
    if (merged.count > 0)
        merged.total =
            keep_number(add(number_of_text(left.total), number_of_text(right.total)), memory);
    return merged;
}

}  // namespace profiles
