# House rules that the catalogue can show, for every object of the extension.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION profiles');

# Lists those that break a rule; there must be none.
sub none
{
	my ($rule, $query) = @_;
	return is($node->safe_psql('postgres', $query), '', $rule);
}

my $function = q{
	SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	WHERE p.pronamespace = 'profiles'::regnamespace AND };

none('every function has a comment',
	"$function obj_description(p.oid, 'pg_proc') IS NULL ORDER BY 1");
none('every function says whether workers may run it: only a volatile one is parallel unsafe',
	"$function p.prokind <> 'p' AND p.prorettype <> 'trigger'::regtype
	 AND p.proparallel = 'u' AND p.provolatile <> 'v' ORDER BY 1");
none('what is written in SQL or PL/pgSQL has its search_path set or a parsed body, if it may have one',
	"$function l.lanname IN ('sql', 'plpgsql') AND p.prosqlbody IS NULL
	 AND NOT (p.prokind = 'p' AND p.prosrc ~ 'COMMIT;')
	 AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%') ORDER BY 1");
none('a function that runs as its owner has its search_path set',
	"$function p.prosecdef
	 AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%') ORDER BY 1");
none('an operator has the properties of its function: both sides of a pair exist',
	q{SELECT o.oid::regoperator FROM pg_operator o
	  WHERE o.oprnamespace = 'profiles'::regnamespace AND o.oprcode = 0 ORDER BY 1});
none('every type has a comment',
	q{SELECT t.oid::regtype FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
	  WHERE t.typnamespace = 'profiles'::regnamespace AND t.typcategory <> 'A'
	    AND (c.oid IS NULL OR c.relkind = 'c')
	    AND coalesce(obj_description(t.oid, 'pg_type'), obj_description(c.oid, 'pg_class')) IS NULL
	  ORDER BY 1});
none('every table and view has a comment',
	q{SELECT c.oid::regclass FROM pg_class c
	  WHERE c.relnamespace = 'profiles'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
	    AND obj_description(c.oid, 'pg_class') IS NULL ORDER BY 1});
none('what an index or a generated column uses is immutable: the comparison and hash functions',
	q{SELECT DISTINCT a.amproc FROM pg_amproc a JOIN pg_proc p ON p.oid = a.amproc
	  WHERE p.pronamespace = 'profiles'::regnamespace AND p.provolatile <> 'i' ORDER BY 1});
none('a table is dumped with its rows unless CREATE EXTENSION makes them',
	q{SELECT c.oid::regclass FROM pg_class c
	  WHERE c.relnamespace = 'profiles'::regnamespace AND c.relkind = 'r'
	    AND c.relname NOT IN ('countries', 'regions', 'places_version')
	    AND NOT EXISTS (SELECT FROM pg_extension e WHERE c.oid = ANY (e.extconfig)) ORDER BY 1});

$node->stop;
done_testing();
