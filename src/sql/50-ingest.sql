-- Ingestion: SDK requests in.

CREATE TYPE ingest_result AS (
    uid     bigint,
    status  text,
    reason  text,
    skipped jsonb
);
COMMENT ON TYPE ingest_result IS 'what became of a request';
COMMENT ON COLUMN ingest_result.uid IS 'the user it was for';
COMMENT ON COLUMN ingest_result.status IS 'ok; duplicate: accepted before, nothing changed; ignored: on purpose; refused: not signed as it must be; failed: no request, only from ingest_bulk';
COMMENT ON COLUMN ingest_result.reason IS 'why, when the status is not ok';
COMMENT ON COLUMN ingest_result.skipped IS 'the parts that could not be applied: [{"key", "operator", "reason"}, ...]';

CREATE FUNCTION live_profile(profile profile, expiry profile, at timestamptz) RETURNS profile
    AS 'MODULE_PATHNAME', 'live_profile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION live_profile(profile, profile, timestamptz) IS 'a profile of users without the custom properties that have expired at a time; expiry is the column of that name';

CREATE FUNCTION expire_user(app text, uid bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'expire_user' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION expire_user(text, bigint) IS 'internal: takes expired values out of the profile of a user; false when there were none';

CREATE FUNCTION ingest(app text, request jsonb) RETURNS ingest_result
    AS 'MODULE_PATHNAME', 'ingest_request' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ingest(text, jsonb) IS 'takes one SDK request: ingest(''shop'', ''{"device_id": "d1", "begin_session": 1}''); parameters are accepted as SDKs send them, parts that cannot be applied are listed in skipped';

CREATE FUNCTION ingest(request jsonb) RETURNS ingest_result
    AS 'MODULE_PATHNAME', 'ingest_request_by_key' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ingest(jsonb) IS 'takes one SDK request for the app that its app_key names, as a gateway calls it; needs SELECT on the column key of profiles.apps';

CREATE FUNCTION ingest_bulk(app text, requests jsonb) RETURNS SETOF ingest_result
    AS 'MODULE_PATHNAME', 'ingest_bulk' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION ingest_bulk(text, jsonb) IS 'takes an array of SDK requests, as ingest() would one after the other, and returns a row for each, in their order; one that ingest() raises an error for has the status failed and stops no other';
