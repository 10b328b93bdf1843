-- Damaged databases: test/data/make-geoip writes them. Every question is answered, with an error that calls the
-- file corrupt, or with NULL; make valgrind REGRESS=geoip_broken looks on.
\getenv data PROFILES_DATA
SET search_path = profiles, public;
SET client_min_messages = error;

CREATE TABLE addresses AS
SELECT ip::inet FROM unnest('{0.0.0.0,1.1.1.1,2.125.160.216,81.2.69.160,128.0.0.1,192.0.2.1,192.0.2.200,198.51.100.1,203.0.113.17,203.0.113.49,
    255.255.255.255,::,::1,::2.125.160.216,2001:db8::1,2001:db8:8000::1,2001:220::,2a02:cf40::,8000::,ffff::}'::text[]) AS ip;
CREATE FUNCTION answer(path text, question text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answers bigint;
BEGIN
    PERFORM set_config('profiles.geoip_database', path, false);
    EXECUTE question INTO answers;
    RETURN CASE WHEN answers > 0 THEN 'answers' ELSE 'nothing known' END;
EXCEPTION WHEN data_corrupted THEN
    RETURN 'corrupt';
END
$$;
CREATE TABLE seen AS
SELECT file, ip, what, answer(:'data' || '/broken/' || file, format(question, ip))
FROM pg_ls_dir(:'data' || '/broken') AS file, addresses,
     (VALUES ('place', 'SELECT count(geoip(%L))'), ('country', 'SELECT count(geoip_country(%L))'), ('record', 'SELECT count(geoip_record(%L))'),
             ('field', $q$SELECT count(geoip_field(%L, '{location,latitude}'))$q$), ('network', 'SELECT count(geoip_network(%L))'),
             ('info', 'SELECT count(*) FROM geoip_info() WHERE %L IS NOT NULL')) AS questions (what, question)
ORDER BY file;
SELECT DISTINCT answer FROM seen ORDER BY answer;
SELECT count(DISTINCT file) >= 60 AS all, count(DISTINCT file) FILTER (WHERE answer = 'corrupt') >= 40 AS noticed FROM seen;

-- a session goes on with a good one
\set nested :data '/city-nested.mmdb'
SET profiles.geoip_database = :'nested';
SELECT geoip_country('192.0.2.1');
