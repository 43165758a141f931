# Tracked tables with many sessions: a row's change and the ledger's entry are committed together,
# once, or neither is, and sessions do not deadlock on chains that the application does not know.
use strict;
use warnings;

use FilledLedger;
use Pgbench;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = PostgreSQL::Test::Cluster->new('track');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
synchronous_commit = off
deadlock_timeout = 20ms
max_prepared_transactions = 5
restart_after_crash = on
log_error_verbosity = verbose
CONF
$node->start;

# Each table has a trigger that knows nothing of the ledger, and writes down what the ledger must
# say.
$node->safe_psql('postgres', q{
	CREATE EXTENSION trust_ledger;
	SELECT trust_ledger.create_ledger();
	SELECT * FROM trust_ledger.register_actor('anna', 'human');
	SELECT * FROM trust_ledger.register_actor('crm', 'system', responsible => 'anna');

	CREATE TABLE audit (nr bigserial, source text, key text, customer text, event text, words text);
	CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE
		source CONSTANT text := 'public.' || TG_TABLE_NAME;
	BEGIN
		IF TG_OP = 'DELETE' THEN
			INSERT INTO audit (source, key, customer, event) VALUES (source, OLD.id, OLD.customer,
				'noted');
		ELSIF TG_OP = 'UPDATE' AND OLD.customer <> NEW.customer THEN
			INSERT INTO audit (source, key, customer, event) VALUES (source, NEW.id, OLD.customer,
				'withdrawn');
			INSERT INTO audit (source, key, customer, event, words) VALUES (source, NEW.id,
				NEW.customer, 'made', NEW.words);
		ELSE
			INSERT INTO audit (source, key, customer, event, words)
			VALUES (source, NEW.id, NEW.customer, CASE TG_OP WHEN 'INSERT' THEN 'made'
				ELSE 'amended' END, NEW.words);
		END IF;
		RETURN NULL;
	END
	$$;
	CREATE PROCEDURE create_table(tab text, more text DEFAULT '') LANGUAGE plpgsql AS $$
	DECLARE
		made CONSTANT text := '''customer=customer'', ''words=words'', ''actor:crm''' || more;
	BEGIN
		EXECUTE format('CREATE TABLE %I (id bigint PRIMARY KEY, customer text, words text)', tab);
		EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW '
			'EXECUTE FUNCTION audit()', tab);
		EXECUTE format('CREATE TRIGGER made AFTER INSERT ON %I FOR EACH ROW '
			'EXECUTE FUNCTION trust_ledger.track(''made'', %s)', tab, made);
		EXECUTE format('CREATE TRIGGER amended AFTER UPDATE ON %I FOR EACH ROW '
			'EXECUTE FUNCTION trust_ledger.track(''amended'', %s)', tab, made);
		EXECUTE format('CREATE TRIGGER gone AFTER DELETE ON %I FOR EACH ROW '
			'EXECUTE FUNCTION trust_ledger.track(''noted'', ''actor:crm'' %s)', tab, more);
	END
	$$;
	CALL create_table('deal');
	CALL create_table('hasty', ', ''write:now''');
	CALL create_table('later');

	CREATE FUNCTION attempt(sql text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE sql;
		RAISE EXCEPTION 'not this';
	EXCEPTION WHEN raise_exception THEN NULL;
	END
	$$;
});

# What is in the ledger and not in the audit, or the other way round, or in another order.
sub differences
{
	my ($tab) = @_;
	return ask($node, 'postgres', <<"SQL");
WITH said AS (
	SELECT customer, details->>'key' AS key, event, words, row_number() OVER (PARTITION BY customer,
		details->>'key' ORDER BY seq) AS nth
	FROM trust.entry WHERE details->>'source' = 'public.$tab'
), done AS (
	SELECT customer, key, event, words, row_number() OVER (PARTITION BY customer, key
		ORDER BY nr) AS nth
	FROM audit WHERE source = 'public.$tab'
)
SELECT * FROM said FULL JOIN done USING (customer, key, nth)
WHERE (said.event, said.words) IS DISTINCT FROM (done.event, done.words) ORDER BY 1, 2, 3 LIMIT 10
SQL
}

sub is_right
{
	my ($tab, $how) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(differences($tab), '', "$how: the ledger has what was committed, once and in its order");
	is(ask($node, 'postgres',
		<<"SQL"), '', "$how: each row that is there stands for one promise, and no other does");
SELECT id, s.key, s.customer FROM $tab FULL JOIN (SELECT * FROM trust.source
	WHERE source = 'public.$tab' AND NOT gone) s ON s.key = id::text
WHERE (id IS NULL) <> (s.key IS NULL) OR $tab.customer <> s.customer
UNION ALL SELECT NULL, key, max(customer) FROM trust.source WHERE source = 'public.$tab'
	AND NOT gone GROUP BY key HAVING count(*) > 1
SQL
	is(findings($node, 'postgres'), '', "$how: verify() is empty");
	return;
}

sub deadlocks
{
	my ($offset) = @_;
	return scalar(() = slurp_file($node->logfile, $offset) =~ /ERROR:  40P01/g);
}

# How many transactions were processed, and how many failed.
sub run_clients
{
	my ($how, $script, @options) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Pgbench->start($node, $script, name => 'clients', options => \@options)->finish($how);
}

# ---- two customers in opposite order ----

# Client n has rows 2n + 1 and 2n + 2, of customers a and b; no row is another's.
my $opposite = <<'SQL';
\set first random(0, 1)
BEGIN;
UPDATE TAB SET words = random()::text WHERE id = :client_id * 2 + 1 + :first;
SELECT pg_sleep(0.002);
UPDATE TAB SET words = random()::text WHERE id = :client_id * 2 + 2 - :first;
COMMIT;
SQL
foreach my $tab (qw(deal hasty))
{
	my $offset = -s $node->logfile;
	$node->safe_psql('postgres',
		"INSERT INTO $tab SELECT n, CASE n % 2 WHEN 1 THEN 'a' ELSE 'b' END, 'first' " .
		"FROM generate_series(1, 8) n");
	my ($done, $failed) = run_clients("$tab, opposite orders", $opposite =~ s/TAB/$tab/gr,
		'--client=4', '--jobs=2', '--transactions=100', '--max-tries=1000');
	is("$done $failed", '400 0', "$tab, opposite orders: all commit in the end");
	is(deadlocks($offset), 0, "$tab, opposite orders: nobody waits crosswise") if $tab eq 'deal';
	cmp_ok(deadlocks($offset), '>', 0,
		"$tab, opposite orders: written at once, they do wait crosswise") if $tab eq 'hasty';
	is_right($tab, "$tab, opposite orders");
}

# ---- all kinds of changes ----

# Of rows that are the client's own, for a few customers that are everybody's.
my $changes = <<'SQL';
\set id :client_id * 1000 + 100 + random(0, 9)
\set other :client_id * 1000 + 110 + random(0, 9)
\set c random(1, 3)
\set d random(1, 3)
BEGIN;
INSERT INTO deal VALUES (:id, 'c' || :c, random()::text) ON CONFLICT (id) DO UPDATE SET
	words = EXCLUDED.words;
UPDATE deal SET customer = 'c' || :d WHERE id = :id AND customer <> 'c' || :d;
SAVEPOINT s;
DELETE FROM deal WHERE id = :id;
INSERT INTO deal VALUES (:other, 'c' || :c, 'undone') ON CONFLICT (id) DO UPDATE SET
	words = 'undone';
ROLLBACK TO s;
SELECT attempt('UPDATE deal SET words = random()::text WHERE id BETWEEN ' || :client_id * 1000 + 100
	|| ' AND ' || :client_id * 1000 + 199);
SAVEPOINT s;
INSERT INTO deal SELECT n, 'c' || n % 3, random()::text FROM generate_series(:other, :other + 1)
	n ON CONFLICT DO NOTHING;
RELEASE s;
END;
BEGIN;
DELETE FROM deal WHERE id = :other;
INSERT INTO deal SELECT n, 'c' || :d, random()::text FROM generate_series(:id + 30, :id + 31)
	n ON CONFLICT (id) DO UPDATE SET words = EXCLUDED.words;
DELETE FROM deal WHERE id = :id;
END;
SQL
foreach my $case ([ 'read committed', 1 ], [ 'repeatable read', 0 ], [ 'serializable', 0 ])
{
	my ($level, $tries) = @$case;
	my $offset = -s $node->logfile;
	my ($done, $failed);
	{
		local $ENV{PGOPTIONS} = '-c default_transaction_isolation=' . $level =~ s/ /\\ /r;
		($done, $failed) = run_clients($level, $changes, '--client=4', '--jobs=2', '--time=4',
			"--max-tries=$tries");
	}
	is($failed, 0, "$level: none fails");
	cmp_ok($done, '>', 20, "$level: many are done");
	is(deadlocks($offset), 0, "$level: nobody waits crosswise");
	is_right('deal', $level);
}

# ---- prepared transactions ----

sub later_is
{
	my ($expected, $how) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ask($node, 'postgres', q{
		SELECT (SELECT count(*) FROM later), (SELECT count(*) FROM trust.entry
			WHERE details->>'source' = 'public.later')}), $expected, $how);
	return;
}
my $prepare = <<'SQL';
BEGIN;
INSERT INTO later VALUES (1, 'p', 'first'), (2, 'q', 'second');
SAVEPOINT s;
DELETE FROM later;
ROLLBACK TO s;
UPDATE later SET words = 'third' WHERE id = 1;
PREPARE TRANSACTION 'tracked';
SQL
is(ask($node, 'postgres', $prepare), '', 'PREPARE TRANSACTION');
later_is('0|0', 'prepared: neither rows nor entries are there');
is(ask($node, 'postgres', q{SET lock_timeout = '100ms'; INSERT INTO later VALUES (3, 'p', 'w')}),
	'ERROR 55P03',
	'prepared: others wait for its customers');
is(ask($node, 'postgres', q{ROLLBACK PREPARED 'tracked'}), '', 'ROLLBACK PREPARED');
later_is('0|0', 'rolled back: neither');
is(ask($node, 'postgres',
	"$prepare SET synchronous_commit = on; INSERT INTO later VALUES (3, 'r', 'w');"), '',
	'prepared again, and its session goes on');
later_is('1|1', 'with what is its own');
$node->stop('immediate');
$node->start;
is(ask($node, 'postgres', q{COMMIT PREPARED 'tracked'}), '', 'COMMIT PREPARED, after a crash');
later_is('3|4', 'committed: both');
is(ask($node, 'postgres', q{UPDATE later SET words = words || '!'}), '',
	'and their customers are free');
later_is('3|7', 'for more');
my $not_prepared = $node->psql('postgres',
	q{BEGIN; INSERT INTO later VALUES (4, NULL, 'w'); PREPARE TRANSACTION 'none'});
is($not_prepared, 3, 'what cannot be written is not prepared');
is(ask($node, 'postgres', 'SELECT count(*) FROM pg_prepared_xacts'), 0,
	'nor is anything left of it');
is_right('later', 'prepared');

# ---- suspended tracking ----

# The columns are many, and their names long: the triggers' arguments are stored out of line.
my @wide = map { "a$_" . join '', map { chr(97 + rand 26) } 1 .. 55 } 1 .. 60;
my $wide_condition = join ' OR ', map { "$_ = 1" } @wide;
$node->safe_psql('postgres', 'CREATE TABLE visit (id int PRIMARY KEY, customer text, words text, ' .
	'status varchar(10)); CREATE TABLE wide (LIKE visit INCLUDING ALL, ' .
	join(', ', map { "$_ int" } @wide) . ')');
$node->safe_psql('postgres', "SELECT count(*) FROM trust_ledger.track_table('$_->[0]', \$m\${" .
	'"customer": "=customer", "words": "=words", "actor": ":crm", "made_when": "status <> \'no\'' .
	$_->[1] . '"}$m$)') foreach [ 'visit', '' ], [ 'wide', " OR $wide_condition" ];
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION suspend(tab regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.suspend_tracking(tab);
END
$$;
CREATE PROCEDURE suspend_and_commit() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.suspend_tracking('visit');
	COMMIT;
END
$$;
SQL

my $suspend = q{SELECT FROM trust_ledger.suspend_tracking('visit')};
my $widen = 'ALTER TABLE visit ALTER status TYPE varchar(20)';
my $resume = q{SELECT FROM trust_ledger.resume_tracking('visit')};
my $state = q{SELECT string_agg(DISTINCT state, ',') FROM trust.tracked WHERE tab = 'public.visit'};
my $length = q{SELECT atttypmod - 4 FROM pg_attribute WHERE attrelid = 'visit'::regclass } .
	q{AND attname = 'status'};

# One session, which goes on after its errors.
sub in_session
{
	my ($sql) = @_;
	my ($stdout, $stderr) = ('', '');
	$node->psql('postgres', $sql, stdout => \$stdout, stderr => \$stderr, on_error_stop => 0,
		extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
	return join ' ', $stderr =~ /ERROR:  (\w+)/g, split /\n/, $stdout;
}

foreach my $end ('COMMIT', q{PREPARE TRANSACTION 'suspended'})
{
	foreach my $case (
		[ 'by a statement', $suspend ],
		[ 'and altered', "$suspend; $widen" ],
		[ 'in a released savepoint', "SAVEPOINT s; $suspend; RELEASE s" ],
		[ 'before a savepoint', "$suspend; SAVEPOINT s; $resume; ROLLBACK TO s" ],
		[ 'in a DO block', "DO 'BEGIN PERFORM suspend(''visit''); END'" ],
		[ 'in a function', q{SELECT FROM suspend('visit')} ],
		[ 'twice', "$suspend; $resume; $suspend" ],
		[ 'with long arguments', q{SELECT FROM suspend('wide')} ],
		[ 'while constraints are deferred', "SET CONSTRAINTS ALL DEFERRED; $suspend" ])
	{
		my ($how, $sql) = @$case;
		is(in_session("BEGIN; $sql; $end; $state; $length"), '55000 in force 10',
			"suspended $how: $end is refused, and nothing is left");
		is(in_session("BEGIN; $sql; $end; BEGIN; INSERT INTO visit VALUES (1); DELETE FROM " .
				'visit; COMMIT; SELECT 1'),
			'55000 1', "suspended $how: after $end, the session goes on");
	}
}
is(in_session("$_; $state"), '55000 in force', "$_ is refused") foreach $suspend,
	'CALL suspend_and_commit()', "$suspend \\; $widen";
foreach my $case (
	[ 'rolled back to a savepoint', "SAVEPOINT s; $suspend; $widen; ROLLBACK TO s", 10 ],
	[ 'rolled back by a block',
		'DO $$ BEGIN PERFORM suspend(\'visit\'); RAISE division_by_zero; ' .
		'EXCEPTION WHEN division_by_zero THEN NULL; END $$', 10 ],
	[ 'resumed', "$suspend; $widen; SAVEPOINT s; $resume; RELEASE s", 20 ])
{
	my ($how, $sql, $expected) = @$case;
	is(in_session("BEGIN; $sql; COMMIT; $state; $length"), "in force $expected",
		"suspended and $how: COMMIT passes");
}
is(in_session("BEGIN; $suspend; $resume; PREPARE TRANSACTION 'resumed'; " .
		"ROLLBACK PREPARED 'resumed'; $state"), 'in force', 'resumed: it can be prepared');
is(in_session("BEGIN; $suspend; SELECT 1/0; $resume; COMMIT; $state; BEGIN; INSERT INTO visit " .
		"VALUES (2, 'v', 'w', 'yes'); $suspend; $widen; $resume; COMMIT; $state"),
	'22012 25P02 in force in force', 'an error in between leaves nothing');
is(ask($node, 'postgres', q{SELECT event FROM trust.entry WHERE details->>'source' =
	'public.visit'}), 'made', 'and what changed before the suspension is recorded');
is(findings($node, 'postgres'), '', 'suspended: verify() is empty');

# ---- kill -9 ----

sub kill_backend
{
	my ($pid) = @_;
	kill 'KILL', $pid;
	is_back($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)")
	  or die 'the server is not back';
	return;
}

foreach my $tab (qw(later hasty))
{
	my $session = FilledLedger::Session->new($node, 'postgres');
	my $pid = $session->ask("BEGIN; INSERT INTO $tab VALUES (99, 'k', 'killed'); " .
		"UPDATE $tab SET words = 'killed'; SELECT pg_backend_pid()");
	like($pid, qr/^\d+$/, "$tab: changed, and not committed");
	kill_backend($pid);
	eval { $session->quit };
	is(ask($node, 'postgres',
		"SELECT (SELECT count(*) FROM $tab WHERE words = 'killed'), (SELECT count(*) " .
		"FROM trust.entry WHERE words = 'killed')"),
		'0|0', "$tab: a killed backend leaves neither rows nor entries");
	is_right($tab, "$tab, a killed backend");
}

# Under load: whichever statement, or COMMIT, each was at.
foreach my $round (1 .. 5)
{
	my $clients = Pgbench->start($node, $changes, name => 'clients', options => [ '--client=4',
		'--jobs=2', '--time=30' ]);
	my $pids = q{FROM pg_stat_activity WHERE application_name = 'clients'};
	$node->poll_query_until('postgres', "SELECT count(*) = 4 $pids") or die 'no clients';
	usleep(rand 500_000);
	kill_backend(ask($node, 'postgres', "SELECT min(pid) $pids"));
	$clients->wait;
	is_right('deal', "round $round, a backend killed under load");
}

# ---- many rows at once ----

foreach my $customers (3, 20_000)
{
	my $tab = "copied_$customers";
	my $file = "$PostgreSQL::Test::Utils::tmp_check/$tab";
	append_to_file($file, join '', map { "$_\tcustomer " . $_ % $customers . "\twords $_\n" } 1 ..
		100_000);
	$node->safe_psql('postgres', "CALL create_table('$tab')");
	foreach my $sql ("COPY $tab FROM '$file'", "UPDATE $tab SET words = words || '!'",
		"DELETE FROM $tab WHERE id > 50000")
	{
		my $start = time;
		is(ask($node, 'postgres', $sql), '', "$customers customers: $sql");
		diag(sprintf '%s, %d customers: %.1f s', $sql =~ /^(\w+)/, $customers, time - $start);
	}
	is_right($tab, "$customers customers");
}

unlike(slurp_file($node->logfile), qr/PANIC:|terminated by signal (?!9)|WARNING:.* leak/,
	'the log is clean');
$node->stop;
done_testing();
