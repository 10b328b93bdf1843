# Very large values: whatever runs over one can be cancelled within a second, and what would become larger than the
# format allows is refused with 54000.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('limits');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nmax_wal_size = 4GB");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION profiles;
	SELECT profiles.create_app('shop');
	ALTER DATABASE postgres SET search_path = profiles, public;
});

# Stored as they are, so that reading one back costs little.
$node->safe_psql('postgres', <<'SQL');
	CREATE UNLOGGED TABLE large (name text PRIMARY KEY, t text, p profile, j jsonb);
	CREATE FUNCTION a(name text) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT t FROM large WHERE large.name = a.name; END;
	CREATE FUNCTION p(name text) RETURNS profile LANGUAGE sql STABLE BEGIN ATOMIC SELECT p FROM large WHERE large.name = p.name; END;
	CREATE FUNCTION j(name text) RETURNS jsonb LANGUAGE sql STABLE BEGIN ATOMIC SELECT j FROM large WHERE large.name = j.name; END;
	ALTER TABLE large ALTER t SET STORAGE EXTERNAL, ALTER p SET STORAGE EXTERNAL, ALTER j SET STORAGE EXTERNAL;
	INSERT INTO large SELECT 'keys', '{"custom": {' || string_agg(format('"key %s": %s', n, n), ', ' ORDER BY n DESC) || '}}' FROM generate_series(1, 500000) n;
	INSERT INTO large SELECT 'array', '{"custom": {"a": [' || string_agg(n::text, ', ' ORDER BY n DESC) || ']}}' FROM generate_series(1, 1000000) n;
	INSERT INTO large SELECT 'nested', '{"custom": {"a": [' || string_agg('[[{"a":' || n || '}]]', ', ') || ']}}' FROM generate_series(1, 250000) n;
	INSERT INTO large SELECT 'texts', '{"custom": {"a": [' || string_agg('"t' || n || '"', ', ') || ']}}' FROM generate_series(1, 1000000) n;
	INSERT INTO large VALUES ('long', '{"custom": {"a": "' || repeat('é', 30000000) || '"}}'),
		('escapes', '{"custom": {"a": "' || repeat('\u0001', 12000000) || '"}}');
	UPDATE large SET p = t::profile;
	UPDATE large SET j = t::jsonb WHERE name NOT IN ('escapes');
	INSERT INTO large VALUES ('spaces', repeat(' ', 120000000) || '{}'),
		('digits', '{"a": 0.' || repeat('0', 120000000) || '}');
	INSERT INTO large SELECT 'in', '{"custom.a": {"$in": [' || string_agg(n::text, ',' ORDER BY hashint4(n)) || ']}}' FROM generate_series(1, 500000) n;
	INSERT INTO large SELECT 'in objects', '{"custom.a": {"$all": [' || string_agg('[{"a":' || n || '}]', ',' ORDER BY hashint4(n)) || ']}}' FROM generate_series(1, 150000) n;
	INSERT INTO large SELECT 'events', '[' || string_agg('{"key": "e", "ts": ' || n || ', "segmentation": {"a": 1}}', ',') || ']' FROM generate_series(1, 250000) n;
	INSERT INTO large (name, j) SELECT 'update', jsonb_build_object('custom', jsonb_object_agg('k' || n, '{"$inc": 1, "$max": 5}'::jsonb)) FROM generate_series(1, 250000) n;
	INSERT INTO large (name, j) SELECT 'stripped', jsonb_build_object('custom', jsonb_object_agg('k.' || n, n)) FROM generate_series(1, 250000) n;
	INSERT INTO large (name, j) SELECT 'request', jsonb_build_object('device_id', 'd', 'timestamp', 1700000000000, 'events',
		jsonb_agg(jsonb_build_object('key', 'e', 'timestamp', 1700000000000 + n))) FROM generate_series(1, 150000) n;
SQL

# Not among them is an index of such a value: GIN sorts and keeps its terms without a look at cancels, whatever the type.
my @statements = (
	(map { "SELECT pg_column_size(a('$_')::profile)" } qw(keys array nested texts long escapes spaces digits)),
	(map { ("SELECT octet_length(p('$_')::text)", "SELECT octet_length(profile_pretty(p('$_')))", "SELECT profile_is_valid(p('$_'))",
			"SELECT pg_column_size(p('$_') || p('$_'))") } qw(keys nested texts long escapes)),
	(map { ("SELECT pg_column_size(j('$_')::profile)", "SELECT pg_column_size(p('$_')::jsonb)") } qw(keys array nested long)),
	(map { ("SELECT p('$_') @> p('$_')", "SELECT p('$_') < set(p('$_'), 'b', 1)", "SELECT profile_hash(p('$_'))") } qw(keys array texts)),
	"SELECT count(*) FROM profile_each(p('keys'))",
	"SELECT pg_column_size(p('keys') - (SELECT array_agg('custom.key ' || n) FROM generate_series(1, 400000) n))",
	"SELECT pg_column_size(profile(VARIADIC (SELECT array_agg(CASE n % 2 WHEN 0 THEN 'k' || n ELSE n::text END ORDER BY n) FROM generate_series(1, 600000) n)))",
	"SELECT pg_column_size(profile_object_agg('custom.k' || n, to_jsonb(n))) FROM generate_series(1, 500000) n",
	"SELECT pg_column_size(set('{}', 'a', (SELECT array_agg(n) FROM generate_series(1, 1000000) n)))",
	(map { "SELECT pg_column_size($_(p('array'), 'a', p('texts') -> 'custom.a'))" } qw(push add_to_set pull)),
	q{SELECT pg_column_size(apply(p('array'), '{"custom": {"a": {"$pull": {"$gt": 5, "$nin": [7, 8]}}}}'))},
	"SELECT pg_column_size(apply('{}', j('update')))",
	"SELECT pg_column_size(r) FROM try_apply('{}', j('stripped')) r",
	"SELECT pg_column_size(apply_agg(jsonb_build_object('custom', jsonb_build_object('k' || n, n)))) FROM generate_series(1, 10000) n",
	"SELECT pg_column_size(a('in')::segment)",
	"SELECT pg_column_size(a('in')::jsonb::segment)",
	"SELECT pg_column_size(a('in objects')::segment)",
	"SELECT p('array') @@ a('in')::segment",
	q{SELECT p('texts') @@ '{"custom.a": {"$regex": "^(a|b|c)*z"}}'},
	q{SELECT p('long') @@ '{"custom.a": {"rgxcn": ["éa", "éb", "éc"]}}'},
	"SELECT count(*) FROM event_list_each(a('events')::event_list)",
	"SELECT (ingest('shop', j('request'))).uid",
);

# How many seconds it takes, or lives after the time it is given.
sub run_for
{
	my ($statement, $milliseconds) = @_;
	my ($out, $err);
	my $start = time;
	$node->psql('postgres', "SET statement_timeout = $milliseconds; $statement", stdout => \$out, stderr => \$err);
	return time - $start;
}

# How many seconds a second of one processor takes, because others want it, too.
sub slowness
{
	my ($start, $used, $sum) = (time, (times)[0], 0);
	$sum += $_ for 1 .. 3_000_000;
	my $cpu = (times)[0] - $used;
	return $cpu > 0 ? max(1, (time - $start) / $cpu) : 1;
}

for my $statement (@statements)
{
	my $whole = run_for($statement, 20000);
	my $late = 0;
	# One that ends within a second needs no cancel.
	if ($whole > 1)
	{
		for my $limit (map { $_ * $whole } 0.15, 0.4, 0.7)
		{
			my $over = run_for($statement, int(1000 * $limit)) - $limit;
			$over /= slowness() if $over > 0.8;
			$late = max($late, $over);
		}
	}
	cmp_ok($late, '<', 1, substr("cancelled in time: $statement", 0, 140));
	note(sprintf '%.1f s, cancelled after %.2f s', $whole, $late);
}

# What becomes too large, one member or all of them.
for my $statement (
	"SELECT set('{}', 'a', repeat('x', 270000000))",
	"SELECT set(set('{}', 'a', repeat('x', 150000000)), 'b', repeat('x', 150000000))",
	"SELECT set('{}', 'a', repeat('x', 150000000)) || set('{}', 'b', repeat('x', 150000000))",
	"SELECT push(push('{}', 'a', repeat('x', 150000000)), 'a', repeat('x', 150000000))",
	"SELECT profile('a', repeat('x', 150000000), 'b', repeat('x', 150000000))",
	"SELECT ('{\"a\": \"' || repeat('x', 270000000) || '\"}')::profile",
	"SELECT apply_agg(jsonb_build_object('custom', jsonb_build_object('a' || n, repeat('x', 100000000)))) FROM generate_series(1, 3) n",
	"SELECT ('{\"a\": \"' || repeat('x', 270000000) || '\"}')::segment",
	"SELECT octet_length(set('{}', 'a', repeat(E'\\x01', 180000000))::text)",
	"SELECT octet_length(profile_send(set('{}', 'a', repeat(E'\\x01', 180000000))))")
{
	my ($out, $err);
	$node->psql('postgres', "\\set VERBOSITY verbose\n$statement", stdout => \$out, stderr => \$err);
	like($err, qr/54000: (profile is too large|text form of the value is too long)/, substr("refused: $statement", 0, 140));
}
is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server is well');
$node->stop;
done_testing();
