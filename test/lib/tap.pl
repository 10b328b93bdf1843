# tap.pl LIBDIR FILE...: prove, but with counts that a script can read on its last line.
use strict;
use warnings;
use TAP::Harness;

my ($lib, @files) = @ARGV;
my $harness = TAP::Harness->new({ lib => [$lib], failures => 1, merge => 0 });
my $result  = $harness->runtests(@files);

my $skipped = $result->skipped;
my $passed  = $result->passed - $skipped;
my $failed  = $result->failed;
foreach my $file ($result->descriptions)
{
	my ($parser) = $result->parsers($file);
	++$skipped if defined $parser->skip_all;
	# A file that died or did not keep to its plan failed, even if each test that it ran passed.
	++$failed if !$parser->failed && ($parser->exit || $parser->parse_errors);
}
print "counts: $passed $failed $skipped\n";
exit($failed ? 1 : 0);
