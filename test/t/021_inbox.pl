# The inbox: several drains at once, killed with kill -9 and started again, leave what the requests one
# after the other leave: nothing is lost, nothing is taken twice, and every user's order is kept.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $requests = 8000;

my $node = PostgreSQL::Test::Cluster->new('inbox');
$node->init;
$node->append_conf('postgresql.conf', "checkpoint_timeout = 30s\nmax_wal_size = 64MB");
$node->start;

my $random = slurp_file('test/data/random-requests.sql');
my $settings = q{'{"purchase_events": ["paid"]}'};
my $loaded = "$PostgreSQL::Test::Utils::tmp_check/requests.jsonl";
$node->safe_psql('postgres', qq{
	CREATE EXTENSION profiles;
	SELECT profiles.create_app('one', settings => $settings), profiles.create_app('shop', settings => $settings);
	$random
	SELECT setseed(0.25);
	CREATE TABLE sent AS SELECT n, pg_temp.random_request(n, 60, 0.005) AS request FROM generate_series(1, $requests) AS n;
	UPDATE sent AS again SET request = first.request FROM sent AS first WHERE again.n % 10 = 7 AND first.n = again.n - 1 - again.n % 70 / 10 * 9;
	COPY (SELECT request FROM sent ORDER BY n) TO '$loaded' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02');
});
# In bulks, which are shown to be the same elsewhere.
$node->safe_psql('postgres', q{
	SELECT count(*) FROM (SELECT jsonb_agg(request ORDER BY n) AS requests FROM sent GROUP BY n / 500 ORDER BY n / 500) AS bulk, profiles.ingest_bulk('one', requests)});
$node->safe_psql('postgres', qq{COPY shop.inbox (request) FROM '$loaded' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')});

sub start_drain
{
	my %run = (out => '', err => '', in => '');
	$run{handle} = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "CALL profiles.drain('shop', 30)" ],
		'<', \$run{in}, '>', \$run{out}, '2>', \$run{err});
	return \%run;
}

my $killed_in_the_middle = 0;
for my $round (1 .. 3)
{
	my @drains = map { start_drain() } 1 .. 3;
	usleep(30_000 + 60_000 * $round);
	# All of it: a backend that computes would not notice that its postmaster is gone.
	my $postmaster = $node->{_pid};
	my @backends = split /\s+/, `pgrep -P $postmaster`;
	$node->kill9;
	kill 'KILL', @backends;
	eval { $_->{handle}->finish } for @drains;
	for (1 .. 100)
	{
		$node->{_pid} = undef;
		last if $node->start(fail_ok => 1);
		usleep(100_000);
	}
	my $left = $node->safe_psql('postgres', 'SELECT count(*) FROM shop.inbox');
	note("round $round: $left left");
	++$killed_in_the_middle if $left > 0 && $left < $requests;
}
cmp_ok($killed_in_the_middle, '>', 0, 'a drain was killed in the middle');

my @drains = map { start_drain() } 1 .. 3;
my $drained = 0;
for my $drain (@drains)
{
	$drain->{handle}->finish;
	is($drain->{err}, '', 'no drain saw an error');
	$drained += $drain->{out};
}
cmp_ok($drained, '>', 0, 'the rest was drained');
is($node->safe_psql('postgres', 'SELECT count(*) FROM shop.inbox'), '0', 'the inbox is empty');
is($node->safe_psql('postgres', q{SELECT request FROM shop.inbox_errors WHERE status = 'failed' ORDER BY 1}),
	$node->safe_psql('postgres', q{SELECT request FROM sent WHERE jsonb_typeof(request) <> 'object' OR coalesce(request ->> 'device_id', '') = '' ORDER BY 1}),
	'what cannot be taken is kept');
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM shop.inbox_errors WHERE status = 'ok' AND jsonb_array_length(skipped) > 0}), '>', 0, 'and what was not taken whole');
is($node->safe_psql('postgres', "$random SELECT what, count(*) > 0 FROM pg_temp.without_uids('shop') GROUP BY 1 ORDER BY 1"),
	join("\n", map { "$_|t" } 'batches', 'consents', 'crash groups', 'crash users', 'devices', 'enrolments', 'merges', 'tokens', 'users'),
	'there is something to compare');
for my $both ([ 'one', 'shop' ], [ 'shop', 'one' ])
{
	is($node->safe_psql('postgres', "$random SELECT * FROM pg_temp.without_uids('$both->[0]') EXCEPT ALL SELECT * FROM pg_temp.without_uids('$both->[1]') LIMIT 5"),
		'', "everything in $both->[0] is in $both->[1]");
}

$node->stop;
done_testing();
