# The geoip database is replaced, overwritten, truncated and removed under a running server: no backend
# may die of it, and new answers come soon. And what the messages say, which name a path.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(remove_tree);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $fixtures = $ENV{PROFILES_DATA};

my $node = PostgreSQL::Test::Cluster->new('geoip');
$node->init(allows_streaming => 1);
my $file = $node->basedir . '/current.mmdb';
$node->append_conf('postgresql.conf', "profiles.geoip_database = '$file'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION profiles');

# In the fixtures 192.0.2.1 is in Germany, after the move in France.
my $question = q{SELECT profiles.geoip_country('192.0.2.1')};

# Writes into the same inode, as cp does.
sub overwrite { copy("$fixtures/$_[0]", $file) or die "$file: $!" }

sub rename_over
{
	copy("$fixtures/$_[0]", "$file.new") or die "$file.new: $!";
	rename("$file.new", $file) or die "$file: $!";
}

sub answers_within_a_second
{
	my ($session, $country, $name) = @_;
	my $start = time;
	my $answer;
	do
	{
		$answer = $session->query_safe($question);
		sleep 0.02 if $answer ne $country;
	} while ($answer ne $country && time - $start < 5);
	is($answer, $country, $name);
	cmp_ok(time - $start, '<', 1, "$name: within a second");
}

# A psql that stays, with the interface of the BackgroundPsql of later versions.
package Session
{
	use IPC::Run ();
	use PostgreSQL::Test::Utils;

	sub new
	{
		my ($class, $node) = @_;
		my $self = bless { in => '', out => '', err => '' }, $class;
		$self->{timer} = IPC::Run::timer(30);
		$self->{run} = IPC::Run::start(
			[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
			'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err}, $self->{timer});
		return $self;
	}

	sub query
	{
		my ($self, $sql) = @_;
		$self->{out} = $self->{err} = '';
		$self->{timer}->start(30);
		$self->{in} .= "$sql;\n\\echo done\n\\warn done\n";
		$self->{run}->pump until $self->{out} =~ /^done$/m && $self->{err} =~ /^done$/m;
		$self->{out} =~ s/\n?done\n//;
		$self->{err} =~ s/done\n//;
		return $self->{out};
	}

	sub query_safe
	{
		my ($self, $sql) = @_;
		my $result = $self->query($sql);
		die $self->{err} if $self->{err} =~ /ERROR|FATAL/;
		return $result;
	}
	sub quit { my ($self) = @_; $self->{in} .= "\\q\n"; $self->{run}->finish }
}

# ---- messages
my ($status, $out, $err) = $node->psql('postgres', $question, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  58P01: could not open geoip database "\Q$file\E": No such file or directory/, 'missing: error');
like($err, qr/HINT:  profiles\.geoip_database must name a file/, 'missing: hint');

append_to_file($file, 'no database');
($status, $out, $err) = $node->psql('postgres', $question, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  XX001: file "\Q$file\E" is not a usable geoip database/, 'no database: error');
like($err, qr/HINT:  The file must be a MaxMind DB/, 'no database: hint');
unlink $file;

# ---- what comes after a mapping was made
overwrite('city-nested.mmdb');
my $session = Session->new($node);
my $postmaster = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
answers_within_a_second($session, 'DE', 'a new file');
my $backend = $session->query_safe('SELECT pg_backend_pid()');

rename_over('city-moved.mmdb');
answers_within_a_second($session, 'FR', 'replaced by rename');

overwrite('city-nested.mmdb');
answers_within_a_second($session, 'DE', 'overwritten in place');

# The smaller file shortens the inode; a plain mapping of the larger one would now end in SIGBUS.
overwrite('country-flat.mmdb');
answers_within_a_second($session, 'DE', 'overwritten in place by another schema');

overwrite('city-moved.mmdb');
answers_within_a_second($session, 'FR', 'overwritten in place again');

truncate($file, 0) or die $!;
is($session->query_safe($question), 'FR', 'truncated in place: the database before answers');
sleep 0.2;
is($session->query_safe($question), 'FR', 'truncated in place: still');
like($session->{err}, qr/WARNING:  the geoip database was replaced by one that cannot be used/, 'with a warning');
like($session->{err}, qr/DETAIL:  file "\Q$file\E" is not a usable geoip database/, 'that says why');
is($session->query_safe($question), 'FR', 'and then again');
is($session->{err}, '', 'without a second warning');
($status, $out, $err) = $node->psql('postgres', $question);
like($err, qr/is not a usable geoip database/, 'a new session has no database before: error');

unlink $file;
is($session->query_safe($question), 'FR', 'removed: the database before answers');

overwrite('city-nested.mmdb');
answers_within_a_second($session, 'DE', 'back again');
is($session->query_safe('SELECT pg_backend_pid()'), $backend, 'all in one backend');
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $postmaster, 'of one server');

# One statement sees one database.
my $long = $session->query_safe(
	"SELECT count(DISTINCT profiles.geoip_country('192.0.2.1')) FROM (SELECT pg_sleep(0.01) FROM generate_series(1, 30)) s");
is($long, '1', 'a statement does not change its mind');

# ---- the private copies
my $copies = q{SELECT count(*) FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp_profiles_geoip_%' AND name NOT LIKE '%lock'};
is($node->safe_psql('postgres', $copies), '1', 'one copy for all backends, the earlier ones are gone');
$session->quit;
$node->restart;
is($node->safe_psql('postgres', $copies), '0', 'a restart removes it');
is($node->safe_psql('postgres', $question), 'DE', 'and it is made again');
my $backup = $node->basedir . '/backup';
$node->command_ok([ 'pg_basebackup', '-D', $backup, '-c', 'fast', '-X', 'none', '--no-sync', '-d', $node->connstr('postgres') ],
	'base backup');
ok(!glob("$backup/base/pgsql_tmp/*"), 'a base backup leaves it out');

# ---- busy clients while the file changes all the time
my $script = $node->basedir . '/busy.sql';
append_to_file($script, "SELECT count(profiles.geoip_country('192.0.2.0'::inet + n)) FROM generate_series(0, 255) n;\n");
my ($busy_out, $busy_err) = ('', '');
my $busy = IPC::Run::start(
	[ 'pgbench', '-n', '-c', '8', '-j', '2', '-T', '4', '-f', $script, '-d', $node->connstr('postgres') ],
	'>', \$busy_out, '2>', \$busy_err, IPC::Run::timeout(60));
my $end = time + 3.5;
my $round = 0;
my $watcher = Session->new($node);
while (time < $end)
{
	my $next = $round++ % 2 ? 'city-nested.mmdb' : 'city-moved.mmdb';
	$round % 4 < 2 ? rename_over($next) : overwrite($next);
	my $country = $next eq 'city-moved.mmdb' ? 'FR' : 'DE';
	answers_within_a_second($watcher, $country, "busy, replacement $round") if $round % 4 < 3;
	# A file cut off in place while all map its copy.
	truncate($file, 100) or die $! if $round % 4 == 3;
	sleep 0.15;
}
$watcher->quit;
$busy->finish;
like($busy_out, qr/number of failed transactions: 0 /, "8 clients, $round replacements: no error");
unlike($busy_err, qr/error|aborted/i, 'and no client lost its server');
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time() > now()'), 'f', 'the server is up');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC/, 'no process crashed');

# ---- who may choose the file
rename_over('city-nested.mmdb');    # the last replacement may have been a cut
$node->safe_psql('postgres', "CREATE ROLE visitor LOGIN; GRANT USAGE ON SCHEMA profiles TO visitor");
($status, $out, $err) = $node->psql('postgres', "SELECT profiles.geoip_country('10.0.0.1'); SET profiles.geoip_database = ''",
	extra_params => [ '-U', 'visitor' ]);
like($err, qr/permission denied to set parameter "profiles.geoip_database"/, 'not an ordinary user');
# Before the library is loaded the setting is only a name; loading must not take the value over.
($status, $out, $err) = $node->psql('postgres', "SET profiles.geoip_database = '/etc/passwd'; $question; SHOW profiles.geoip_database",
	extra_params => [ '-U', 'visitor' ]);
unlike($out, qr/passwd/, 'not by setting it before the library is loaded');

# All who may read the server's files anyway, once that is granted.
$node->safe_psql('postgres', 'GRANT SET ON PARAMETER profiles.geoip_database TO pg_read_server_files; GRANT pg_read_server_files TO visitor');
is($node->safe_psql('postgres', "SELECT profiles.geoip_country('10.0.0.1'); SET profiles.geoip_database = '$fixtures/city-nested.mmdb'; $question",
		extra_params => [ '-U', 'visitor' ]), "\nDE", 'readers of files, once it was granted to them');
$node->safe_psql('postgres', 'REVOKE pg_read_server_files FROM visitor');

# ---- what is installed with the extension is found without a setting, and says whom to name
$node->adjust_conf('postgresql.conf', 'profiles.geoip_database', undef);
$node->reload;
my $installed = $node->config_data('--sharedir') . '/profiles/geoip';
END { remove_tree($installed) if $installed }
is($node->safe_psql('postgres', $question), '', 'nothing installed: nothing known');
mkdir $installed or die "$installed: $!";
foreach my $half (qw(city-flat city-flat-ipv6))
{
	copy("$fixtures/$half.mmdb", "$installed/$half.mmdb") or die "$half: $!";
	append_to_file("$installed/$half.mmdb.attribution", "Invented, CC0\n");
}
is($node->safe_psql('postgres', q{SELECT profiles.geoip_country(ip) FROM unnest('{192.0.2.1,2001:db8::1,10.0.0.1}'::inet[]) AS ip}),
	"DE\nJP\n", 'installed: found, two files as one');
is($node->safe_psql('postgres', q{SELECT regexp_replace(path, '.*/', ''), attribution FROM profiles.geoip_info()}),
	"city-flat-ipv6.mmdb|Invented, CC0\ncity-flat.mmdb|Invented, CC0", 'with licence and attribution');

done_testing();
