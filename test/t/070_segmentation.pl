# Answers of segmentation against a loop over the raw requests in another language, before, while and after they are
# compacted, with sessions, merges, purges and late ones among them: test/oracle/segmentation.py.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('segmentation');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off");
$node->start;

my ($out, $error);
{
	local %ENV = $node->_get_env();
	IPC::Run::run([ 'python3', 'test/oracle/segmentation.py', $ENV{SEGMENTATION_QUERIES} // 2000, $ENV{SEGMENTATION_SEED} // 1 ],
		'>', \$out, '2>', \$error);
}
like($out, qr/^segmentation: [1-9]\d+ passed, 0 failed$/m, 'every answer is the one of the loop');
note($out);
diag($out, $error) if $out !~ /, 0 failed/ || $error;

$node->stop;
done_testing();
