#include "request_parts.h"

#include "bulk.h"

namespace profiles {

namespace {

bool has(const Node &parameter) { return parameter.type != Type::null; }

bool has_location(const Request &request)
{
    const location::Place &place = request.place;
    return request.location_disabled || place.point || !place.country.empty() ||
           !place.region.empty() || !place.city.empty();
}

bool has_attribution(const Request &request)
{
    return !request.campaign_id.empty() || !request.campaign_user.empty() ||
           has(request.attribution_data) || has(request.advertising_id);
}

}  // namespace

std::pmr::vector<std::string_view> request_parts(const Request &request,
                                                 std::pmr::memory_resource *memory)
{
    std::pmr::vector<std::string_view> parts(memory);
    auto add = [&](std::string_view name, bool is_there) {
        if (is_there)
            parts.push_back(name);
    };
    add("session", request.has_session_parameters());
    add("location", has_location(request));
    add("metrics", has(request.metrics));
    add("user_details", has(request.user_details));
    add("events", has(request.events));
    add("crash", has(request.crash));
    add("consent", has(request.consent));
    add("apm", has(request.apm));
    add("attribution", has_attribution(request));
    add("token", request.token_session);
    add("enrolment", has(request.keys));
    add("merge", !former_device(request).empty());
    return parts;
}

}  // namespace profiles
