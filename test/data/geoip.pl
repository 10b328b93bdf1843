#!/usr/bin/perl
# Writes the databases of the location tests into the folder it is given:
#
#     test/data/make-geoip build/geoip
#
# Everything in them is invented; the expected results of the tests are worked out from this file.
use strict;
use warnings;
use utf8;

use MaxMind::DB::Writer::Tree;

my ($folder) = @ARGV or die "usage: $0 FOLDER\n";

my %TYPES = (
	accuracy_radius    => 'uint16',
	asn                => 'uint32',
	big                => 'uint128',
	city               => 'map',
	code               => 'utf8_string',
	country            => 'map',
	flags              => ['array', 'boolean'],
	iso_code           => 'utf8_string',
	latitude           => 'double',
	location           => 'map',
	longitude          => 'double',
	mark               => 'bytes',
	names              => 'map',
	offset             => 'int32',
	postal             => 'map',
	registered_country => 'map',
	subdivisions       => ['array', 'map'],
	time_zone          => 'utf8_string',
	traits             => 'map',
	# of the flat schema
	country_code => 'utf8_string',
	postcode     => 'utf8_string',
	state1       => 'utf8_string',
	state2       => 'utf8_string',
	timezone     => 'utf8_string',
);

sub write_database
{
	my ($file, $ip_version, $type, $types, $networks) = @_;
	my $tree = MaxMind::DB::Writer::Tree->new(
		ip_version            => $ip_version,
		record_size           => 24,
		database_type         => $type,
		languages             => [ 'en', 'de' ],
		description           => { en => "Invented data for tests of profiles ($type)" },
		alias_ipv6_to_ipv4    => $ip_version == 6,
		remove_reserved_networks => 0,
		map_key_type_callback => sub { $types->{ $_[0] } // 'utf8_string' },
		_build_epoch          => 1_700_000_000,    # 2023-11-14 22:13:20 UTC
	);
	# The widest first: a later network replaces a part of an earlier one.
	$tree->insert_network(@$_) foreach @$networks;
	open my $handle, '>:raw', "$folder/$file" or die "$file: $!";
	$tree->write_tree($handle);
	close $handle or die "$file: $!";
}

my %berlin = (
	country      => { iso_code => 'DE', names => { en => 'Germany', de => 'Deutschland' } },
	subdivisions => [ { iso_code => 'BE', names => { en => 'Land Berlin', de => 'Berlin' } } ],
	city         => { names => { en => 'Berlin', de => 'Berlin' } },
	location     => {
		latitude        => 52.5196,
		longitude       => 13.4069,
		accuracy_radius => 20,
		time_zone       => 'Europe/Berlin'
	},
	postal => { code => '10178' },
);
my %koeln = (
	country      => { iso_code => 'DE', names => { en => 'Germany', de => 'Deutschland' } },
	subdivisions => [ { iso_code => 'NW' } ],
	city         => { names => { de => 'Köln' } },
	location     => { latitude => 50.9375, longitude => 6.9603, time_zone => 'Europe/Berlin' },
);
my %paris = (
	country      => { iso_code => 'FR', names => { en => 'France' } },
	subdivisions => [
		{ iso_code => 'IDF', names => { en => 'Île-de-France' } },
		{ iso_code => '75',  names => { en => 'Paris' } },
	],
	city     => { names => { en => 'Paris' } },
	location => { latitude => 48.8566, longitude => 2.3522, accuracy_radius => 5, time_zone => 'Europe/Paris' },
);
my %tokyo = (
	country => { iso_code => 'JP', names => { en => 'Japan' } },
	city    => { names => { en => 'Tokyo', ja => '東京' } },
);

# 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/32 are reserved for documentation.
my @nested = (
	[ '192.0.2.0/24',     \%berlin ],
	[ '192.0.2.128/25',   \%koeln ],
	[ '198.51.100.0/24',  \%paris ],
	[ '203.0.113.0/28',   { registered_country => { iso_code => 'US' } } ],
	[ '203.0.113.16/28',  { traits => { asn => 64496, name => 'Example "Net" \\ Co' } } ],
	[   '203.0.113.32/28',
		{
			traits => {
				big    => '340282366920938463463374607431768211455',
				flags  => [ 1, 0 ],
				mark   => "\x00\x2a",
				offset => -268435456,
			}
		}
	],
	# The Null Island of a database that says 0, 0 and means it, and one that is out of range.
	[ '203.0.113.48/28', { country => { iso_code => 'GB' }, location => { latitude => 0, longitude => 0 } } ],
	[ '203.0.113.64/28', { country => { iso_code => 'GB' }, location => { latitude => 91, longitude => 0 } } ],
	[ '2001:db8::/33',      \%tokyo ],
	[ '2001:db8:8000::/48', \%paris ],
);
write_database('city-nested.mmdb', 6, 'Test-City', \%TYPES, \@nested);

# The same addresses move: what a replacement of the file must show.
write_database('city-moved.mmdb', 6, 'Test-City', \%TYPES,
	[ [ '192.0.2.0/24', \%paris ], [ '198.51.100.0/24', \%berlin ] ]);

write_database('ipv4-nested.mmdb', 4, 'Test-City', \%TYPES,
	[ grep { $_->[0] !~ /:/ } @nested ]);

# The free databases: floats, and an empty text where nothing is known.
my %flat_types = (%TYPES, city => 'utf8_string', latitude => 'float', longitude => 'float');
my %empty = (postcode => '', state1 => '', state2 => '', timezone => '', city => '');
write_database(
	'city-flat.mmdb', 4,
	'city ipv4',
	\%flat_types,
	[
		[   '192.0.2.0/24',
			{
				%empty,
				city         => 'Berlin',
				country_code => 'DE',
				latitude     => 52.5196,
				longitude    => 13.4069,
				state1       => 'Land Berlin',
				timezone     => 'Europe/Berlin'
			}
		],
		[ '198.51.100.0/24', { %empty, country_code => 'FR', latitude => 48.8566, longitude => 2.3522 } ],
	]
);
write_database('country-flat.mmdb', 6, 'country ipvAll', \%flat_types,
	[ [ '192.0.2.0/24', { country_code => 'DE' } ], [ '2001:db8::/32', { country_code => 'JP' } ] ]);

# The other half of city-flat.mmdb, and who owns the networks.
write_database('city-flat-ipv6.mmdb', 6, 'city ipv6', \%flat_types,
	[ [ '2001:db8::/32', { %empty, city => 'Osaka', country_code => 'JP', latitude => 34.6937, longitude => 135.5023 } ] ]);
my %owner_types = (autonomous_system_number => 'uint32', country => 'map', iso_code => 'utf8_string');
write_database('owners.mmdb', 6, 'Test-ASN', \%owner_types,
	[
		[ '192.0.2.0/26',    { autonomous_system_number => 64496, autonomous_system_organization => 'Example Net' } ],
		[ '2001:db8::/32',   { autonomous_system_number => 64497 } ],
		[ '198.18.0.0/15',   { autonomous_system_number => 64498, country => { iso_code => 'ZZ' } } ],
	]);
