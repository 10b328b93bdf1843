-- Ingestion: SDK requests in.

CREATE TYPE ingest_result AS (
    uid     bigint,
    status  text,
    reason  text,
    skipped jsonb
);
COMMENT ON TYPE ingest_result IS 'what became of a request';
COMMENT ON COLUMN ingest_result.uid IS 'the user it was for';
COMMENT ON COLUMN ingest_result.status IS 'ok; duplicate: accepted before, nothing changed; ignored: on purpose';
COMMENT ON COLUMN ingest_result.reason IS 'why, when the status is not ok';
COMMENT ON COLUMN ingest_result.skipped IS 'the parts that could not be applied: [{"key", "operator", "reason"}, ...]';

CREATE FUNCTION ingest(app text, request jsonb) RETURNS ingest_result
    AS 'MODULE_PATHNAME', 'ingest_request' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ingest(text, jsonb) IS 'takes one SDK request: ingest(''shop'', ''{"device_id": "d1", "begin_session": 1}''); parameters are accepted as SDKs send them, parts that cannot be applied are listed in skipped';

CREATE FUNCTION ingest(request jsonb) RETURNS ingest_result
    AS 'MODULE_PATHNAME', 'ingest_request_by_key' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ingest(jsonb) IS 'takes one SDK request for the app that its app_key names, as a gateway calls it; needs SELECT on the column key of profiles.apps';
