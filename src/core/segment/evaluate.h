// Asks a filter of one row: a profile, or an event with the profile it carries.
#pragma once

#include <vector>

#include "../profile/view.h"
#include "filter.h"

namespace profiles {

// What references can lead to. A part that is not there is missing in every
// condition.
struct Subject {
    const View *profile = nullptr;
    const View *segmentation = nullptr;  // of the event
    Item uid, device_id;
    Item key, count, sum, duration;                  // of the event
    std::span<const std::optional<Item>> user = {};  // by UserField; none: all are missing
};

std::optional<Item> find_value(const Reference &reference, const Subject &subject);

// Where the profile says that the user is.
std::optional<location::Point> find_point(const View *profile);
std::optional<location::Point> make_point(const std::optional<Item> &latitude,
                                          const std::optional<Item> &longitude);

// True when the value is the same for all events of one profile.
bool is_of_user(const Reference &reference);

// Answers for rows in turn. What only depends on the user is answered once
// until the user changes.
class Evaluation {
public:
    // `now`: milliseconds since the epoch. The filter must outlive this.
    Evaluation(const Filter &filter, std::int64_t now);

    void change_user();
    bool matches(const Subject &subject) { return matches(filter_.root(), subject); }

private:
    enum class Known : std::uint8_t { no_idea, no, yes };

    bool matches(const Condition &condition, const Subject &subject);
    bool matches(const Leaf &leaf, const Subject &subject);

    const Filter &filter_;
    std::int64_t now_;
    std::vector<Known> known_;  // by Leaf::position
};

}  // namespace profiles
