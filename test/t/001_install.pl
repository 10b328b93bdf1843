# Installing and removing: everything that CREATE EXTENSION makes is in schema profiles, DROP
# EXTENSION takes all of it away, and a database in another encoding is refused.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# Whatever a script could create, counted over the database and the shared catalogues. A toast table
# or an array type counts too: it goes with its owner. The schema is told apart below.
sub inventory
{
	my @catalogs = qw(pg_class pg_proc pg_type pg_operator pg_opclass pg_opfamily pg_am pg_cast
	  pg_amop pg_amproc pg_trigger pg_event_trigger pg_foreign_data_wrapper pg_foreign_server pg_language
	  pg_collation pg_conversion pg_ts_config pg_default_acl pg_authid pg_description pg_depend);
	my $union = join ' UNION ALL ', map { "SELECT '$_', count(*) FROM $_" . ($_ eq 'pg_description' ? " WHERE classoid <> 'pg_namespace'::regclass" : '') } @catalogs;
	return $node->safe_psql('postgres',
		"$union UNION ALL SELECT 'schemas', count(*) FROM pg_namespace WHERE nspname <> 'profiles'");
}

my $before = inventory();
$node->safe_psql('postgres', 'CREATE EXTENSION profiles');

# Some kinds of objects have no schema; those that may be there are named here.
is( $node->safe_psql(
		'postgres', q{
		SELECT what.type, what.identity
		FROM pg_depend d, pg_identify_object(d.classid, d.objid, d.objsubid) what
		WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'profiles')
		  AND what.schema IS DISTINCT FROM 'profiles'
		  AND what.type NOT IN ('cast', 'operator of access method', 'function of access method')
		  AND (what.type, what.identity) NOT IN (('schema', 'profiles'), ('foreign-data wrapper', 'profiles'), ('server', 'profiles'))
		ORDER BY 1, 2}),
	'',
	'every object is in schema profiles');
is( $node->safe_psql(
		'postgres', q{
		SELECT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE p.probin = '$libdir/profiles' AND n.nspname <> 'profiles'}),
	'',
	'every function of the library is in schema profiles');

$node->safe_psql('postgres', 'DROP EXTENSION profiles');
is(inventory(), $before, 'DROP EXTENSION leaves nothing behind');
is( $node->safe_psql(
		'postgres', q{
		SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
		WHERE refclassid = 'pg_namespace'::regclass
		  AND refobjid = (SELECT oid FROM pg_namespace WHERE nspname = 'profiles')}),
	'',
	'the schema, if it is still there, is empty');
$node->safe_psql('postgres', 'CREATE EXTENSION profiles');
pass('it can be created again');

foreach my $encoding (qw(LATIN1 SQL_ASCII))
{
	$node->safe_psql('postgres',
		qq{CREATE DATABASE "$encoding" ENCODING '$encoding' LOCALE 'C' TEMPLATE template0});
	my ($status, $out, $err) = $node->psql($encoding, 'CREATE EXTENSION profiles');
	isnt($status, 0, "refused in $encoding");
	like($err, qr/ERROR: .*UTF8.*$encoding/, "$encoding: the message names both encodings");
	like($err, qr/HINT: .*CREATE DATABASE/, "$encoding: the hint says what to do");
}

$node->safe_psql('postgres', 'CREATE ROLE somebody LOGIN');
my ($status, $out, $err) = $node->psql(
	'postgres',
	'DROP EXTENSION profiles; SET ROLE somebody; CREATE EXTENSION profiles',
	on_error_stop => 1);
like($err, qr/permission denied to create extension/, 'only a superuser installs it');

$node->stop;
done_testing();
