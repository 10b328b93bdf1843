-- Names of countries and of their subdivisions, beside the codes that profiles have. The rows are written
-- by data/iso-3166 from Debian's iso-codes when the extension is built, and come at the end of the script.

CREATE TABLE @extschema@.countries (
    code text PRIMARY KEY,
    alpha3 text NOT NULL UNIQUE,
    number text NOT NULL UNIQUE,
    name text NOT NULL
);
COMMENT ON TABLE @extschema@.countries IS 'ISO 3166-1: the countries; from the Debian package iso-codes';
COMMENT ON COLUMN @extschema@.countries.code IS 'alpha-2 code, such as DE: what profiles have';
COMMENT ON COLUMN @extschema@.countries.alpha3 IS 'alpha-3 code, such as DEU';
COMMENT ON COLUMN @extschema@.countries.number IS 'numeric code, three digits';
COMMENT ON COLUMN @extschema@.countries.name IS 'usual name in English';

CREATE TABLE @extschema@.regions (
    code text PRIMARY KEY,
    country text NOT NULL,
    name text NOT NULL,
    kind text,
    part_of text
);
COMMENT ON TABLE @extschema@.regions IS 'ISO 3166-2: states, provinces and the like; from the Debian package iso-codes';
COMMENT ON COLUMN @extschema@.regions.code IS 'code with the country, such as DE-BY';
COMMENT ON COLUMN @extschema@.regions.country IS 'its country, alpha-2 code';
COMMENT ON COLUMN @extschema@.regions.name IS 'name, in a language of the country';
COMMENT ON COLUMN @extschema@.regions.kind IS 'what it is: State, Province, ...';
COMMENT ON COLUMN @extschema@.regions.part_of IS 'code of the region that it is part of, if any';
GRANT SELECT ON @extschema@.countries, @extschema@.regions TO PUBLIC;

CREATE FUNCTION @extschema@.country_name(code text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT countries.name FROM @extschema@.countries
    WHERE countries.code OPERATOR(pg_catalog.=) pg_catalog.upper(country_name.code);
END;
COMMENT ON FUNCTION @extschema@.country_name(text) IS
'name in English of a country by its ISO 3166-1 alpha-2 code; NULL for any other text. Example: select country_name(''DE'')';

CREATE FUNCTION @extschema@.country_code(country text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT countries.code FROM @extschema@.countries
    WHERE pg_catalog.upper(country) OPERATOR(pg_catalog.=)
          ANY (ARRAY[countries.code, countries.alpha3, countries.number, pg_catalog.upper(countries.name)]);
END;
COMMENT ON FUNCTION @extschema@.country_code(text) IS
'ISO 3166-1 alpha-2 code of a country by any of its codes or its English name; NULL where there is none. Example: select country_code(''Germany''), country_code(''DEU'')';

CREATE FUNCTION @extschema@.region_name(code text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT regions.name FROM @extschema@.regions
    WHERE regions.code OPERATOR(pg_catalog.=) pg_catalog.upper(region_name.code);
END;
COMMENT ON FUNCTION @extschema@.region_name(text) IS
'name of a state or province by its ISO 3166-2 code; NULL for any other text. Example: select region_name(''DE-BY'')';

CREATE FUNCTION @extschema@.region_code(country text, region text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT regions.code FROM @extschema@.regions
    WHERE regions.country OPERATOR(pg_catalog.=) pg_catalog.upper(region_code.country)
      AND pg_catalog.upper(regions.name) OPERATOR(pg_catalog.=) pg_catalog.upper(region)
    ORDER BY regions.part_of IS NULL DESC, regions.code LIMIT 1;
END;
COMMENT ON FUNCTION @extschema@.region_code(text, text) IS
'ISO 3166-2 code of a state or province by its country (alpha-2 code) and its name; NULL where there is none. Example: select region_code(''DE'', ''Bayern'')';
