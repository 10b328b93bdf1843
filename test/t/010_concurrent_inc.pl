# Two sessions that $inc the same property of the same user 5,000 times each end at exactly 10,000:
# nothing is lost between reading a user and writing it. A third one merges the user's devices meanwhile.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $each = 5000;

my $node = PostgreSQL::Test::Cluster->new('inc');
$node->init;
$node->append_conf('postgresql.conf', "synchronous_commit = off");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION profiles;
	SELECT profiles.create_app('shop');
});

# One transaction a request, each sent by psql on its own.
sub requests
{
	my ($client, $device) = @_;
	my $sql = '';
	for my $n (1 .. $each)
	{
		my $time = 1600000000000 + 2 * $n + $client;
		my $events = $n % 10 ? '' : ', "events": [{"key": "tenth"}]';
		$sql .= qq[SELECT uid, status FROM profiles.ingest('shop', '{"device_id": "$device", "timestamp": $time$events, "user_details": {"custom": {"n": {"\$inc": 1}, "client$client": {"\$inc": 1}}}}');\n];
	}
	return $sql;
}

sub run_at_once
{
	my @scripts = @_;
	my @runs;
	for my $script (@scripts)
	{
		my %run = (in => $script, out => '', err => '');
		$run{handle} = IPC::Run::start(
			[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') ],
			'<', \$run{in}, '>', \$run{out}, '2>', \$run{err});
		push @runs, \%run;
	}
	for my $run (@runs)
	{
		$run->{handle}->finish;
		is($run->{err}, '', 'no client saw an error');
	}
	return map { $_->{out} } @runs;
}

my @answers = run_at_once(requests(0, 'd'), requests(1, 'd'));
for my $answer (@answers)
{
	my @lines = split /\n/, $answer;
	is(scalar(grep { $_ eq '1|ok' } @lines), $each, 'every request was accepted, for the one user');
}
is($node->safe_psql('postgres', q{SELECT profile, event_count, (SELECT count(*) FROM shop.events WHERE key !~ 'CLY') FROM shop.users}),
	qq({"custom": {"n": 10000, "client0": 5000, "client1": 5000}}|1000|1000), 'nothing was lost');

# Two devices that are merged into one user in the middle, back and forth. Both properties of a merge
# are kept by whose session was later: so only what each client counts for itself adds up.
$node->safe_psql('postgres', q{SELECT profiles.drop_app('shop'); SELECT profiles.create_app('shop')});
my $merges = '';
for my $n (1 .. 200)
{
	my ($old, $new) = $n % 2 ? ('a', 'b') : ('b', 'a');
	my $time = 1600000000000 + 3 * $n;
	$merges .= qq[SELECT status FROM profiles.ingest('shop', '{"device_id": "$new", "old_device_id": "$old", "timestamp": $time, "user_details": {"custom": {"merger": {"\$inc": 1}}}}');\n];
}
run_at_once(requests(0, 'a'), requests(1, 'b'), $merges);
is($node->safe_psql('postgres', q{
	SELECT count(*), sum(event_count), max(merges) <= 1, (SELECT count(*) FROM shop.events WHERE key !~ 'CLY'), (SELECT count(*) FROM shop.devices),
		   min(profile::jsonb #>> '{custom,client0}'), min(profile::jsonb #>> '{custom,client1}'), min(profile::jsonb #>> '{custom,merger}')
	  FROM shop.users}),
	'1|1000|t|1000|2|5000|5000|200', 'nor with merges in between');

$node->stop;
done_testing();
