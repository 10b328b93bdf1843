// The type geo and the functions that return it: geoip, geocode, resolve_location.
#include "location.h"

extern "C" {
#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

namespace {

using location::Place;
using location::Source;

// The row type of the result, looked up once per call site.
TupleDesc result_type(FunctionCallInfo fcinfo)
{
    if (!fcinfo->flinfo->fn_extra) {
        MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
        TupleDesc type;
        if (get_call_result_type(fcinfo, nullptr, &type) != TYPEFUNC_COMPOSITE)
            elog(ERROR, "return type must be a row type");
        fcinfo->flinfo->fn_extra = BlessTupleDesc(CreateTupleDescCopy(type));
        MemoryContextSwitchTo(before);
    }
    return static_cast<TupleDesc>(fcinfo->flinfo->fn_extra);
}

Datum text_or_null(std::string_view value, bool *is_null)
{
    *is_null = value.empty();
    if (value.empty())
        return 0;
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

// The order of the columns is that of CREATE TYPE geo.
Datum geo_datum(FunctionCallInfo fcinfo, const Place &place, Source source)
{
    bool nulls[8];
    location::Point point = place.point.value_or(location::Point{});
    nulls[3] = nulls[4] = !place.point;
    nulls[6] = !place.accuracy_km;
    Datum values[8] = {
        text_or_null(place.country, &nulls[0]),
        text_or_null(place.region, &nulls[1]),
        text_or_null(place.city, &nulls[2]),
        Float8GetDatum(point.latitude),
        Float8GetDatum(point.longitude),
        text_or_null(place.time_zone, &nulls[5]),
        Float8GetDatum(place.accuracy_km.value_or(0)),
        text_or_null(location::source_name(source), &nulls[7]),
    };
    return HeapTupleGetDatum(heap_form_tuple(result_type(fcinfo), values, nulls));
}

std::string_view text_argument(FunctionCallInfo fcinfo, int number)
{
    if (PG_ARGISNULL(number))
        return {};
    const struct varlena *value = PG_GETARG_TEXT_PP(number);
    return {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

std::optional<location::Point> point_argument(FunctionCallInfo fcinfo, int number)
{
    if (PG_ARGISNULL(number) && PG_ARGISNULL(number + 1))
        return {};
    if (PG_ARGISNULL(number) || PG_ARGISNULL(number + 1))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("latitude and longitude must be given together")));
    location::Point point{PG_GETARG_FLOAT8(number), PG_GETARG_FLOAT8(number + 1)};
    if (!location::is_valid(point))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("coordinates are out of range: latitude %g, longitude %g",
                               point.latitude, point.longitude),
                        errdetail("A latitude is between -90 and 90 degrees, a longitude "
                                  "between -180 and 180.")));
    return point;
}

}  // namespace

}  // namespace profiles::pg

using namespace profiles;
using namespace profiles::pg;

extern "C" {
PG_FUNCTION_INFO_V1(geoip);
PG_FUNCTION_INFO_V1(geocode_point);
PG_FUNCTION_INFO_V1(geocode_city);
PG_FUNCTION_INFO_V1(resolve_location);
}

extern "C" Datum geoip(PG_FUNCTION_ARGS)
{
    const inet *value = PG_GETARG_INET_PP(0);
    location::GeoipSet *databases = geoip_databases();
    if (!databases)
        PG_RETURN_NULL();
    const Place *place = nullptr;
    attempt([&](std::pmr::memory_resource *) { place = databases->place(address_of(value)); });
    if (!place)
        PG_RETURN_NULL();
    return geo_datum(fcinfo, *place, Source::geoip);
}

// geocode(latitude, longitude, max_km)
extern "C" Datum geocode_point(PG_FUNCTION_ARGS)
{
    location::Point point = *point_argument(fcinfo, 0);
    double max_km = PG_GETARG_FLOAT8(2);
    if (!(max_km >= 0))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a distance must not be negative: %g km", max_km)));
    location::PlaceIndex *index = places();
    if (!index)
        PG_RETURN_NULL();
    std::optional<location::PlaceIndex::Nearest> nearest;
    attempt([&](std::pmr::memory_resource *) { nearest = index->nearest(point, max_km); });
    if (!nearest)
        PG_RETURN_NULL();
    nearest->place.accuracy_km = nearest->distance_km;
    return geo_datum(fcinfo, nearest->place, Source::geocoder);
}

// geocode(city, country)
extern "C" Datum geocode_city(PG_FUNCTION_ARGS)
{
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    std::string_view city = text_argument(fcinfo, 0), country = text_argument(fcinfo, 1);
    location::PlaceIndex *index = places();
    if (!index)
        PG_RETURN_NULL();
    std::optional<Place> place;
    attempt([&](std::pmr::memory_resource *) { place = index->find(city, country); });
    if (!place)
        PG_RETURN_NULL();
    return geo_datum(fcinfo, *place, Source::geocoder);
}

extern "C" Datum resolve_location(PG_FUNCTION_ARGS)
{
    location::LocationInput input;
    input.sdk.country = text_argument(fcinfo, 0);
    input.sdk.city = text_argument(fcinfo, 1);
    input.sdk.point = point_argument(fcinfo, 2);
    input.disabled = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
    location::PlaceIndex *index =
        !input.disabled && (input.sdk.point || !input.sdk.city.empty()) ? places() : nullptr;
    std::optional<Place> geocoded;
    if (index)
        attempt(
            [&](std::pmr::memory_resource *) { geocoded = location::geocode(*index, input.sdk); });
    input.geocoder = geocoded ? &*geocoded : nullptr;
    // Who opted out is not even looked up.
    if (!input.disabled && !PG_ARGISNULL(4)) {
        const inet *address = PG_GETARG_INET_PP(4);
        if (location::GeoipSet *databases = geoip_databases())
            attempt([&](std::pmr::memory_resource *) {
                input.geoip = databases->place(address_of(address));
            });
    }
    location::ResolvedLocation resolved = location::resolve(input);
    return geo_datum(fcinfo, resolved.place, resolved.source);
}
