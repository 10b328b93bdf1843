// Events of the system that SDKs send: what must be in them and what the server adds.
#pragma once

#include <array>

#include "../profile/node.h"

namespace profiles {

inline constexpr std::string_view kInternalPrefix = "[CLY]_";
inline constexpr std::string_view kView = "[CLY]_view";
inline constexpr std::string_view kViewUpdate = "[CLY]_view_update";
inline constexpr std::string_view kOrientation = "[CLY]_orientation";

// Whether SDKs may send it; [CLY]_session and its like are made here and accepted from nobody.
bool is_sent_by_sdks(std::string_view key);

// How an event is stored.
struct InternalEvent {
    std::string_view key;       // maybe another one
    std::array<Node, 2> added;  // segments
    std::size_t added_count = 0;
};

// A later event of a view, without `visit`, only adds to it: [CLY]_view_update. A widget that was
// shown and not answered: [CLY]_nps_shown, [CLY]_survey_shown. Throws when the event says nothing without what is
// missing. `segmentation` is sealed, or null.
InternalEvent shape_internal_event(std::string_view key, const Node *segmentation);

}  // namespace profiles
