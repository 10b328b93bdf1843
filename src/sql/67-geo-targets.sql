-- Regions with a name that an app is interested in. A target is a filter on people: a circle, some
-- countries, anything that a filter can say.

CREATE FUNCTION @extschema@.create_geo_targets_table(app text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    EXECUTE format($template$
        CREATE TABLE %1$I.geo_targets (
            name   text CONSTRAINT geo_targets_pkey PRIMARY KEY,
            filter @extschema@.segment NOT NULL
        );
        COMMENT ON TABLE %1$I.geo_targets IS 'regions with a name; profiles.geo_target gives their filter';
        COMMENT ON COLUMN %1$I.geo_targets.name IS 'what it is called';
        COMMENT ON COLUMN %1$I.geo_targets.filter IS 'who is there, such as {"location": {"$near": [52.52, 13.4], "$km": 50}}';
        $template$, app);
END
$function$;
COMMENT ON FUNCTION @extschema@.create_geo_targets_table(text) IS
    'internal: part of create_app';

CREATE FUNCTION @extschema@.geo_target(app text, name text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    found jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM @extschema@.apps WHERE apps.name = app) THEN
        RAISE undefined_object USING MESSAGE = format('app "%s" does not exist', app);
    END IF;
    EXECUTE format('SELECT filter::jsonb FROM %I.geo_targets WHERE name = $1', app) INTO found USING name;
    IF found IS NULL THEN
        RAISE undefined_object USING
            MESSAGE = format('app "%s" has no geo target "%s"', app, name),
            HINT = format('The targets are the rows of %I.geo_targets.', app);
    END IF;
    RETURN found;
END
$function$;
COMMENT ON FUNCTION @extschema@.geo_target(text, text) IS
    'the filter of a region in geo_targets of the app, for the query of segmentation and the like. Errors: 42704 no such app or target. Example: select * from segmentation(''shop'', ''Purchase'', geo_target(''shop'', ''Rhineland''))';
