-- How a segmentation is counted. EXPLAIN shows only a scan of the function.

CREATE FUNCTION @extschema@.segmentation_explain(
    app text, event text, query jsonb DEFAULT '{}', breakdown text[] DEFAULT '{}', bucket text DEFAULT NULL,
    period text DEFAULT '30days', properties text DEFAULT 'event') RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'segmentation_explain' LANGUAGE C VOLATILE COST 10000 ROWS 20;
COMMENT ON FUNCTION @extschema@.segmentation_explain(text, text, jsonb, text[], text, text, text) IS
    'runs a segmentation and shows the plans of its queries on the tables of the app: blocks and batches read, pages, workers, times';

CREATE FUNCTION @extschema@.segmentation_explain(
    app text, event text, query jsonb, breakdown text[], bucket text, period tstzrange,
    properties text DEFAULT 'event') RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'segmentation_explain' LANGUAGE C VOLATILE COST 10000 ROWS 20;
COMMENT ON FUNCTION @extschema@.segmentation_explain(text, text, jsonb, text[], text, tstzrange, text) IS
    'the same for any range of time';
