# Verifies an exported ledger without the extension: doc/format.md in Perl.
#
# Fields, steps and projection are read from the page's own tables, so what is tested is the page.
# Everything is bytes. verify() returns findings as [part, where, field]. Malformed input is a
# finding, too; it never dies.
package LedgerReader;

use strict;
use warnings;

use Digest::SHA qw(sha256 sha256_hex hmac_sha256);
use JSON::PP;
use Math::BigFloat;

my @texts = qw(words purpose note context name);
my @chain = qw(customer length head recorded_at);
my @governed = qw(governed subject seq name details);
my @parked = qw(parked parked_at source tab trigger operation actor login role old_row
	new_row salt);
my @score = qw(customer kept broken as_of half_life);
my %registered = (actor_kind => 'kind', speaks_for => 'speaks_for', responsible => 'responsible');
my $no_hash = '0' x 64;

sub new
{
	my ($class, $page) = @_;
	my $self = bless { page => $page }, $class;

	foreach my $row ($self->table('#'))
	{
		my ($number, $name, $type, $set_in) = @$row;
		die "field $number is not the next" unless $number == 1 + @{ $self->{fields} // [] };
		push @{ $self->{fields} }, { name => $name, type => $type, set_in => [ split /, /,
			$set_in ] };
	}
	foreach my $row ($self->table('event', 'from'))
	{
		my ($event, $from, $to) = @$row;
		foreach my $one (split /, /, $event)
		{
			$self->{steps}{$one}{$_} = { map { $_ => 1 } split /, /, $to } for split /, /, $from;
		}
	}
	my ($head, @projection) = $self->table_with_head('column');
	foreach my $row (@projection)
	{
		my ($column, @cells) = @$row;
		foreach my $i (grep { defined $cells[$_] && $cells[$_] ne '' } 0 .. $#cells)
		{
			my ($source, $mark, $flag) = $cells[$i] =~ /^(\w+|\+1)([*?]?)(?: if (\w+))?$/
				or die "cell $cells[$i]";
			push @{ $self->{projection}{$_} }, [ $column, $source, $mark, $flag ] for split /, /,
				$head->[ $i + 1 ];
		}
	}
	foreach my $row ($self->table('event', 'table'))
	{
		$self->{governs}{$_} = $row->[1] for split /, /, $row->[0];
	}
	$self->{waiting} = [ $self->table('waits') ];
	my @hashed = grep { $_ ne 'ledger' } map { $_->{name} } @{ $self->{fields} };
	$self->{entry_columns} = [ @hashed, 'hash', @texts, map { "${_}_salt" } @texts, 'request' ];
	$self->{source_columns} = [ map { $_->[0] } $self->table('`trust.source`', 'to') ];
	$self->{promise_columns} = [ map { $_->[0] } @projection ];
	push @{ $self->{promise_columns} },
		qw(state last_seq opened_at backfilled_at waiting_since unconfirmed seen_at unbacked_at
	  unbacked_by former_backer due_moved_at paused_for eased_at broken_at reversed_at
	  doubted_speaker);
	return $self;
}

# ---- the page ----

# The rows of the table whose head begins with these cells, cells without code marks.
sub table { my ($head, @rows) = table_with_head(@_); return @rows }

sub table_with_head
{
	my ($self, @begin) = @_;
	my $start = join '\s*\|\s*', map quotemeta, @begin;
	my ($table) = $self->{page} =~ /^(\|\s*$start\s*\|.*\n\|[-|]+\n(?:\|.*\n)+)/m
		or die "no table @begin";
	my @rows = map { s/`//g; [ map { s/^\s+|\s+$//gr } (split /\|/, $_, -1)[ 1 .. tr/|// - 1 ] ] }
		split /\n/, $table;
	return ($rows[0], @rows[ 2 .. $#rows ]);
}

# The first fenced block of that language below the heading that begins so.
sub block
{
	my ($self, $heading, $language) = @_;
	my ($block) = $self->{page} =~
		/^#+ \Q$heading\E.*\n(?:(?!#).*\n)*?```$language\n((?:(?!```).*\n)*)/m
	  or die "no $language block below $heading";
	return $block;
}

# ---- the export ----

my %unescaped = (b => "\b", f => "\f", n => "\n", r => "\r", t => "\t", v => "\013", '\\' => '\\');

# COPY text with a head of these columns, as rows by name; dies if it is anything else.
sub rows
{
	my ($text, @columns) = @_;
	my ($head, @lines) = $text =~ /\n\z/ ? split(/\n/, $text, -1) : ('');
	pop @lines;
	die "columns are not @columns\n" unless $head eq join "\t", @columns;
	return map {
		my @values = split /\t/, $_, -1;
		my %row;
		die "a line has @{[ scalar @values ]} fields\n" unless @values == @columns;
		foreach (@values)
		{
			if ($_ eq '\N') { undef $_; next; }
			s/\\(.?)/$unescaped{$1} \/\/ die "unknown escape\n"/ges if /\\/;
		}
		@row{@columns} = @values;
		\%row;
	} @lines;
}

# ---- bytes ----

my %bits = (int16 => [ 's>', 2**15 - 1 ], int32 => [ 'l>', 2**31 - 1 ],
	int64 => [ 'q>', 9223372036854775807 ]);
$bits{time} = $bits{int64};

sub value_bytes
{
	my ($type, $value) = @_;
	if (my $int = $bits{$type})
	{
		my ($pack, $max) = @$int;
		my $number = $value =~ /^-?\d+\z/ ? 0 + $value : 'no number';
		die "is no $type\n" unless $number eq $value && $number <= $max && $number >= -$max - 1;
		return pack $pack, $number;
	}
	if ($type eq 'bool')
	{
		die "is no bool\n" unless $value =~ /^[tf]\z/;
		return $value eq 't' ? "\1" : "\0";
	}
	if ($type eq 'uuid')
	{
		die "is no uuid\n" unless $value =~ /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;
		return pack 'H*', $value =~ s/-//gr;
	}
	if ($type eq 'bytes' || $type eq 'interval')
	{
		die "is no $type\n" unless $value =~ /^(?:[0-9a-f]{2})*\z/ && ($type eq 'bytes'
			|| length $value == 32);
		return pack 'H*', $value;
	}
	return $value if $type =~ /^(?:text|numeric|jsonb)\z/;
	die "type $type is not known\n";
}

sub field_bytes
{
	my ($type, $value) = @_;
	return "\0" unless defined $value;
	my $bytes = value_bytes($type, $value);
	return "\1" . pack('N', length $bytes) . $bytes;
}

# The entry's fields in their order, each as bytes.
sub fields_of
{
	my ($self, $entry, $ledger) = @_;
	return map { field_bytes($_->{type}, $_->{name} eq 'ledger' ? $ledger : $entry->{ $_->{name} })
		} @{ $self->{fields} };
}

sub entry_hash
{
	my ($self, $entry, $ledger) = @_;
	return unpack 'H*', sha256(join '', $self->fields_of($entry, $ledger));
}

# Of a text, or of a call as fields.
sub commitment
{
	my ($salt, $text) = @_;
	$salt = value_bytes('bytes', $salt);
	die "is no salt\n" unless length $salt == 32;
	return unpack 'H*', hmac_sha256($text, $salt);
}

sub digest
{
	my ($ledger, @chains) = @_;
	return unpack 'H*', sha256(join '', field_bytes(text => 'trust_ledger digest 1'),
		field_bytes(uuid => $ledger), map {
			field_bytes(text => $_->{customer}), field_bytes(int64 => $_->{length}),
				field_bytes(bytes => $_->{head})
	} sort { $a->{customer} cmp $b->{customer} } @chains);
}

# ---- what entries add up to ----

sub same { my ($x, $y) = @_; return defined $x ? defined $y && $x eq $y : !defined $y }

sub true { return defined $_[0] && $_[0] eq 't' }

sub instant { my ($entry) = @_; return $entry->{ true($entry->{backfilled}) ? 'occurred_at'
	: 'recorded_at' } }

# Days of 24 hours and microseconds, as the export has intervals.
sub interval_hex
{
	my ($us) = @_;
	my $days = int($us / 86400e6);
	return unpack 'H*', pack 'q>l>l>', $us - $days * 86400000000, $days, 0;
}

sub interval_us
{
	my ($us, $days) = unpack 'q>l>', pack 'H*', $_[0];
	return $days * 86400000000 + $us;
}

sub number { return Math::BigFloat->new($_[0]) }

# Whether the amendment eases the terms late: what the promise was before, and the entry.
sub eases_late
{
	my ($before, $entry) = @_;
	return 0 if same($entry->{speaks_for}, 'customer') || !defined $before->{first_due};
	my $passed = instant($entry) - $before->{made_at} - interval_us($before->{paused_for});
	return 0 unless $passed > int(($before->{first_due} - $before->{made_at}) / 2);
	foreach my $column (grep { defined $before->{$_} } qw(due overdue_at))
	{
		return 1 if !defined $entry->{$column} || $entry->{$column} > $before->{$column};
	}
	if (defined $before->{value})
	{
		return 1 if !defined $entry->{value} || number($entry->{value}) < number($before->{value})
			|| defined $before->{currency} && !same($before->{currency}, $entry->{currency});
	}
	my ($pause_before, $pause) = map { defined $_->{longest_pause}
		? interval_us($_->{longest_pause}) : 0 } $before, $entry;
	return $pause > $pause_before || !same($before->{kind}, $entry->{kind});
}

# When what is broken counts from, by an entry with weights; and whether it reverses a verdict.
sub fold_verdict
{
	my ($promise, $entry, $before) = @_;
	if (($entry->{weight_broken} // 0) > ($before->{weight_broken} // 0))
	{
		my @instants = ($entry->{occurred_at}, $before->{broken_at} // $before->{settled_at} // ());
		push @instants, (sort { $a <=> $b } $before->{due}, $entry->{recorded_at})[0]
			if defined $before->{due};
		($promise->{broken_at}) = sort { $b <=> $a } @instants;
	}
	$promise->{reversed_at} = instant($entry)
		if $entry->{event} ne 'breach_repaired' && defined $before->{outcome}
		&& !same($before->{outcome}, $entry->{verdict})
		&& !same($before->{verdict_by}, $entry->{actor});
	return;
}

# What of the page is said in words: of an entry that sets something.
sub fold_words
{
	my ($promise, $entry, $before) = @_;
	my $event = $entry->{event};
	if ($event =~ /^(?:made|amended|backed|backing_withdrawn|declined)$/)
	{
		undef $promise->{seen_at} if $event =~ /^(?:made|amended)$/;
		$promise->{seen_at} //= instant($entry) if same($entry->{actor_kind}, 'human')
			&& same($entry->{speaks_for}, 'company');
	}
	if ($event =~ /^(?:made|amended|backed|backing_withdrawn)$/)
	{
		my @lost = defined $entry->{backer} ? (undef) x 3 : defined $before->{backer}
			? (instant($entry), $event, $before->{backer}) : ();
		@$promise{qw(unbacked_at unbacked_by former_backer)} = @lost if @lost;
	}
	$promise->{eased_at} = instant($entry) if $event eq 'amended' && eases_late($before, $entry);
	undef $promise->{eased_at} if $event =~ /^(?:amended|accepted)$/
		&& same($entry->{speaks_for}, 'customer');
	fold_verdict($promise, $entry, $before)
		if $event =~ /^(?:breach_admitted|assessed|breach_repaired)$/
		|| $event eq 'withdrawn' && true($entry->{stands});
	$promise->{due_moved_at} = instant($entry) if !same($promise->{due_moves}, $before->{due_moves})
		&& $event ne 'made';
	$promise->{paused_for} = interval_hex(0) if $event eq 'made';
	if ($event =~ /^(?:paused|resumed)$/)
	{
		my $moved = $entry->{due} - $before->{due};
		$promise->{paused_for} = interval_hex(interval_us($before->{paused_for}) + $moved);
		$promise->{paused_until} = instant($entry) + $moved if $event eq 'paused';
	}
	return;
}

# Whether the entry can follow: its step, its backer, its clock.
sub can_follow
{
	my ($self, $promise, $entry) = @_;
	my ($event, $to) = map { $_ // '' } @$entry{qw(event state)};
	my $from = $promise->{state} // 'none';
	my $allowed = $self->{steps}{$event}{$from} or return 0;

	return 0 unless same($entry->{stands}, 'f') ? $to eq $from : $allowed->{$to};
	return 0 if $event =~ /^(?:paused|resumed)$/ && !(defined $entry->{due}
		&& defined $promise->{due});
	return 0 if $event eq 'resumed' && !defined $promise->{paused_at};
	return !defined $entry->{backer} || same($entry->{backer}, $entry->{actor})
		&& same($entry->{actor_kind}, 'human');
}

# Takes the entry into the promise; false where it cannot follow.
sub fold
{
	my ($self, $promise, $entry) = @_;
	return 0 unless $self->can_follow($promise, $entry);

	my ($event, $to) = @$entry{qw(event state)};
	my %before = %$promise;
	my $sets = !same($entry->{stands}, 'f') &&
	  ($event !~ /^(?:amended|breach_admitted|assessed|breach_repaired)$/
	  || true($entry->{stands}));
	foreach my $rule ($sets ? @{ $self->{projection}{$event} // [] } : ())
	{
		my ($column, $source, $mark, $flag) = @$rule;
		next if $flag && !true($entry->{$flag});
		next if $mark eq '?' && defined $promise->{$column};
		$promise->{$column} =
			$source eq '0' ? 0
		  : $source eq 'none' ? undef
		  : $source eq '+1' ? $before{$column} + (defined $before{due} && !same($before{due},
		  $entry->{due}))
		  : $mark eq '*' && !defined $entry->{backer} ? undef
		  : $source eq 'instant' ? instant($entry)
		  : $entry->{$source};
	}
	fold_words($promise, $entry, \%before) if $sets;
	@$promise{qw(state last_seq)} = ($to, $entry->{seq});
	$promise->{opened_at} //= instant($entry) if $to eq 'open';
	$promise->{backfilled_at} //= $entry->{recorded_at} if true($entry->{backfilled});
	@$promise{qw(paused_at paused_until)} = () unless $to =~ /^(?:proposed|open)$/;
	if ($event =~ /^(?:accepted|amended|assessed|released|breach_repaired)$/)
	{
		if (true($entry->{relayed}) || $event eq 'breach_repaired' && same($entry->{stands}, 'f')) {
			$promise->{unconfirmed} = $entry->{seq}; }
		elsif (!same($entry->{speaks_for}, 'company') && !same($entry->{stands}, 'f')) {
			undef $promise->{unconfirmed}; }
	}
	$promise->{doubted_speaker} = $entry->{actor}
		if !defined $promise->{doubted_speaker} && !same($entry->{stands}, 'f')
		&& !same($entry->{speaks_for}, 'company') && defined strings_of($entry)->{speaker};
	$self->fold_waiting($promise, $entry);
	return 1;
}

# Since when the promise waits, of its row as the entry has left it.
sub fold_waiting
{
	my ($self, $promise, $entry) = @_;
	my $waits = ($promise->{state} eq 'open' || $promise->{state} eq 'proposed'
		&& !defined $promise->{declined_at})
	  && defined $promise->{evidence_asked} && !defined $promise->{backer};
	my $since = $promise->{waiting_since};
	my $anew = $entry->{event} eq 'amended' && true($entry->{stands});

	foreach my $row (@{ $self->{waiting} })
	{
		my ($if_waits, $so_far, $which, $then) = @$row;
		next unless $if_waits eq ($waits ? 'yes' : 'no');
		next unless $so_far eq 'any' || $so_far eq (defined $since ? 'not NULL' : 'NULL');
		next if $which =~ /amended/ ? !$anew : $which eq 'any other' && $anew;
		$promise->{waiting_since} = $then eq 'NULL' ? undef : $then eq 'its instant'
			? instant($entry) : $then eq 'stays' ? $since : die "waiting: $then";
		return;
	}
	die "waiting: no row";
}

# ---- rows of the company's tables ----

# It keeps large numbers apart from strings.
my $json = JSON::PP->new->allow_nonref->allow_bignum;

# The members of the entry's details that are strings.
sub strings_of
{
	my ($entry) = @_;
	return {} unless defined $entry->{details};
	my $details = eval { $json->decode($entry->{details}) };
	return {} unless ref $details eq 'HASH';
	my %said = map { $_ => $details->{$_} }
	  grep { defined $details->{$_} && !ref $details->{$_} && $json->encode($details->{$_}) =~ /^"/
	  } keys %$details;
	utf8::downgrade($_, 1) foreach values %said;    # bytes, as all else
	return \%said;
}

# The same if the entry says which row its promise stands for.
sub said_of_row
{
	my ($entry) = @_;
	return if ($entry->{event} // '') eq 'erased';
	my $said = strings_of($entry);
	return defined $said->{source} && defined $said->{key} ? $said : undef;
}

# Takes what the entry says of the row into the one of trust.source that its promise has, if it says
# anything new.
sub take_row
{
	my ($entry, $rows) = @_;
	my $said = said_of_row($entry) or return;
	my $row = $rows->{"$entry->{customer} $entry->{promise}"} //= {};
	my %now = (source => $said->{source}, key => $said->{key}, name => $said->{name} // '',
		gone => defined $said->{row} ? 't' : 'f');
	return unless grep { !same($now{$_}, $row->{$_}) } keys %now;
	%$row = (%now, map { $_ => $entry->{$_} } qw(customer promise seq));
	return;
}

# ---- what was erased ----

# Which texts of which entries erased entries name: by customer and either promise or seq, [seq,
# texts].
sub erasures
{
	my ($entries) = @_;
	my %named;
	foreach my $entry (grep { ($_->{event} // '') eq 'erased' } @$entries)
	{
		my $details = defined $entry->{details} ? eval { JSON::PP->new->decode($entry->{details}) }
			: { texts => \@texts };
		my $listed = ref $details eq 'HASH' && ref $details->{texts} eq 'ARRAY' ? $details->{texts}
			: [];
		my $what = join ' ', $entry->{promise} // '', $entry->{refers_to} // 'all';
		push @{ $named{ $entry->{customer} }{$what} },
			[ $entry->{number}, { map { $_ => 1 } grep { defined && !ref } @$listed } ];
	}
	return \%named;
}

# The texts of the entry that are named.
sub erased_of
{
	my ($entry, $erasures) = @_;
	my $named = $erasures->{ $entry->{customer} } or return {};
	my $promise = $entry->{promise} // '';
	my @by = map { @{ $named->{$_} // [] } } "$promise $entry->{number}",
	  $promise eq '' || $entry->{event} eq 'erased' ? () : "$promise all";
	return { map { %{ $_->[1] } } grep { $_->[0] > $entry->{number} } @by };
}

# ---- verifying ----

# Rule 1 to 3.
sub check_entry
{
	my ($self, $entry, $ledger, $erased, $found) = @_;
	$found->('format') unless same($entry->{format}, 1);
	$found->('hash') unless eval { same($entry->{hash}, $self->entry_hash($entry, $ledger)) };
	foreach my $text (@texts)
	{
		my ($value, $salt, $commitment) = @$entry{ $text, "${text}_salt", "${text}_commitment" };
		next unless grep { defined } $value, $salt, $commitment;
		if ($erased->{$text} && defined $commitment)
		{
			$found->($text) if defined $value || defined $salt;
			next;
		}
		$found->($text) unless defined $value && defined $salt
			&& eval { same($commitment, commitment($salt, $value)) };
	}
	my ($request, $salt) = @$entry{qw(request request_salt)};
	if (grep { $erased->{$_} && defined $entry->{"${_}_commitment"} } @texts)
	{
		$found->('request_salt') if defined $salt;
		return;
	}
	$found->('request_salt')
	  unless defined $request ? defined $salt && length $request == 128
	  && eval { sha256_hex(value_bytes(bytes => $salt)) eq substr($request, 0, 64) }
	  : !defined $salt;
}

sub is_time { return defined $_[0] && eval { value_bytes(time => $_[0]); 1 } }

# Rule 4.
sub check_join
{
	my ($self, $entry, $before, $found) = @_;
	$found->('seq') unless same($entry->{seq}, 1 + ($before ? $before->{number} : 0));
	$found->('prev_hash') unless same($entry->{prev_hash}, $before ? $before->{hash} : $no_hash);
	my @times = ($before ? $before->{recorded_at} : $entry->{recorded_at},
		@$entry{qw(recorded_at occurred_at)});
	return if grep { !is_time($_) } @times;    # their hash was wrong
	$found->('recorded_at') if $times[1] < $times[0];
	$found->('occurred_at') if $times[2] > $times[1];
}

# What governance said of actors: by seq, the actor and the details.
sub registrations
{
	my ($entries) = @_;
	my %said;
	foreach my $entry (grep { $_->{customer} eq '' && ($_->{event} // '') =~ /^actor_/ } @$entries)
	{
		my $details = eval { JSON::PP->new->decode($entry->{details}) };
		$said{ $entry->{seq} // '' } = { actor => $entry->{subject}, ref $details eq 'HASH'
			? %$details{ values %registered } : () };
	}
	return \%said;
}

# Rule 7.
sub check_actor
{
	my ($entry, $registrations, $found) = @_;
	my ($actor, $seq) = @$entry{qw(actor actor_seq)};
	my $said = defined $seq ? $registrations->{$seq} : undef;

	if (!defined $actor)
	{
		$found->($_) foreach grep { defined $entry->{$_} } 'actor_seq', 'evidence',
			sort keys %registered;
		return;
	}
	return $found->('actor_seq') unless $said && same($said->{actor}, $actor)
		&& ($entry->{customer} ne '' || $seq < $entry->{number});
	$found->($_) foreach grep { !same($entry->{$_}, $said->{ $registered{$_} }) }
		sort keys %registered;
}

sub by_name
{
	my ($rows, $columns, $part, $found) = @_;
	my %by_name;
	foreach my $row (@$rows)
	{
		my $key = join ' ', map { $_ // '' } @$row{@$columns};
		$found->($part, $key, 'twice') if exists $by_name{$key};
		$by_name{$key} = $row;
	}
	return \%by_name;
}

# What the tables hold against what the entries say: rows by name.
sub compare
{
	my ($held, $said, $part, $columns, $found) = @_;
	$found->($part, $_, 'missing') foreach grep { !$held->{$_} } keys %$said;
	foreach my $name (keys %$held)
	{
		if (!$said->{$name}) { $found->($part, $name, 'too many'); next; }
		$found->($part, $name, $_) foreach grep { !same($held->{$name}{$_}, $said->{$name}{$_}) }
			@$columns;
	}
}

# The files' rows; of a file that cannot be read, none.
sub read_files
{
	my ($self, $file, $found) = @_;
	my ($promise_head) = $file->{promise} =~ /^(.*)/;
	my %columns = (entry => $self->{entry_columns}, chain => \@chain,
		source => $self->{source_columns}, governed => \@governed, kept => \@chain,
		parked => \@parked, score => \@score,
		promise => [ split /\t/, $promise_head ]);
	my %rows;

	foreach my $part (keys %$file)
	{
		$rows{$part} = eval { [ rows($file->{$part}, @{ $columns{$part} }) ] } // [];
		$found->($part, '', $@) if $@;
	}
	$found->('promise', '', 'columns')
	  unless join(' ', sort @{ $columns{promise} }) eq join(' ',
	  sort @{ $self->{promise_columns} });
	no warnings 'numeric';
	foreach my $entry (@{ $rows{entry} })
	{
		$found->('entry', '', 'customer') unless defined $entry->{customer};
		$entry->{customer} //= '';
		$entry->{number} = 0 + ($entry->{seq} // 0);
	}
	@{ $rows{entry} } = sort { $a->{customer} cmp $b->{customer} || $a->{number} <=> $b->{number} }
		@{ $rows{entry} };
	return \%rows;
}

# Adds the entry up with those before; or says why it cannot be.
sub take
{
	my ($self, $entry, $said) = @_;
	my $table = $self->{governs}{ $entry->{event} // '' };

	if ($entry->{customer} ne '')
	{
		return 'promise' unless defined $entry->{promise};
		take_row($entry, $said->{source} //= {});
		return $self->fold($said->{promise}{"$entry->{customer} $entry->{promise}"} //= {}, $entry)
			? undef : 'event';
	}
	return 'event' unless $table && defined $entry->{subject} && defined $entry->{details};
	# who owned the ledger, and who owns it, are no columns of its row
	# nor is it whether parked changes are on record
	my $row = $entry->{event} =~ /^ledger_(?:adopted|created)$/
		? { %$entry, details => $entry->{details} =~
		s/(?:, |(?<=\{))"(?:adopted_(?:from|to)|parked)": "(?:[^"\\]|\\.)*"//gr =~ s/^\{, /{/r }
		: $entry;
	$said->{governed}{"$table $entry->{subject}"} = $row unless $table eq 'none';
	return 'event' if ($entry->{event} eq 'ledger_created') != ($entry->{number} == 1);
	return (grep { defined $entry->{$_} } qw(promise state))[0];
}

# ---- what is parked ----

my @parked_types = qw(uuid time text text text text text text text jsonb jsonb);

sub parked_commitment
{
	my ($row, $ledger) = @_;
	return commitment($row->{salt}, join '', field_bytes(text => 'trust_ledger parked 1'),
		field_bytes(uuid => $ledger),
		map { field_bytes($parked_types[$_], $row->{ $parked[$_] }) } 0 .. $#parked_types);
}

# What waits by the entries, by uuid; NULL where no entry says anything of parked changes.
sub waiting
{
	my ($entries, $found) = @_;
	my (%waits, %gone, $known, $parks);
	foreach my $entry (grep { $_->{customer} eq '' } @$entries)
	{
		my ($event, $number) = ($entry->{event} // '', $entry->{number});
		my $details = eval { JSON::PP->new->decode($entry->{details} // '') };
		my $named = ref $details eq 'HASH' ? $details->{parked} : undef;
		$parks = $known = 1 if $event eq 'ledger_created' && defined $named;
		next unless $event =~ /^changes_(parked|recorded|replayed|dropped)$/;
		my $comes = $1 eq 'parked' || $1 eq 'recorded';
		$found->('parked', "entry $number", 'recorded') if $1 eq 'recorded' && $parks;
		$known = 1;
		$parks = 1 if $1 ne 'recorded';
		if (ref $named ne 'HASH') { $found->('parked', "entry $number", 'details'); next; }
		foreach my $parked (sort keys %$named)
		{
			my $commitment = $named->{$parked};
			my $right = $comes ? !exists $waits{$parked} && !$gone{$parked} && defined $commitment
				&& $commitment =~ /^[0-9a-f]{64}\z/ : exists $waits{$parked}
				&& same($waits{$parked}, $commitment);
			$found->('parked', "$parked", "entry $number") unless $right;
			if ($comes) { $waits{$parked} = $commitment unless $gone{$parked}; next; }
			delete $waits{$parked};
			$gone{$parked} = 1;
		}
	}
	return $known ? \%waits : undef;
}

# Rule 9.
sub check_parked
{
	my ($rows, $waits, $ledger, $found) = @_;
	my $held = by_name($rows, ['parked'], 'parked', $found);
	$found->('parked', $_, 'missing') foreach grep { !$held->{$_} } sort keys %$waits;
	foreach my $parked (sort keys %$held)
	{
		if (!exists $waits->{$parked}) { $found->('parked', $parked, 'too many'); next; }
		$found->('parked', $parked, 'commitment')
			unless eval { same(parked_commitment($held->{$parked}, $ledger), $waits->{$parked}) };
	}
}

# ---- scores ----

# The half-lives that the ledger ever had, in microseconds.
sub half_lives
{
	my ($entries) = @_;
	my %known;
	foreach my $entry (grep { $_->{customer} eq '' && ($_->{event} // '') =~ /^ledger_/ } @$entries)
	{
		my ($days, $hours, $minutes, $seconds) =
		  ($entry->{details} // '') =~
		  /"half_life": "P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?"/ or next;
		$known{ sprintf '%.0f', ((($days // 0) * 24 + ($hours // 0)) * 60 + ($minutes // 0)) * 60e6
			+ ($seconds // 0) * 1e6 } = 1;
	}
	return \%known;
}

# What the promises put into each customer's score, as of the latest of them.
sub check_scores
{
	my ($rows, $promises, $chains, $half_lives, $found) = @_;
	my $held = by_name($rows, ['customer'], 'score', $found);
	my %weighed;
	push @{ $weighed{ $_->{customer} } }, $_ foreach grep { defined $_->{weight_kept} } values
		%$promises;
	$found->('score', $_, 'missing') foreach grep { !$held->{$_} } sort keys %$chains;
	foreach my $customer (sort keys %$held)
	{
		my ($score, @promises) = ($held->{$customer}, @{ $weighed{$customer} // [] });
		my ($last) = sort { $b <=> $a } map { ($_->{settled_at}, $_->{broken_at} // ()) } @promises;
		$found->('score', $customer, 'too many') unless $chains->{$customer};
		$found->('score', $customer, 'as_of') unless same($score->{as_of}, $last);
		$found->('score', $customer, 'half_life') unless defined $last
			? $half_lives->{ $score->{half_life} // '' } : !defined $score->{half_life};
		foreach my $part (qw(kept broken))
		{
			my ($sum, $all) = (0, 0);
			foreach my $promise (@promises)
			{
				$all += $promise->{"weight_$part"} / 1000;
				my $at = $part eq 'kept' ? $promise->{settled_at} : $promise->{broken_at} // $last;
				$sum += $promise->{"weight_$part"} / 1000 * 2**(-($last - $at) /
					($score->{half_life} || 1));
			}
			$found->('score', $customer, $part) unless ($score->{$part} // '') =~
				/^\d+(?:\.\d+)?(?:e[-+]?\d+)?\z/ && abs($score->{$part} - $sum) <= 1e-9 *
				($all || 1);
		}
	}
}

# The findings in the seven files (entry, chain, promise, source, governed, parked, score, each as
# text; score where the extension is there); kept: a chain.txt of an earlier day.
sub verify
{
	my ($self, %file) = @_;
	my (@findings, %said, %last, %hashes);
	my $found = sub { push @findings, [@_]; };
	my $rows = $self->read_files(\%file, $found);

	my ($first) = grep { same($_->{customer}, '') && same($_->{seq}, 1) } @{ $rows->{entry} };
	my $ledger = $first ? $first->{subject} : undef;
	$found->('ledger', '', 'first entry') unless $first && same($first->{event}, 'ledger_created')
		&& defined $ledger;
	my $registrations = registrations($rows->{entry});
	my $erasures = erasures($rows->{entry});

	foreach my $entry (@{ $rows->{entry} })
	{
		my $customer = $entry->{customer};
		my $found_here = sub { $found->('entry', "$customer/$entry->{number}", @_); };
		$self->check_entry($entry, $ledger, erased_of($entry, $erasures), $found_here);
		$self->check_join($entry, $last{$customer}, $found_here);
		check_actor($entry, $registrations, $found_here);
		my $problem = $self->take($entry, \%said);
		$found_here->($problem) if $problem;
		$last{$customer} = $entry;
		$hashes{$customer}{ $entry->{number} } = $entry->{hash};
		$said{chain}{$customer} =
		  { length => scalar keys %{ $hashes{$customer} }, head => $entry->{hash},
		  recorded_at => $entry->{recorded_at} };
	}

	my %key = (chain => ['customer'], promise => [qw(customer promise)],
		source => [qw(customer promise)],
		governed => [qw(governed subject)]);
	my %value = (chain => [qw(length head recorded_at)], promise => $self->{promise_columns},
		source => $self->{source_columns},
		governed => [qw(seq name details)]);
	foreach my $part (sort keys %key)
	{
		my $held = by_name($rows->{$part}, $key{$part}, $part, $found);
		compare($held, $said{$part} // {}, $part, $value{$part}, $found);
	}
	my $waits = waiting($rows->{entry}, $found);
	check_parked($rows->{parked} // [], $waits, $ledger, $found) if $waits;
	check_scores($rows->{score}, $said{promise} // {}, $said{chain} // {},
		half_lives($rows->{entry}), $found) if $file{score};
	foreach my $kept (@{ $rows->{kept} // [] })
	{
		$found->('kept', $kept->{customer}, 'head')
		  unless same($kept->{head}, $hashes{ $kept->{customer} }{ $kept->{length} });
	}
	return @findings;
}

1;
