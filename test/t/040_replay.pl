# Replays what real SDKs sent (test/clients/recordings) and compares the users with a model of its own:
# who is who after renames and merges, sessions and time, events, and every custom property. Nothing
# may fail, and every reason for which a part was skipped is listed here, with why that is right.
use strict;
use warnings;
use utf8;
use JSON::PP;
use Math::BigFloat;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my %justified = (
	# What the drivers sent on purpose.
	'session_duration: is negative' => 'refused by ruling',
	'session_duration: is over the limit and was cut to it' => 'one request reports at most a day',
	'[CLY]_unknown: event N: unknown internal event "[CLY]_unknown"' => 'internal events are a closed list',
	'events: invalid input syntax for events' => 'events=none',
	'user_details: invalid input syntax for user_details' => 'text cut in the middle; and multipart uploads, whose fields nobody has decoded yet',
	'metrics: invalid input syntax for metrics' => 'multipart uploads',
	'ip_address: must be an IPv4 or IPv6 address' => 'none is',
	'location: must be "latitude,longitude" in degrees' => 'out of range',
	': property name "" is empty' => 'no property can have it',
	# Operators that meet another type
	'coins: $inc of "coins" needs a number, got text' => '"3" is a text',
	'first_city: cannot apply $inc to "first_city" of type text' => 'a city is no number',
	'first_city: cannot apply $push to "first_city" of type text' => 'nor a list',
	'sp ace: cannot apply $inc to "sp ace" of type text' => 'it was set to " padded "',
	'any: limit of 20 custom properties reached' => 'one user of the recordings has more than fifty',
);

# JSON with its numbers as { '#' => normal form }, so that 1, 1.0 and "1" can be told apart.
my $json = JSON::PP->new->canonical->allow_nonref;

sub tagged
{
	my ($text) = @_;
	$text =~ s/("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/defined $1 ? $1 : '{"#":"' . Math::BigFloat->new($2)->bstr . '"}'/gse;
	return $json->decode($text);
}
sub is_number { my ($v) = @_; return ref $v eq 'HASH' && exists $v->{'#'} }
sub number { return { '#' => '' . Math::BigFloat->new($_[0])->bstr } }
sub is_bool { return JSON::PP::is_bool($_[0]) }
sub is_text { my ($v) = @_; return defined $v && !ref $v }
sub same { return $json->encode($_[0]) eq $json->encode($_[1]) }
sub is_empty { my ($v) = @_; return !defined $v || (is_text($v) && $v eq '') }

# A parameter that holds JSON, as itself or inside a string; nothing when it does not.
sub document
{
	my ($value, $type) = @_;
	$value = eval { tagged($value) } if is_text($value);
	return ref $value eq $type && !is_number($value) ? $value : undef;
}
sub plain { my ($v) = @_; return is_number($v) ? $v->{'#'} : is_bool($v) ? ($v ? 'true' : 'false') : $v }

# ---- the model

my %apps;    # name -> { devices => { id => user }, seen => { user's remembered requests } }

sub new_user { return { limit => $_[0], sessions => 0, spent => 0, events => 0, merges => 0, known => 0, custom => {}, standard => {}, recent => [] } }

sub close_session
{
	my ($user) = @_;
	delete @$user{qw(start end)};
}

sub find_user
{
	my ($app, $request) = @_;
	my $devices = $app->{devices};
	my ($id, $old) = (plain($request->{device_id}), plain($request->{old_device_id}));
	my $from = defined $old && $old ne $id ? $devices->{$old} : undef;
	my $user = $devices->{$id};
	if (!$user)
	{
		return $devices->{$id} = $from || new_user($app->{limit});
	}
	return $user if !$from || $from == $user;
	# both exist: the properties of the later session win
	my $old_wins = defined $from->{last} && (!defined $user->{last} || $user->{last} < $from->{last});
	for my $group (qw(custom standard))
	{
		my ($winner, $loser) = $old_wins ? ($from, $user) : ($user, $from);
		$user->{$group} = { %{ $loser->{$group} }, %{ $winner->{$group} } };
	}
	$user->{$_} += $from->{$_} for qw(sessions spent events merges);
	++$user->{merges};
	$user->{known} = 1;
	$user->{last} = $from->{last} if defined $from->{last} && (!defined $user->{last} || $from->{last} > $user->{last});
	$user->{recent} = [ @{ $user->{recent} }, @{ $from->{recent} } ];
	close_session($user);
	for my $device (keys %$devices)
	{
		$devices->{$device} = $user if $devices->{$device} == $from;
	}
	return $user;
}

sub session
{
	my ($user, $request, $time) = @_;
	my $on = sub { my $v = plain($request->{ $_[0] }); return defined $v && ($v eq '1' || $v eq 'true') };
	my ($begin, $end, $ignore) = map { $on->($_) } qw(begin_session end_session ignore_cooldown);
	my $duration = plain($request->{session_duration}) // 0;
	$duration = $duration =~ /^\d+(\.\d+)?$/ ? int($duration) : 0;
	$duration = 86400 if $duration > 86400;

	my $cooling = defined $user->{end} && abs($time - $user->{end}) < 15000;
	my $inside = defined $user->{end} && $time >= $user->{start} && $time <= $user->{end};
	close_session($user) if defined $user->{end} && $time - $user->{end} >= 15000;
	my $running = defined $user->{start} && !defined $user->{end};
	my $starts = $begin || (!$running && !($inside && defined $user->{end}) && ($duration > 0 || ($end && !$cooling)));
	if ($starts && $cooling && !$ignore && defined $user->{end})
	{
		delete $user->{end};
	}
	elsif ($starts)
	{
		close_session($user);
		$user->{start} = $time;
		++$user->{sessions};
		$user->{last} = $time if !defined $user->{last} || $time > $user->{last};
	}
	$user->{spent} += $duration;
	$user->{end} = defined $user->{end} && $user->{end} > $time ? $user->{end} : $time if $end;
	close_session($user) if $ignore && defined $user->{end};
}

sub count_events
{
	my ($user, $request) = @_;
	for my $event (@{ document($request->{events}, 'ARRAY') || [] })
	{
		next if ref $event ne 'HASH' || !is_text($event->{key});
		my $key = $event->{key};
		++$user->{events} if $key ne '' && $key !~ /^\[CLY\]_/ && length $key <= 128;
	}
}

my @operators = qw($unset $set $setOnce $mul $inc $min $max $pull $addToSet $push);
my %compare = ('$min' => sub { $_[0] < 0 }, '$max' => sub { $_[0] > 0 });

sub list { my ($v) = @_; return ref $v eq 'ARRAY' ? @$v : ($v) }

# The value after an operator; the same one where the operator does not apply.
sub operate
{
	my ($operator, $value, $operand) = @_;
	my $missing = !defined $value;
	return undef if $operator eq '$unset';
	return is_empty($operand) ? undef : $operand if $operator eq '$set';
	return $missing && !is_empty($operand) ? $operand : $value if $operator eq '$setOnce';
	if ($operator eq '$mul' || $operator eq '$inc')
	{
		return $value unless is_number($operand) && ($missing || is_number($value));
		return $operator eq '$inc' ? $operand : number(0) if $missing;
		my $old = Math::BigFloat->new($value->{'#'});
		return number($operator eq '$inc' ? $old->badd($operand->{'#'}) : $old->bmul($operand->{'#'}));
	}
	if (my $better = $compare{$operator})
	{
		return $operand if $missing;
		return $better->(Math::BigFloat->new($operand->{'#'})->bcmp($value->{'#'})) ? $operand : $value if is_number($operand) && is_number($value);
		return $better->($operand cmp $value) ? $operand : $value if is_text($operand) && is_text($value);
		return $value;
	}
	return $value unless $missing || ref $value eq 'ARRAY';
	my @items = @{ $value || [] };
	if ($operator eq '$pull')
	{
		return $value if $missing;
		return [ grep { my $item = $_; !grep { same($item, $_) } list($operand) } @items ];
	}
	for my $new (list($operand))
	{
		push @items, $new unless $operator eq '$addToSet' && grep { same($_, $new) } @items;
	}
	return [ @items > 50 ? @items[ -50 .. -1 ] : @items ];
}

sub update_properties
{
	my ($user, $request) = @_;
	if (my $metrics = document($request->{metrics}, 'HASH'))
	{
		my %names = (_os => 'platform', _os_version => 'platform_version', _device => 'device', _resolution => 'resolution', _browser => 'browser');
		for my $metric (keys %names)
		{
			my $value = plain($metrics->{$metric});
			$user->{standard}{ $names{$metric} } = $value if defined $value && !ref $value && $value ne '';
		}
	}
	my $details = document($request->{user_details}, 'HASH') or return;
	for my $name (qw(name username email organization phone picture gender))
	{
		next if !exists $details->{$name} || ref $details->{$name} && !is_number($details->{$name}) && !is_bool($details->{$name});
		my $value = $details->{$name};
		if (is_empty($value)) { delete $user->{standard}{$name} }
		else { $user->{standard}{$name} = is_text($value) ? substr($value, 0, $name eq 'picture' ? 4096 : 256) : $value }
	}
	my $custom = $details->{custom};
	return if ref $custom ne 'HASH';
	my %changes;
	for my $sent (sort keys %$custom)
	{
		(my $name = $sent) =~ s/[.\$]//g;
		my $value = $custom->{$sent};
		next if $name eq '' || length $name > 128;
		my $operators = ref $value eq 'HASH' && !is_number($value) && !grep { !/^\$/ } keys %$value;
		push @{ $changes{$name} }, $operators ? %$value : ('$set' => $value);
	}
	# in the order of the names of a profile: shorter ones first
	my $bytes = sub { my $t = $_[0]; utf8::encode($t); return $t };
	for my $name (sort { length $bytes->($a) <=> length $bytes->($b) || $bytes->($a) cmp $bytes->($b) } keys %changes)
	{
		my ($value, %left) = ($user->{custom}{$name}, @{ $changes{$name} });
		for my $operator (grep { exists $left{$_} } @operators)
		{
			$value = operate($operator, $value, $left{$operator});
			$value = substr($value, 0, 256) if is_text($value);
		}
		if (!defined $value) { delete $user->{custom}{$name} }
		elsif (exists $user->{custom}{$name} || !$user->{limit} || keys %{ $user->{custom} } < $user->{limit}) { $user->{custom}{$name} = $value }
	}
}

sub apply
{
	my ($name, $request) = @_;
	my $app = $apps{$name} ||= { devices => {}, limit => $name =~ /^endless/ ? 0 : 20 };
	my $user = find_user($app, $request);
	my $time = plain($request->{timestamp});
	if (defined $time)
	{
		my %content = %$request;
		delete @content{qw(rr checksum checksum256 ip_address ip)};
		my $content = $json->encode(\%content);
		return 'duplicate' if grep { $_ eq $content } @{ $user->{recent} };
		push @{ $user->{recent} }, $content;
	}
	$time = 0 unless defined $time;
	$time *= 1000 if $time < 1e10;
	session($user, $request, $time);
	count_events($user, $request);
	update_properties($user, $request);
	my $t = plain($request->{t});
	$user->{known} ||= (defined $t && $t eq '0') || grep { exists $user->{standard}{$_} } qw(name username email phone);
	return 'ok';
}

# ---- the replay

my $node = PostgreSQL::Test::Cluster->new('replay');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION profiles');

my $tree = $ENV{PROFILES_TREE} || '.';
my (@sql, @expected, %made);
for my $recording (qw(nodejs web))
{
	open my $lines, '<:encoding(UTF-8)', "$tree/test/clients/recordings/$recording.jsonl" or die "recording: $!";
	while (my $line = <$lines>)
	{
		# A thousand days back: the server's clock has nothing to do with it.
		$line =~ s/\b(1795\d{9})\b/$1 - 86400_000_000/ge;
		my $recorded = $json->decode($line);
		next unless $recorded->{path} =~ m{^/i(/bulk)?$};
		my $params = $recorded->{params};
		# An item goes on as the text that it was: a number stays the number that was sent.
		my @requests = $1 ? map { { app_key => $params->{app_key}, %$_ } } @{ tagged($params->{requests}) } : $params;
		for my $request (@requests)
		{
			my $text = $json->encode($request);
			$text =~ s/\{"#":"([^"]*)"\}/$1/g;
			# Once with the limit of custom properties, once without: it hides half of the operators.
			for my $app ($request->{app_key}, "endless $request->{app_key}")
			{
				my $settings = $app =~ /^endless/ ? '{"custom_property_limit": 0}' : '{}';
				push @sql, "SELECT profiles.create_app('$app', settings => '$settings');" unless $made{$app}++;
				push @sql, "SELECT jsonb_build_array(uid, status, skipped) FROM profiles.ingest('$app', \$json\$$text\$json\$);";
				push @expected, [ $app, $request, apply($app, $request), $recorded->{step} ];
			}
		}
	}
}
cmp_ok(scalar(@expected), '>=', 780, 'there are recordings');

my ($in, $out, $err) = (join("\n", @sql), '', '');
utf8::encode($in);
IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$in, '>', \$out, '2>', \$err);
is($err, '', 'no request fails');
utf8::decode($out);
my @answers = map { $json->decode($_) } grep { /^\[/ } split /\n/, $out;
is(scalar(@answers), scalar(@expected), 'every request has an answer');

my (%reasons, @differ);
for my $n (0 .. $#answers)
{
	my ($uid, $status, $skipped) = @{ $answers[$n] };
	push @differ, "$expected[$n][3]: $status, not $expected[$n][2]" if $status ne $expected[$n][2];
	for my $skip (@$skipped)
	{
		my $reason = "$skip->{key}: $skip->{reason}";
		$reason =~ s/event \d+/event N/;
		$reason =~ s/: At byte .*//;
		$reason =~ s/ is empty\K .*//;
		$reason =~ s/^.*: (?=limit of)/any: /;
		$reasons{$reason} ||= $expected[$n][3];
	}
}
is_deeply(\@differ, [], 'each with the status that the model gives');
my @unjustified = grep { !$justified{$_} } sort keys %reasons;
is(join("\n", map { "$_   [$reasons{$_}]" } @unjustified), '', 'every reason for skipping something is a known one');
is(join("\n", grep { !$reasons{$_} } sort keys %justified), '', 'and every known one occurs');

# ---- the comparison, user by user

for my $name (sort keys %apps)
{
	my %users;
	my $devices = $apps{$name}{devices};
	push @{ $users{ $devices->{$_} } }, $_ for sort keys %$devices;
	my $rows = $node->safe_psql('postgres', qq{
		SELECT jsonb_build_object('devices', (SELECT jsonb_agg(device_id ORDER BY device_id COLLATE "C") FROM "$name".devices AS d WHERE d.uid = u.uid),
			'sessions', session_count, 'spent', time_spent, 'events', event_count, 'merges', merges, 'known', identified, 'open', session_start IS NOT NULL AND session_end IS NULL,
			'custom', coalesce(profile::jsonb -> 'custom', '{}'), 'profile', profile::jsonb - 'custom',
			'seen', (SELECT count(*) FROM "$name".sessions AS s WHERE s.uid = u.uid),
			'counted', (SELECT count(*) FROM "$name".events AS e WHERE e.uid = u.uid AND e.key !~ '^\\[CLY\\]_'))
		  FROM "$name".users AS u ORDER BY uid});
	utf8::decode($rows) unless utf8::is_utf8($rows);
	my %found;
	for my $row (map { tagged($_) } split /\n/, $rows)
	{
		$found{ join ' ', sort @{ $row->{devices} } } = $row;
	}
	is(join("\n", sort keys %found), join("\n", sort map { join ' ', sort @$_ } values %users), "$name: who is who");
	for my $device (sort keys %$devices)
	{
		my $model = $devices->{$device};
		next if $model->{compared}++;
		my $row = $found{ join ' ', sort @{ $users{$model} } } or next;
		my $who = "$name, $device";
		is(plain($row->{$_}), $model->{$_}, "$who: $_") for qw(sessions spent events merges);
		is(plain($row->{seen}), $model->{sessions}, "$who: the view of sessions");
		is(plain($row->{counted}), $model->{events}, "$who: the view of events");
		is($row->{known} ? 1 : 0, $model->{known} ? 1 : 0, "$who: identified");
		is($row->{open} ? 1 : 0, defined $model->{start} && !defined $model->{end} ? 1 : 0, "$who: a session is open");
		is($json->encode($row->{custom}), $json->encode($model->{custom}), "$who: custom properties");
		my %standard = map { $_ => $row->{profile}{$_} } grep { exists $row->{profile}{$_} }
			qw(name username email organization phone picture gender platform platform_version device resolution browser);
		is($json->encode(\%standard), $json->encode($model->{standard}), "$who: standard properties");
	}
}

$node->stop;
done_testing();
