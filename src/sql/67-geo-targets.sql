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

-- A filter knows no app, so in a query of one the names of regions give way to their filters before it becomes a
-- filter: {"geo": "Around Berlin"}, {"geo": {"$in": ["Around Berlin", "Benelux"]}}.
CREATE FUNCTION @extschema@.geo_filters(app text, names jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
BEGIN
    IF jsonb_typeof(names) <> 'array' THEN
        names := jsonb_build_array(names);
    END IF;
    IF jsonb_path_exists(names, 'strict $[*] ? (@.type() != "string")') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('"geo" must be the name of a geo target, not %s', names);
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(@extschema@.geo_target(app, name) ORDER BY number), '[]')
              FROM jsonb_array_elements_text(names) WITH ORDINALITY AS named (name, number));
END
$function$;
COMMENT ON FUNCTION @extschema@.geo_filters(text, jsonb) IS
    'internal: the filters of one region or of an array of them, as an array';

CREATE FUNCTION @extschema@.resolve_geo(app text, condition jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    conditions jsonb := '[]';
    operator   text;
    operand    jsonb;
BEGIN
    IF jsonb_typeof(condition) <> 'object' THEN
        RETURN jsonb_build_object('$or', @extschema@.geo_filters(app, condition));
    END IF;
    FOR operator, operand IN SELECT * FROM jsonb_each(condition) LOOP
        IF operator IN ('$eq', '$in') THEN
            conditions := conditions || jsonb_build_object('$or', @extschema@.geo_filters(app, operand));
        ELSIF operator IN ('$ne', '$nin') THEN
            conditions := conditions || jsonb_build_object('$nor', @extschema@.geo_filters(app, operand));
        ELSIF operator = '$not' THEN
            conditions := conditions || jsonb_build_object('$not', @extschema@.resolve_geo(app, operand));
        ELSE
            RAISE invalid_parameter_value USING
                MESSAGE = format('unknown operator "%s" of "geo"', left(operator, 64)),
                HINT = 'Operators of "geo": $eq, $ne, $in, $nin, $not.';
        END IF;
    END LOOP;
    RETURN jsonb_build_object('$and', conditions);
END
$function$;
COMMENT ON FUNCTION @extschema@.resolve_geo(text, jsonb) IS
    'internal: a condition on "geo" as a filter';

CREATE FUNCTION @extschema@.resolve_query(app text, query jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $function$
DECLARE
    resolved jsonb;
BEGIN
    IF NOT jsonb_path_exists(query, 'strict $.**.geo') OR jsonb_typeof(query) <> 'object' THEN
        RETURN resolve_query.query;
    END IF;
    SELECT jsonb_object_agg(key, CASE
               WHEN key IN ('$and', '$or', '$nor') AND jsonb_typeof(value) = 'array' THEN
                   (SELECT coalesce(jsonb_agg(@extschema@.resolve_query(app, part) ORDER BY number), '[]')
                      FROM jsonb_array_elements(value) WITH ORDINALITY AS parts (part, number))
               WHEN key = '$not' THEN @extschema@.resolve_query(app, value)
               ELSE value END)
      INTO resolved FROM jsonb_each(query) WHERE key <> 'geo';
    IF query ? 'geo' THEN
        RETURN jsonb_build_object('$and', jsonb_build_array(
            coalesce(resolved, '{}'), @extschema@.resolve_geo(app, query -> 'geo')));
    END IF;
    RETURN resolved;
END
$function$;
COMMENT ON FUNCTION @extschema@.resolve_query(text, jsonb) IS
    'a query of an app as a filter: conditions on "geo", which name regions in geo_targets, become the filters of these; what segmentation does with its query. Errors: 42704 no such app or target, 22023 no name. Example: select uid from shop.users where profile @@ resolve_query(''shop'', ''{"geo": "Rhineland"}'')::segment';
