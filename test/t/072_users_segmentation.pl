# Copies of users by column are exact at any time: while requests, compaction and vacuum go on, after a crash,
# on a standby, after a failover, in a restored dump, and with prepared transactions. Checksums are on, so that
# hint bits move LSNs as well.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1, extra => ['--data-checksums']);
$node->append_conf('postgresql.conf', "max_prepared_transactions = 5\nautovacuum_naptime = 1s\nautovacuum_vacuum_scale_factor = 0.01");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION profiles;
	SELECT profiles.create_app('shop');
	INSERT INTO shop.users (uid, bucket, device_id, profile, session_count)
	SELECT uid, uid >> 16, 'd' || uid, format('{"country": "%s", "custom": {"level": %s, "pad": "%s"}}', (ARRAY['DE', 'FR', 'IT'])[1 + uid % 3], uid % 10, repeat('x', 600))::profiles.profile, uid % 5
	  FROM generate_series(1, 12000) AS uid;
	INSERT INTO shop.devices (uid, bucket, device_id) SELECT uid, bucket, device_id FROM shop.users;
	SELECT setval('shop.users_uid_seq', 12000);
	VACUUM shop.users;
	CALL profiles.compact('shop');
	-- Both sides of each question, under one snapshot; nothing when they agree.
	CREATE FUNCTION wrong() RETURNS SETOF text LANGUAGE sql STABLE AS $$
		WITH ours AS (SELECT segment, users FROM profiles.users_segmentation('shop', '{"custom.level": {"$lt": 5}}', '{country,user.session_count}')),
		     plain AS (SELECT ARRAY[country, session_count::text], count(*) FROM shop.people WHERE (custom ->> 'level')::int < 5 GROUP BY 1)
		SELECT 'groups: ' || d::text FROM ((TABLE ours EXCEPT ALL TABLE plain) UNION ALL (TABLE plain EXCEPT ALL TABLE ours)) AS d
		UNION ALL
		SELECT 'all: ' || users FROM profiles.users_segmentation('shop') WHERE users <> (SELECT count(*) FROM shop.users)
	$$;
	CREATE FUNCTION changed() RETURNS bigint LANGUAGE sql AS
		$$ SELECT sum(profiles.user_block_changed('shop.users'::regclass, range, data, xmin)) FROM shop.user_blocks $$;
});
sub agrees
{
	my ($server, $what, $database) = @_;
	is($server->safe_psql($database // 'postgres', 'SELECT * FROM wrong()'), '', $what);
}
is($node->safe_psql('postgres', 'SELECT count(*) > 1, changed() < 500 FROM shop.user_blocks'), 't|t', 'there are copies that hold');
agrees($node, 'a copy gives the answers of the rows');

# Requests of six clients, whole profiles that change, users who come and go, compaction and vacuum, all at once;
# meanwhile readers compare both sides, in one statement and in one older snapshot.
my %scripts = (
	ingest => q{
		\set n random(1, 13000)
		\set v random(0, 9)
		SELECT profiles.ingest('shop', jsonb_build_object('device_id', 'd' || :n, 'timestamp', extract(epoch FROM clock_timestamp()), 'begin_session', 1,
			'ignore_cooldown', 1, 'user_details', jsonb_build_object('custom', jsonb_build_object('level', :v))));
	},
	change => q{
		\set n random(1, 12000)
		BEGIN;
		UPDATE shop.users SET profile = profiles.set(profile, 'pad', repeat('y', 300 + :n % 700)) WHERE uid BETWEEN :n AND :n + 5;
		DELETE FROM shop.users WHERE uid = :n + 7;
		DELETE FROM shop.devices WHERE uid = :n + 7;
		\if :n % 3 = 0
		ROLLBACK;
		\else
		COMMIT;
		\endif
	},
	compact => q{CALL profiles.compact('shop');},
	copy => q{
		INSERT INTO shop.user_blocks SELECT range, profiles.user_block_make('shop.users'::regclass, range) FROM generate_series(0, 1) AS range
			ON CONFLICT (range) DO UPDATE SET data = excluded.data;
	},
	check => q{SELECT 1 / (count(*) = 0)::int FROM wrong();},
	strict => q{
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		SELECT 1 / (count(*) = 0)::int FROM wrong();
		\sleep 200 ms
		SELECT 1 / (count(*) = 0)::int FROM wrong();
		COMMIT;
	},
	parallel => q{
		SET parallel_setup_cost = 0;
		SELECT 1 / (count(*) = 0)::int FROM wrong();
	});
$scripts{change} =~ s/\\if :n % 3 = 0/\\set odd :n % 3 = 0\n\\if :odd/;
my (@jobs, @outputs);
my $seconds = $ENV{USERS_SEGMENTATION_SECONDS} // 15;
for my $name (sort keys %scripts)
{
	my $file = $node->basedir . "/$name.sql";
	append_to_file($file, $scripts{$name} =~ s/^\s+//gmr);
	my $clients = $name eq 'ingest' ? 2 : 1;
	push @outputs, \my $output;
	push @jobs, [ $name, IPC::Run::start([ 'pgbench', '-n', '-c', $clients, '-T', $seconds, '-f', $file, '-h', $node->host, '-p', $node->port, 'postgres' ], '>&', $outputs[-1]), $outputs[-1] ];
}
for my $job (@jobs)
{
	my ($name, $run, $output) = @$job;
	$run->finish;
	ok($run->result == 0 && $$output =~ /transactions actually processed: [1-9]/ && $$output =~ /failed transactions: 0 /, "$name went on all the time without an error") or diag($$output);
}
agrees($node, 'and the answers are right at the end');

# A transaction that is prepared has not ended, and may never.
$node->safe_psql('postgres', q{BEGIN; UPDATE shop.users SET session_count = 99 WHERE uid < 500; PREPARE TRANSACTION 'p'});
$node->safe_psql('postgres', q{TRUNCATE shop.user_blocks; CALL profiles.compact('shop')});
agrees($node, 'with a prepared transaction');
$node->stop('immediate');
$node->start;
agrees($node, 'after a crash');
$node->safe_psql('postgres', q{COMMIT PREPARED 'p'});
agrees($node, 'once it is committed');
is($node->safe_psql('postgres', q{SELECT users FROM profiles.users_segmentation('shop', '{"user.session_count": 99}')}),
	$node->safe_psql('postgres', 'SELECT count(*) FROM shop.users WHERE session_count = 99'), 'what was prepared is there');

# A crash leaves the copies of pages that did not change.
$node->safe_psql('postgres', q{ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf()});
$node->safe_psql('postgres', q{VACUUM shop.users; TRUNCATE shop.user_blocks; CALL profiles.compact('shop')});
my $before = $node->safe_psql('postgres', 'SELECT changed()');
$node->safe_psql('postgres', 'UPDATE shop.users SET session_count = session_count + 1 WHERE uid = 600');
$node->stop('immediate');
$node->start;
cmp_ok($node->safe_psql('postgres', 'SELECT changed()'), '<=', $before + 2, 'and copies that still hold');
agrees($node, 'after another crash');

# Standby
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'hot_standby_feedback = on');
$standby->start;
$node->safe_psql('postgres', q{UPDATE shop.users SET session_count = 7 WHERE uid % 50 = 0; TRUNCATE shop.user_blocks; CALL profiles.compact('shop');
	UPDATE shop.users SET session_count = 8 WHERE uid % 51 = 0; VACUUM shop.users});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
agrees($standby, 'a standby gives the same answers');
is($standby->safe_psql('postgres', 'SELECT changed() < pg_relation_size($$shop.users$$) / 8192 / 2'), 't', 'from copies that hold there, too');
is($standby->safe_psql('postgres', 'SELECT changed()'), $node->safe_psql('postgres', 'SELECT changed()'), 'as many as on the primary');
my $old = $standby->background_psql('postgres', on_error_stop => 1);
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$old->query_safe('SELECT * FROM wrong()');
$node->safe_psql('postgres', q{UPDATE shop.users SET session_count = 9 WHERE uid % 52 = 0; CALL profiles.compact('shop')});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($old->query_safe('SELECT * FROM wrong()'), '', 'a standby\'s older snapshot keeps its answers');
$old->quit;
$node->stop;
$standby->promote;
agrees($standby, 'after a failover');
$standby->safe_psql('postgres', q{UPDATE shop.users SET session_count = 10 WHERE uid % 53 = 0});
agrees($standby, 'and changes after it');
$standby->safe_psql('postgres', q{CALL profiles.compact('shop')});
agrees($standby, 'and copies after it');

# A restored dump has the bytes of the copies, but they are of another table.
$standby->safe_psql('postgres', 'CREATE DATABASE restored');
my $dump = $standby->basedir . '/dump';
$standby->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $standby->connstr('postgres') ], 'pg_dump');
$standby->command_ok([ 'pg_restore', '--exit-on-error', '-d', $standby->connstr('restored'), $dump ], 'pg_restore');
is($standby->safe_psql('restored', 'SELECT count(*) > 0, changed() = least(count(*) * 1024, pg_relation_size($$shop.users$$) / 8192) FROM shop.user_blocks'), 't|t', 'no copy holds in a restored dump');
agrees($standby, 'a restored dump', 'restored');
$standby->safe_psql('restored', q{CALL profiles.compact('shop')});
is($standby->safe_psql('restored', 'SELECT changed()'), '0', 'until there are new ones');
agrees($standby, 'with copies of its own', 'restored');
# So it is with a database that was copied as files.
$standby->safe_psql('template1', q{CREATE DATABASE copied TEMPLATE restored STRATEGY file_copy});
agrees($standby, 'a copied database', 'copied');
$standby->safe_psql('copied', 'UPDATE shop.users SET session_count = 11');
agrees($standby, 'and changes in it', 'copied');
agrees($standby, 'do not change the other', 'restored');
$standby->stop;
done_testing();
