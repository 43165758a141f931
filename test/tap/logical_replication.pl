# Logical replication: a copy has the same ledger, behind the same guards, and the same rows of a
# tracked table, whose triggers fire only on the publisher. (tap/copy.pl has ledgers that are no
# copies.)
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', "max_connections = 20\n");
$publisher->start;
make_roles($publisher);
fill_ledger($publisher, 'crm');

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf',
	"max_connections = 20\nmax_logical_replication_workers = 8\n" .
	"max_sync_workers_per_subscription = 4\n");
$subscriber->start;
make_roles($subscriber);
make_database($subscriber, 'crm');

# What was written before is copied, what is written from now on is streamed. A transaction that
# cannot be applied is said, not tried for ever.
my $bones = PostgreSQL::Test::Utils::tempdir . '/bones.sql';
$publisher->command_ok([ 'pg_dump', '-s', '-f', $bones, 'crm' ], 'pg_dump -s');
$subscriber->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $bones,
	'-d', $subscriber->connstr('crm') ],
	'restored');
sub enable_triggers
{
	my ($mode) = @_;
	$subscriber->safe_psql('crm', <<"SQL");
SELECT format('ALTER TABLE deal ENABLE %s TRIGGER %I', $mode, tgname)
FROM (SELECT tgname, row_number() OVER (ORDER BY tgname) AS nr FROM pg_trigger
	WHERE tgrelid = 'deal'::regclass AND NOT tgisinternal) t \\gexec
SQL
	return;
}
enable_triggers(q{CASE nr % 2 WHEN 0 THEN 'ALWAYS' ELSE 'REPLICA' END});
is(ask($subscriber, 'crm',
	q{SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgrelid = 'deal'::regclass AND } .
	q{NOT tgisinternal ORDER BY 1}),
	"A\nR", 'its triggers fire for what is replicated');
is(ask($subscriber, 'crm', q{SELECT trust_ledger.create_ledger(copy => 'all')},
	user => 'crm_owner'), '', 'its tables, empty as they are, become a copy');
$publisher->safe_psql('crm', 'CREATE PUBLICATION ledger FOR TABLES IN SCHEMA trust, TABLE deal');
$subscriber->safe_psql('crm', "CREATE SUBSCRIPTION ledger CONNECTION '"
	  . ($publisher->connstr('crm') =~ s/'/''/gr)
	  . q{' PUBLICATION ledger WITH (disable_on_error)});
$subscriber->wait_for_subscription_sync($publisher, 'ledger', 'crm');

sub is_the_same
{
	my ($when) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$publisher->wait_for_catchup('ledger');
	is_same_ledger($subscriber, $publisher, 'crm', $when, 'analyst');
	is(ask($subscriber, 'crm', 'SELECT * FROM deal ORDER BY id'), ask($publisher, 'crm',
		'SELECT * FROM deal ORDER BY id'), "$when: the tracked table");
	return;
}
is_the_same('after the copy');

more_promises($publisher, 'crm', 'later ');
is(ask($publisher, 'crm',
	q{SELECT count(*) > 200 FROM trust.entry WHERE starts_with(customer, 'later ')}), 't',
	'more promises');
is(ask($publisher, 'crm', $_), 1, $_) foreach (
	q{SELECT count(*) FROM trust_ledger.set_ledger(half_life => '10 days 20:30:40.5')},
	q{SELECT count(*) FROM trust_ledger.retire_actor('anna', reason => U&'\00E9')},
	q{SELECT count(*) FROM trust_ledger.drop_policy('large')},
	q{SELECT count(*) FROM trust_ledger.grant_access('chief', 'auditor')});
is_the_same('streamed');

# All triggers alike; and by hand on the subscriber, where they do fire.
foreach my $mode ('ALWAYS', 'REPLICA', '')
{
	enable_triggers(qq{'$mode'});
	is(ask($publisher, 'crm', <<'SQL', user => 'app'), 'carl', 'rows are changed');
BEGIN;
SELECT trust_ledger.act_as('carl');
INSERT INTO deal SELECT max(id) + 1, 'rows', 'words', false FROM deal;
UPDATE deal SET title = title || '.' WHERE customer = 'rows';
UPDATE deal SET won = true WHERE customer = 'rows' AND id % 2 = 0;
UPDATE deal SET customer = 'others' WHERE customer = 'rows' AND NOT won;
DELETE FROM deal WHERE customer = 'others' AND id < (SELECT max(id) FROM deal);
COMMIT;
SQL
	is_the_same("triggers ENABLE $mode");
}
is(ask($subscriber, 'crm', q{SELECT trust_ledger.reconcile_table('deal')}), ask($publisher, 'crm',
	q{SELECT trust_ledger.reconcile_table('deal')}),
	'rows and promises agree as they do there');
is(ask($subscriber, 'crm', 'UPDATE deal SET title = $$by hand$$ WHERE NOT won'), 'ERROR 55000',
	'by hand a tracked row is not changed');
is(ask($subscriber, 'crm', 'SELECT count(*) > 3, count(bypass) FROM trust.tracked'), 't|0',
	'what the subscription brings is on record');

# What is erased on the publisher is gone on the subscriber.
my $texts = <<'SQL';
SELECT count(words_commitment) + count(note_commitment) > 20,
	count(coalesce(words, purpose, note, context::text)),
	count(coalesce(words_salt, purpose_salt, note_salt, context_salt))
FROM trust.entry WHERE customer = 'later a' AND event <> 'erased';
SELECT count(coalesce(words, purpose)) FROM trust.promise WHERE customer = 'later a';
SELECT count(name) FROM trust.entry WHERE subject = 'anna';
SELECT count(name) FROM trust.actor WHERE actor = 'anna';
SQL
unlike(ask($subscriber, 'crm', $texts), qr/\b0\b/, 'the subscriber has texts');
is(ask($publisher, 'crm', $_), 1, $_) foreach (
	q{SELECT count(*) FROM trust_ledger.erase_customer('later a', 'They asked.')},
	q{SELECT count(*) FROM (SELECT seq FROM trust.entry WHERE subject = 'anna' LIMIT 1) e, } .
		q{trust_ledger.erase_words('', e.seq, 'She asked.')});
is_the_same('erased');
is(ask($subscriber, 'crm', $texts), "t|0|0\n0\n0\n0", 'and has them no more');

# ---- by hand nothing comes in ----

is(ask($subscriber, 'crm',
	q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'trust\_guard%' AND tgenabled = 'A'}), 22,
	'guards are there');
is(past_guards($subscriber, 'crm'), 'TL006|72', 'and refuse what is written on the subscriber');

# ---- a session on the subscriber learns what changes on the publisher ----

my %session = map { $_ => FilledLedger::Session->new($subscriber, 'crm', user => $_) }
	qw(app analyst portal);
my $score = q{SELECT trust_ledger.half_life(trust_ledger.customer_score('a'))};
my $act = q{SELECT trust_ledger.act_as('dora')};
my @changes = (
	[ analyst => 'SELECT trust_ledger.require_reader()', 't' ],
	[ publisher => q{revoke_access('analyst', 'analyst')} ],
	[ analyst => 'SELECT trust_ledger.require_reader()', 'ERROR TL004' ],
	[ publisher => q{grant_access('analyst', 'auditor')} ],
	[ analyst => 'SELECT trust_ledger.reads_words()', 't' ],
	[ app => $act, 'ERROR 42704' ],
	[ publisher => q{register_actor('dora', 'human')} ],
	[ app => $act, 'dora' ],
	[ publisher => q{retire_actor('dora')} ],
	[ app => $act, 'ERROR TL003' ],
	[ portal => $act, 'ERROR TL003' ],
	[ publisher => q{register_actor('dora', 'human', returns => true)} ],
	[ publisher => q{retire_actor('portal')} ],
	[ portal => $act, 'ERROR TL003' ],
	[ publisher => q{set_ledger(half_life => '20 days')} ],
	[ app => $score, '20 days' ],
	[ app => q{SELECT seq FROM trust_ledger.make_promise('B', 'w', actor => 'carl')},
		'ERROR 55000' ],
	[ publisher => q{set_ledger(half_life => '30 days')} ],
	[ app => $score, '30 days' ]);
foreach my $case (@changes)
{
	my ($who, $sql, $expected) = @$case;
	if ($who eq 'publisher')
	{
		is(ask($publisher, 'crm', "SELECT count(*) FROM trust_ledger.$sql"), 1, "publisher: $sql");
		$publisher->wait_for_catchup('ledger');
	}
	else
	{
		is($session{$who}->ask($sql), $expected, "subscriber, $who: " . $sql =~ s/\s+/ /gr);
	}
}
$_->quit foreach values %session;
is_the_same('after all this');

# ---- what a superuser does to the publisher's tables ----

sub tamper
{
	my ($sql) = @_;
	$publisher->safe_psql('crm', <<"SQL");
BEGIN;
SELECT format('ALTER TABLE trust.%I DISABLE TRIGGER USER', relname)
FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r' \\gexec
$sql;
SELECT trust_ledger.migrate_ledger();
COMMIT;
SQL
	return;
}
my $found = 'SELECT part, customer, seq, promise, field, problem FROM trust_ledger.verify() ' .
	'ORDER BY 1, 3';

# What entries add up to goes through, is found on both sides, and made right again on both.
foreach my $case (
	[ B => q{INSERT INTO trust.promise SELECT (jsonb_populate_record(p,
		'{"promise": "00000000-0000-7000-8000-000000000000"}')).*
		FROM trust.promise p WHERE customer = 'B' LIMIT 1} ],
	[ B => q{DELETE FROM trust.promise WHERE customer = 'B'} ],
	[ B => q{UPDATE trust.promise SET state = 'kept' WHERE customer = 'B' AND state = 'open'} ],
	[ B => q{UPDATE trust.chain SET score = 'empty' WHERE customer = 'B'} ],
	[ '' => q{DELETE FROM trust.access; UPDATE trust.actor SET kind = 'ai', seq = 2;
		INSERT INTO trust.policy SELECT (jsonb_populate_record(p, '{"policy": "new"}')).*
			FROM trust.policy p LIMIT 1} ])
{
	my ($customer, $sql) = @$case;
	tamper($sql);
	$publisher->wait_for_catchup('ledger');
	my $damage = ask($publisher, 'crm', $found);
	isnt($damage, '', "found: $sql");
	is(ask($subscriber, 'crm', $found), $damage, 'and on the subscriber too');
	is(ask($publisher, 'crm', "SELECT count(*) FROM trust_ledger.rebuild('$customer')"), 1,
		"rebuild('$customer')");
	is_the_same("after rebuild('$customer')");
}

# Of entries only erasing goes through, and is found on both sides.
tamper(q{UPDATE trust.entry SET words = NULL, words_salt = NULL WHERE customer = 'later B' } .
	q{AND seq = 1});
$publisher->wait_for_catchup('ledger');
my $missing = ask($publisher, 'crm', $found);
like($missing, qr/^entry\|later B\|1\|.*\|words\|/, 'a text is taken away');
is(ask($subscriber, 'crm', $found), $missing, 'and is missed on the subscriber');
my $as_it_was = contents($subscriber, 'crm');

# The next transaction is passed over by hand: each case is one that was refused.
foreach my $sql (
	q{UPDATE trust.entry SET occurred_at = occurred_at - interval '1 day' WHERE customer = 'B' } .
		q{AND seq = 2},
	q{UPDATE trust.entry SET words = 'other words' WHERE customer = 'B' AND seq = 1},
	q{DELETE FROM trust.entry WHERE customer = 'Z'},
	q{DELETE FROM trust.entry WHERE customer = ''},
	q{TRUNCATE trust.promise})
{
	my $offset = -s $subscriber->logfile;
	tamper($sql);
	ok($subscriber->poll_query_until('crm', 'SELECT NOT subenabled FROM pg_subscription'),
		"the subscriber stops at: $sql");
	my $log = slurp_file($subscriber->logfile, $offset);
	like($log, qr/cannot modify table "trust\.\w+" directly/, "refused: $sql");
	my ($lsn) = $log =~ m{.*finished at ([0-9A-F]+/[0-9A-F]+)}s;
	is(contents($subscriber, 'crm'), $as_it_was, "and not applied: $sql");
	$subscriber->safe_psql('crm',
		"ALTER SUBSCRIPTION ledger SKIP (lsn = '$lsn'); ALTER SUBSCRIPTION ledger ENABLE");
}
is(ask($subscriber, 'crm', $found), $missing, 'the subscriber has the ledger as it was');

# ---- nothing is appended to a copy, and it stays one ----

my $promise = ask($subscriber, 'crm',
	q{SELECT promise FROM trust.promise WHERE customer = 'B' AND state = 'open' LIMIT 1});
my @calls = (writing_calls($promise, 'B'), q{SELECT trust_ledger.replay_parked()},
	q{SELECT trust_ledger.rebuild('B')}, q{SELECT trust_ledger.adopt_ledger()},
	q{SELECT trust_ledger.untrack_table('deal')},
		q{UPDATE deal SET title = 'by hand' WHERE NOT won});
my $outcomes = outcomes($subscriber, 'crm', \@calls, begin => 'BEGIN;');
is_deeply([ grep { $outcomes->{$_} ne '55000' } @calls ], [], 'the functions that write refuse to');
@calls = (scoring_calls('B'), "SELECT * FROM trust_ledger.history('$promise')",
	'SELECT * FROM trust_ledger.ledger_digest()', 'SELECT * FROM trust_ledger.verify()',
	'SELECT trust_ledger.migrate_ledger()');
is_deeply([ grep { /^(?:55|XX|TL)/ } values %{ outcomes($subscriber, 'crm', \@calls) } ], [],
	'those that read do not');
like(psql_stderr($subscriber, 'crm', 'SELECT * FROM trust_ledger.verify()'),
	qr/DETAIL:  This ledger is a copy/, 'verify() says that it is a copy');
unlike(psql_stderr($publisher, 'crm', 'SELECT * FROM trust_ledger.verify()'), qr/copy/,
	'and of no other');
is(ask($subscriber, 'crm', "SELECT trust_ledger.$_", user => 'crm_owner'), 'ERROR 42710',
	"$_: there is a ledger") foreach 'create_ledger()', q{create_ledger(copy => 'all')},
	q{mark_copy('all')}, 'found_ledger()';
is(ask($subscriber, 'crm', $_, user => 'crm_owner'), 'ERROR TL006', $_)
	foreach 'DELETE FROM trust.copy', 'TRUNCATE trust.copy', q{UPDATE trust.copy SET copied = ''},
	q{INSERT INTO trust.copy VALUES ('')};
is(contents($subscriber, 'crm'), $as_it_was, 'nothing came of all this');

sub psql_stderr
{
	my ($node, $db, $sql) = @_;
	$node->psql($db, $sql, stdout => \my $stdout, stderr => \my $stderr);
	return $stderr;
}

# A trigger on the subscriber rides on what is replicated, and does not get past the guards with it.
$subscriber->safe_psql('crm', <<'SQL');
CREATE FUNCTION plant() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
	INSERT INTO trust.entry SELECT (jsonb_populate_record(e, '{"seq": 1000000}')).* FROM trust.entry
		e WHERE customer = 'B' LIMIT 1;
	RETURN NULL;
END
$$;
CREATE TRIGGER plant AFTER INSERT ON deal FOR EACH ROW EXECUTE FUNCTION plant();
ALTER TABLE deal ENABLE ALWAYS TRIGGER plant;
SQL
my $planted = -s $subscriber->logfile;
is(ask($publisher, 'crm', <<'SQL', user => 'app'), 'carl', 'a row is inserted');
BEGIN;
SELECT trust_ledger.act_as('carl');
INSERT INTO deal SELECT max(id) + 1, 'B', 'words', false FROM deal;
COMMIT;
SQL
ok($subscriber->poll_query_until('crm', 'SELECT NOT subenabled FROM pg_subscription'),
	'the subscriber stops at what a trigger there forges');
# From 16 on it runs as the owner of the tracked table, who may not write there at all.
like(slurp_file($subscriber->logfile, $planted),
	qr/The entry was not created by the ledger's functions|permission denied for table entry/,
	'the ledger refuses it');
$subscriber->safe_psql('crm', 'DROP TRIGGER plant ON deal; ALTER SUBSCRIPTION ledger ENABLE');
$publisher->wait_for_catchup('ledger');
is(ask($subscriber, 'crm', $found), $missing, 'and then it goes on');

# ---- a dump of a copy is a copy; nobody's entry says who adopted it ----

my $dump = PostgreSQL::Test::Utils::tempdir . '/copy';
$subscriber->command_ok([ 'pg_dump', '-Fc', '--no-subscriptions', '-f', $dump, 'crm' ],
	'pg_dump of the copy');
make_database($subscriber, $_) foreach 'again', 'bones';
$subscriber->command_ok([ 'pg_restore', '-e', '-d', $subscriber->connstr('again'), $dump ],
	'restored');
is(contents($subscriber, 'again'), contents($subscriber, 'crm'), 'with its rows');
is(ask($subscriber, 'again', $found), $missing, 'and what was found');
my $write = q{SELECT seq FROM trust_ledger.make_promise('a', 'w', actor => 'carl')};
is(ask($subscriber, 'again', $write), 'ERROR 55000', 'it is a copy as before');
is(ask($subscriber, 'again', 'DELETE FROM trust.copy'), 'ERROR TL006', 'and stays one');
$subscriber->safe_psql('postgres', 'ALTER DATABASE again OWNER TO chief');
is(ask($subscriber, 'again', 'SELECT FROM trust_ledger.verify()', user => 'chief'), 'ERROR TL006',
	'another owner');
my $entries = ask($subscriber, 'again', 'SELECT count(*) FROM trust.entry');
is(ask($subscriber, 'again',
	q{SELECT trust_ledger.adopt_ledger('moved') IS NULL; SELECT count(*) FROM trust.entry}),
	"t\n$entries", 'adopts it, and no entry is made');
is(ask($subscriber, 'again', 'SELECT part FROM trust_ledger.verify()', user => 'chief'), 'entry',
	'it is theirs');
is(ask($subscriber, 'again', $write), 'ERROR 55000', 'and a copy');
is(ask($subscriber, 'again', 'SELECT trust_ledger.adopt_ledger()'), 'ERROR 55000', 'once');
$subscriber->command_ok([ 'pg_restore', '-e', '-s', '-d', $subscriber->connstr('bones'), $dump ],
	'its schema alone');
is(ask($subscriber, 'bones',
	q{SELECT count(*) FROM trust_ledger.create_ledger(); SELECT count(*) FROM trust.copy}), "1\n0",
	'may become an ordinary ledger');

# ---- what is forged where the copy comes from ----

tamper(q{INSERT INTO trust.entry SELECT (jsonb_populate_record(e,
	'{"seq": 1000000, "idempotency_key": null}')).* FROM trust.entry e WHERE customer = 'B'
	AND seq = 2;
	UPDATE trust.chain SET head = sha256(head) WHERE customer = 'Z'});
$publisher->wait_for_catchup('ledger');
my $forged = ask($subscriber, 'crm', $found);
like($forged, qr/^entry\|B\|1000000\|/m, 'a forged entry comes into the copy, and is found there');
like($forged, qr/^chain\|Z\|/m, 'and a forged head');

done_testing();
