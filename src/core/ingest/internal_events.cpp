#include "internal_events.h"

#include <algorithm>

#include "../error.h"
#include "system_event.h"

namespace profiles {

namespace {

constexpr std::size_t kMessageIdLength = 24;
constexpr std::int64_t kBestScore = 10;

const Node *segment(const Node *segmentation, std::string_view name)
{
    return segmentation && segmentation->type == Type::object ? segmentation->find(name) : nullptr;
}

std::string_view required_text(const Node *segmentation, std::string_view name)
{
    const Node *value = segment(segmentation, name);
    if (!value || value->type != Type::text || value->bytes.empty())
        throw Error(ErrorCode::invalid_value, "has no segment " + quoted(name));
    return value->bytes;
}

bool is_set(const Node *value)
{
    if (!value || value->type == Type::null || value->type == Type::no)
        return false;
    if (value->type == Type::text)
        return !value->bytes.empty() && value->bytes != "0" && value->bytes != "false";
    return !value->item().is_number() || number_of(value->item()) != Number(0);
}

InternalEvent view(const Node *segmentation)
{
    required_text(segmentation, "name");
    return {is_set(segment(segmentation, "visit")) ? kView : kViewUpdate, {}};
}

InternalEvent action(const Node *segmentation)
{
    required_text(segmentation, "type");
    return {"[CLY]_action", {}};
}

InternalEvent push_action(const Node *segmentation)
{
    if (required_text(segmentation, "i").size() != kMessageIdLength)
        throw Error(ErrorCode::invalid_value, "segment \"i\" must be the id of a message");
    return {"[CLY]_push_action", {}};
}

// The score of a question; absent when it was only shown.
std::optional<std::int64_t> rating(const Node *segmentation, std::int64_t low, std::int64_t high)
{
    const Node *value = segment(segmentation, "rating");
    if (!value || value->type == Type::null)
        return std::nullopt;
    std::optional<Number> score;
    if (value->type == Type::text)
        score = Number::parse(value->bytes);
    else if (value->item().is_number())
        score = number_of(value->item());
    if (!score || !score->is_integer() || score->integer() < low || score->integer() > high)
        throw Error(ErrorCode::invalid_value, "segment \"rating\" must be an integer from " +
                                                  std::to_string(low) + " to " +
                                                  std::to_string(high));
    return score->integer();
}

InternalEvent star_rating(const Node *segmentation)
{
    if (!rating(segmentation, 0, kBestScore))
        throw Error(ErrorCode::invalid_value, "has no segment \"rating\"");
    return {"[CLY]_star_rating", {}};
}

InternalEvent nps(const Node *segmentation)
{
    required_text(segmentation, "widget_id");
    std::optional<std::int64_t> score = rating(segmentation, 0, kBestScore);
    if (!score)
        return {"[CLY]_nps_shown", {}};
    std::string_view type = *score >= 9 ? "promoter" : *score >= 7 ? "passive" : "detractor";
    return {
        "[CLY]_nps", {member("type", make_text(type)), member("answered", make_text("true"))}, 2};
}

InternalEvent survey(const Node *segmentation)
{
    required_text(segmentation, "widget_id");
    bool has_answer = std::any_of(
        segmentation->children.begin(), segmentation->children.end(),
        [](const Node &each) { return each.key.starts_with("answ-") && is_set(&each); });
    if (!has_answer || is_set(segment(segmentation, "closed")))
        return {"[CLY]_survey_shown", {}};
    return {"[CLY]_survey", {member("answered", make_text("true"))}, 1};
}

struct Shape {
    std::string_view key;
    InternalEvent (*shape)(const Node *segmentation);
};

constexpr Shape kShapes[] = {
    {kView, view},      {"[CLY]_action", action}, {"[CLY]_push_action", push_action},
    {"[CLY]_nps", nps}, {"[CLY]_survey", survey}, {"[CLY]_star_rating", star_rating},
};

const Shape *find_shape(std::string_view key)
{
    auto found = std::find_if(std::begin(kShapes), std::end(kShapes),
                              [&](const Shape &each) { return each.key == key; });
    return found == std::end(kShapes) ? nullptr : found;
}

}  // namespace

bool is_sent_by_sdks(std::string_view key) { return key == kOrientation || find_shape(key); }

InternalEvent shape_internal_event(std::string_view key, const Node *segmentation)
{
    const Shape *shape = find_shape(key);
    return shape ? shape->shape(segmentation) : InternalEvent{key, {}};
}

}  // namespace profiles
