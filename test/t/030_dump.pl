# An app keeps the extension from being dropped. What pg_dump writes and psql reads back answers the
# same and goes on taking requests; so does a physical standby, but for the requests. A backend that
# has cached plans survives that extension and app are dropped and made again.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1);
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION profiles;
	SELECT profiles.create_app('shop', 'Asia/Kolkata', '{"session_cooldown": 20}');
	SELECT profiles.create_app('My "App"');
	SELECT profiles.ingest('My "App"', '{"device_id": "d", "timestamp": 1600000000}');
});
# A little history: sessions closed, ended and open, merges, events, every kind of value.
my $history = q{
	SELECT profiles.ingest('shop', jsonb_build_object('device_id', 'device ' || n % 17, 'timestamp', 1600000000 + 40 * n,
		'begin_session', CASE n % 3 WHEN 0 THEN 1 END, 'session_duration', CASE n % 3 WHEN 1 THEN 7 END, 'end_session', CASE n % 5 WHEN 0 THEN 1 END,
		'country_code', CASE n % 7 WHEN 0 THEN 'DE' WHEN 3 THEN 'FR' END, 'location', CASE n % 29 WHEN 0 THEN '52.5,13.25' END,
		'metrics', '{"_os": "Android", "_app_version": "1.' || n % 4 || '"}',
		'events', jsonb_build_array(jsonb_build_object('key', 'e' || n % 4, 'count', n % 3, 'sum', n / 8.0, 'dur', n % 2, 'segmentation', jsonb_build_object('n', n, 'text', repeat('ä', n % 9)))),
		'old_device_id', CASE WHEN n % 83 = 82 THEN 'device ' || n % 5 END,
		'user_details', jsonb_build_object('name', CASE n % 11 WHEN 0 THEN E'Ünï "code" \\ \n' || n END,
			'custom', jsonb_build_object('n', '{"$inc": 0.1}'::jsonb, 'list', jsonb_build_object('$push', n), 'flag', n % 2 = 0, 'big', 12345678901234567890.123456789, 'deep', '{"a": {"b": [1, null]}}'::jsonb))))
	  FROM generate_series(1, 500) AS n;
};
$node->safe_psql('postgres', $history);
# Half of the events in blocks, merged users among them.
$node->safe_psql('postgres', q{CALL profiles.compact('shop')});
$node->safe_psql('postgres', $history =~ s/1600000000/1600500000/r =~ s/generate_series\(1, 500\)/generate_series(501, 700)/r);

# Everything that people can ask, as one text.
my @questions = map { qq{SELECT * FROM $_} } (
	'shop.users ORDER BY uid', 'shop.devices ORDER BY device_id', 'shop.event_batches ORDER BY batch', 'shop.event_blocks ORDER BY block', 'shop.moved_events ORDER BY uid',
	'shop.events ORDER BY uid, ts, key', 'shop.sessions ORDER BY uid, ts, session_id',
	'shop.people ORDER BY uid', '"My ""App""".people ORDER BY uid', 'profiles.apps ORDER BY name');
sub answers
{
	my ($server, $database) = @_;
	return join "\n--\n", map { $server->safe_psql($database, $_) } @questions;
}
my $before = answers($node, 'postgres');
like($before, qr/\[CLY\]_session/, 'there is something to lose');

# Standby
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', q{SELECT profiles.ingest('shop', '{"device_id": "on the way", "timestamp": 1600000000, "begin_session": 1}')});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is(answers($standby, 'postgres'), answers($node, 'postgres'), 'a standby gives the same answers');
my ($status, $out, $error) = $standby->psql('postgres', q{SELECT profiles.ingest('shop', '{"device_id": "d"}')});
isnt($status, 0, 'a standby takes no requests');
like($error, qr/cannot execute .* in a read-only transaction|recovery/, 'and says why');
$standby->promote;
is($standby->safe_psql('postgres', q{SELECT status FROM profiles.ingest('shop', '{"device_id": "after", "timestamp": 1600000000}')}), 'ok', 'until it is promoted');
$standby->stop;

# DROP EXTENSION
($status, $out, $error) = $node->psql('postgres', 'DROP EXTENSION profiles');
isnt($status, 0, 'DROP EXTENSION is refused while there is an app');
like($error, qr/cannot drop extension profiles because other objects depend on it/, 'for the reason of the app');

# Dump and restore
$before = answers($node, 'postgres');
my $dump = $PostgreSQL::Test::Utils::tmp_check . '/dump.sql';
$node->run_log([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump ]) or die;
$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$node->run_log([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ]) or die;
is(answers($node, 'restored'), $before, 'what was restored gives the same answers');
my $archive = $PostgreSQL::Test::Utils::tmp_check . '/dump.custom';
$node->run_log([ 'pg_dump', '-Fc', '-d', $node->connstr('postgres'), '-f', $archive ]) or die;
$node->safe_psql('postgres', 'CREATE DATABASE twice TEMPLATE template0');
ok($node->run_log([ 'pg_restore', '-e', '-j', '2', '-d', $node->connstr('twice'), $archive ]), 'pg_restore with two jobs has no error');
is(answers($node, 'twice'), $before, 'and gives the same answers');

# Ingestion goes on: the next uid, known devices, duplicates, the key of the app.
my $next = $node->safe_psql('postgres', q{SELECT max(uid) + 1 FROM shop.users});
is($node->safe_psql('restored', q{SELECT uid, status FROM profiles.ingest('shop', '{"device_id": "new", "timestamp": 1600000000, "events": [{"key": "e"}]}')}),
	"$next|ok", 'the next user has the next uid');
is($node->safe_psql('restored', q{SELECT uid, status FROM profiles.ingest('shop', '{"device_id": "on the way", "timestamp": 1600000000, "begin_session": 1}')}),
	($next - 1) . '|duplicate', 'a known request is a duplicate');
is($node->safe_psql('restored', q{SELECT uid, status FROM profiles.apps, profiles.ingest(jsonb_build_object('app_key', key, 'device_id', 'by key', 'timestamp', 1600000000)) WHERE name = 'shop'}),
	($next + 1) . '|ok', 'the key is the same one');
is($node->safe_psql('restored', q{SELECT max(batch) = count(DISTINCT batch) FROM shop.event_batches}),
	$node->safe_psql('postgres', q{SELECT max(batch) = count(DISTINCT batch) FROM shop.event_batches}), 'batches are numbered on');
is($node->safe_psql('restored', $history =~ s/1600000000/1600100000/r =~ s/SELECT profiles.ingest\((.*)\)(\s+FROM)/SELECT string_agg(DISTINCT (profiles.ingest($1)).status, ',')$2/sr), 'ok', 'and a whole history more');
($status, $out, $error) = $node->psql('restored', 'DROP EXTENSION profiles');
isnt($status, 0, 'the restored extension is as hard to drop');

# One backend that has seen it all
is($node->safe_psql('twice', q{
	SET client_min_messages = warning;
	SELECT status FROM profiles.ingest('shop', '{"device_id": "x", "timestamp": 1600000001, "events": [{"key": "e"}]}');
	SELECT status FROM profiles.ingest('shop', '{"device_id": "device 1", "old_device_id": "x", "timestamp": 1600000002}');
	SELECT profiles.drop_app(name) FROM profiles.apps;
	DROP EXTENSION profiles;
	CREATE EXTENSION profiles;
	SELECT profiles.create_app('shop') IS NOT NULL;
	SELECT uid, status FROM profiles.ingest('shop', '{"device_id": "x", "timestamp": 1600000001, "events": [{"key": "e"}], "user_details": {"name": "Ada"}}');
	SELECT uid, status FROM profiles.ingest('shop', '{"device_id": "y", "timestamp": 1600000001, "events": [{"key": "e"}]}');
	SELECT uid, status FROM profiles.ingest('shop', '{"device_id": "y", "old_device_id": "x", "timestamp": 1600000002, "events": [{"key": "e"}]}');
	SELECT uid, name FROM shop.people;
	SELECT count(*) FROM shop.events;
	SELECT uid, status FROM profiles.apps, profiles.ingest(jsonb_build_object('app_key', key, 'device_id', 'y', 'timestamp', 1600000003));
}), "ok\nok\n\n\nt\n1|ok\n2|ok\n2|ok\n2|Ada\n3\n2|ok", 'plans follow DROP and CREATE EXTENSION');

$node->stop;
done_testing();
