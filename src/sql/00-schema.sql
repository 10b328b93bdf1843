-- Nothing of the extension works in another encoding: core reads and writes UTF-8 only.
DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = format('profiles needs a database in UTF8, this one is in %s',
                             current_setting('server_encoding')),
            HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0';
    END IF;
END
$$;

COMMENT ON SCHEMA @extschema@ IS 'user profiles: types, operators, ingestion and segmentation';
