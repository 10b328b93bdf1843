// geoip_country, geoip_record, geoip_field, geoip_network, geoip_info: what the database says.
#include "location.h"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

namespace {

using location::FieldKind;
using location::GeoipSet;

// Longer paths than a record can be deep lead nowhere.
constexpr int kMaxPath = 64;

// A text that outlives attempt(): in the current memory context, NUL-terminated.
const char *keep(std::pmr::memory_resource *memory, std::string_view text)
{
    char *copy = static_cast<char *>(memory->allocate(text.size() + 1, 1));
    copy[text.copy(copy, text.size())] = '\0';
    return copy;
}

Datum json_datum(const char *json) { return DirectFunctionCall1(jsonb_in, CStringGetDatum(json)); }

// The network in the family that was looked up: IPv4 for a mapped address.
Datum network_datum(const location::Address &address, int prefix)
{
    int size = address.is_ipv4 ? 4 : 16;
    inet *network = static_cast<inet *>(palloc0(sizeof(inet)));
    ip_family(network) = address.is_ipv4 ? PGSQL_AF_INET : PGSQL_AF_INET6;
    ip_bits(network) = static_cast<unsigned char>(prefix);
    for (int i = 0; i < size; ++i) {
        int kept = Min(Max(prefix - 8 * i, 0), 8);
        ip_addr(network)[i] = static_cast<unsigned char>(address.bytes[i] & ~(0xFF >> kept));
    }
    SET_INET_VARSIZE(network);
    return PointerGetDatum(network);
}

Datum text_array(const std::vector<std::string> &languages)
{
    auto count = static_cast<int>(languages.size());
    Datum *items = static_cast<Datum *>(palloc(sizeof(Datum) * (languages.size() + 1)));
    for (int i = 0; i < count; ++i)
        items[i] = CStringGetTextDatum(languages[i].c_str());
    return PointerGetDatum(construct_array(items, count, TEXTOID, -1, false, TYPALIGN_INT));
}

// Any number may stand in the file; what no timestamp can be is NULL.
bool build_time(std::uint64_t epoch, TimestampTz *result)
{
    constexpr std::uint64_t kYear9999 = 253'402'300'800;
    if (epoch > kYear9999)
        return false;
    *result = (static_cast<TimestampTz>(epoch) -
               (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * static_cast<TimestampTz>(SECS_PER_DAY)) *
              USECS_PER_SEC;
    return true;
}

// Views of the elements; false when one is NULL.
bool fetch_path(ArrayType *array, std::string_view *path, int *length)
{
    Datum *steps;
    bool *nulls;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &steps, &nulls, length);
    for (int i = 0; i < Min(*length, kMaxPath); ++i) {
        if (nulls[i])
            return false;
        path[i] = {VARDATA_ANY(steps[i]), VARSIZE_ANY_EXHDR(steps[i])};
    }
    return *length <= kMaxPath;
}

// What stands beside the file about its licence, or null.
const char *attribution_of(const location::GeoipSource &source)
{
    const char *text = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        if (std::string found = location::attribution_of(source.path()); !found.empty())
            text = keep(memory, found);
    });
    return text;
}

constexpr int kInfoColumns = 9;

void info_of(const location::GeoipSource &source, Datum *values, bool *nulls)
{
    const location::Metadata &metadata = source.database().metadata();
    TimestampTz built = 0;
    nulls[3] = !build_time(metadata.build_epoch, &built);
    const char *attribution = attribution_of(source);
    nulls[8] = !attribution;
    values[0] = CStringGetTextDatum(source.path().c_str());
    values[1] = CStringGetTextDatum(metadata.type.c_str());
    values[2] = CStringGetTextDatum(metadata.description.c_str());
    values[3] = TimestampTzGetDatum(built);
    values[4] = Int32GetDatum(static_cast<int32>(metadata.ip_version));
    values[5] = text_array(metadata.languages);
    values[6] = Int64GetDatum(static_cast<int64>(metadata.node_count));
    values[7] = Int64GetDatum(static_cast<int64>(source.database().file_size()));
    if (attribution)
        values[8] = CStringGetTextDatum(attribution);
}

}  // namespace

}  // namespace profiles::pg

using namespace profiles;
using namespace profiles::pg;

extern "C" {
PG_FUNCTION_INFO_V1(geoip_country);
PG_FUNCTION_INFO_V1(geoip_record);
PG_FUNCTION_INFO_V1(geoip_field);
PG_FUNCTION_INFO_V1(geoip_network);
PG_FUNCTION_INFO_V1(geoip_info);
}

extern "C" Datum geoip_country(PG_FUNCTION_ARGS)
{
    const inet *value = PG_GETARG_INET_PP(0);
    GeoipSet *databases = geoip_databases();
    if (!databases)
        PG_RETURN_NULL();
    std::string_view country;
    attempt([&](std::pmr::memory_resource *) { country = databases->country(address_of(value)); });
    if (country.empty())
        PG_RETURN_NULL();
    PG_RETURN_TEXT_P(cstring_to_text_with_len(country.data(), static_cast<int>(country.size())));
}

extern "C" Datum geoip_record(PG_FUNCTION_ARGS)
{
    const inet *value = PG_GETARG_INET_PP(0);
    GeoipSet *databases = geoip_databases();
    if (!databases)
        PG_RETURN_NULL();
    const char *json = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        std::pmr::string record(memory);
        if (databases->write_json(address_of(value), record))
            json = keep(memory, record);
    });
    if (!json)
        PG_RETURN_NULL();
    return json_datum(json);
}

extern "C" Datum geoip_field(PG_FUNCTION_ARGS)
{
    const inet *value = PG_GETARG_INET_PP(0);
    std::string_view path[kMaxPath];
    int length = 0;
    bool usable = fetch_path(PG_GETARG_ARRAYTYPE_P(1), path, &length);
    GeoipSet *databases = geoip_databases();
    if (!usable || !databases)
        PG_RETURN_NULL();
    FieldKind kind = FieldKind::missing;
    const char *field = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        std::pmr::string found(memory);
        kind = databases->write_field(address_of(value), {path, static_cast<std::size_t>(length)},
                                      found);
        field = keep(memory, found);
    });
    if (kind == FieldKind::missing)
        PG_RETURN_NULL();
    // As #>> does it: numbers, maps and lists look as jsonb writes them, and null is NULL.
    if (kind == FieldKind::json) {
        if (strcmp(field, "null") == 0)
            PG_RETURN_NULL();
        field = DatumGetCString(DirectFunctionCall1(jsonb_out, json_datum(field)));
    }
    PG_RETURN_TEXT_P(cstring_to_text(field));
}

extern "C" Datum geoip_network(PG_FUNCTION_ARGS)
{
    const inet *value = PG_GETARG_INET_PP(0);
    GeoipSet *databases = geoip_databases();
    if (!databases)
        PG_RETURN_NULL();
    int prefix = -1;
    attempt([&](std::pmr::memory_resource *) {
        prefix = databases->network_prefix(address_of(value));
    });
    if (prefix < 0)
        PG_RETURN_NULL();
    return network_datum(address_of(value), prefix);
}

extern "C" Datum geoip_info(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    GeoipSet *databases = geoip_databases();
    for (std::size_t index = 0; databases && index < databases->size(); ++index) {
        bool nulls[kInfoColumns] = {};
        Datum values[kInfoColumns];
        info_of(databases->source(index), values, nulls);
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    PG_RETURN_VOID();
}
