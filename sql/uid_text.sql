-- The text form of a uid.
\pset format unaligned
\pset tuples_only
SET search_path = pg_catalog, profiles, public;
CREATE FUNCTION pg_temp.error_of(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE command;
    RETURN NEXT 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT state || ': ' || message;
    RETURN QUERY SELECT 'DETAIL: ' || detail WHERE detail <> '';
    RETURN QUERY SELECT 'HINT: ' || hint WHERE hint <> '';
END
$$;

SELECT uid, uid_text(uid), uid_parse(uid_text(uid)) = uid
  FROM unnest(ARRAY[0, 1, 9, 10, 35, 36, 61, 62, 3843, 3844, 65536, 140737488355327,
                    9223372036854775806, 9223372036854775807]) AS uid;
SELECT text, uid_parse(text)
  FROM unnest(ARRAY['0', '9', 'a', 'z', 'A', 'Z', '10', '#10', '#78e62', '0001', '#aZl8N0y58M7', 'aZl8N0y58M7']) AS text;
-- there and back for a thousand spread over all magnitudes
SELECT count(*) FROM generate_series(1, 1000) AS n, LATERAL (SELECT power(1.0437, n)::numeric::bigint AS uid) AS u
 WHERE uid_parse('#' || uid_text(uid)) <> uid;
SELECT uid_text(NULL) IS NULL, uid_parse(NULL) IS NULL;

SELECT pg_temp.error_of('SELECT profiles.uid_text(-1)');
SELECT pg_temp.error_of('SELECT profiles.uid_text(-9223372036854775808)');
SELECT pg_temp.error_of(format('SELECT profiles.uid_parse(%L)', text))
  FROM unnest(ARRAY['', '#', '##1', '1#', '-1', '+1', ' 1', '1 ', 'a-b', 'é', '１', '1_0', 'aZl8N0y58M8', 'AzL8n0Y58m7', '100000000000', repeat('Z', 200)]) AS text;
