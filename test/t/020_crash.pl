# kill -9 of the postmaster while several clients send requests: after the restart every acknowledged
# request is there, and after sending the unacknowledged ones again, every request is there once.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $clients = 4;
my $rounds = 3;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "checkpoint_timeout = 30s\nmax_wal_size = 64MB");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION profiles;
	SELECT profiles.create_app('shop');
});

# Request number n of a client: an event that names it, a counter, now and then a merge of a device of
# its own. All clients write one common user as well.
sub request
{
	my ($client, $n) = @_;
	my $time = 1600000000000 + 10 * $n + $client;
	my $device = $n % 5 == 0 ? 'common' : "client $client";
	my $old = $n % 50 == 49 ? qq(, "old_device_id": "extra $client $n") : '';
	$device = "extra $client " . ($n + 1) if $n % 50 == 48;
	return qq[{"device_id": "$device"$old, "timestamp": $time, "events": [{"key": "$client-$n"}], "user_details": {"custom": {"n": {"\$inc": 1}}}}];
}

sub start_client
{
	my ($client, $from) = @_;
	my $in = '';
	for my $n ($from .. $from + 3000)
	{
		$in .= qq[SELECT '$n', status FROM profiles.ingest('shop', '] . request($client, $n) . qq[');\n];
	}
	# Files and not pipes: nobody reads while the test sleeps.
	my $file = "$PostgreSQL::Test::Utils::tmp_check/client$client";
	unlink $file;
	append_to_file($file, $in);
	my $handle = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') ],
		'<', $file, '>', "$file.out", '2>', "$file.err");
	return { handle => $handle, out => "$file.out" };
}

# What the answers of a client acknowledge: the numbers from $from up to, and not with, the result.
sub acknowledged
{
	my ($run, $from) = @_;
	my $next = $from;
	for my $line (split /\n/, slurp_file($run->{out}))
	{
		last unless $line =~ /^(\d+)\|(ok|duplicate)$/ && $1 == $next;
		++$next;
	}
	return $next;
}

my @next = (1) x $clients;
for my $round (1 .. $rounds)
{
	my @runs = map { start_client($_, $next[$_]) } 0 .. $clients - 1;
	usleep(700_000 + 300_000 * $round);
	$node->kill9;
	for my $client (0 .. $clients - 1)
	{
		# The other processes notice that their postmaster is gone.
		eval { $runs[$client]->{handle}->finish };
	}
	# A new postmaster refuses to start while the old one is not yet buried, or one of its backends lives.
	my $started = 0;
	for (1 .. 100)
	{
		$node->{_pid} = undef;
		last if $started = $node->start(fail_ok => 1);
		usleep(100_000);
	}
	ok($started, "round $round: the server starts again");

	my @before = @next;
	$next[$_] = acknowledged($runs[$_], $next[$_]) for 0 .. $clients - 1;
	cmp_ok($next[$_], '>', $before[$_], "round $round: client $_ got requests through") for 0 .. $clients - 1;
	my %there = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q{SELECT key FROM shop.events});
	for my $client (0 .. $clients - 1)
	{
		my @lost = grep { !$there{"$client-$_"} } 1 .. $next[$client] - 1;
		is(scalar(@lost), 0, "round $round: every acknowledged request of client $client is there");
		# At most the one that was under way is there without having been acknowledged.
		my @more = grep { /^$client-(\d+)$/ && $1 >= $next[$client] } keys %there;
		cmp_ok(scalar(@more), '<=', 1, "round $round: and at most one more");
	}
}

# Each client sends on from the first request without an answer, as SDKs do. What had been taken is known.
for my $client (0 .. $clients - 1)
{
	my $sql = '';
	$sql .= qq[SELECT profiles.ingest('shop', '] . request($client, $_) . qq[');\n] for $next[$client] .. $next[$client] + 5;
	$node->safe_psql('postgres', $sql);
	$next[$client] += 6;
}
my $total = 0;
$total += $_ - 1 for @next;
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT key) FROM shop.events}), "$total|$total", 'every request is there once');
is($node->safe_psql('postgres', q{
	SELECT sum(event_count), (SELECT count(*) FROM shop.event_batches) FROM shop.users}), "$total|$total", 'the users counted them');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM shop.users AS u WHERE event_count <> (SELECT count(*) FROM shop.events AS e WHERE e.uid = u.uid)}), '0', 'each its own');
is($node->safe_psql('postgres', q{
	SELECT (SELECT count(*) FROM shop.devices AS d LEFT JOIN shop.users AS u USING (uid, bucket) WHERE u.uid IS NULL),
		   (SELECT count(*) FROM shop.event_batches AS b LEFT JOIN shop.users AS u USING (uid, bucket) WHERE u.uid IS NULL)}), '0|0',
	'nothing belongs to nobody');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM shop.users WHERE device_id = 'common' AND profile::jsonb #>> '{custom,n}' <> event_count::text}), '0', 'nor did a counter lose');
is($node->safe_psql('postgres', q{
	SET enable_seqscan = off;
	SELECT count(*) FROM shop.devices AS d WHERE device_id = (SELECT device_id FROM shop.devices AS e WHERE e.device_id = d.device_id)}),
	$node->safe_psql('postgres', q{SET enable_indexscan = off; SET enable_indexonlyscan = off; SELECT count(*) FROM shop.devices}),
	'the indexes agree with the tables');

$node->stop;
done_testing();
