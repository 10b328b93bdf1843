-- Times two statements of one backend against each other: interleaved, so that whatever else the
-- machine does meets both, and the median of the runs.

CREATE SCHEMA bench;

-- Processor time that this backend has had so far, in milliseconds, as the kernel counts it: it does
-- not grow while somebody else has the processor. Reading `stat` makes the kernel bring the count up to
-- now; without that, `schedstat` is as old as the last tick.
CREATE FUNCTION bench.processor_time() RETURNS float8 LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_read_file('/proc/self/stat');
    RETURN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8 / 1e6;
END
$$;

CREATE FUNCTION bench.milliseconds(statement text) RETURNS float8 STRICT LANGUAGE plpgsql AS $$
DECLARE
    started float8 := bench.processor_time();
BEGIN
    EXECUTE statement;
    RETURN bench.processor_time() - started;
END
$$;

CREATE TABLE bench.results (
    id int GENERATED ALWAYS AS IDENTITY,
    name text,
    ours text,
    theirs text,
    ours_ms float8,
    theirs_ms float8,
    ours_idle_ms float8,
    theirs_idle_ms float8,
    reach float8
);

-- Runs each statement `runs` times and keeps the medians. The idle statements do the same without the
-- work that is compared (the scan alone); their time is subtracted.
CREATE PROCEDURE bench.compare(name text, reach float8, ours text, theirs text,
                               ours_idle text DEFAULT NULL, theirs_idle text DEFAULT NULL,
                               runs int DEFAULT 5)
LANGUAGE plpgsql AS $$
DECLARE
    samples float8[][] := '{}';
    run int;
BEGIN
    PERFORM bench.milliseconds(ours), bench.milliseconds(theirs);
    FOR run IN 1 .. runs LOOP
        samples := samples || ARRAY[ARRAY[
            bench.milliseconds(ours),
            bench.milliseconds(theirs),
            coalesce(bench.milliseconds(ours_idle), 0),
            coalesce(bench.milliseconds(theirs_idle), 0)]];
    END LOOP;
    INSERT INTO bench.results (name, reach, ours, theirs,
                               ours_ms, theirs_ms, ours_idle_ms, theirs_idle_ms)
    SELECT compare.name, compare.reach, compare.ours, compare.theirs,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY samples[i][1]),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY samples[i][2]),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY samples[i][3]),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY samples[i][4])
    FROM generate_series(1, runs) AS i;
END
$$;


CREATE FUNCTION bench.ratio(ours float8, theirs float8) RETURNS text LANGUAGE sql AS $$
    SELECT to_char(ours / nullif(theirs, 0), 'FM990.000')
$$;

CREATE VIEW bench.report AS
SELECT format(E'%s\n  ours    %s ms   %s\n  theirs  %s ms   %s\n  ratio   %s (to reach: at most %s)',
              name,
              to_char(ours_ms - ours_idle_ms, '999990.0'), ours,
              to_char(theirs_ms - theirs_idle_ms, '999990.0'), theirs,
              bench.ratio(ours_ms - ours_idle_ms, theirs_ms - theirs_idle_ms),
              reach::numeric(6, 3)) AS line
FROM bench.results
ORDER BY id;
