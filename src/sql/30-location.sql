-- Location: what an IP address says, and the fallback from the SDK's values to it.
--
-- STABLE, not IMMUTABLE: the answers come from a file that may be replaced.

CREATE TYPE @extschema@.geo AS (
    country text,
    region text,
    city text,
    latitude float8,
    longitude float8,
    time_zone text,
    accuracy_km float8,
    source text
);
COMMENT ON TYPE @extschema@.geo IS
'where somebody is, as far as it is known; unknown parts are NULL';
COMMENT ON COLUMN @extschema@.geo.country IS 'ISO 3166-1 alpha-2 code, such as DE';
COMMENT ON COLUMN @extschema@.geo.region IS 'name of the state, province or county; its code where it has no name';
COMMENT ON COLUMN @extschema@.geo.city IS 'name of the city, in English where the source has it';
COMMENT ON COLUMN @extschema@.geo.latitude IS 'degrees north of the equator, -90 to 90 (WGS 84)';
COMMENT ON COLUMN @extschema@.geo.longitude IS 'degrees east of Greenwich, -180 to 180 (WGS 84)';
COMMENT ON COLUMN @extschema@.geo.time_zone IS 'IANA name, such as Europe/Berlin';
COMMENT ON COLUMN @extschema@.geo.accuracy_km IS 'radius in kilometres around the coordinates, where the source tells it';
COMMENT ON COLUMN @extschema@.geo.source IS
'the first of sdk, geocoder, geoip that gave anything in this row; disabled: the user opted out; unknown: none gave anything';

CREATE FUNCTION @extschema@.geoip(address inet) RETURNS @extschema@.geo
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'geoip';
COMMENT ON FUNCTION @extschema@.geoip(inet) IS
'where the address is, by the first database of profiles.geoip_database that knows; names are in the language of profiles.geoip_language. NULL where nothing is known (private address, in no database). A netmask is ignored. Errors: 58P01 no such file, XX001 not a usable database. Example: select (geoip(''81.2.69.142'')).city';

CREATE FUNCTION @extschema@.geoip_country(address inet) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'geoip_country';
COMMENT ON FUNCTION @extschema@.geoip_country(inet) IS
'country of the address, an ISO 3166-1 alpha-2 code; as (geoip(address)).country but faster. The registered country where the database has no other. Errors as geoip. Example: select geoip_country(ip), count(*) from requests group by 1';

CREATE FUNCTION @extschema@.geoip_record(address inet) RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'geoip_record';
COMMENT ON FUNCTION @extschema@.geoip_record(inet) IS
'the whole record that the database has for the network of the address, whatever the type of the database; NULL where it has none. Bytes are texts of the form \x2a. Errors as geoip. Example: select geoip_record(''81.2.69.142'') -> ''postal''';

CREATE FUNCTION @extschema@.geoip_field(address inet, path text[]) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'geoip_field';
COMMENT ON FUNCTION @extschema@.geoip_field(inet, text[]) IS
'one field of the record, as geoip_record(address) #>> path gives it, without building the record; path holds keys and array positions (from 0, negative from the end). NULL where there is none. Errors as geoip. Example: select geoip_field(ip, ''{city,names,de}'')';

CREATE FUNCTION @extschema@.geoip_network(address inet) RETURNS cidr
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'geoip_network';
COMMENT ON FUNCTION @extschema@.geoip_network(inet) IS
'the network around the address that the database answers for; NULL where it has no record. A mapped address (::ffff:a.b.c.d) is in an IPv4 network. Errors as geoip. Example: select geoip_network(''81.2.69.142'')';

CREATE FUNCTION @extschema@.geoip_info(
    OUT path text,
    OUT type text,
    OUT description text,
    OUT built timestamptz,
    OUT ip_version int,
    OUT languages text[],
    OUT nodes bigint,
    OUT size bigint,
    OUT attribution text
) RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 1
AS 'MODULE_PATHNAME', 'geoip_info';
COMMENT ON FUNCTION @extschema@.geoip_info() IS
'one row for each geoip database in use: path of the file, type and description as it says, build time, IP version (6 has both), languages of names, nodes of the search tree, size in bytes, and the licence and whom to name, where a file PATH.attribution beside it tells; no row where there is none. Errors as geoip. Example: select type, built from geoip_info()';

CREATE FUNCTION @extschema@.resolve_location(
    country text,
    city text,
    latitude float8,
    longitude float8,
    ip inet,
    disabled boolean DEFAULT false
) RETURNS @extschema@.geo
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'resolve_location';
COMMENT ON FUNCTION @extschema@.resolve_location(text, text, float8, float8, inet, boolean) IS
'where a user is: the values of the SDK first (NULL or empty: not sent), then GeoIP of the address for what is missing, unless it names another country or city. country, region and city that stay missing are Unknown; so are all three for a user who opted out (disabled), whose address is not looked up. Errors: 22023 for coordinates out of range or only one of the two, and those of geoip. Example: select * from resolve_location(''DE'', ''Berlin'', null, null, ''81.2.69.142'')';
