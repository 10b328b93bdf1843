// A property reference: the one text that names a property everywhere (queries, breakdowns, ->), and
// Countly's spellings of it. `country`, `custom.plan`, `campaign.name`, `event.price`; a longer path
// leads into nested JSON (`custom.address.city`).
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "user_field.h"
#include "view.h"

namespace profiles {

enum class Scope {
    profile,  // a path from the root of the profile
    event,    // a path into the segmentation of the event
    field,    // a column: uid, device_id, count, sum, duration, key
    user,     // a column of the table of users
};

enum class Field { uid, device_id, count, sum, duration, key };

struct Reference {
    Scope scope = Scope::profile;
    Field field = Field::uid;
    UserField user_field = UserField::identified;
    std::pmr::vector<std::string_view> path;  // names, outermost first

    explicit Reference(std::pmr::memory_resource *memory) : path(memory) {}
};

// `text` must outlive the reference. Throws invalid_value for an empty or malformed one, limit_exceeded for
// one that leads deeper than a profile can be.
Reference parse_reference(std::string_view text, std::pmr::memory_resource *memory);

// Follows a path of a reference through objects; absent where a step is missing or no object.
std::optional<Item> find_path(const View &root, std::span<const std::string_view> path);
// The same from text, without making a reference: what -> does per row.
std::optional<Item> find_property(const View &root, std::string_view text);

}  // namespace profiles
