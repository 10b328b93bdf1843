// When the fallback (location/fallback.h) runs and what of its answer is taken:
//
// - location="" opts out at once, also beside a country_code. Until a location is sent again the
//   next sessions stay Unknown, and no GeoIP answer is looked at. A location that was sent before and
//   comes late is none that is sent again.
// - It runs when a session begins, and on any request whose location differs from the profile's.
// - What it cannot tell replaces nothing, unless what is known no longer fits: a city or coordinates
//   beside another country, a country, a region or coordinates beside another city.
#include "whereabouts.h"

#include <algorithm>
#include <charconv>

#include "parameter.h"
#include "properties.h"
#include "../profile/reference.h"
#include "../update/text.h"

namespace profiles {

namespace {

using location::KnownPoint;
using location::Place;
using location::Point;
using location::ResolvedLocation;
using location::Source;

constexpr std::string_view kCoordinates[] = {"latitude", "longitude"};
constexpr std::string_view kAddress = "ip_address";

std::string_view text_property(const View &profile, std::string_view name)
{
    std::optional<Item> item = profile.find(name);
    return item && item->type == Type::text ? item->bytes : std::string_view();
}

std::optional<double> number_property(const View &profile, std::string_view name)
{
    std::optional<Item> item = profile.find(name);
    return item && item->is_number() ? std::optional(number_of(*item).approximate()) : std::nullopt;
}

bool is_known(std::string_view value) { return !value.empty() && value != location::kUnknown; }

bool is_sent(const Place &place)
{
    return !place.country.empty() || !place.region.empty() || !place.city.empty() || place.point;
}

class LocationUpdate {
public:
    LocationUpdate(const LocationContext &context, const View &profile, User &user,
                   std::pmr::vector<Change> &changes, std::pmr::memory_resource *memory)
        : context_(context), sent_(context.request.place), profile_(profile), user_(user),
          changes_(changes), memory_(memory)
    {
    }

    void run()
    {
        bool disabled = stays_away(user_, context_.request);
        keep_address(disabled);
        if (!context_.session_begins && !context_.request.location_disabled && !is_news())
            return;
        location::LocationInput input;
        input.disabled = disabled;
        input.sdk = sent_;
        std::optional<KnownPoint> known = known_point();
        input.known = known ? &*known : nullptr;
        std::optional<Place> geocoded = disabled ? std::nullopt : geocode(known);
        input.geocoder = geocoded ? &*geocoded : nullptr;
        input.geoip = context_.geoip;
        take(location::resolve(input), disabled);
    }

private:
    // Only what the app asks for, and nothing of who opted out.
    void keep_address(bool disabled)
    {
        bool is_kept = context_.settings.ip_data && !disabled;
        if (is_kept && context_.request.address)
            set(kAddress, address_text(*context_.request.address));
        else if (!is_kept && profile_.find(kAddress))
            changes_.push_back(set_property(kAddress, Node()));
    }

    bool differs(std::string_view sent, std::string_view property) const
    {
        return !sent.empty() && sent != text_property(profile_, property);
    }

    bool is_news() const
    {
        return sent_.point || differs(sent_.country, "country") ||
               differs(sent_.region, "region") || differs(sent_.city, "city");
    }

    std::optional<KnownPoint> known_point() const
    {
        std::optional<double> latitude = number_property(profile_, "latitude");
        std::optional<double> longitude = number_property(profile_, "longitude");
        if (!latitude || !longitude)
            return std::nullopt;
        std::int64_t age =
            user_.location_at ? (context_.request.time - *user_.location_at) / 1000 : 0;
        return KnownPoint{{*latitude, *longitude}, user_.location_at.has_value(), age};
    }

    // Where the device was lately is asked about as well, so that GeoIP does not name another city there.
    std::optional<Place> geocode(const std::optional<KnownPoint> &known) const
    {
        if (!context_.geocoder)
            return std::nullopt;
        Place asked = sent_;
        if (!asked.point && asked.city.empty() && known && known->gps &&
            known->age_seconds < location::kGpsWinsSeconds)
            asked.point = known->point;
        return location::geocode(*context_.geocoder, asked);
    }

    void take(const ResolvedLocation &resolved, bool disabled)
    {
        bool other_country = is_other(resolved.place.country, "country");
        bool other_city = is_other(resolved.place.city, "city") && !completes(resolved.place.city);
        bool moved = disabled || other_country || other_city;
        set_text("country",
                 context_.settings.country_data ? resolved.place.country : location::kUnknown,
                 disabled || other_city);
        set_text("region", keep_city() ? resolved.place.region : location::kUnknown, moved);
        set_text("city", keep_city() ? resolved.place.city : location::kUnknown,
                 disabled || other_country);
        std::optional<Time> opted_out = disabled ? std::optional(opted_out_at()) : std::nullopt;
        take_point(resolved, moved);
        if (opted_out)
            user_.location_at = opted_out;
        user_.location_source = is_known(resolved.place.country) || resolved.place.point ||
                                        disabled || user_.location_source.empty()
                                    ? location::source_name(resolved.source)
                                    : user_.location_source;
    }

    Time opted_out_at() const
    {
        Time before = is_opted_out(user_) ? user_.location_at.value_or(0) : 0;
        return context_.request.location_disabled ? std::max(before, context_.request.time)
                                                  : before;
    }

    bool is_other(std::string_view resolved, std::string_view property) const
    {
        return is_known(resolved) && resolved != text_property(profile_, property);
    }

    // The SDK told the country before and adds the city now.
    bool completes(std::string_view city) const
    {
        return city == sent_.city && !is_known(text_property(profile_, "city")) &&
               user_.location_source == location::source_name(Source::sdk);
    }

    bool keep_city() const { return context_.settings.country_data && context_.settings.city_data; }

    // "Unknown" replaces what is known only when that no longer holds.
    void set_text(std::string_view property, std::string_view value, bool forget)
    {
        bool has_value = is_known(text_property(profile_, property));
        bool is_allowed = property == "country" ? context_.settings.country_data : keep_city();
        if (!is_known(value) && has_value && !forget && is_allowed)
            return;
        set(property, value);
    }

    void set(std::string_view property, std::string_view value)
    {
        Node node = make_text(keep_text(value, memory_));
        seal(node);
        changes_.push_back(set_property(property, node));
    }

    void take_point(const ResolvedLocation &resolved, bool forget)
    {
        if (resolved.kept)
            return;
        std::optional<Point> point = resolved.place.point;
        if (point && !resolved.gps && !keep_city())
            point.reset();  // a derived point tells the city
        if (point) {
            set_coordinate("latitude", point->latitude);
            set_coordinate("longitude", point->longitude);
            user_.location_at = resolved.gps ? std::optional(context_.request.time) : std::nullopt;
        } else if (forget || (!user_.location_at && !keep_city())) {
            for (std::string_view property : kCoordinates)
                changes_.push_back(set_property(property, Node()));
            user_.location_at.reset();
        }
    }

    // The shortest decimal that names the same double: what the SDK sent.
    void set_coordinate(std::string_view property, double degrees)
    {
        char text[40];
        char *end = std::to_chars(text, text + sizeof text, degrees).ptr;
        Node node =
            make_number(Number::parse({text, static_cast<std::size_t>(end - text)}), memory_);
        seal(node);
        changes_.push_back(set_property(property, node));
    }

    const LocationContext &context_;
    const Place &sent_;
    const View &profile_;
    User &user_;
    std::pmr::vector<Change> &changes_;
    std::pmr::memory_resource *memory_;
};

}  // namespace

void update_location(const LocationContext &context, const View &profile, User &user,
                     std::pmr::vector<Change> &changes, std::pmr::memory_resource *memory)
{
    LocationUpdate(context, profile, user, changes, memory).run();
}

bool is_opted_out(const User &user)
{
    return user.location_source == location::source_name(Source::disabled);
}

// location_at of who opted out is when that was.
bool stays_away(const User &user, const Request &request)
{
    bool is_news = is_sent(request.place) && request.time >= user.location_at.value_or(0);
    return request.location_disabled || (is_opted_out(user) && !is_news);
}

void forget_whereabouts(std::pmr::vector<Change> &changes)
{
    for (std::string_view property : {kCoordinates[0], kCoordinates[1], kAddress})
        changes.push_back(set_property(property, Node()));
}

}  // namespace profiles
