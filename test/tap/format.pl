# doc/format.md: its worked example, its tables and its export, compared with ledgers that the
# extension writes. All computation is in test/perl/LedgerReader.pm, which follows the page.
use strict;
use warnings;

use Cwd;
use LedgerReader;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::Local ();

my $page = slurp_file('doc/format.md');
my $reader = LedgerReader->new($page);
my @fields = @{ $reader->{fields} };
my @columns = @{ $reader->{entry_columns} };

my $node = PostgreSQL::Test::Cluster->new('format');
$node->init;
$node->start;

sub sql { my ($db, $sql, @params) = @_; return $node->safe_psql($db, $sql, @params); }

sub fresh_ledger
{
	my $db = shift;
	sql('postgres', "CREATE DATABASE $db TEMPLATE template0 ENCODING 'UTF8'");
	sql($db, 'CREATE EXTENSION trust_ledger');
	sql($db, 'SELECT trust_ledger.create_ledger()');
}

# The page's own psql script, in a directory of its own: the seven files by name; without the
# extension six.
sub export
{
	my ($db, $settings, $without) = @_;
	my $script = $reader->block('1. What', 'sql');
	$script =~ s/^COPY \(SELECT customer, trust_ledger(?:(?!^COPY).)*?score[.]txt\n//ms if $without;
	my $here = getcwd;
	my %file;
	chdir PostgreSQL::Test::Utils::tempdir or die $!;
	sql($db, ($settings // '') . $script);
	$file{$_} = slurp_file("$_.txt") foreach qw(entry chain promise source governed parked),
		$without ? () : 'score';
	chdir $here or die $!;
	return %file;
}

sub rows_of { my ($text) = @_; return LedgerReader::rows($text, split /\t/, ($text =~ /^(.*)/)[0]);
	}

my %escaped = ("\b" => '\b', "\f" => '\f', "\n" => '\n', "\r" => '\r', "\t" => '\t', "\013" => '\v',
	'\\' => '\\\\');

sub copy_text
{
	my ($columns, @rows) = @_;
	return join '', map { join("\t", map { defined ? s/([\b\f\n\r\t\013\\])/$escaped{$1}/gr : '\N' }
		@$_) . "\n" } $columns,
	  map { [ @{$_}{@$columns} ] } @rows;
}

sub findings { return [ map { join ' ', @$_ } @_ ]; }

# ---- the worked example, by itself ----

sub example
{
	my ($heading) = @_;
	my $block = $reader->block($heading, 'text');
	die "$heading: $_ is no column" foreach grep { my $name = $_; !grep { $_ eq $name } @columns }
		$block =~ /^(\w+)/mg;
	return { map { /^(\w+) *(.*)$/ } split /\n/, $block };
}

my @headings = ((map { "Entry $_ of chain `''`" } 1 .. 3), map { "Entry $_ of chain `c-1001`" } 1,
	2);
my @names = qw(founding anna bot made backed);
my @examples = map { example($_) } @headings;
my ($founding, $anna, $bot, $made, $backed) = @examples;
my $ledger = $founding->{subject};

foreach my $i (0 .. $#examples)
{
	my $bytes = join '', $reader->fields_of($examples[$i], $ledger);
	my ($length) = $page =~ /^### \Q$headings[$i]\E\n(?:(?!###).*\n)*?.*? are ([\d,]+) bytes/m
		or die;
	is($reader->entry_hash($examples[$i], $ledger), $examples[$i]{hash}, "$headings[$i]: its hash");
	is(length $bytes, $length =~ s/,//r, '... and so many bytes');
	foreach my $text (grep { defined $examples[$i]{$_} } qw(words context))
	{
		is(LedgerReader::commitment($examples[$i]{"${text}_salt"}, $examples[$i]{$text}),
			$examples[$i]{"${text}_commitment"}, "... and the commitment to its $text");
	}
}
is($_->[1]{prev_hash}, $_->[0]{hash}, "$_->[1]{event} joins $_->[0]{event}")
  foreach [ $founding, $anna ], [ $anna, $bot ], [ $made, $backed ];

my ($by_field) = $page =~ /length and bytes:\n\n```text\n(.*?)```/s;
my @by_field = map { { number => $_->[0], name => $_->[1], hex => $_->[2] =~ s/ //gr } }
  map { [/^ *(\d+) (\w+) +(.*)$/] } split /\n/, $by_field;
my @bytes = $reader->fields_of($made, $ledger);
is_deeply(\@by_field, [ map { { number => $_ + 1, name => $fields[$_]{name}, hex => unpack 'H*',
	$bytes[$_] } } 0 .. $#fields ],
	'its bytes, field by field');
is(unpack('H*', Digest::SHA::sha256(pack 'H*', join '', map { $_->{hex} } @by_field)),
	$made->{hash},
	'the bytes as printed give the hash');

my %hmac = map { split / +/ } split /\n/, $reader->block('Its commitment', 'text');
is(unpack('H*', Digest::SHA::hmac_sha256(pack('H*', $hmac{message}), pack('H*', $hmac{key}))),
	$hmac{HMAC},
	'the commitment as printed');
is_deeply(\%hmac, { key => $made->{words_salt}, message => unpack('H*', $made->{words}),
	HMAC => $made->{words_commitment} },
	'... is that of the entry');

my ($digest_bytes, $digest) = $reader->block('The digest', 'text') =~ /(.*)^digest (\w+)$/ms;
my @heads = map { { customer => $_->{customer}, length => $_->{seq}, head => $_->{hash},
	recorded_at => $_->{recorded_at} } }
  $bot, $backed;
is(unpack('H*', Digest::SHA::sha256(pack 'H*', $digest_bytes =~ s/\s//gr)), $digest,
	'the digest as printed');
is(LedgerReader::digest($ledger, reverse @heads), $digest, '... is that of the chains, sorted');

# ---- the worked example, before the extension's own verify() ----

# The files of a ledger of these entries, but for its scores, everything else as they say.
sub files_of
{
	my (@entries) = @_;
	my (%head, %promise, %source, %governed);
	foreach my $entry (@entries)
	{
		$head{ $entry->{customer} } =
		  { customer => $entry->{customer}, length => $entry->{seq}, head => $entry->{hash},
		  recorded_at => $entry->{recorded_at} };
		if ($entry->{customer} ne '' && $entry->{promise})
		{
			my $promise = $promise{ $entry->{promise} } // {};
			$reader->fold($promise, $entry);
			$promise{ $entry->{promise} } = $promise if $promise->{customer};
			LedgerReader::take_row($entry, \%source);
		}
		my $table = $reader->{governs}{ $entry->{event} } // 'ledger';
		$governed{ $entry->{subject} } = { governed => $table,
			map { $_ => $entry->{$_} } qw(subject seq name details) }
		  if $entry->{subject} && $table ne 'none';
	}
	return (
		entry => copy_text(\@columns, @entries),
		chain => copy_text([qw(customer length head recorded_at)],
			map { $head{$_} } sort keys %head),
		promise => copy_text($reader->{promise_columns}, values %promise),
		source => copy_text($reader->{source_columns}, map { $source{$_} } sort keys %source),
		governed => copy_text([qw(governed subject seq name details)], values %governed),
		parked => copy_text([qw(parked parked_at source tab trigger operation actor login role
			old_row new_row salt)]));
}

my %literal = (
	'timestamp with time zone' => sub { sprintf "timestamptz 'epoch' + interval '%d.%06d s'",
		$_[0] / 1e6, $_[0] % 1e6 },
	bytea => sub { "decode('$_[0]', 'hex')" },
	interval => sub { sprintf "make_interval(secs => %d / 1e6, days => %d, months => %d)",
		unpack 'q>l>l>', pack 'H*', $_[0] });

sub insert
{
	my ($db, $table, @rows) = @_;
	my %type = map { split /\|/ }
	  split /\n/, sql($db,
	  "SELECT column_name, data_type FROM information_schema.columns WHERE (table_schema, " .
	  "table_name) = ('trust', '$table')");
	my $script = '';
	foreach my $row (@rows)
	{
		my @set = grep { defined $row->{$_} } sort keys %$row;
		my @values = map { my $as = $literal{ $type{$_} }; $as ? $as->($row->{$_}) : "'"
			. $row->{$_} =~ s/'/''/gr . "'" } @set;
		$script .= "INSERT INTO trust.$table (" . join(', ', @set) . ') VALUES ('
			. join(', ', @values) . ");\n";
	}
	sql($db, "BEGIN;\n${script}COMMIT;") if @rows;
}

my %key = (ledger => 'ledger', actor => 'actor');

# A database with a ledger of these entries, put there behind the extension's back.
sub ledger_of
{
	my ($db, @entries) = @_;
	my %file = files_of(@entries);

	fresh_ledger($db);
	sql($db, join '', map { "ALTER TABLE trust.$_ DISABLE TRIGGER USER; DELETE FROM trust.$_;" }
		  qw(ledger actor policy access tracking chain promise source entry));
	insert($db, entry => @entries);
	insert($db, $_ => rows_of($file{$_})) foreach qw(chain promise source);
	foreach my $row (rows_of($file{governed}))
	{
		my ($table, $subject, $seq, $details) = @$row{qw(governed subject seq details)};
		sql($db, "INSERT INTO trust.$table SELECT r.* FROM jsonb_populate_record(NULL::trust.$table,
			'$details'::jsonb || jsonb_build_object('$key{$table}', '$subject', 'seq', $seq)) r");
	}
	# migrate_ledger() would put on record what is parked
	sql($db, 'SELECT trust_ledger.create_guards()');
}

my %example = files_of(@examples);
is_deeply(findings($reader->verify(%example)), [],
	'the reader finds nothing wrong with the example');

ledger_of('example', @examples);
is(sql('example', 'SELECT * FROM trust_ledger.verify()'), '',
	"nor does the extension's verify(), where the example is the ledger");
is(sql('example', "SELECT encode(digest, 'hex') FROM trust_ledger.ledger_digest()"), $digest,
	'... whose digest is the one of the page');
my %again = export('example');
is_deeply([ rows_of($again{entry}) ], [ rows_of($example{entry}) ],
	'... and exported again it is what the page says');

# what no function of this version writes: while it waits, terms that do not stand
my $later = 1e6 + $made->{recorded_at};
my $not_standing = { %$made, seq => 2, event => 'amended', stands => 'f', refers_to => 1,
	prev_hash => $made->{hash},
	recorded_at => $later, occurred_at => $later };
$not_standing->{hash} = $reader->entry_hash($not_standing, $ledger);
ledger_of('waiting', $founding, $anna, $bot, $made, $not_standing);
is(sql('waiting', 'SELECT * FROM trust_ledger.verify()'), '',
	'terms that do not stand: verify() agrees with the reader');

# ---- since when a promise waits ----

# Where a promise can be: what the steps and what of its row waiting_since hangs on.
sub place { my ($promise) = @_; return join ' ', $promise->{state} // 'none',
	map { defined $promise->{$_} ? 1 : 0 } qw(declined_at evidence_asked backer waiting_since
	paused_at due); }

# Every entry that could come next, by its event, where it leads, whether it stands, what policy
# asks and who backs.
my %fields_of;
foreach my $field (@fields)
{
	push @{ $fields_of{$_} }, $field->{name} foreach @{ $field->{set_in} };
}
sub can_be
{
	my ($event, $field) = @_;
	return grep { $_ eq $field } @{ $fields_of{$event} // [] };
}
sub nexts
{
	my ($from) = @_;
	my @nexts;
	foreach my $event (sort keys %{ $reader->{steps} })
	{
		my @to = sort keys %{ $reader->{steps}{$event}{$from} // {} };
		foreach my $stands (can_be($event, 'stands') ? ('t', 'f', undef) : undef)
		{
			foreach my $to (defined $stands && $stands eq 'f' ? (@to ? $from : ()) : @to)
			{
				foreach my $asked (can_be($event, 'evidence_asked') ? (undef, 'session') : undef)
				{
					push @nexts, map { { event => $event, state => $to, stands => $stands,
						evidence_asked => $asked, backer => $_ } }
					  $event eq 'backed' ? 'anna' : can_be($event, 'backer') ? (undef, 'anna')
					  : undef;
				}
			}
		}
	}
	return @nexts;
}

# The chain's next entry, a second later than the one before.
sub follow
{
	my ($next, @before) = @_;
	my $n = 1 + @before;
	my %entry = map { $_ => undef } @columns;
	%entry = (%entry, (map { $_ => $backed->{$_} } qw(format login role actor actor_kind speaks_for
		actor_seq evidence backfilled)), %$next,
		seq => $n, prev_hash => @before ? $before[-1]{hash} : '0' x 64);
	$entry{$_} = $made->{recorded_at} + 1e6 * $n foreach qw(recorded_at occurred_at);
	@entry{qw(promiser promiser_kind)} = qw(sdr-bot ai) if $next->{event} =~ /^(?:made|amended)$/;
	@entry{qw(due overdue_at)} = (1e15 + 1e16, 1e15 + 1e16)
		if $next->{event} =~ /^(?:made|amended|paused|resumed)$/;
	return \%entry;
}

# From each place, by the shortest way there, each entry that could come next.
my (%way, @ways);
my @places = ([]);
$way{ place({}) } = 1;
while (my $before = shift @places)
{
	my %promise;
	$reader->fold(\%promise, $_) foreach @$before;
	foreach my $next (nexts($promise{state} // 'none'))
	{
		my $entry = follow($next, @$before);
		my %after = %promise;
		next unless $reader->fold(\%after, $entry);
		my @way = (@$before, $entry);
		push @ways, \@way;
		push @places, \@way unless $way{ place(\%after) }++;
	}
}
my @walked;
foreach my $i (0 .. $#ways)
{
	my $hash = '0' x 64;
	foreach my $step (@{ $ways[$i] })
	{
		my %entry = (%$step, customer => sprintf('way-%05d', $i),
			promise => sprintf('019b8d7d-f23b-7c4e-9a51-%012x', $i), prev_hash => $hash);
		$hash = $entry{hash} = $reader->entry_hash(\%entry, $ledger);
		push @walked, \%entry;
	}
}
note(scalar(keys %way) . ' places, ' . @ways . ' ways, ' . @walked . ' entries');
my %seen_waiting;
foreach my $way (@ways)
{
	my (%promise, $before);
	foreach my $entry (@$way)
	{
		$before = $promise{waiting_since};
		$reader->fold(\%promise, $entry);
	}
	my $now = $promise{waiting_since};
	$seen_waiting{ join ' ', map { $_ // 'none' } $way->[-1]{event}, defined $before ? 'waited'
		: 'did not', !defined $now ? 'ends' : !defined $before ? 'begins' : $now eq $before
		? 'stays' : 'again' } = 1;
}
is_deeply([ grep { / again$/ } sort keys %seen_waiting ], ['amended waited again'],
	'only an amendment makes a promise wait again');
is_deeply([ grep { / begins$/ } sort keys %seen_waiting ],
	[ map { "$_ did not begins" } qw(accepted amended backing_withdrawn made) ],
	'what begins to wait, and by what');
ledger_of('ways', $founding, $anna, $bot, @walked);
is(sql('ways', q{SELECT count(*) FROM trust.promise}), scalar @ways, 'each way has a promise');
is(sql('ways', q{SELECT field, count(*) FROM trust_ledger.verify() GROUP BY 1}), '',
	'all ways through the state machine: verify() agrees with the reader, waiting_since and all');

# what a version of before let in, and none lets in from now on: a half-life of an hour, a due time
# in the year 9999
my @old = map { {%$_} } $founding, $anna, $bot, $made;
like($old[0]{details} =~ s/("half_life": ")[^"]*/$1PT1H/r, qr/PT1H/,
	'the settings have a half-life');
$old[0]{details} =~ s/("half_life": ")[^"]*/$1PT1H/;
$old[3]{$_} = 253402300799000000 foreach qw(due overdue_at);
foreach my $i (0 .. $#old)
{
	$old[$i]{prev_hash} = $old[ $i - 1 ]{hash} if $i == 1 || $i == 2;
	$old[$i]{hash} = $reader->entry_hash($old[$i], $ledger);
}
ledger_of('old', @old);
is(sql('old', 'SELECT * FROM trust_ledger.verify()'), '',
	'limits are of what is set: what is there verifies');
is(sql('old', q{SELECT trust_ledger.migrate_ledger(); SELECT field FROM trust_ledger.verify()}), '',
	'... also after it was migrated');
is(sql('old', q{SELECT details -> 'table_format', actor IS NULL FROM trust.entry } .
	q{WHERE event = 'ledger_set'}), '2|t', '... which an entry without an actor says');
is(sql('old', q{SELECT extract(year FROM due AT TIME ZONE 'UTC') FROM trust.current_promise; } .
	q{SELECT half_life FROM trust.ledger}), "9999\n01:00:00", '... and is read');
is(sql('old', <<'SQL'), "0\n0", '... rebuilt, amended, scored, and verifies again');
\o /dev/null
SELECT trust_ledger.rebuild('c-1001');
\o
SELECT details ->> 'rows_changed' FROM trust.entry WHERE event = 'rebuilt';
\o /dev/null
SELECT trust_ledger.set_ledger(zone => 'Europe/Berlin');
SELECT trust_ledger.amend_promise(promise, value => 1, actor => 'anna') FROM trust.promise;
SELECT trust_ledger.customer_score('c-1001');
\o
SELECT count(*) FROM trust_ledger.verify();
SQL

# ---- which row a promise stands for ----

# The page's own example.
my ($said_there, $left_there) = $page =~
	/So these entries of a promise\n\n```text\n(.*?)```\n.*?```text\n(.*?)```/ms or die;
my (%row_of, @left);
foreach (split /\n/, $said_there)
{
	my ($seq, $event, $details) = /^ *(\d+) (\w+) *(.*)$/ or die;
	LedgerReader::take_row({ customer => 'c', promise => 'p', seq => $seq, event => $event,
		details => $details || undef }, \%row_of);
	push @left, join ' ', $seq, @{ $row_of{'c p'} }{qw(source key gone seq)};
}
is_deeply([ map { s/^ +//r =~ s/ +/ /gr } split /\n/, $left_there ], \@left,
	'the rows of trust.source as printed are what the entries as printed add up to');

# What an entry and the next say, and what trust.source has then: source, key, name, gone, seq. The
# next is backed, unless it is said to be another.
my $as = '"key": "1", "source": "t"';
my @says = (
	[ "{$as}", undef, 't 1  f 1' ], [ undef, "{$as}", 't 1  f 2' ], [ undef, undef, undef ],
	# the same row, and another
	[ "{$as}", "{$as}", 't 1  f 1' ], [ "{$as}", '{"key": "2", "source": "t"}', 't 2  f 2' ],
		[ "{$as}", '{"key": "1", "source": "u"}', 'u 1  f 2' ],
	[ "{$as}", '{"key": "1", "name": "n", "source": "t"}', 't 1 n f 2' ],
		[ '{"key": "1", "name": "n", "source": "t"}', "{$as}", 't 1  f 2' ],
	[ "{$as}", '{"key": "1", "name": "", "source": "t"}', 't 1  f 1' ],
		[ '{"key": "\\"\\\\\\n\\u0001ä", "source": ""}', undef, " \"\\\n\1\xc3\xa4  f 1" ],
	# gone, and there again
	[ "{$as}", '{"key": "1", "row": "deleted", "source": "t"}', 't 1  t 2' ],
		[ '{"key": "1", "row": "deleted", "source": "t"}', "{$as}", 't 1  f 2' ],
	[ '{"key": "1", "row": "moved", "source": "t"}',
		'{"key": "1", "row": "deleted", "source": "t"}', 't 1  t 1' ],
		[ '{"key": "1", "row": "", "source": "t"}', undef, 't 1  t 1' ],
	[ "{$as}", '{"key": "1", "source": "t", "moved_to": "x", "moved_from": "y"}', 't 1  f 1' ],
	# what says nothing of a row
	(map { [ "{$as}", $_, 't 1  f 1' ] } '{}', '[]', 'null', '"key"',
		'[{"key": "2", "source": "t"}]', '{"key": "2"}', '{"source": "u"}',
		'{"key": 2, "source": "t"}',
		'{"key": "2", "source": 12345678901234567890123}', '{"key": "2", "source": null}',
			'{"key": true, "source": "u"}', '{"key": ["2"], "source": "u"}',
		'{"key": {"key": "2"}, "source": "u"}'),
	[ "{$as}", '{"key": "1", "row": null, "name": 5.0, "source": "t"}', 't 1  f 1' ],
	[ "{$as}", '{"key": "1", "row": {"row": "moved"}, "source": "t"}', 't 1  f 1' ],
	[ "{$as}", '{"key": "2", "source": "t"}', 't 1  f 1', event => 'erased', refers_to => 1,
		backer => undef, state => 'proposed', evidence_asked => undef ],
	[ "{$as}", '{"key": "2", "source": "t"}', 't 2  f 2', event => 'amended', stands => 'f',
		backer => undef, state => 'proposed' ]);
my @rowed;
foreach my $i (0 .. $#says)
{
	my ($first, $next, undef, %change) = @{ $says[$i] };
	my $promise = sprintf '019b8d7d-f23b-7c4e-9a51-%012x', $i;
	my @pair = ({ %$made, details => $first }, { %$backed, refers_to => 1, details => $next,
		%change });
	$pair[0]{prev_hash} = '0' x 64;
	foreach my $entry (@pair)
	{
		@$entry{qw(customer promise)} = (sprintf('row-%02d', $i), $promise);
		$entry->{prev_hash} = $pair[0]{hash} if $entry->{seq} == 2;
		$entry->{hash} = $reader->entry_hash($entry, $ledger);
	}
	push @rowed, @pair;
}
my %rowed = files_of($founding, $anna, $bot, @rowed);
my %has = map { $_->{customer} => join ' ', @$_{qw(source key name gone seq)} }
	rows_of($rowed{source});
is($has{ sprintf 'row-%02d', $_ }, $says[$_][2], join ' then ',
	map { $_ // 'nothing' } @{ $says[$_] }[ 0, 1 ]) foreach 0 .. $#says;
is_deeply(findings($reader->verify(%rowed)), [],
	'entries that say which row, and others: the reader finds nothing wrong');
ledger_of('rowed', $founding, $anna, $bot, @rowed);
is(sql('rowed', 'SELECT * FROM trust_ledger.verify()'), '',
	'... nor does verify(), of the same rows of trust.source');

# ---- a ledger of everything, as this version writes it ----

# what is given, and what the page says is stored and hashed
my @numerics = (
	[ '1.50', '1.50' ], [ '0.00', '0.00' ], [ '0', '0' ], [ '1e30', '1' . '0' x 30 ],
		[ '1e-30', '0.' . '0' x 29 . '1' ],
	[ '0012345678901234567890.1234567890', '12345678901234567890.1234567890' ]);
my @jsons = (
	[ '{"b": {"\u00e4": [null, true]}, "aa": 1.50, "b2": "2", "b": {"\u00e4": [null, {"x": 1E2}]}}',
		'{"b": {"ä": [null, {"x": 100}]}, "aa": 1.50, "b2": "2"}' ],
	[ '{"é":1,"zz":2,"z":3,"🔧":4, "zzz": 5}', '{"z": 3, "zz": 2, "é": 1, "zzz": 5, "🔧": 4}' ],
	[ '["\u0001\u001f\u007f\b\f\n\r\t\"\\\\\/\u2028\ud83d\ude00", -0.0, 1e-7, 3.0]',
		"[\"\\u0001\\u001f\x7f\\b\\f\\n\\r\\t\\\"\\\\/\xe2\x80\xa8😀\", 0.0, 0.0000001, 3.0]" ],
	[ '  "text"  ', '"text"' ], [ 'null', 'null' ], [ '{}', '{}' ]);
my $hurting = "Ünï\\cøde, tab\there, \\N, \\., line\nnext\r\n\x0b\x0c\x08 'quotes' \"two\" " .
	"\xf0\x90\x8d\x88 \xf4\x8f\xbf\xbd €";

sub quoted { return "E'" . $_[0] =~ s/([\\'])/\\$1/gr . "'"; }

my $words = quoted($hurting);
my $large = "(SELECT string_agg(md5(i::text), '€') FROM generate_series(1, 29000) i)";

# which promise, and the call; each call gets a context and an idempotency key
my @calls = (
	[ '', "register_actor('anna', 'human', name => $words, db_role => 'anna', authority => " .
		"'{\"USD\": 1e3, \"EUR\": 5000.00}', reason => $words" ],
	[ '', "register_actor('ben', 'human', name => 'Ben'" ],
	[ '', "register_actor('bot', 'ai', model => 'm 1.0', responsible => 'ben'" ],
	[ '', "register_actor('bot', 'ai', model => 'm 2.0', responsible => 'ben', acting => 'bot', " .
		"reason => 'newer'" ],
	[ '', "register_actor('portal', 'ai', speaks_for => 'customer', model => 'agent', " .
		"responsible => 'anna'" ],
	[ '', "register_actor('crm', 'system', speaks_for => 'record', responsible => 'anna'" ],
	[ '', "set_ledger(half_life => '90 days 12:00:00.000001', zone => 'Europe/Berlin', " .
		"reason => 'slower', actor => 'bot'" ],
	[ '', "set_policy('large', currency => 'EUR', least_value => 1000.00, " .
		"evidence => 'asserted', back_within => '36:00', grace => '1 day 00:30', " .
		"reason => 'large ones', actor => 'bot'" ],
	[ '', "set_policy('due', kind => 'offer', due_within => '30 days'" ],
	[ '', "drop_policy('due', reason => 'not needed', actor => 'bot'" ],
	[ '', "grant_access('anna', 'application'" ],
	[ '', "grant_access('anna', 'auditor', reason => 'also', actor => 'bot'" ],
	[ '', "revoke_access('anna', 'auditor', reason => 'no more', actor => 'bot'" ],
	[ '', "set_tracking('deal', '{\"kind\": \":répair\"}', reason => 'ours', actor => 'bot'" ],
	[ '', "drop_tracking('public.deal', reason => 'not ours', actor => 'bot'" ],
	# through every event, in terms and by keys that hurt
	[ p1 => "make_promise('🔧-1', $words, promiser => 'bot', kind => 'répair', " .
		"due_on => '2099-12-31', value => 1.50, currency => 'CHF', purpose => $words, " .
		"longest_pause => '1 day 36:00:00.000001', actor => 'bot'" ],
	[ p1 => "back_promise(:'p1', actor => 'ben'" ],
	[ p1 => "withdraw_backing(:'p1', reason => $words, actor => 'ben'" ],
	[ p1 => "amend_promise(:'p1', value => 1e30, due => date_trunc('day', now()) + '36524 days " .
		"23:59:59.999999', reason => $words, actor => 'bot'" ],
	[ p1 => "amend_promise(:'p1', words => 'shorter', clear => '{purpose,due}', actor => 'ben'" ],
	[ p1 => "back_promise(:'p1', actor => 'ben'" ],
	[ p1 => "accept_promise(:'p1', actor => 'portal'" ],
	[ p1 => "amend_promise(:'p1', value => 1e-30, due => '2099-01-01', actor => 'portal'" ],
	[ p1 => "assess_promise(:'p1', 'kept', actor => 'bot', reason => 'says who'" ],
	[ p1 => "assess_promise(:'p1', 'partly_kept', actor => 'crm', purpose_met => true" ],
	[ p1 => "assess_promise(:'p1', 'broken', relayed => true, actor => 'anna', purpose_met => false"
		],
	[ p1 => "assess_promise(:'p1', 'kept', actor => 'ben'" ],
	[ p1 => "assess_promise(:'p1', 'kept', actor => 'portal'" ],
	# a human promises themselves, and amends what they promise; long ago, and withdrawn late
	[ p2 => "make_promise(E'c\\'2\\\\', 'the moon', actor => 'ben', occurred_at => '1969-07-20 " .
		"20:17:40.123456+00', due => '1969-12-31 23:59:59.999999+00'" ],
	[ p2 => "withdraw_promise(:'p2', reason => 'too far', actor => 'bot'" ],
	[ p3 => "make_promise(E'c\\'2\\\\', 'the calendar', actor => 'ben', occurred_at => " .
		"'0044-03-15 12:00+00 BC', longest_pause => '0'" ],
	[ p3 => "amend_promise(:'p3', kind => 'roads', purpose => 'trade', actor => 'ben'" ],
	[ p3 => "release_promise(:'p3', reason => 'enough', actor => 'portal'" ],
	[ p4 => "make_promise(E'c\\'2\\\\', 'in time', promiser => 'bot', actor => 'ben'" ],
	[ p4 => "withdraw_promise(:'p4', actor => 'ben'" ],
	# instants: within the lag of the ledger, and backfilled; waiting, and backed and accepted
	(map { my ($p, $q, $unit) = @$_; (
		[ $p => "make_promise('times', 'w', promiser => 'bot', actor => 'bot', occurred_at => " .
			"now() - interval '9 $unit'" ],
		[ $q => "make_promise('times', 'b', promiser => 'bot', actor => 'bot', occurred_at => " .
			"now() - interval '9 $unit'" ],
		[ $q => "back_promise(:'$q', actor => 'ben', occurred_at => now() - interval '8 $unit'" ],
		[ $q => "accept_promise(:'$q', actor => 'portal', occurred_at => now() - interval '7 $unit'"
			]) }
	  [ 'p5', 'p6', 'minutes' ], [ 'p7', 'p8', 'days' ]),
	[ '', "make_promise('huge', $large, actor => 'bot', purpose => $large, context => " .
		"jsonb_build_object('x', $large)" ],
	(map { [ '', "make_promise('numbers', 'n', value => $numerics[$_][0], actor => 'ben'" ] } 0 ..
		$#numerics),
	(map { [ '', "make_promise('jsons', 'j', context => " . quoted($jsons[$_][0])
		. ", actor => 'ben'" ] } 0 .. $#jsons),
	[ '', "rebuild(E'c\\'2\\\\', reason => 'to be sure', actor => 'bot'" ],
	# the rest of a promise's life: declined, relayed, confirmed, paused, admitted, repaired, noted,
	# erased
	[ p9 => "make_promise('life', $words, promiser => 'bot', actor => 'bot', value => 2000, " .
		"currency => 'EUR', due => now() + '36500 days', longest_pause => '2 days', purpose => 'p'"
		],
	[ p9 => "decline_promise(:'p9', reason => 'too much', actor => 'ben'" ],
	[ p9 => "amend_promise(:'p9', due => now() + '36499 days', actor => 'bot'" ],
	[ p9 => "back_promise(:'p9', actor => 'ben'" ],
	[ p9 => "withdraw_backing(:'p9', actor => 'ben'" ],
	[ p9 => "accept_promise(:'p9', relayed => true, actor => 'bot'" ],
	[ p9 => "confirm_relayed(:'p9', reason => 'it is so', actor => 'portal'" ],
	[ p9 => "pause_promise(:'p9', reason => 'away', actor => 'bot'" ],
	[ p9 => "resume_promise(:'p9', reason => 'back', actor => 'portal'" ],
	[ p9 => "pause_promise(:'p9', actor => 'crm'" ],
	[ p9 => "resume_promise(:'p9', actor => 'bot'" ],
	[ p9 => "amend_promise(:'p9', words => $words || 'x', relayed => true, actor => 'bot'" ],
	[ p9 => "confirm_relayed(:'p9', actor => 'crm'" ],
	[ p9 => "admit_breach(:'p9', reason => 'will not', actor => 'bot'" ],
	[ p9 => "assess_promise(:'p9', 'kept', relayed => true, actor => 'anna'" ],
	[ p9 => "confirm_relayed(:'p9', actor => 'crm'" ],
	[ p9 => "assess_promise(:'p9', 'broken', actor => 'portal'" ],
	[ p9 => "repair_breach(:'p9', 'flowers', actor => 'bot'" ],
	[ p9 => "confirm_relayed(:'p9', actor => 'portal'" ],
	[ p9 => "add_note(:'p9', $words, actor => 'bot'" ],
	[ p9 => "erase_words(:'p9', reason => 'asked to', actor => 'bot'" ],
	[ p9 => "add_note(:'p9', 'again', actor => 'crm'" ],
	[ p10 => "make_promise('life', 'pause and park', promiser => 'bot', actor => 'bot', " .
		"value => 2000, currency => 'EUR', due => '2099-01-01', longest_pause => '01:00'" ],
	[ p10 => "back_promise(:'p10', actor => 'ben'" ],
	[ p10 => "pause_promise(:'p10', actor => 'bot'" ],
	[ p10 => "withdraw_backing(:'p10', actor => 'ben'" ],
	[ p10 => "resume_promise(:'p10', actor => 'ben'" ],
	[ p11 => "make_promise('life', 'let off', promiser => 'bot', actor => 'bot', value => 1, " .
		"currency => 'CHF', due => '2099-01-01', longest_pause => '01:00'" ],
	[ p11 => "back_promise(:'p11', actor => 'ben'" ],
	[ p11 => "pause_promise(:'p11', actor => 'bot'" ],
	[ p11 => "release_promise(:'p11', relayed => true, actor => 'bot'" ],
	[ p11 => "confirm_relayed(:'p11', actor => 'portal'" ],
	[ p12 => "make_promise('life', 'long ago', actor => 'ben', " .
		"due => now() - interval '30 days', occurred_at => now() - interval '40 days'" ],
	[ p12 => "release_promise(:'p12', relayed => true, reason => 'they say', actor => 'bot'" ],
	[ p12 => "accept_promise(:'p12', relayed => true, actor => 'bot'" ],
	[ p12 => "assess_promise(:'p12', 'broken', actor => 'ben'" ],
	[ p12 => "repair_breach(:'p12', 'again', actor => 'anna'" ],
	[ p13 => "make_promise('erasing', 'to be erased', actor => 'ben', purpose => 'kept'" ],
	[ p13 => "amend_promise(:'p13', kind => 'call', purpose => 'another', actor => 'ben'" ],
	[ '', "erase_words('erasing', 1, 'asked to', actor => 'bot'" ],
	[ p14 => "make_promise('gone', 'all of it', actor => 'ben'" ],
	[ '', "erase_customer('gone', 'asked to', actor => 'ben'" ],
	[ '', "retire_actor('ben', successor => 'anna', reason => 'leaves', acting => 'bot'" ],
	[ '', "erase_words('', 4, 'left long ago', actor => 'bot'" ],
	[ '', "adopt_ledger(reason => $words, actor => 'bot'" ]);

fresh_ledger('everything');
sql('everything', q{CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text);
	CREATE TRIGGER trust_ledger_001_made AFTER INSERT ON deal FOR EACH ROW
		EXECUTE FUNCTION trust_ledger.track('made', 'source:public.deal', 'customer=customer',
		'words=title')});
my $script = "CREATE ROLE anna LOGIN; SET client_encoding = 'UTF8';\n";

sub call
{
	my ($i) = @_;
	my $call = $calls[$i][1];
	my $context = $call =~ /context =>/ ? '' : ", context => '{\"call\": $i}'";
	return "trust_ledger.$call$context, idempotency_key => 'ключ $i')";
}

$script .= ($calls[$_][1] =~ /^adopt/ ? "ALTER DATABASE everything OWNER TO anna; " : '')
	. "SELECT promise::text AS " . ($calls[$_][0] || 'none') . " FROM " . call($_) . " \\gset\n"
	foreach 0 .. $#calls;
sql('everything', $script);
# from her own login, with nothing that can be left out
sql('everything', "SELECT trust_ledger.make_promise('own', 'mine')", extra_params => [ '-U',
	'anna' ]);

# Rows of tracked tables: what is done to them, in a transaction each.
my @row_acts = (
	"INSERT INTO job (id, customer, title) SELECT k, 'rows', 'w ' || k " .
		"FROM unnest(ARRAY[$words, '2', '3', '4', '5', '6', '7']) AS k",
	(map { "UPDATE job SET stage = '$_' WHERE id = $words" } qw(backed backing_withdrawn backed
		accepted paused resumed breach_admitted breach_repaired noted)),
	"UPDATE job SET stage = 'declined' WHERE id = '2'",
		"UPDATE job SET title = 'other words' WHERE id = '2'",
		"UPDATE job SET customer = 'rows b' WHERE id = '2'",
	"UPDATE job SET stage = 'backed' WHERE id = '3'",
		"UPDATE job SET stage = 'assessed' WHERE id = '3'",
		"UPDATE job SET stage = 'made' WHERE id = '3'",
	"UPDATE job SET id = '44' WHERE id = '4'",
		"UPDATE job SET id = '444', title = 'with another key' WHERE id = '44'",
		"DELETE FROM job WHERE id = '444'",
	"INSERT INTO job (id, customer, title) VALUES ('444', 'rows', 'w 444')",
	"UPDATE job SET stage = 'withdrawn' WHERE id = '5'",
	"UPDATE job SET stage = 'backed' WHERE id = '6'",
		"UPDATE job SET stage = 'released' WHERE id = '6'", "DELETE FROM job WHERE id = '6'",
	"SELECT trust_ledger.erase_words(promise, reason => 'asked to', actor => 'cleo') " .
		"FROM trust.source WHERE key = '7' AND source ~ '^j'",
	"INSERT INTO part VALUES ('a', 1, 'rows b', 'one', 'two'), " .
		"('b \"x\"', -1, 'rows b', 'three', 'four')",
	"UPDATE part SET first = 'five' WHERE b = 1", "DELETE FROM part WHERE b = -1");
my %told_by = (
	backed => '', declined => '', backing_withdrawn => '', accepted => "'actor:portal'",
		paused => "'actor:bot'", resumed => "'actor:bot'", breach_admitted => "'actor:bot'",
	breach_repaired => "'actor:bot', 'reason=title'", noted => "'actor:bot', 'reason=title'",
		assessed => "'verdict:kept', 'actor:crm'", withdrawn => "'actor:bot'",
		released => "'actor:portal'");
my $job = q{'source:jöb\1', 'customer=customer', 'words=title', 'value:2000', 'currency:EUR', } .
	q{'due=due', 'actor:bot'};
my $tables = <<"SQL";
SET client_encoding = 'UTF8';
SELECT trust_ledger.register_actor('cleo', 'human');
CREATE TABLE job (id text PRIMARY KEY, customer text, title text, stage text,
	due timestamptz DEFAULT '2099-01-01');
CREATE TRIGGER made AFTER INSERT ON job FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'longest_pause:1 day', $job);
CREATE TRIGGER made_again AFTER UPDATE OF stage ON job FOR EACH ROW WHEN (NEW.stage = 'made')
	EXECUTE FUNCTION trust_ledger.track('made', $job);
CREATE TRIGGER amended AFTER UPDATE OF id, customer, title ON job FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', $job);
CREATE TRIGGER deleted AFTER DELETE ON job FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('noted',
	'source:jöb\\1', 'actor:bot');
CREATE TABLE part (a text, b int, customer text, first text, second text, PRIMARY KEY (a, b));
SQL
$tables .= "CREATE TRIGGER $_ AFTER UPDATE OF stage ON job FOR EACH ROW " .
	"WHEN (NEW.stage = '$_') EXECUTE FUNCTION trust_ledger.track('$_', " .
	join(', ', "'source:jöb\\1'", $told_by{$_} || ()) . ");\n" foreach sort keys %told_by;
foreach my $column (qw(first second))
{
	my %by = (INSERT => "made', 'customer=customer', 'words=$column",
		"UPDATE OF $column" => "amended', 'words=$column", DELETE => 'withdrawn');
	$tables .= "CREATE TRIGGER \"$column $_\" AFTER $_ ON part FOR EACH ROW " .
		"EXECUTE FUNCTION trust_ledger.track('$by{$_}', 'promise:$column', 'actor:bot');\n"
		foreach sort keys %by;
}
sql('everything', $tables . join '',
	map { "BEGIN; SELECT trust_ledger.act_as('cleo'); $_; COMMIT;\n" } @row_acts);

# What cannot be written: one is written later, one dropped, one waits.
sql('everything', <<'SQL');
CREATE TABLE parks (id int PRIMARY KEY, customer text, words text, promiser text, more jsonb);
CREATE TRIGGER made AFTER INSERT ON parks FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'promiser=promiser', 'actor:bot', 'on_error:park');
CREATE TRIGGER amended AFTER UPDATE ON parks FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', 'words=words', 'actor:bot', 'on_error:park');
INSERT INTO parks VALUES (1, 'rows c', 'w', 'nora', NULL),
(2, 'rows c', 'w', 'otto', '[1.50, {"b": null}]'),
(3, 'rows c', E'it''s "\u00e4"\t\\', 'otto', '{"b": 1e3, "a": [{}, ""]}');
SELECT FROM trust_ledger.register_actor('nora', 'human');
SELECT FROM trust_ledger.replay_parked();
UPDATE parks SET words = NULL WHERE id = 1;
SELECT FROM trust.parked_change, trust_ledger.drop_parked(parked, 'nobody offered that', 'bot',
	context => '{"via": "letter"}', idempotency_key => 'drop') WHERE new_row ->> 'id' = '2';
SQL

is(sql('everything', 'SELECT * FROM trust_ledger.verify()'), '',
	'a ledger of everything: verify() finds nothing wrong');
my %all = export('everything');
is_deeply(findings($reader->verify(%all)), [],
	"nor does the reader: hashes, commitments, chains and rows are the page's");
is(sql('everything', "SELECT encode(digest, 'hex') FROM trust_ledger.ledger_digest()"),
	LedgerReader::digest(sql('everything', 'SELECT ledger FROM trust.ledger'),
		rows_of($all{chain})), 'the digest too');

# ---- what the page's tables claim ----

my @entries = rows_of($all{entry});
my @sources = rows_of($all{source});
my %group;
$group{promise} = [ sort keys %{ $reader->{steps} } ];
# changes_recorded is of ledgers of earlier versions
$group{governance} = [ grep { !/^(?:ledger_created|changes_recorded)$/ } sort keys %{
	$reader->{governs} } ];
$group{decided} = [ grep { !/^changes_(?:parked|replayed)$/ } @{ $group{governance} } ];
# what is erased, is in promises and in governance
$group{all} = [ sort keys %{ { map { $_ => 1 } 'ledger_created',
	map { @$_ } @group{qw(promise governance)} } } ];

# Field by field, the events that it was set in.
my (%claimed, %seen, %always);
foreach my $field (grep { $_->{name} ne 'ledger' } @fields)
{
	my ($name, $set_in) = @$field{qw(name set_in)};
	$claimed{$name} = [ sort keys %{ { map { $_ => 1 } grep { $_ ne 'changes_recorded' }
		map { $group{$_} ? @{ $group{$_} } : $_ } @$set_in } } ];
	my %set = map { $_->{event} => 1 } grep { defined $_->{$name} } @entries;
	$seen{$name} = [ sort keys %set ];
	$always{$name} = grep { !defined $_->{$name} } @entries if "@$set_in" eq 'all';
}
is_deeply($seen{event}, [ sort @{ $group{all} } ],
	'every event of the page is there, and no other');
is_deeply(\%seen, \%claimed,
	'each field is set in the events that the page says, and in each of these');
is_deeply([ grep { $always{$_} } keys %always ], [], 'what is said to be set in all is never NULL');
is_deeply([ grep { my $column = $_; !grep { defined $_->{$column} } @entries } @columns ], [],
	'no column that no function sets');

# What erased entries set, by who erases what and how: the entry that each call writes, and what is
# so of it.
my @erasing = (
	[ [qw(actor machine given key)],
		q{erase_words(:'p1', 'r', actor => 'bot', context => '{}', idempotency_key => 'e')} ],
	[ [qw(actor given)], q{erase_words(:'p2', 'r', actor => 'carl', context => '1')} ],
	[ [], q{erase_words(:'p3', 'r')} ],
	[ [ 'key' ], q{erase_customer('e 4', 'r', idempotency_key => 'e')}, [] ],
	[ [ 'by entry', 'key' ],
		q{erase_words('e 5', (SELECT min(seq) FROM trust.entry WHERE customer = 'e 5'), 'r', } .
		q{idempotency_key => 'e')}, [ 'by entry' ] ],
	[ [ 'by entry', 'actor', 'machine' ], q{erase_words('e 6', 1, 'r', actor => 'bot')} ],
	[ [ 'governance', 'key' ],
		q{erase_words('', (SELECT min(seq) FROM trust.entry WHERE subject = 'carl'), 'r', } .
		q{idempotency_key => 'e')}, ['governance'] ],
	[ [qw(governance actor given)],
		q{erase_words('', (SELECT min(seq) FROM trust.entry WHERE subject = 'dora'), 'r', } .
		q{actor => 'carl', context => 'true')} ],
	[ [qw(governance actor machine)],
		q{erase_words('', (SELECT min(seq) FROM trust.entry WHERE subject = 'emma'), 'r', } .
		q{actor => 'bot')} ]);
fresh_ledger('erasing');
my $erasing = join '', map { "SELECT trust_ledger.$_;\n" }
	"register_actor('carl', 'human', 'Carl')",
	"register_actor('carl', 'human', 'Carl', authority => '{}')",
  "register_actor('dora', 'human', 'Dora')", "register_actor('emma', 'human', 'Emma')",
  "register_actor('bot', 'ai', model => 'm', responsible => 'carl')",
  # two promises, and one whose words an amendment repeats
  map { "make_promise('e $_', 'w', actor => 'carl')" } 4, 4, 6;
$erasing .= "SELECT promise AS p$_ FROM trust_ledger.make_promise('e $_', 'w', " .
	"actor => 'carl') \\gset\n" foreach 1, 2, 3, 5;
$erasing .= "SELECT trust_ledger.amend_promise(:'p5', kind => 'k', actor => 'carl');\n" .
	"SELECT trust_ledger.$_->[1];\n" foreach $erasing[0];
$erasing .= "SELECT trust_ledger.$_->[1];\n" foreach @erasing[ 1 .. $#erasing ];
sql('erasing', $erasing);
my %file_of_erasing = export('erasing');
my @erasures = grep { $_->{event} eq 'erased' } rows_of($file_of_erasing{entry});
# what is so of each, in the order of the export: governance first. Where one call writes two, the
# first has the key.
sub so { my ($so) = @_; return +{ map { $_ => 1 } @$so }; }
my @so = map { so($_) } map { my $call = $_; @$call[ grep { defined $call->[$_] } 0, 2 ] }
	@erasing[ 6 .. $#erasing, 0 .. 5 ];
is(scalar @erasures, scalar @so, 'as many erased entries as there should be');
foreach my $i (0 .. $#erasures)
{
	my $so = $so[$i] // {};
	my @sets;
	foreach my $row ($reader->table('field of erased'))
	{
		my ($names, $in_chain, $in_governance) = @$row;
		my $when = $so->{governance} ? $in_governance : $in_chain;
		push @sets, split /, /, $names if $when eq 'always' || $so->{$when};
	}
	is_deeply([ sort grep { $_ ne 'ledger' && defined $erasures[$i]{$_} } map { $_->{name} } @fields
		], [ sort @sets ],
		'erased, in ' . ($so->{governance} ? 'governance' : 'a chain') . ', its fields: '
			. (join(', ', grep { $_ ne 'governance' } sort keys %$so) || 'nothing else is so'));
}
is_deeply(findings($reader->verify(export('erasing'))), [], 'the reader finds nothing wrong there');
is(sql('erasing', 'SELECT * FROM trust_ledger.verify()'), '', 'nor does verify()');

my %known = (entry => \@columns, promise => $reader->{promise_columns},
	source => $reader->{source_columns}, chain => [qw(customer length head recorded_at score)]);
foreach my $table (sort keys %known)
{
	is_deeply([ split /\n/,
		sql('everything',
		"SELECT column_name FROM information_schema.columns WHERE (table_schema, table_name) = " .
		"('trust', '$table') ORDER BY column_name COLLATE \"C\"") ],
		[ sort @{ $known{$table} } ], "trust.$table has the columns of the page, and no other");
}
my %steps;
foreach (split /\n/,
	sql('everything', "SELECT event, state, unnest(leads_to) FROM trust_ledger.state_machine()"))
{
	my ($event, $from, $to) = split /\|/;
	$steps{$event}{$from}{$to} = 1;
}
is_deeply($reader->{steps}, \%steps, "the steps are the state machine's");

sub of_customer { my ($customer, $column) = @_; return [ map { $_->{$column} }
	grep { $_->{customer} eq $customer } @entries ]; }
is_deeply(of_customer('numbers', 'value'), [ map { $_->[1] } @numerics ],
	'numbers are stored as the page says');
is_deeply(of_customer('jsons', 'context'), [ map { $_->[1] } @jsons ], 'so is JSON');
is_deeply([ map { [ @$_{qw(occurred_at due)} ] } grep { $_->{event} eq 'made'
	&& $_->{occurred_at} < 0 } @entries ],
	[ [ -14182939876544, -1 ], [ -63517780800000000, undef ] ], 'so are times before 1970');
is_deeply([ sort grep { defined } map { $_->{longest_pause} } grep { $_->{customer} !~ /^rows/ }
	@entries ],
	[ ('0' x 32) x 2, ('0' x 16 . '00000002' . '00000000') x 4, ('00000000d693a400' . '0' x 16) x 2,
		('0000001e2cc31001' . '00000001' . '00000000') x 4 ], 'and intervals');

# ---- retries ----

# The entry of the n-th call, and what it commits to: function, actor, arguments.
sub call_at { my ($begin) = @_; return (grep { $calls[$_][1] =~ /^\Q$begin/ } 0 .. $#calls)[0]; }

my $far = (Time::Local::timegm(0, 0, 0, 31, 11, 2099) - Time::Local::timegm(0, 0, 0, 1, 0, 2000))
	/ 86400;
my @requests = (
	[ 'make_promise', text => 'bot', customer => text => '🔧-1', words => text => $hurting,
		promiser => text => 'bot', kind => text => 'répair',
		due_on => int32 => $far, value => numeric => '1.50', currency => text => 'CHF',
			purpose => text => $hurting,
		longest_pause => interval => '0000001e2cc310010000000100000000', actor => text => 'bot' ],
	[ "amend_promise(:'p1', words", text => 'ben', promise => uuid => undef,
		words => text => 'shorter', clear => text => '{purpose,due}', relayed => bool => 'f',
		actor => text => 'ben' ],
	[ "assess_promise(:'p1', 'kept'", text => 'bot', promise => uuid => undef,
		verdict => text => 'kept', relayed => bool => 'f', reason => text => 'says who',
		actor => text => 'bot' ],
	[ 'grant_access', '', undef, role => text => 'anna', level => text => 'application' ]);
foreach (@requests)
{
	my ($begin, $type, $actor, @arguments) = @$_;
	my $i = call_at($begin);
	my ($entry) = grep { ($_->{idempotency_key} // '') eq "ключ $i" } @entries;
	my ($function) = $begin =~ /^(\w+)/;
	my $call = LedgerReader::field_bytes(text => $function)
		. LedgerReader::field_bytes($type => $actor);
	push @arguments, context => jsonb => "{\"call\": $i}", idempotency_key => text => "ключ $i";
	while (my ($name, $type, $value) = splice @arguments, 0, 3)
	{
		$call .= LedgerReader::field_bytes(text => $name)
			. LedgerReader::field_bytes($type => $value // $entry->{promise});
	}
	is(LedgerReader::commitment($entry->{request_salt}, $call), substr($entry->{request}, 64),
		"$function: the request is the page's");
}

sub refusal
{
	my ($call) = @_;
	$node->psql('everything',
		"\\set VERBOSITY sqlstate\nSET client_encoding = 'UTF8'; SELECT seq FROM $call",
		stdout => \my $seq, stderr => \my $error);
	return $error =~ /ERROR:\s+(\w+)/ ? $1 : "seq $seq";
}
my $granted = call_at('grant_access');
my ($first) = grep { ($_->{idempotency_key} // '') eq "ключ $granted" } @entries;
is(refusal(call($granted)), "seq $first->{seq}", 'a retry gets the first receipt');
is(refusal(call($granted) =~ s/application/analyst/r), 'TL005',
	'another call under the same key is refused');
sub set_salt
{
	my ($salt) = @_;
	sql('everything', "ALTER TABLE trust.entry DISABLE TRIGGER USER; UPDATE trust.entry
		SET request_salt = $salt WHERE customer = '' AND seq = $first->{seq};
		ALTER TABLE trust.entry ENABLE ALWAYS TRIGGER trust_guard,
			ENABLE ALWAYS TRIGGER trust_guard_truncate");
}
foreach my $salt ('NULL', "sha256('')")
{
	set_salt($salt);
	is(refusal(call($granted)), 'TL005', "so is a retry where the salt is $salt");
	is(sql('everything', 'SELECT part, seq, field FROM trust_ledger.verify()'),
		"entry|$first->{seq}|request_salt", '... which verify() finds');
	is_deeply(findings($reader->verify(export('everything'))),
		["entry /$first->{seq} request_salt"], '... and so does the reader');
}
set_salt("'\\x$first->{request_salt}'");
is(refusal("trust_ledger.make_promise('late', 'w', actor => 'anna', due => '10000-01-01 " .
	"00:00+00')"), '22008', 'nothing is due in the year 10000');

# ---- the export ----

my $hostile = join '', map { "SET $_;\n" } "TimeZone = 'Asia/Kathmandu'", "DateStyle = 'SQL, DMY'",
	"IntervalStyle = 'sql_standard'",
  "bytea_output = 'escape'", 'extra_float_digits = -15', "client_encoding = 'LATIN1'",
  "lc_numeric = 'C'";
is_deeply({ export('everything', $hostile) }, \%all, 'the export hangs on no setting');

# The history outlives the extension: with it go scores, views and guards, and nothing of the other
# six files.
sql('postgres', 'CREATE DATABASE without TEMPLATE everything');
sql('without', 'SET client_min_messages = error; DROP EXTENSION trust_ledger CASCADE');
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-n', 'trust', '-f', $dump, $node->connstr('without') ],
	'schema trust is dumped alone');
sql('postgres', "CREATE DATABASE plain TEMPLATE template0 ENCODING 'UTF8'");
$node->psql('plain', "\\i $dump", on_error_stop => 0, stdout => \my $out, stderr => \my $err);
is(sql('plain', 'SELECT count(*) FROM pg_extension WHERE extname ~ \'trust\''), 0,
	'where it is restored there is no extension');
my %plain = export('plain', undef, 1);
ok($plain{$_} eq $all{$_}, "and $_.txt is the same") foreach sort keys %plain;

# ---- single bits ----

sub flipped { my ($text, $at, $bit) = @_; vec($text, 8 * $at + $bit, 1) ^= 1; return $text; }

my $flips = 0;
my @unnoticed;
foreach my $file (sort keys %example)
{
	foreach my $at (0 .. length($example{$file}) - 1)
	{
		my $bit = ($at * 5 + int $at / 8) % 8;
		$flips++;
		push @unnoticed, "$file, byte $at, bit $bit" unless $reader->verify(%example,
			$file => flipped($example{$file}, $at, $bit));
	}
}
is_deeply(\@unnoticed, [],
	"the example's export: each of $flips flipped bits is noticed, one in every byte");

# The file with the column of its n-th line changed.
sub changed
{
	my ($text, $line, $column, $change) = @_;
	my @lines = split /\n/, $text;
	my @values = split /\t/, $lines[$line], -1;
	$values[$column] = $change->($values[$column]);
	$lines[$line] = join "\t", @values;
	return join '', map { "$_\n" } @lines;
}

my %change = (
	'one bit' => sub { length $_[0] ? flipped($_[0], int length($_[0]) / 2, length($_[0]) % 8)
		: '@' },
	'no value' => sub { '\N' },
	'a value' => sub { '1' });
my %small = map { $_ => join '', grep { !/(?:^|\t)huge\t/ } split /^/, $all{$_} } keys %all;
my @small = rows_of($small{entry});
is_deeply(findings($reader->verify(%small)), [],
	'without its largest customer the ledger is as right');
foreach my $what (sort keys %change)
{
	my @unnoticed;
	foreach my $column (0 .. $#columns)
	{
		my ($line) = grep { ($what eq 'a value') != defined $small[$_]{ $columns[$column] } } 0 ..
			$#small;
		next unless defined $line;
		my $altered = changed($small{entry}, $line + 1, $column, $change{$what});
		push @unnoticed, $columns[$column] unless grep { $_->[0] eq 'entry' }
			$reader->verify(%small, entry => $altered);
	}
	is_deeply(\@unnoticed, [], "$what in each column of an entry is noticed");
}

# ---- what was erased, and what was not ----

my @erased = grep { $_->{customer} eq 'erasing' } @small;
is_deeply([ map { [ @$_{qw(event refers_to details words purpose)} ] } @erased ],
	[ [ 'made', undef, undef, undef, undef ], [ 'amended', 1, undef, undef, 'another' ],
		[ 'erased', 1, '{"texts": ["words", "purpose", "context"]}', undef, undef ],
			[ 'erased', 2, '{"texts": ["words"]}', undef, undef ] ],
	'one entry is erased, and its words where they stand again');
sub with
{
	my ($seq, %change) = @_;
	my @changed = map { $_->{customer} eq 'erasing' && $_->{seq} == $seq ? { %$_, %change }
		: $_ } @small;
	return findings($reader->verify(%small, entry => copy_text(\@columns, @changed)));
}
is_deeply(with(1, words => 'to be erased', words_salt => 'ab' x 32), ['entry erasing/1 words'],
	'a text that was put back is noticed');
is_deeply(with(2, purpose => undef, purpose_salt => undef), [ 'entry erasing/2 purpose',
	"promise erasing $erased[0]{promise} purpose" ],
	'so is one that went without being named');
is_deeply(with(4, details => '{"texts": ["note"]}'), [ 'entry erasing/2 words',
	'entry erasing/2 request_salt', 'entry erasing/4 hash' ], 'or that is named no more');
is_deeply(with(4, refers_to => 5), [ 'entry erasing/2 words', 'entry erasing/2 request_salt',
	'entry erasing/4 hash' ], 'nor does an entry name what comes after');

# ---- what is parked, and scores ----

my @waiting = rows_of($all{parked});
my @scores = rows_of($all{score});
my @parked_head = split /\t/, ($all{parked} =~ /^(.*)/)[0];
my @score_head = split /\t/, ($all{score} =~ /^(.*)/)[0];
sub with_parked { my (@rows) = @_;
	return [ sort @{ findings($reader->verify(%all, parked => copy_text(\@parked_head, @rows))) } ];
	}
cmp_ok(scalar @waiting, '>', 1, 'some changes wait');
my ($first_waiting, @others) = @waiting;
my $waits = $first_waiting->{parked};
is_deeply(with_parked(@others), ["parked $waits missing"], 'one that is gone is noticed');
is_deeply(with_parked(@waiting, { %$first_waiting, parked => '00000000-0000-7000-8000-000000000000'
	}), ['parked 00000000-0000-7000-8000-000000000000 too many'], 'one that was put in');
is_deeply(with_parked(@waiting, $first_waiting), ["parked $waits twice"],
	'one that is there twice');
is_deeply(with_parked({ %$first_waiting, $_ => $_ eq 'parked_at' ? 0 : $_ eq 'salt' ? '00' x 32
	: '{}' }, @others), ["parked $waits commitment"], "another $_")
  foreach grep { $_ ne 'parked' } @parked_head;
my ($scored) = grep { defined $_->{as_of} } @scores;
foreach my $column (qw(kept broken as_of half_life))
{
	my @altered = map { $_ == $scored ? { %$_, $column => $_->{$column} + 1e9 } : $_ } @scores;
	ok((grep { /^score / } @{ findings($reader->verify(%all, score => copy_text(\@score_head,
		@altered))) }), "a score with another $column is noticed");
}

# ---- rows of tracked tables ----

my @parts = map { my $key = $_; map { [ 'rows b', 'public.part', $key, $_, $key =~ /x/ ? 't' : 'f' ]
	} qw(first second) } '["a","1"]', '["b \"x\"","-1"]';
is_deeply([ sort map { join '|', @$_{qw(customer source key name gone)} }
	grep { $_->{source} ne 'public.parks' } @sources ],
	[ sort map { join '|', @$_ } @parts, map { [ $_->[0], 'jöb\1', $_->[1], '', $_->[2] ] }
		[ 'rows', $hurting, 'f' ], [ 'rows', 2, 't' ], [ 'rows b', 2, 'f' ],
		[ 'rows', 3, 't' ], [ 'rows', 3, 'f' ], [ 'rows', 444, 't' ], [ 'rows', 444, 'f' ],
			[ 'rows', 5, 'f' ], [ 'rows', 6, 't' ], [ 'rows', 7, 'f' ] ],
	'trust.source has a row for each promise of a tracked row, gone where it was deleted, ' .
		'moved or replaced');

# What the reader finds where trust.source holds other rows.
sub with_sources { return findings($reader->verify(%small,
	source => copy_text($reader->{source_columns}, @_))); }

is_deeply(with_sources(@sources[ reverse 0 .. $#sources ]), [], 'in any order');
my ($untracked) = grep { $_->{customer} eq 'own' } rows_of($small{promise});
foreach my $i (0 .. $#sources)
{
	my $row = $sources[$i];
	my @others = @sources[ grep { $_ != $i } 0 .. $#sources ];
	my $here = "source $row->{customer} $row->{promise}";
	my %instead = (source => "$row->{source} ", key => "$row->{key}0", name => "$row->{name}x",
		gone => $row->{gone} eq 't' ? 'f' : 't', seq => $row->{seq} + 1);
	my @unnoticed;
	foreach my $column (sort keys %instead)
	{
		foreach my $value ($instead{$column}, undef)
		{
			push @unnoticed, $column
				unless "@{ with_sources(@others, { %$row, $column => $value }) }" eq
				"$here $column";
		}
	}
	push @unnoticed, 'customer' unless "@{ with_sources(@others, { %$row, customer => 'x' }) }" eq
		"$here missing source x $row->{promise} too many";
	push @unnoticed, 'promise'
		unless "@{ with_sources(@others, { %$row, promise => $untracked->{promise} }) }" eq
		"$here missing source $row->{customer} $untracked->{promise} too many";
	push @unnoticed, 'gone' unless "@{ with_sources(@others) }" eq "$here missing";
	push @unnoticed, 'twice' unless "@{ with_sources(@sources, $row) }" eq "$here twice";
	my %added = (%$row, customer => 'own', promise => $untracked->{promise});
	push @unnoticed, 'too many' unless "@{ with_sources(@sources, \%added) }" eq
		"source own $untracked->{promise} too many";
	is_deeply(\@unnoticed, [],
		"row $i of trust.source: each other value, one too few, one too many is noticed");
}

my ($its_ledger) = map { $_->{subject} } grep { $_->{event} eq 'ledger_created' } @small;

# What it finds where the n-th entry of that row's promise has other details, as they are, or with
# its hash and all that follow computed again.
sub with_details
{
	my ($row, $nth, $change, $anew) = @_;
	my ($customer, $promise) = @$row{qw(customer promise)};
	my $seq = (map { $_->{seq} } grep { $_->{customer} eq $customer && $_->{promise} eq $promise }
		@small)[$nth];
	my @entries = map { {%$_} } @small;
	my $head = '0' x 64;
	foreach my $entry (grep { $_->{customer} eq $customer } @entries)
	{
		$entry->{details} = $change->($entry->{details}) if $entry->{seq} == $seq;
		next unless $anew;
		$entry->{prev_hash} = $head;
		$head = $entry->{hash} = $reader->entry_hash($entry, $its_ledger);
	}
	my @chains = map { $anew && $_->{customer} eq $customer ? { %$_, head => $head } : $_ }
		rows_of($small{chain});
	return join ', ', map { s/^(\S+) \Q$customer\E(?: $promise)?/$1/r =~ s{/$seq }{ }r }
	  sort @{ findings($reader->verify(%small, entry => copy_text(\@columns, @entries),
	  chain => copy_text([qw(customer length head recorded_at)], @chains))) };
}
my %row_at = map { ("$_->{customer}|$_->{key}|$_->{gone}" => $_) } @sources;

foreach (
	# row, entry, change, findings
	[ 'rows|5|f', 0, sub { s/"5"/"55"/r }, 'source seq' ], [ 'rows|5|f', 1, sub { s/"5"/"55"/r },
		'source key, source seq' ],
	[ 'rows|7|f', 0, sub { s/"7"/"8"/r }, 'source key' ], [ 'rows|7|f', 0, sub { s/jöb/job/r },
		'source source' ],
	[ 'rows|7|f', 0, sub { s/, "source"/, "name": "n", "source"/r }, 'source name' ],
		[ 'rows|7|f', 0, sub { s/"7"/7/r }, 'source too many' ], [ 'rows|7|f', 0, sub { undef },
		'source too many' ],
	[ 'rows|444|t', -1, sub { s/"row": "deleted", //r }, 'source gone, source seq' ],
		[ 'rows|444|t', -1, sub { s/"deleted"/"moved"/r }, '' ],
	[ 'rows|2|t', -1, sub { s/"row": "moved", //r }, 'source gone, source seq' ],
		[ 'rows|2|t', -1, sub { s/"moved_to": "\w/"moved_to": "x/r }, '' ],
	[ 'rows b|2|f', 0, sub { s/"moved_from": "\w/"moved_from": "x/r }, '' ])
{
	my ($at, $nth, $change, $expected) = @$_;
	my $made_anew = sub { my ($details) = @_; local $_ = $details; my $now = $change->();
		die "$details" if defined $now && $now eq $details; return $now; };
	is(with_details($row_at{$at}, $nth, $made_anew, 1), $expected,
		"$at, entry $nth, other details, hashes computed again: " . ($expected || 'no finding'));
	is(with_details($row_at{$at}, $nth, $made_anew), join(', ', sort 'entry hash', $expected
		? $expected : ()), '... and as it is: its hash');
}
is(with_details($untracked, 0, sub { '{"key": "1", "source": "t"}' }, 1), 'source missing',
	'a row that nobody tracks');

my $altered = changed($example{entry}, 4, (grep { $columns[$_] eq 'login' } 0 .. $#columns),
	$change{'a value'});
is_deeply(findings($reader->verify(%example, entry => $altered)), ['entry c-1001/1 hash'],
	'an altered entry is one finding');
is_deeply(findings($reader->verify(%example, chain => $example{chain} . "c-2\t0\t" . '0' x 64
	. "\t\\N\n")), ['chain c-2 too many'],
	'a chain without entries is another');

# ---- forgeries with hashes that are computed again ----

# The example with changed entries, all hashes made to fit, tables as they follow.
sub forged
{
	my ($change) = @_;
	my @forged = map { {%$_} } @examples;
	my (%forged, %head);
	@forged{@names} = @forged;
	$change->(\%forged);
	@forged = grep { defined $_->{seq} } @forged;
	foreach my $entry (@forged)
	{
		$entry->{words_commitment} = LedgerReader::commitment(@$entry{qw(words_salt words)})
			if defined $entry->{words};
		$entry->{prev_hash} = $head{ $entry->{customer} } // '0' x 64
			unless delete $entry->{unjoined};
		$head{ $entry->{customer} } = $entry->{hash} = $reader->entry_hash($entry, $ledger);
	}
	return files_of(@forged);
}

# name, findings, change
my @forgeries = (
	[ 'a gap', [ 'entry c-1001/3 seq', 'chain c-1001 length' ], sub { $_[0]{backed}{seq} = 3 } ],
	[ 'no first entry', [ 'entry c-1001/2 seq', 'entry c-1001/2 event', 'chain c-1001 length',
		"promise c-1001 $made->{promise} missing" ], sub { delete $_[0]{made}{seq} } ],
	[ 'a hash that does not join', ['entry c-1001/2 prev_hash'],
		sub { @{ $_[0]{backed} }{qw(prev_hash unjoined)} = ('ab' x 32, 1) } ],
	[ 'a clock that runs back', ['entry c-1001/2 recorded_at'], sub { $_ = 1767605400123455
		foreach @{ $_[0]{backed} }{qw(recorded_at occurred_at)} } ],
	[ 'what has not happened yet', ['entry c-1001/1 occurred_at'],
		sub { $_[0]{made}{occurred_at}++ } ],
	[ 'another format', ['entry c-1001/1 format'], sub { $_[0]{made}{format} = 2 } ],
	[ 'a step that is none', ['entry c-1001/2 event'], sub { $_[0]{backed}{event} = 'assessed' } ],
	[ 'an event of a later version', ['entry c-1001/2 event'],
		sub { $_[0]{backed}{event} = 'praised' } ],
	[ 'a state that it does not lead to', ['entry c-1001/2 event'],
		sub { $_[0]{backed}{state} = 'proposed' } ],
	[ 'a backer who did not act', ['entry c-1001/2 event'], sub { $_[0]{backed}{backer} = 'ben' } ],
	[ 'a machine that backs', ['entry c-1001/2 event'],
		sub { @{ $_[0]{backed} }{qw(actor backer actor_kind responsible actor_seq)} = ('sdr-bot',
		'sdr-bot', 'ai', 'anna', 3) } ],
	[ 'an entry of no promise', ['entry c-1001/2 promise'], sub { delete $_[0]{backed}{promise} } ],
	[ 'a text without its salt', ['entry c-1001/1 context'],
		sub { delete $_[0]{made}{context_salt} } ],
	[ 'a text that is gone', ['entry c-1001/1 context'],
		sub { delete @{ $_[0]{made} }{qw(context context_salt)} } ],
	[ 'an actor who is not registered', ['entry c-1001/1 actor_seq'],
		sub { $_[0]{made}{actor_seq} = 1 } ],
	[ "another's registration", ['entry c-1001/1 actor_seq'], sub { $_[0]{made}{actor_seq} = 2 } ],
	[ 'an actor without registration', ['entry c-1001/1 actor_seq'],
		sub { delete $_[0]{made}{actor_seq} } ],
	[ 'a registration of nobody', ['entry /3 actor_seq'], sub { $_[0]{bot}{actor_seq} = 2 } ],
	[ 'a human for an afternoon', ['entry c-1001/1 actor_kind'],
		sub { $_[0]{made}{actor_kind} = 'human' } ],
	[ "the customer's word from the company", ['entry c-1001/1 speaks_for'],
		sub { $_[0]{made}{speaks_for} = 'customer' } ],
	[ 'another human who answers', ['entry c-1001/1 responsible'],
		sub { $_[0]{made}{responsible} = 'ben' } ],
	[ 'nobody who answers', ['entry c-1001/1 responsible'],
		sub { delete $_[0]{made}{responsible} } ],
	[ 'a human for whom another answers', ['entry c-1001/2 responsible'],
		sub { $_[0]{backed}{responsible} = 'ben' } ],
	[ 'governance of a promise', ['entry /1 promise'],
		sub { $_[0]{founding}{promise} = $made->{promise} } ],
	[ 'governance with a state', ['entry /1 state'], sub { $_[0]{founding}{state} = 'open' } ],
	[ 'a ledger that begins otherwise', [ 'entry /1 event', 'ledger  first entry' ],
		sub { $_[0]{founding}{event} = 'ledger_set' } ],
	[ 'a ledger that begins again', [ 'entry /3 event', 'entry c-1001/1 actor_seq' ],
		sub { $_[0]{bot}{event} = 'ledger_created' } ],
	[ 'an event of governance that is none', [ 'entry /1 event', "governed ledger $ledger too many",
		'ledger  first entry' ], sub { $_[0]{founding}{event} = 'made' } ],
	# what nobody can see from the ledger alone
	[ 'a history that was rewritten', [], sub { $_[0]{made}{words} = 'Maybe.' } ],
	[ 'a tail cut off', [], sub { delete $_[0]{backed}{seq} } ],
	[ 'a customer taken out', [], sub { delete @$_{qw(seq)} foreach @{ $_[0] }{qw(made backed)} }
		]);

foreach (@forgeries)
{
	my ($name, $expected, $change) = @$_;
	my %forged = forged($change);
	is_deeply([ sort @{ findings($reader->verify(%forged)) } ], [ sort @$expected ], @$expected
		? "$name is noticed" : "$name is not seen in the ledger");
	is_deeply(findings($reader->verify(%forged, kept => $example{chain})), ['kept c-1001 head'],
		'... but by who kept chain.txt')
	  unless @$expected;
}
my %earlier = files_of($founding, $anna, $made);
is_deeply(findings($reader->verify(%example, kept => $earlier{chain})), [],
	'a ledger that has only grown still has what was kept');

done_testing();
