# 16 clients at once, with merges, retries, bulks and drains: the end state is that of a sequential run.
#
# Every client owns some users, whose requests it sends in order, so that their end state is known; its
# merges bring only these together. Crashes are everybody's, and so are a few common users whose
# requests only add. Each request may be sent twice.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 16;
my $each = 150;

my $node = PostgreSQL::Test::Cluster->new('stress');
$node->init;
$node->append_conf('postgresql.conf', "synchronous_commit = off\nmax_connections = 40");
$node->start;

my $random = slurp_file('test/data/random-requests.sql');
$node->safe_psql('postgres', qq{
	CREATE EXTENSION profiles;
	SELECT profiles.create_app('one'), profiles.create_app('shop');
	$random
	SELECT setseed(0.75);
	CREATE TABLE sent AS SELECT client, n, pg_temp.random_request(client * 1000 + n, 4, 0.04) AS request
	  FROM generate_series(0, $clients - 1) AS client, generate_series(1, $each) AS n;
	DELETE FROM sent WHERE jsonb_typeof(request) <> 'object' OR NOT request ? 'device_id' OR request ->> 'device_id' !~ '^d';
	UPDATE sent SET request = request || jsonb_build_object('device_id', client || (request ->> 'device_id'))
		|| CASE WHEN request ? 'old_device_id' THEN jsonb_build_object('old_device_id', client || (request ->> 'old_device_id')) ELSE jsonb_build_object() END;
	-- Those of the common users: a sum, and as many events.
	UPDATE sent SET request = jsonb_build_object('device_id', 'common ' || n % 3, 'timestamp', 1700000000000 + client * 1000 + n,
		'events', '[{"key": "common"}]'::jsonb, 'user_details', '{"custom": {"n": {"\$inc": 1}}}'::jsonb) WHERE n % 10 = 3;
});
$node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT jsonb_agg(request ORDER BY n) AS requests FROM sent GROUP BY client) AS bulk, profiles.ingest_bulk('one', requests)});

# A third sends requests one by one, a third bulks, a third fills the inbox and drains it.
my @scripts;
for my $client (0 .. $clients - 1)
{
	my @requests = split /\n/, $node->safe_psql('postgres', "SELECT request FROM sent WHERE client = $client ORDER BY n");
	my ($sql, $n) = ('', 0);
	while (@requests)
	{
		my @portion = splice @requests, 0, $client % 3 ? 20 : 1;
		# A merge that forgets some of 64 remembered requests may come between, but not inside, of the two.
		my $again = $n++ % 3 == 0 && !grep({ /old_device_id/ } @portion) ? 2 : 1;
		my $list = '[' . join(',', @portion) . ']';
		if ($client % 3 == 0)
		{
			$sql .= qq{SELECT status FROM profiles.ingest('shop', \$r\$$portion[0]\$r\$);\n} x $again;
		}
		elsif ($client % 3 == 1)
		{
			$sql .= qq{SELECT DISTINCT status FROM profiles.ingest_bulk('shop', \$r\$$list\$r\$);\n} x $again;
		}
		else
		{
			$sql .= qq{INSERT INTO shop.inbox (request) SELECT jsonb_array_elements(\$r\$$list\$r\$);\n} x $again;
			$sql .= "CALL profiles.drain('shop', 30);\n";
		}
	}
	push @scripts, $sql;
}

my @runs;
for my $client (0 .. $clients - 1)
{
	my $file = "$PostgreSQL::Test::Utils::tmp_check/stress$client";
	append_to_file($file, $scripts[$client]);
	push @runs, { file => $file, handle => IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', $file, '>', "$file.out", '2>', "$file.err") };
}
my $errors = '';
my $duplicates = 0;
for my $run (@runs)
{
	$run->{handle}->finish;
	$errors .= slurp_file("$run->{file}.err");
	$duplicates += () = slurp_file("$run->{file}.out") =~ /^duplicate$/mg;
}
is($errors, '', 'no client saw an error: no deadlock, no serialization failure');
cmp_ok($duplicates, '>', 50, 'requests were sent twice');
is($node->safe_psql('postgres', 'SELECT count(*) FROM shop.inbox') . $node->safe_psql('postgres', 'SELECT count(*) FROM shop.inbox_errors WHERE status <> \'ok\''), '00', 'the inbox is empty');

# The common users' requests came in some order: what does not depend on it.
my $common = q{SELECT device_id, event_count, profile, (SELECT count(*) FROM %s.events AS e WHERE e.uid = u.uid AND key = 'common') FROM %s.users AS u WHERE device_id ~ 'common' ORDER BY 1};
is($node->safe_psql('postgres', sprintf($common, 'shop', 'shop')), $node->safe_psql('postgres', sprintf($common, 'one', 'one')), 'common users counted everything once');
for my $both ([ 'one', 'shop' ], [ 'shop', 'one' ])
{
	is($node->safe_psql('postgres', qq{$random
		SELECT * FROM pg_temp.without_uids('$both->[0]') WHERE content !~ '^common' EXCEPT ALL SELECT * FROM pg_temp.without_uids('$both->[1]') LIMIT 5}),
		'', "everything in $both->[0] is in $both->[1]");
}
is($node->safe_psql('postgres', q{
	SELECT (SELECT count(*) FROM shop.devices AS d LEFT JOIN shop.users AS u USING (uid, bucket) WHERE u.uid IS NULL),
		   (SELECT count(*) FROM shop.event_batches AS b LEFT JOIN shop.users AS u USING (uid, bucket) WHERE u.uid IS NULL),
		   (SELECT count(*) FROM shop.users AS u WHERE event_count <> (SELECT count(*) FROM shop.events AS e WHERE e.uid = u.uid AND key !~ 'CLY')),
		   (SELECT count(*) FROM shop.merges) > 30}), '0|0|0|t', 'nothing belongs to nobody, and users were merged');

$node->stop;
done_testing();
