# docs.pl [--update] PAGE...: runs the SQL examples of Markdown pages against the server that the
# environment names.
#
# Each page has a database of its own with the extension in it (unless the page creates it itself)
# and runs in one psql session, time zone UTC. A ```sql block is run as psql would show it. If a
# ```text block comes next, with nothing but blank lines between, it must be what psql printed
# (white space at line ends and blank lines around it aside). Without one, the statements must
# succeed. --update writes what psql printed into the text blocks that are there.
use strict;
use warnings;
use File::Temp qw(tempdir);

my $update = @ARGV && $ARGV[0] eq '--update' ? shift @ARGV : 0;
my $scratch = tempdir(CLEANUP => 1);
my ($passed, $failed) = (0, 0);

sub slurp { my ($name) = @_; open my $file, '<', $name or die "$name: $!\n"; local $/; return <$file> // '' }
sub spew { my ($name, $text) = @_; open my $file, '>', $name or die "$name: $!\n"; print $file $text; close $file or die "$name: $!\n" }

# White space that nobody sees in a page does not count.
sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+//;
	$text =~ s/\n+\z//;
	return length $text ? "$text\n" : '';
}

# The sql blocks of a page: their text, the line they start at, and the lines of the text block that
# follows (first line inside it and the line of its closing fence), if one does.
sub blocks
{
	my ($page, @lines) = @_;
	my @found;
	for (my $i = 0; $i < @lines; ++$i)
	{
		next unless $lines[$i] =~ /^\s*```(\w*)\s*$/;
		my ($language, $start) = ($1, $i);
		++$i while $i + 1 < @lines && $lines[$i + 1] !~ /^\s*```\s*$/;
		++$i;
		die "$page:" . ($start + 1) . ": this fence is never closed\n" if $i >= @lines;
		if ($language eq 'sql')
		{
			push @found, { sql => join('', @lines[$start + 1 .. $i - 1]), line => $start + 1, end => $i };
		}
		elsif ($language eq 'text' && @found && !defined $found[-1]{first})
		{
			my $between = join '', @lines[$found[-1]{end} + 1 .. $start - 1];
			@{ $found[-1] }{qw(first last)} = ($start + 1, $i) if $between !~ /\S/;
		}
	}
	return @found;
}

sub run_page
{
	my ($page, @blocks) = @_;
	my $marker = '-- end of block';
	my $script = '';
	foreach my $i (0 .. $#blocks)
	{
		$script .= "$blocks[$i]{sql}\n\\echo $marker $i\n";
	}
	spew("$scratch/in", $script);
	local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
	system('dropdb', '--if-exists', '--force', 'docs') == 0 && system('createdb', 'docs') == 0 or die "createdb failed\n";
	if (!grep { $_->{sql} =~ /CREATE\s+EXTENSION\s+(IF\s+NOT\s+EXISTS\s+)?profiles\b/i } @blocks)
	{
		system('psql', '-X', '-q', '-d', 'docs', '-c', 'CREATE EXTENSION profiles') == 0 or die "CREATE EXTENSION failed\n";
	}
	delete local $ENV{PGOPTIONS};
	local $ENV{PGTZ} = 'UTC';
	system("psql -X -d docs <'$scratch/in' >'$scratch/out' 2>&1");
	my $out = slurp("$scratch/out");
	foreach my $i (0 .. $#blocks)
	{
		next unless $out =~ s/\A(.*?)^\Q$marker\E $i\n//ms;
		$blocks[$i]{printed} = tidy($1);
	}
	return $out;
}

# Why a block is wrong, or nothing.
sub complaint
{
	my ($block, $expected) = @_;
	my $printed = $block->{printed};
	return "was not reached: the session ended before it" unless defined $printed;
	return "does not end in a semicolon" unless $block->{sql} =~ /(;|^\s*\\.*|^\s*--.*|\\g.*)\s*\z/m;
	if (!defined $expected)
	{
		return "fails:\n$printed"
		  if $printed =~ /^(ERROR|FATAL|PANIC|error|psql: error):|^invalid command|^Did not find any|: No such file/m;
		return;
	}
	return if $printed eq $expected;
	spew("$scratch/page", $expected);
	spew("$scratch/psql", $printed);
	return "prints something else:\n" . `diff -u --label page --label psql '$scratch/page' '$scratch/psql'`;
}

foreach my $page (@ARGV)
{
	my @lines = split /^/, slurp($page);
	my @blocks = blocks($page, @lines);
	next unless @blocks;
	my $rest = run_page($page, @blocks);
	my $bad = 0;
	foreach my $block (reverse @blocks)
	{
		my $expected = defined $block->{first} ? tidy(join '', @lines[$block->{first} .. $block->{last} - 1]) : undef;
		if ($update && defined $expected && defined $block->{printed})
		{
			splice @lines, $block->{first}, $block->{last} - $block->{first}, split /^/, $block->{printed};
			$expected = $block->{printed};
		}
		$block->{complaint} = complaint($block, $expected);
	}
	foreach my $block (@blocks)
	{
		defined $block->{complaint} ? ++$failed : ++$passed;
		next unless defined $block->{complaint};
		++$bad;
		print "$page:$block->{line}: this example $block->{complaint}\n";
	}
	print $rest if $rest =~ /\S/;
	printf "%-8s %s (%d examples)\n", $bad ? 'FAILED' : 'ok', $page, scalar @blocks;
	spew($page, join '', @lines) if $update;
}
print "counts: $passed $failed\n";
