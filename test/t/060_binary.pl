# Binary receive of every type: mutated bytes give an error that says so, or a value that is whole; the server
# lives on and its memory stays where it was.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('binary');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION profiles;
	ALTER DATABASE postgres SET search_path = profiles, public;
});

# A value of each type, and what shows that a received one is whole.
my %types = (
	profile => [
		q{'{"name": "Ada", "country": "GB", "custom": {"n": 12.5, "tags": ["a", "b"], "deep": {"x": [1, null, true]}}}'},
		'profile_is_valid(v)' ],
	event_block => [
		q{(build_event_blocks('{1,2}', '{a,b}', ARRAY['{"country": "DE"}', '{"custom": {"n": 1}}']::profile[], ARRAY[
			'[{"key": "buy", "ts": 1700000000000, "count": 2, "sum": 9.99, "segmentation": {"sku": "a"}}, {"key": "go", "ts": 1700000000001}]',
			'[{"key": "buy", "ts": 1700000000002, "dur": 1.5}]']::event_list[]))[1]},
		'(SELECT count(*) FROM event_block_rows(v)) = (event_block_summary(v)).events' ],
	segment => [
		q{'{"country": {"$in": ["DE", "FR"]}, "$or": [{"custom.n": {"$gt": 3}}, {"name": {"rgxcn": ["Ad"]}}]}'},
		q{v = v::text::segment AND ('{"country": "DE"}'::profile @@ v) IS NOT NULL} ],
	event_list => [
		q{'[{"key": "buy", "ts": 1700000000000, "count": 2, "sum": 9.99, "segmentation": {"sku": "a"}}, {"key": "go", "ts": 1700000000001}]'},
		'event_list_length(v) = (SELECT count(*) FROM event_list_each(v)) AND v::text::event_list::text = v::text' ],
	user_set => [
		q{'{1,2,5-1000,70000,70007,70010,70020,131073-140000,9000000000}'},
		'v::text::user_set = v AND user_set_count(v) = cardinality(user_set_uids(v))' ]);

my $receivable = $node->safe_psql('postgres', q{
	SELECT typname FROM pg_type WHERE typnamespace = 'profiles'::regnamespace AND typtype = 'b'
	AND typreceive <> 0 AND typcategory <> 'A' ORDER BY 1});
is($receivable, join("\n", sort keys %types), 'every type that can be received is tried');

# Changes, removes or repeats a few bytes.
sub mutate
{
	my ($bytes) = @_;
	for (0 .. int(rand(4)))
	{
		my $at = int(rand(length($bytes) + 1));
		my $how = int(rand(4));
		if ($how == 0 && $at < length $bytes) { substr($bytes, $at, 1) = chr(int(rand(256))); }
		elsif ($how == 1) { substr($bytes, $at, 0) = pack('C*', map { int(rand(256)) } 0 .. int(rand(6))); }
		elsif ($how == 2) { substr($bytes, $at, 1 + int(rand(8))) = ''; }
		else { $bytes .= substr($bytes, $at, 20); }
	}
	return $bytes;
}

# The field of one row of COPY's binary format, and such a row.
sub field_of { return substr($_[0], 19 + 2 + 4, unpack('N', substr($_[0], 21, 4))); }

sub copy_of
{
	my ($field) = @_;
	return "PGCOPY\n\377\r\n\0" . pack('NNnN', 0, 0, 1, length $field) . $field . pack('n', 0xffff);
}

sub write_bytes
{
	my ($file, $bytes) = @_;
	open(my $out, '>:raw', $file) or die "$file: $!";
	print $out $bytes;
	close $out or die "$file: $!";
	return;
}

my $dir = PostgreSQL::Test::Utils::tempdir;
srand(20261124);
for my $type (sort keys %types)
{
	my ($value, $is_whole) = @{ $types{$type} };
	$node->safe_psql('postgres', "CREATE TABLE of_$type (v $type);
		COPY (SELECT $value\::$type) TO '$dir/whole' (FORMAT binary)");
	my $field = field_of(slurp_file("$dir/whole"));
	$node->safe_psql('postgres', "COPY of_$type FROM '$dir/whole' (FORMAT binary)");
	is($node->safe_psql('postgres', "SELECT v::text = ($value\::$type)::text FROM of_$type"), 't',
		"$type: what was sent is received");

	write_bytes("$dir/$_", copy_of(mutate($field))) for 1 .. 400;
	my $answers = $node->safe_psql('postgres', qq{
		CREATE FUNCTION receive_$type(file text) RETURNS text LANGUAGE plpgsql AS \$\$
		BEGIN
			EXECUTE format('COPY of_$type FROM %L (FORMAT binary)', file);
			RETURN 'received';
		EXCEPTION WHEN others THEN
			RETURN SQLSTATE;
		END \$\$;
		SELECT string_agg(DISTINCT answer, ' ' ORDER BY answer) FROM (
			SELECT receive_$type('$dir/' || n) AS answer FROM generate_series(1, 400) n) AS answers});
	# Bad representations (22...), sizes beyond the limits (54...), another version (0A000), nothing internal.
	like($answers, qr/^(?:(?:22\w{3}|54\w{3}|0A000|received) ?)+$/, "$type: mutated bytes are refused or received: $answers");
	like($answers, qr/22/, "$type: some are refused");
	is($node->safe_psql('postgres', "SELECT count(*) FROM of_$type WHERE NOT ($is_whole)"), '0',
		"$type: what was received is whole");

	my ($before, $after) = split /\|/, $node->safe_psql('postgres', qq{
		CREATE FUNCTION used_memory() RETURNS bigint LANGUAGE sql AS 'SELECT sum(used_bytes) FROM pg_backend_memory_contexts';
		SELECT count(receive_$type('$dir/' || n)) FROM generate_series(1, 400) n \\gset
		SELECT used_memory() AS before \\gset
		SELECT count(receive_$type('$dir/' || 1 + n % 400)) FROM generate_series(1, 4000) n \\gset
		SELECT :before || '|' || used_memory();
		DROP FUNCTION used_memory()});
	cmp_ok($after, '<', $before + 200_000, "$type: 4,000 of them leave no memory behind");
}

$node->stop;
done_testing();
