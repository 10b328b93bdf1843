# The background worker that compacts by policy: in every database or in those of a setting, as the owner of the app,
# and whatever is dropped, terminated, killed or promoted meanwhile.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('compact');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'profiles'\nprofiles.compact_naptime = 1s\nlog_min_messages = info");
$node->start;

my $time = 1700000000000;
sub send_events
{
	my ($database, $app, $count, $to) = @_;
	$time += 1_000_000;  # else they would be duplicates
	return ($to // $node)->safe_psql($database, qq{
		SELECT count(*) FROM profiles.ingest_bulk('$app', (
			SELECT jsonb_agg(jsonb_build_object('device_id', 'd' || n % 50, 'timestamp', $time + 1000 * n, 'events', '[{"key": "buy"}]'::jsonb))
			  FROM generate_series(1, $count) AS n))});
}
sub hot { my ($app, $count) = @_; return "SELECT count(*) = $count FROM $app.event_batches" }
my $policy = '{"compact_policy": {"interval": 0, "batch_age": 0}}';

$node->safe_psql('postgres', $_) for 'CREATE DATABASE one', 'CREATE DATABASE two', 'CREATE DATABASE plain';
for my $database ('one', 'two')
{
	$node->safe_psql($database, qq{CREATE EXTENSION profiles; SELECT profiles.create_app('shop', settings => '$policy'), profiles.create_app('young')});
	send_events($database, 'shop', 500);
	send_events($database, 'young', 20);
}
ok($node->poll_query_until($_, hot('shop', 0)), "what is due in $_ is in blocks") for 'one', 'two';
is($node->safe_psql('one', 'SELECT sum(events) FROM shop.event_blocks'), '500', 'all of it');
is($node->safe_psql('one', 'SELECT count(*) FROM young.event_batches'), '20', 'what is not due is where it was');
is($node->safe_psql('one', q{SELECT DISTINCT state, by_policy FROM shop.compactions}), 'done|t', 'and the run is listed');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'profiles compact launcher' AND application_name = 'profiles compact launcher' AND datname IS NULL}),
	'the launcher is among the activities');
is($node->safe_psql('postgres', 'SHOW profiles.compact_naptime'), '1s', 'the settings are there');

# Not every app, not every database.
$node->safe_psql('one', q{SELECT profiles.configure_app('shop', '{"compact_policy": {"automatic": false, "interval": 0, "batch_age": 0}}')});
send_events('one', 'shop', 10);
send_events('two', 'shop', 10);
ok($node->poll_query_until('two', hot('shop', 0)), 'an app that is not left to the worker ...');
usleep(1_500_000);
is($node->safe_psql('one', 'SELECT count(*) FROM shop.event_batches'), '10', '... is left alone');
$node->safe_psql('one', qq{SELECT profiles.configure_app('shop', '$policy')});
$node->append_conf('postgresql.conf', q{profiles.compact_databases = '"no such", plain, one'});
$node->reload;
ok($node->poll_query_until('one', hot('shop', 0)), 'in a database that is named ...');
send_events('two', 'shop', 10);
send_events('one', 'shop', 10);
ok($node->poll_query_until('one', hot('shop', 0)), '... again, but not ...');
usleep(1_500_000);
is($node->safe_psql('two', 'SELECT count(*) FROM shop.event_batches'), '10', '... in another');
$node->append_conf('postgresql.conf', q{profiles.compact_databases = '*'});
$node->reload;
ok($node->poll_query_until('two', hot('shop', 0)), 'with * there, too');
my ($status, $out, $err) = $node->psql('postgres', q{ALTER SYSTEM SET profiles.compact_databases = '"open'});
like($err, qr/invalid value for parameter "profiles.compact_databases".*DETAIL:  It must be names of databases/s, 'a setting that is no list is refused');

# The process is a superuser's; what it calls runs with the rights of the owner and nothing more.
$node->safe_psql('one', q{
	CREATE ROLE keeper;
	GRANT SELECT, INSERT, UPDATE, DELETE ON profiles.apps TO keeper;
	GRANT CREATE ON DATABASE one TO keeper;
	SET ROLE keeper;
	SELECT profiles.create_app('kept', settings => '{"compact_policy": {"interval": 0, "batch_age": 0}}');
	CREATE TABLE kept.seen (who text);
	CREATE FUNCTION kept.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO kept.seen VALUES (current_user); RETURN NEW; END $$;
	CREATE TRIGGER see BEFORE INSERT ON kept.event_blocks FOR EACH ROW EXECUTE FUNCTION kept.see();
});
send_events('one', 'kept', 10);
ok($node->poll_query_until('one', hot('kept', 0)), 'an app of another role');
is($node->safe_psql('one', 'SELECT DISTINCT who FROM kept.seen'), 'keeper', 'is compacted as its owner');

# One that fails is logged and waits longer and longer; the others have their turn.
$node->safe_psql('one', q{
	CREATE OR REPLACE FUNCTION kept.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SET ROLE postgres; RETURN NEW; END $$});
my $at = -s $node->logfile;
send_events('one', 'kept', 10);
send_events('one', 'shop', 10);
ok($node->poll_query_until('one', q{SELECT EXISTS (SELECT FROM kept.compactions WHERE state = 'stopped')}), 'a run that failed is listed');
ok($node->poll_query_until('one', hot('shop', 0)), 'the next app is compacted');
usleep(2_000_000);
is(() = slurp_file($node->logfile, $at) =~ /ERROR:  cannot set parameter "role" within security-restricted operation.*?compaction of app "kept" in the background/sg, 1,
	'the error is logged once: the next run has to wait');
$node->safe_psql('one', q{DROP TRIGGER see ON kept.event_blocks; UPDATE kept.compact_runs SET started_at = started_at - interval '5 min', step_at = step_at - interval '5 min'});
ok($node->poll_query_until('one', hot('kept', 0)), 'when it has waited it is tried again');

# A worker in the middle of it: every insert of a block takes a while.
my $slow = q{
	CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$;
	CREATE OR REPLACE TRIGGER slow BEFORE INSERT ON shop.event_blocks FOR EACH ROW EXECUTE FUNCTION slow();
};
my $busy = q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'profiles compact worker' AND application_name = 'profiles compact shop' AND wait_event = 'PgSleep'};
sub total { my ($on) = @_; return ($on // $node)->safe_psql('one', q{SELECT times, (SELECT count(*) FROM shop.events) FROM profiles.segmentation('shop', 'buy', period => 'all')}) }
sub again { $node->safe_psql('one', q{DROP TRIGGER slow ON shop.event_blocks; UPDATE shop.compact_runs SET started_at = started_at - interval '5 min', step_at = step_at - interval '5 min'}) }
$node->safe_psql('one', $slow);
send_events('one', 'shop', 60);
my $total = total();
ok($node->poll_query_until('postgres', $busy), 'a worker at work is among the activities');
is($node->safe_psql('one', q{SELECT state, phase, batches FROM shop.compactions ORDER BY run DESC LIMIT 1}), 'running|batches|60', 'and so is its run');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'profiles compact worker'});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'}), 'it ends at once when it is told to');
is(total(), $total, 'nothing is lost');
again();
ok($node->poll_query_until('one', hot('shop', 0)), 'the next one takes over');
is(total(), $total, 'nor doubled');

my $launcher = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'profiles compact launcher'});
$node->safe_psql('postgres', "SELECT pg_terminate_backend($launcher)");
ok($node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'profiles compact launcher' AND pid <> $launcher}), 'the launcher comes back');

# kill -9 of all of it, also in the middle.
$node->safe_psql('one', $slow);
send_events('one', 'shop', 70);
$total = total();
ok($node->poll_query_until('postgres', $busy), 'a worker is at work');
my @processes = split /\s+/, `pgrep -P $node->{_pid}`;
$node->kill9;
kill 'KILL', @processes;
for (1 .. 100)
{
	$node->{_pid} = undef;
	last if $node->start(fail_ok => 1);
	usleep(100_000);
}
is(total(), $total, 'after a crash everything is there once');
again();
ok($node->poll_query_until('one', hot('shop', 0)), 'and the worker goes on');
is(total(), $total, 'with the same answer');

# A standby has no worker, and gets one when it is promoted.
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
send_events('one', 'young', 30);
$node->wait_for_catchup($standby, 'replay');
usleep(1_500_000);
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'profiles'}), '0', 'none on a standby');
is(total($standby), $total, 'which has the same answers');
$node->stop;
$standby->promote;
ok($standby->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'profiles compact launcher'}), 'one after the promotion');
send_events('one', 'shop', 40, $standby);
ok($standby->poll_query_until('one', hot('shop', 0)), 'and it compacts');

# The extension and the databases go, the launcher stays.
$standby->safe_psql('one', 'SET client_min_messages = warning; DROP EXTENSION profiles CASCADE');
$standby->safe_psql('postgres', 'DROP DATABASE one');
send_events('two', 'shop', 10, $standby);
ok($standby->poll_query_until('two', hot('shop', 0)), 'what is left is compacted');
$standby->safe_psql('postgres', 'DROP DATABASE two WITH (FORCE)');
usleep(1_500_000);
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'profiles compact launcher'}), '1', 'the launcher lives');
unlike(slurp_file($standby->logfile), qr/PANIC|TRAP|was terminated by signal/, 'and nothing crashed');

$standby->stop;
done_testing();
