-- The geocoder: places of the world, from a point to the city around it and from a city to its point.

CREATE TABLE @extschema@.places (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    other_names text,
    country text,
    region text,
    latitude float8 NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude float8 NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    population bigint NOT NULL DEFAULT 0,
    time_zone text
);
COMMENT ON TABLE @extschema@.places IS
'the places that the geocoder knows; empty until load_places has filled it. Rows may be added and changed';
COMMENT ON COLUMN @extschema@.places.id IS 'number of the place in GeoNames';
COMMENT ON COLUMN @extschema@.places.name IS 'its usual name in English';
COMMENT ON COLUMN @extschema@.places.other_names IS 'names in other languages and spellings, separated by commas';
COMMENT ON COLUMN @extschema@.places.country IS 'ISO 3166-1 alpha-2 code, such as DE';
COMMENT ON COLUMN @extschema@.places.region IS 'name of the state or province';
COMMENT ON COLUMN @extschema@.places.latitude IS 'degrees north of the equator (WGS 84)';
COMMENT ON COLUMN @extschema@.places.longitude IS 'degrees east of Greenwich (WGS 84)';
COMMENT ON COLUMN @extschema@.places.population IS 'how many people live there: the larger of two places of a name is meant, and it reaches farther';
COMMENT ON COLUMN @extschema@.places.time_zone IS 'IANA name, such as Europe/Berlin';
SELECT pg_catalog.pg_extension_config_dump('@extschema@.places', '');

-- Not dumped: restoring the places makes a new version.
CREATE TABLE @extschema@.places_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version uuid
);
COMMENT ON TABLE @extschema@.places_version IS 'changes whenever places does; for the geocoder of each session';
COMMENT ON COLUMN @extschema@.places_version.only_row IS 'there is only one row';
COMMENT ON COLUMN @extschema@.places_version.version IS 'new with each change; NULL while there is no place';
INSERT INTO @extschema@.places_version DEFAULT VALUES;
GRANT SELECT ON @extschema@.places, @extschema@.places_version TO PUBLIC;

CREATE FUNCTION @extschema@.places_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE @extschema@.places_version
    SET version = CASE WHEN EXISTS (SELECT FROM @extschema@.places) THEN gen_random_uuid() END;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION @extschema@.places_changed() IS 'trigger of places: a change makes a new version';
CREATE TRIGGER places_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON @extschema@.places
FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.places_changed();

CREATE FUNCTION @extschema@.load_places(file text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    path text := coalesce(file,
        (SELECT setting || '/profiles/places.tsv' FROM pg_config WHERE name = 'SHAREDIR'));
    loaded bigint;
BEGIN
    LOCK TABLE @extschema@.places IN SHARE ROW EXCLUSIVE MODE;
    RAISE NOTICE 'reading places from %', path
        USING HINT = 'pg_stat_progress_copy shows how far it is.';
    DELETE FROM @extschema@.places;
    -- COPY takes no parameter for its file.
    EXECUTE format('COPY @extschema@.places (id, name, other_names, country, region, latitude, longitude, '
                   'population, time_zone) FROM %L WITH (FORMAT text, ENCODING ''UTF8'')', path);
    GET DIAGNOSTICS loaded = ROW_COUNT;
    RAISE NOTICE 'loaded % places', loaded;
    RETURN loaded;
END
$$;
COMMENT ON FUNCTION @extschema@.load_places(text) IS
'replaces the places of the geocoder by those of a file on the server, by default the one that make places-data installs; returns how many. Sessions go on with those before until it commits. Needs pg_read_server_files and the right to change places; pg_stat_progress_copy shows how far it is. Errors: 58P01 no such file, and those of COPY. Example: select load_places()';

CREATE FUNCTION @extschema@.geocode(latitude float8, longitude float8, max_km float8 DEFAULT 100)
RETURNS @extschema@.geo
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'geocode_point';
COMMENT ON FUNCTION @extschema@.geocode(float8, float8, float8) IS
'the city that a point belongs to, the one whose edge is nearest, with its own coordinates; accuracy_km is its distance from the point. NULL where the nearest edge is more than max_km away, or no places are loaded. Errors: 22023 for coordinates out of range or a negative distance. Example: select (geocode(52.52, 13.4)).city';

CREATE FUNCTION @extschema@.geocode(city text, country text) RETURNS @extschema@.geo
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'geocode_city';
COMMENT ON FUNCTION @extschema@.geocode(text, text) IS
'the most populous place of a name in a country (ISO 3166-1 alpha-2 code), or in the world where the country is NULL or empty. The name may be in any language that GeoNames knows. NULL where there is none, or no places are loaded. Example: select latitude, longitude from geocode(''München'', ''DE'')';
