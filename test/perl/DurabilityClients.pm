# Clients that record what the server acknowledged. Each is a psql that makes and settles promises,
# by calls under idempotency keys, rows of tracked tables, imports and prepared transactions, and
# writes each receipt into a file of its own. After a crash the file shows what the server had
# acknowledged.
#
#	make_ledger($node, $db)                a new ledger, and the tables that they write in
#	start_client($node, $db, $name, %how)  customers: their keys; with: PGOPTIONS;
#	                                       without_flushes: no prepared transactions and imports;
#	                                       steps: how many, more than anybody gets through before
#	                                       the server dies (1000)
#	under_load(@clients)                   waits until each has its first receipt
#	finish(@clients)                       waits for their end; what they complained of, other than
#	                                       the server's end
#	settle_prepared($node, $db, @clients)  ends what was left prepared, this way or that; what
#	                                       should have been there and was not
#	lost($node, $db, @clients)             what was acknowledged and is not there; they forget it.
#	                                       Returns how many receipts, and those that are not a
#	                                       client's last
#	retry($node, $db, @clients)            each makes its last call again, and the one that got no
#	                                       answer; those whose receipt is another one now
#	acknowledged(@clients)                 how many receipts they have
#	interrupted(@clients)                  the kinds of what got no answer
#	remember(@clients)                     for good, in one file
#	wrong($node, $db)                      name of a check => what is wrong by it, by that file
package DurabilityClients;

use strict;
use warnings;

use Exporter 'import';
use FilledLedger;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(make_ledger start_client under_load finish settle_prepared lost retry
  acknowledged interrupted remember wrong);

# Known only when the test runs.
sub path { return "$PostgreSQL::Test::Utils::tmp_check/$_[0]" }

sub make_ledger
{
	my ($node, $db) = @_;
	unlink path('memory');
	$node->safe_psql($db, <<'SQL');
\o /dev/null
CREATE EXTENSION trust_ledger;
CREATE EXTENSION amcheck;
SELECT trust_ledger.create_ledger();
SELECT * FROM trust_ledger.grant_access(current_user, 'import');
SELECT * FROM trust_ledger.register_actor('anna', 'human');
SELECT * FROM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1');
SELECT * FROM trust_ledger.register_actor('crm', 'system', responsible => 'anna');
SELECT * FROM trust_ledger.register_actor('erp', 'system', responsible => 'anna',
	speaks_for => 'record');
SELECT * FROM trust_ledger.set_policy('humans back', promiser_kind => 'ai', evidence => 'asserted');
CREATE TABLE deal (id text PRIMARY KEY, customer text, words text, status text);
CREATE TABLE past (id text PRIMARY KEY, customer text, words text, made timestamptz,
	kept timestamptz);
SELECT * FROM trust_ledger.track_table('deal', $${
	"customer": "=customer", "words": "=words", "actor": ":crm", "kept_when": "status = 'kept'"}$$);
SELECT * FROM trust_ledger.track_table('past', $${
	"customer": "=customer", "words": "=words", "actor": ":crm", "occurred_at": "=made",
	"kept": {"occurred_at": "=kept"}, "kept_when": "kept IS NOT NULL"}$$);
SQL
	return;
}

# ---- what they do ----

# Each step is a psql script that can be run again, whether it took effect or not, and prints a line
# for each receipt: a key, and what the receipt says.  Only what is committed is printed.
my $receipt = q{promise, customer, seq, encode(hash, 'hex') AS hash};

sub call
{
	my ($key, $call) = @_;
	return "SELECT '$key', $receipt FROM trust_ledger.$call, idempotency_key => '$key');\n";
}

sub made { return "make_promise('$_[1]', 'words of $_[0]', actor => 'bot'" }

# A row is put in and changed without a word to the ledger; the receipt is what the ledger then has.
sub entries
{
	my ($key, $source, $customer, $rows, @events) = @_;
	my $events = join ',', @events;
	return <<"SQL";
SELECT '$key', e.promise, e.customer, e.seq, encode(e.hash, 'hex') FROM trust.source s
	JOIN trust.entry e USING (customer, promise)
WHERE s.customer = '$customer' AND s.source = 'public.$source' AND s.key = ANY ('{$rows}')
	AND e.event = ANY ('{$events}') ORDER BY e.seq;
SQL
}

sub row
{
	my ($key, $customer) = @_;
	return "INSERT INTO deal VALUES ('$key', '$customer', 'words of $key', 'new') ON CONFLICT DO " .
		"NOTHING;\n";
}

# The steps of one promise's life, or of several promises'.
my %lives = (
	call => sub {
		my ($key, $customer) = @_;
		my $promise = "(SELECT promise FROM trust.entry WHERE customer = '$customer' " .
			"AND idempotency_key = '$key.1')";
		my $nr = 0;
		return map { call("$key." . ++$nr, $_) } (
			made("$key.1", $customer),
			"back_promise($promise, actor => 'anna'",
			"amend_promise($promise, 'other words of $key', actor => 'bot'",
			"back_promise($promise, actor => 'anna'",
			"assess_promise($promise, 'kept', actor => 'erp'",
			"erase_words($promise, 'asked in $key'");
	},
	batch => sub {
		my ($key, @customers) = @_;
		my $nr = 0;
		my $given = join ', ',
			map { $nr++; qq({"customer": "$_", "words": "words of $key.$nr", "actor": "bot", ) .
				qq("idempotency_key": "$key.$nr"}) } @customers;
		return <<"SQL";
SELECT '$key.' || nr, $receipt
FROM trust_ledger.make_promises(ARRAY(SELECT p
	FROM jsonb_populate_recordset(NULL::trust_ledger.new_promise, '[$given]') AS p))
	WITH ORDINALITY AS r (promise, customer, seq, state, recorded_at, hash, nr);
SQL
	},
	row => sub {
		my ($key, $customer) = @_;
		my $where = "WHERE id = '$key'";
		return (
			row($key, $customer) . entries('made', 'deal', $customer, $key, 'made'),
			"UPDATE deal SET words = 'other words of $key' $where;\n" . entries('amended', 'deal',
				$customer, $key, 'amended'),
			"UPDATE deal SET status = 'kept' $where;\n" . entries('assessed', 'deal', $customer,
				$key, 'assessed'),
			"DELETE FROM deal $where;\n" . entries('deleted', 'deal', $customer, $key, 'noted'));
	},
	# All of it or nothing.
	transaction => sub {
		my ($key, $customer) = @_;
		my $made = made("$key.1", $customer);
		return <<"SQL" . entries('made', 'deal', $customer, $key, 'made');
BEGIN;
SELECT $receipt FROM trust_ledger.$made, idempotency_key => '$key.1') \\gset
@{[ row($key, $customer) ]}COMMIT;
\\echo $key.1 :promise :customer :seq :hash
SQL
	},
	prepared => sub {
		my ($key, $customer) = @_;
		my $made = made("$key.1", $customer);
		return <<"SQL" . entries('made', 'deal', $customer, $key, 'made');
BEGIN;
SELECT $receipt FROM trust_ledger.$made, idempotency_key => '$key.1') \\gset
@{[ row($key, $customer) ]}PREPARE TRANSACTION '$key';
\\echo prepared $key $customer
DO 'BEGIN PERFORM pg_sleep(0.01); END';
COMMIT PREPARED '$key';
\\echo $key.1 :promise :customer :seq :hash
SQL
	},
	# Rows that were there before, taken in by many small transactions.
	import => sub {
		my ($key, @customers) = @_;
		my $list = join ',', @customers;
		my @keys = map { "$key.$_" } 1 .. 12;
		my $entries = join '', map { entries('imported', 'past', $_, join(',', @keys), 'made',
			'assessed') } @customers;
		return <<"SQL" . $entries;
SET session_replication_role = replica;
INSERT INTO past SELECT '$key.' || nr, ('{$list}'::text[])[1 + nr % @{[ scalar @customers ]}],
	'words of $key.' || nr, '2020-01-01', '2020-02-01'
FROM generate_series(1, 12) AS nr ON CONFLICT DO NOTHING;
RESET session_replication_role;
CALL trust_ledger.import_table('past', 4);
SQL
	});
# One of these at a time, so often. Of the last ones each brings to disk all that was committed
# before.
my @mixture = ((map { ($_) x 6 } qw(call row)), qw(batch transaction));
my @lasting = qw(prepared prepared import);

sub steps
{
	my ($name, $customers, $count, @mixture) = @_;
	my @customers = @$customers;
	my @steps;

	for (my $life = 1; @steps < $count; $life++)
	{
		my $kind = $mixture[ rand @mixture ];
		my $first = int rand @customers;
		push @steps, map { { kind => $kind, script => $_ } }
		  $lives{$kind}->("$kind.$name.$life", map { $customers[ ($first + $_) % @customers ] }
		  0 .. 2);
	}
	return @steps;
}

# ---- their psql, and what they have from it ----

my @psql = ('psql', '-XAtq', '-F', ' ', '-v', 'ON_ERROR_STOP=1');

sub start_client
{
	my ($node, $db, $name, %how) = @_;
	my $client = { name => $name, with => $how{with} // '', file => path("client.$name"),
		complaints => '',
		steps => [ steps($name, $how{customers}, $how{steps} // 1000, @mixture,
			$how{without_flushes} ? () : @lasting) ] };
	my $nr = 0;
	append_to_file("$client->{file}.sql", "SET client_min_messages = error;\n" . join '',
		map { $nr++; "$_->{script}\\echo done $nr\n" } @{ $client->{steps} });

	local $ENV{PGOPTIONS} = $client->{with};
	local $ENV{PGAPPNAME} = 'client';
	$client->{job} = IPC::Run::start([ @psql, '-f', "$client->{file}.sql", '-d',
		$node->connstr($db) ],
		'<', \undef, '>', $client->{file}, '2>', \$client->{complaints});
	return $client;
}

sub under_load
{
	foreach my $client (@_)
	{
		usleep(5_000) until -s $client->{file} || !$client->{job}->pumpable;
	}
	return;
}

sub finish
{
	my @complaints;
	foreach my $client (@_)
	{
		$client->{job}->finish;
		push @complaints, grep { /ERROR:/ } split /\n/, $client->{complaints};
		read_receipts($client, slurp_file($client->{file}));
	}
	return join "\n", @complaints;
}

# Those of each step, in order; and what was said to be prepared and then not to be committed.
sub read_receipts
{
	my ($client, $output) = @_;
	my @receipts = ([]);
	foreach my $line (split /\n/, $output)
	{
		if ($line =~ /^done /)
		{
			push @receipts, [];
			delete $client->{prepared};
		}
		elsif ($line =~ /^prepared (.*)/) { $client->{prepared} = $1 }
		else { push @{ $receipts[-1] }, $line }
	}
	$client->{receipts} = \@receipts;
	return;
}

sub acknowledged { return scalar map { map { @$_ } @{ $_->{receipts} } } @_ }

sub interrupted { return grep { defined } map { $_->{steps}[ $#{ $_->{receipts} } ]{kind} } @_ }

# ---- after the server came back ----

sub settle_prepared
{
	my ($node, $db, @clients) = @_;
	my %left = map { $_ => 1 } split /\n/, $node->safe_psql($db,
		'SELECT gid FROM pg_prepared_xacts');
	my @missing;

	foreach my $said (grep { defined } map { $_->{prepared} } @clients)
	{
		my ($gid, $customer) = split / /, $said;
		push @missing, $gid unless $left{$gid}
		  || $node->safe_psql($db,
		  "SELECT seq FROM trust.entry WHERE customer = '$customer' AND idempotency_key = " .
		  "'$gid.1'");
	}
	$node->safe_psql($db, join '', map { (rand(2) < 1 ? 'COMMIT' : 'ROLLBACK')
		. " PREPARED '$_';\n" } sort keys %left);
	return (scalar keys %left, join ' ', @missing);
}

my $known = <<'SQL';
CREATE TEMP TABLE known (key text, promise uuid, customer text, seq bigint, hash text);
\copy known FROM 'FILE' (DELIMITER ' ')
SQL

# The receipts of a file that have no entry: as the client got them.
my $without_entry = <<'SQL';
SELECT k.* FROM known k
WHERE NOT EXISTS (SELECT FROM trust.entry e WHERE e.customer = k.customer AND e.seq = k.seq
	AND e.promise = k.promise
	AND encode(e.hash, 'hex') = k.hash AND (e.idempotency_key = k.key OR k.key !~ '\.'));
SQL

sub lost
{
	my ($node, $db, @clients) = @_;
	return (0, '') unless @clients;
	my $file = path("receipts.$clients[0]{name}");
	append_to_file($file, join '', map { map { map { "$_\n" } @$_ } @{ $_->{receipts} } } @clients);
	my %lost = map { $_ => 1 } map { tr/|/ /r } split /\n/, $node->safe_psql($db,
		$known =~ s/FILE/$file/r . $without_entry);
	my @not_last;

	foreach my $client (@clients)
	{
		my $receipts = $client->{receipts};
		my ($first) = grep { grep { $lost{$_} } @{ $receipts->[$_] } } 0 .. $#$receipts;
		next unless defined $first;
		push @not_last, grep { !$lost{$_} } map { @$_ } @$receipts[ $first + 1 .. $#$receipts ];
		$#$receipts = $first;
		$receipts->[$first] = [ grep { !$lost{$_} } @{ $receipts->[$first] } ];
	}
	return (scalar keys %lost, join "\n", @not_last);
}

sub retry
{
	my ($node, $db, @clients) = @_;
	my @differ;

	foreach my $client (@clients)
	{
		my ($receipts, $steps) = @$client{qw(receipts steps)};
		my $next = $#$receipts;
		foreach my $nr (grep { $_ >= 0 && $_ <= $#$steps } $next - 1, $next)
		{
			my ($out, $err) = run_command([ @psql, '-d', $node->connstr($db), '-c',
				'SET client_min_messages = error', '-f', script($client, $nr) ]);
			my %again = map { $_ => 1 } grep { !/^prepared / } split /\n/, $out;
			push @differ, "$client->{name}: $err" if $err;
			push @differ, grep { !$again{$_} } @{ $receipts->[$nr] };
			push @differ, grep { my $now = $_; !grep { $_ eq $now } @{ $receipts->[$nr] } }
				sort keys %again if $nr < $next;
			$receipts->[$nr] = [ sort keys %again ] if $nr == $next;
		}
	}
	return join "\n", @differ;
}

sub script
{
	my ($client, $nr) = @_;
	my $file = "$client->{file}.$nr.sql";
	unlink $file;
	append_to_file($file, $client->{steps}[$nr]{script});
	return $file;
}

sub remember
{
	append_to_file(path('memory'), join '', map { map { map { "$_\n" } @$_ } @{ $_->{receipts} } }
		@_);
	unlink map { glob "$_->{file}.*sql" } @_;
	return;
}

my %checks = (
	'each acknowledged receipt has its entry' => $without_entry,
	'no call took effect twice' => q{
		SELECT customer, seq FROM trust.entry WHERE customer <> '' EXCEPT ALL SELECT customer, seq
			FROM known ORDER BY 1, 2},
	'nothing was acknowledged twice' => 'SELECT customer, seq FROM known GROUP BY 1, 2 ' .
		'HAVING count(*) > 1',
	'erased altogether or not at all' => q{
		SELECT customer, seq FROM trust.entry e JOIN trust.promise p USING (customer, promise)
			WHERE event = 'made'
			AND (e.words IS NULL, e.words_salt IS NULL, e.request IS NOT NULL
				AND e.request_salt IS NULL, p.words IS NULL) <> (
				SELECT b, b, b, b FROM (SELECT p.last_seq IN (SELECT x.seq FROM trust.entry x
					WHERE x.customer = p.customer AND x.event = 'erased') AS b) AS x)},
	'tracked rows and promises agree' => q{SELECT * FROM trust_ledger.reconcile_table('deal')},
	'imported rows and promises agree' => q{SELECT * FROM trust_ledger.reconcile_table('past')},
	'nothing is left prepared' => 'SELECT gid FROM pg_prepared_xacts',
	'indexes and tables are sound' => q{
		SELECT bt_index_check(indexrelid, true) FROM pg_index WHERE indrelid IN (SELECT oid
			FROM pg_class
			WHERE relnamespace IN ('trust'::regnamespace, 'public'::regnamespace)
				AND relkind = 'r') \g /dev/null
		SELECT relname, v.* FROM pg_class, verify_heapam(oid) v
		WHERE relnamespace IN ('trust'::regnamespace, 'public'::regnamespace) AND relkind = 'r'},
	'verify() is empty' => 'SELECT * FROM trust_ledger.verify()');

# In one session: 'NAME: ' begins what is wrong by that check.
sub wrong
{
	my ($node, $db) = @_;
	my ($out, $err) = ('', '');
	my $memory = path('memory');
	# A crash has taken the counts by which autovacuum knows what to analyze.
	$node->psql($db, 'ANALYZE;' . $known =~ s/FILE/$memory/r
		. join('', map { "\\echo = $_\n$checks{$_};\n" } sort keys %checks),
		on_error_stop => 0, stdout => \$out, stderr => \$err);
	$err =~ s/^.*NOTICE: .*\n?//mg;
	my %wrong = map { /^(.*?)\n(.*)/s ? ($1 => $2) : () } split /^= /m, "$out\n";
	s/\s+\z// foreach values %wrong;
	$wrong{'no error'} = $err;
	return %wrong;
}

1;
