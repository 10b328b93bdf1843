# Questions over many events: each ends within a second after it is cancelled, in one process and with workers.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('cancel_queries');
$node->init;
$node->append_conf('postgresql.conf',
	"fsync = off\nautovacuum = off\nmax_wal_size = 4GB\nwork_mem = '64MB'\nmin_parallel_table_scan_size = 0\nparallel_setup_cost = 0\nparallel_tuple_cost = 0");
$node->start;

# A block of 65,000 events of 5,000 users, many times over: what a user does thousands of times is counted as any other.
$node->safe_psql('postgres', <<'SQL');
	CREATE EXTENSION profiles;
	ALTER DATABASE postgres SET search_path = profiles, public;
	SET search_path = profiles, public;
	SELECT create_app('shop');
	INSERT INTO shop.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
	SELECT n, 0, 'd' || n, to_timestamp(1700000000), to_timestamp(1700000013), format('{"country": "c%s", "custom": {"n": %s}}', n % 50, n)::profile,
	       (SELECT jsonb_agg(jsonb_build_object('key', 'e' || k % 3, 'ts', 1700000000000 + k * 1000, 'sum', (n * k) % 7919, 'segmentation', jsonb_build_object('i', (n + k) % 500)))
	          FROM generate_series(1, 13) AS k)::text::event_list
	  FROM generate_series(1, 5000) AS n;
	CALL compact('shop');
	CREATE TEMP TABLE block AS TABLE shop.event_blocks;
	INSERT INTO shop.event_blocks (bucket, first_uid, last_uid, first_ts, last_ts, events, users, keys, data)
	SELECT bucket, first_uid, last_uid, first_ts, last_ts, events, users, keys, data FROM block, generate_series(1, 100);
	INSERT INTO shop.users (uid, bucket, device_id, profile) OVERRIDING SYSTEM VALUE
	SELECT 100000 + n, (100000 + n) >> 16, 'u' || n, format('{"country": "c%s", "custom": {"n": %s}}', n % 50, n)::profile FROM generate_series(1, 300000) AS n;
	ANALYZE shop.event_blocks;
	ANALYZE shop.events;
SQL

my @questions = (
	'SELECT count(*) FROM (SELECT uid, ts, key, sum, profile FROM shop.events OFFSET 0) AS e',
	"SELECT count(*) FROM shop.events WHERE (segmentation ->> 'i')::int + 0 > 400 AND sum > 3 AND uid % 7 = 1",
	'SELECT key, count(DISTINCT uid), sum(sum) FROM shop.events GROUP BY 1',
	"SELECT date_trunc('day', ts), device_id, count(*), count(DISTINCT uid) FROM shop.events GROUP BY 1, 2",
	"SELECT count(*) FROM segmentation('shop', NULL, '{}', '{event.i}', 'daily', 'all')",
	"SELECT count(*) FROM segmentation_metrics('shop', NULL, '{}', '{country}', 'daily', 'all', metrics => '{median(sum),p90(sum)}')",
	"SELECT count(*) FROM segmentation_users('shop', NULL, '{\"custom.n\": {\"\$gt\": 100}}', '{country}', '{c1}', 'all')",
	"SELECT count(*) FROM users_segmentation('shop', '{\"custom.n\": {\"\$gt\": 5}}', '{country,custom.n}')",
	q{SELECT audience('shop', steps => '[{"event": "e1", "times": {"$gte": 3}}]') IS NOT NULL});

# How many seconds it takes, or lives after the time it is given.
sub run_for
{
	my ($settings, $question, $milliseconds) = @_;
	my ($out, $err) = ('', '');
	my $start = time;
	my $status = $node->psql('postgres', "$settings; SET statement_timeout = $milliseconds; $question", stdout => \$out, stderr => \$err);
	return (time - $start, $status, $err);
}

for my $settings ('SET max_parallel_workers_per_gather = 0', 'SET max_parallel_workers_per_gather = 2')
{
	for my $question (@questions)
	{
		my ($whole, $status, $err) = run_for($settings, $question, 0);
		is($err, '', "answered: $question");
		my $late = 0;
		for my $limit (map { $_ * $whole } 0.2, 0.6)
		{
			my ($took) = run_for($settings, $question, max(1, int(1000 * $limit)));
			$late = max($late, $took - $limit);
		}
		cmp_ok($late, '<', 1, "cancelled in time: $question");
		note(sprintf '%.1f s, cancelled after %.2f s', $whole, $late);
	}
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM shop.events'), 101 * 65000, 'all is there');

done_testing();
