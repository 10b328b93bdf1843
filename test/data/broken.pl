#!/usr/bin/perl
# Writes damaged copies of FOLDER's databases into FOLDER/broken: cut off, and with some bytes changed. They
# are the same every time.
use strict;
use warnings;

my ($folder) = @ARGV or die "usage: $0 FOLDER\n";
mkdir "$folder/broken";

# Not perl's rand(), which may change with perl.
my $state = 7;
sub number_below { $state = ($state * 1664525 + 1013904223) % 2**32; return int($state / 256) % $_[0] }

sub damaged
{
	my ($content, $round) = @_;
	return substr($content, 0, number_below(length $content)) if $round % 3 == 0;
	substr($content, number_below(length $content), 1) = chr number_below(256) for 0 .. number_below(20);
	return $content;
}

for my $name (qw(city-nested country-flat ipv4-nested))
{
	open my $source, '<:raw', "$folder/$name.mmdb" or die "$name: $!";
	my $content = do { local $/; <$source> };
	for my $round (1 .. 20)
	{
		open my $copy, '>:raw', "$folder/broken/$name-$round.mmdb" or die "$name: $!";
		print $copy damaged($content, $round);
		close $copy or die "$name: $!";
	}
}
