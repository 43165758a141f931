# Many sessions write to few customers, at each isolation level: chains have no fork and no gap, no
# entry is lost or duplicated, and verify() has no false findings while others write.
use strict;
use warnings;

use Pgbench;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $customers = 4;
my $seconds = 2;

my $node = PostgreSQL::Test::Cluster->new('concurrency');
$node->init;
$node->append_conf('postgresql.conf', "synchronous_commit = off\ndeadlock_timeout = 100ms\n");
$node->start;

# Clients record each acknowledged call after its commit. A call about a promise that another
# session changed first can be refused for its state, and for nothing else.
$node->safe_psql('postgres', q{
	CREATE EXTENSION trust_ledger;
	SELECT trust_ledger.create_ledger();
	SELECT * FROM trust_ledger.register_actor('anna', 'human');
	SELECT * FROM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1');
	SELECT * FROM trust_ledger.register_actor('agent', 'ai', responsible => 'anna', model => 'm 1',
		speaks_for => 'customer');
	SELECT * FROM trust_ledger.set_policy('humans back', promiser_kind => 'ai',
		evidence => 'asserted');

	CREATE TABLE acknowledged (run text, level text, customer text, seq bigint, promise uuid,
		hash text);

	CREATE FUNCTION some_promise(of_customer text, from_state text) RETURNS uuid
	BEGIN ATOMIC
		SELECT promise FROM trust.promise WHERE customer = of_customer AND state = from_state
		ORDER BY promise DESC OFFSET pg_catalog.floor(pg_catalog.random() * 5) LIMIT 1;
	END;

	CREATE FUNCTION attempt(call text, promise uuid, VARIADIC arguments text[]) RETURNS
		trust_ledger.receipt
	LANGUAGE plpgsql AS $$
	DECLARE
		receipt trust_ledger.receipt;
	BEGIN
		EXECUTE pg_catalog.format('SELECT * FROM trust_ledger.%s($1, %s)', call,
			pg_catalog.array_to_string(arguments, ', ')) INTO receipt USING promise;
		RETURN receipt;
	EXCEPTION WHEN SQLSTATE 'TL001' OR null_value_not_allowed THEN
		RETURN NULL;
	END
	$$;
});

# What a client does, and how often: its weight.
my %calls = (
	'make' => [ 4, q{trust_ledger.make_promise('c' || :c, 'words', due => now() + '1 day', } .
		q{actor => 'bot')} ],
	'make in person' => [ 1, q{trust_ledger.make_promise('c' || :c, 'words', actor => 'anna')} ],
	'back' => [ 3,
		q{attempt('back_promise', some_promise('c' || :c, 'proposed'), 'actor => ''anna''')} ],
	'back again' => [ 1,
		q{attempt('back_promise', some_promise('c' || :c, 'open'), 'actor => ''anna''')} ],
	'accept' => [ 1,
		q{attempt('accept_promise', some_promise('c' || :c, 'open'), 'actor => ''agent''')} ],
	'amend' => [ 2,
		q{attempt('amend_promise', some_promise('c' || :c, 'proposed'), } .
		q{'words => random()::text', 'actor => ''bot''')} ],
	'assess' => [ 2, q{attempt('assess_promise', some_promise('c' || :c, 'open'), '''kept''', } .
		q{'actor => ''agent''')} ],
	'withdraw' => [ 1,
		q{attempt('withdraw_promise', some_promise('c' || :c, 'open'), 'actor => ''anna''')} ],
);

my %scripts;
foreach my $call (values %calls)
{
	my ($weight, $sql) = @$call;
	$scripts{<<"EOF"} = $weight;
\\set c random(1, $customers)
SELECT coalesce(seq, 0) AS seq, coalesce(promise::text, '') AS promise,
	coalesce(encode(hash, 'hex'), '') AS hash FROM $sql \\gset
\\if :seq > 0
INSERT INTO acknowledged VALUES (current_setting('application_name'),
	current_setting('transaction_isolation'), 'c' || :c, :seq, :promise, :hash);
\\endif
EOF
}

# Starts clients of an isolation level that try a transaction at most so often; 0: until it
# succeeds.
sub start_clients
{
	my ($run, $level, $clients, $tries, $duration) = @_;
	return Pgbench->start($node, \%scripts, name => $run, isolation => $level,
		options => [ '--protocol=prepared', "--client=$clients", '--jobs=2', "--time=$duration",
			"--max-tries=$tries" ]);
}

sub check_clients
{
	my ($run, $clients) = @_;
	my (undef, $failed) = $clients->finish($run);
	is($failed, 0, "$run: no call failed") or diag($clients->output);
	return;
}

my %checks = (
	'nothing was lost: each acknowledged receipt has its entry' => q{
		SELECT a.* FROM acknowledged a
		WHERE NOT EXISTS (SELECT FROM trust.entry e WHERE e.customer = a.customer AND e.seq = a.seq
			AND e.promise = a.promise AND encode(e.hash, 'hex') = a.hash)},
	'no entry is there twice, and none that was not acknowledged' => q{
		SELECT count(*), count(DISTINCT hash), (SELECT count(*) FROM acknowledged)
		FROM trust.entry WHERE customer <> ''
		HAVING count(*) <> (SELECT count(*) FROM acknowledged) OR count(*) <> count(DISTINCT hash)},
	'no fork, no gap' => q{
		SELECT customer FROM trust.entry JOIN trust.chain USING (customer) GROUP BY customer, length
		HAVING count(*) <> length OR count(DISTINCT seq) <> length OR min(seq) <> 1
			OR max(seq) <> length
			OR count(DISTINCT prev_hash) <> length},
	'verify() is empty' => 'SELECT * FROM trust_ledger.verify()',
);

sub check_ledger
{
	my ($run, $level) = @_;

	is($node->safe_psql('postgres', $checks{$_}), '', "$run: $_") foreach sort keys %checks;
	is($node->safe_psql('postgres', "SELECT DISTINCT level FROM acknowledged WHERE run = '$run'"),
		$level, "$run: that was the level");
}

# READ COMMITTED needs no retries: there a writer waits. 0 tries: until it works.
foreach my $case ([ 'read committed', 1 ], [ 'repeatable read', 0 ], [ 'serializable', 0 ])
{
	my ($level, $tries) = @$case;

	foreach my $clients (2, 8, 16)
	{
		my $run = "$level, $clients clients";
		check_clients($run, start_clients($run, $level, $clients, $tries, $seconds));
		check_ledger($run, $level);
	}
}

# While others write: verify() finds nothing, and a digest counts what its snapshot shows.
{
	my $run = 'verify() beside 8 writers';
	my $clients = start_clients($run, 'read committed', 8, 1, 3 * $seconds);
	my ($verified, @found) = (0);

	while ($clients->is_running)
	{
		push @found, $node->safe_psql('postgres', 'SELECT * FROM trust_ledger.verify()'),
			$node->safe_psql('postgres', "SELECT * FROM trust_ledger.verify('c1')"),
			$node->safe_psql('postgres', q{
				SELECT 'digest' FROM trust_ledger.ledger_digest() d
				WHERE d.entries <> (SELECT count(*) FROM trust.entry)});
		$verified++;
	}
	check_clients($run, $clients);
	is(join("\n", grep { $_ ne '' } @found), '', "$run: never a false finding");
	cmp_ok($verified, '>', 1, "$run: more than once");
	check_ledger($run, 'read committed');
}

# While others write: customers and names are erased repeatedly, and others back, retire and
# register.
{
	my $run = 'erasures beside 8 writers';
	my $erase = <<"EOF";
\\set c random(1, $customers)
SELECT attempt_erasure(format('erase_customer(%L, %L)', 'c' || :c, 'asked'));
SELECT attempt_erasure(format('erase_words(%L::uuid, %L)', some_promise('c' || :c, 'open'),
	'asked'));
SELECT attempt_erasure(format('erase_words(%L, %s, %L)', '', seq, 'asked')) FROM trust.entry
	WHERE customer = '' AND name IS NOT NULL ORDER BY seq DESC LIMIT 1;
SELECT FROM trust_ledger.register_actor('anna', 'human', 'Anna');
SELECT FROM trust_ledger.register_actor('leaver', 'human', 'Leaver', returns => true);
SELECT FROM attempt_erasure('retire_actor(''leaver'')');
EOF
	$node->safe_psql('postgres', q{
		SELECT trust_ledger.register_actor('leaver', 'human');
		CREATE FUNCTION attempt_erasure(call text) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN
			EXECUTE 'SELECT FROM trust_ledger.' || call;
		-- nothing left, or retired by another
		EXCEPTION WHEN no_data_found OR null_value_not_allowed OR SQLSTATE 'TL003' THEN
		END
		$$});
	my $clients = start_clients($run, 'read committed', 8, 1, 2 * $seconds);
	my $erasing = Pgbench->start($node, $erase, options => [ '--client=3', '--jobs=1', '--time='
		. 2 * $seconds ]);
	my (undef, $failed) = $erasing->finish("$run: erasing");
	is($failed, 0, "$run: no erasure failed") or diag($erasing->output);
	check_clients($run, $clients);
	is($node->safe_psql('postgres', $checks{'verify() is empty'}), '', "$run: verify() is empty");
	is($node->safe_psql('postgres', q{
		SELECT customer FROM trust.entry GROUP BY customer
			HAVING count(*) FILTER (WHERE event = 'erased') < 5}), '',
			"$run: each customer was erased, and names");
	is($node->safe_psql('postgres', q{
		SELECT e.customer, e.seq FROM trust.entry e JOIN (
			SELECT promise, max(seq) AS last FROM trust.entry WHERE event = 'erased'
				AND refers_to IS NULL GROUP BY promise) x USING (promise)
		WHERE e.seq < last AND e.event <> 'erased' AND (e.words IS NOT NULL OR e.words_salt IS
			NOT NULL OR e.note IS NOT NULL OR e.request_salt IS NOT NULL)}), '',
			"$run: nothing is left of what was written before");
	$node->safe_psql('postgres',
		"SELECT attempt_erasure(format('erase_customer(%L, ''the last'')', 'c' || i)) " .
		"FROM generate_series(1, $customers) i");
	is($node->safe_psql('postgres', q{
		SELECT count(coalesce(words, note, purpose)), count(coalesce(words_salt, note_salt))
			FROM trust.entry WHERE customer <> '' AND event <> 'erased'
		UNION ALL SELECT count(words), 0 FROM trust.promise}), "0|0\n0|0",
			"$run: after the last nothing is");
	is($node->safe_psql('postgres', $checks{'verify() is empty'}), '',
		"$run: and verify() is empty");
}

my @events = split /\n/, $node->safe_psql('postgres',
	q{SELECT DISTINCT event FROM trust.entry WHERE customer <> '' ORDER BY 1});
is_deeply(\@events, [qw(accepted amended assessed backed erased made withdrawn)],
	'each kind of call went through');
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'no deadlock');

$node->stop;
done_testing();
