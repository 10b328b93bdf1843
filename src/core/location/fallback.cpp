#include "fallback.h"

#include <algorithm>
#include <charconv>

namespace profiles::location {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Letters beyond ASCII must agree exactly.
bool same_name(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

bool contradicts(std::string_view a, std::string_view b)
{
    return !a.empty() && !b.empty() && !same_name(a, b);
}

// Whether `next` may add to `known` (see the header).
bool fits(const Place &known, const Place &next)
{
    if (contradicts(known.country, next.country) || contradicts(known.city, next.city))
        return false;
    if (!known.country.empty() && next.country.empty())
        return next.city.empty();
    bool city_alone = !known.city.empty() && known.country.empty();
    return !(city_alone && !next.country.empty() && next.city.empty());
}

void fill(std::string_view &missing, std::string_view value)
{
    if (missing.empty())
        missing = value;
}

void note(Source &target, Source source)
{
    if (target == Source::unknown)
        target = source;
}

void merge(ResolvedLocation &result, const Place &next, Source source)
{
    Place &place = result.place;
    if (next.empty() || !fits(place, next))
        return;
    bool adds_country = place.country.empty() && !next.country.empty();
    bool adds_point = !place.point && next.point;
    bool adds_text = adds_country || (place.region.empty() && !next.region.empty()) ||
                     (place.city.empty() && !next.city.empty());
    if (adds_country)
        result.country_source = source;
    if (adds_point) {
        place.point = next.point;
        place.accuracy_km = next.accuracy_km;
        result.point_source = source;
    }
    if (adds_point || adds_text)
        note(result.source, source);
    fill(place.country, next.country);
    fill(place.region, next.region);
    fill(place.city, next.city);
    fill(place.time_zone, next.time_zone);
}

void use_known_point(ResolvedLocation &result, const KnownPoint &known)
{
    result.place.point = known.point;
    result.point_source = Source::sdk;
    result.kept = true;
    note(result.source, Source::sdk);
}

// The SDK's values, then what the device measured within the last days, then what is derived; an
// older measurement is still better than no coordinates.
void resolve_enabled(ResolvedLocation &result, const LocationInput &input)
{
    const KnownPoint *gps = input.known && input.known->gps ? input.known : nullptr;
    merge(result, input.sdk, Source::sdk);
    if (gps && !result.place.point && gps->age_seconds < kGpsWinsSeconds)
        use_known_point(result, *gps);
    if (input.geocoder)
        merge(result, *input.geocoder, Source::geocoder);
    if (input.geoip)
        merge(result, *input.geoip, Source::geoip);
    if (gps && !result.place.point)
        use_known_point(result, *gps);
    result.gps = result.point_source == Source::sdk;
}

std::string_view trim(std::string_view text)
{
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

bool parse_degrees(std::string_view text, double &degrees)
{
    text = trim(text);
    if (text.size() > 1 && text[0] == '+' && text[1] != '-')
        text.remove_prefix(1);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), degrees);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string_view source_name(Source source) noexcept
{
    switch (source) {
    case Source::sdk: return "sdk";
    case Source::geocoder: return "geocoder";
    case Source::geoip: return "geoip";
    case Source::disabled: return "disabled";
    case Source::unknown: break;
    }
    return "unknown";
}

ResolvedLocation resolve(const LocationInput &input) noexcept
{
    ResolvedLocation result;
    if (input.disabled)
        result.source = result.country_source = result.point_source = Source::disabled;
    else
        resolve_enabled(result, input);
    fill(result.place.country, kUnknown);
    fill(result.place.region, kUnknown);
    fill(result.place.city, kUnknown);
    return result;
}

WireLocation parse_location(std::string_view text, Point &point) noexcept
{
    if (text.empty())
        return WireLocation::disabled;
    std::size_t comma = text.find(',');
    if (comma == std::string_view::npos)
        return WireLocation::malformed;
    Point parsed;
    if (!parse_degrees(text.substr(0, comma), parsed.latitude) ||
        !parse_degrees(text.substr(comma + 1), parsed.longitude) || !is_valid(parsed))
        return WireLocation::malformed;
    point = parsed;
    return WireLocation::point;
}

}  // namespace profiles::location
