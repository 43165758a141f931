# What a role can do to the ledger: a login of each level, the database's owner, a new owner of the
# database who does not own the tables, another role that may create objects, a superuser with the
# guards off. Each tries to forge, alter, hide, impersonate, read words, escalate and deny. Every
# attack is made, from a login of its own. Either it is refused; or it shows, and the test says
# where; or nothing prevents it, and then doc/security.md must say so.
#
# doc/security.md ends with the tables that this test prints. If they differ, the failure shows what
# the page should say.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @who = ('application', 'analyst', 'auditor', 'import', 'admin', 'owner', 'new owner', 'other',
	'superuser');
my %login = (
	application => 'shop', analyst => 'analyst', auditor => 'auditor', import => 'loader',
		admin => 'chief',
	owner => 'crm_owner', 'new owner' => 'buyer', other => 'mallory', superuser => undef);
# The database of an attacker who has another than the rest, and the owner of each database.
my %db = ('new owner' => 'sold');
my %owner = (crm => 'crm_owner', sold => 'buyer');
my @what = ('forge', 'alter', 'hide', 'impersonate', 'read words', 'escalate', 'deny');

my $page = slurp_file('doc/security.md');
my ($unprotected) = $page =~ s/\s+/ /gr =~ /(## What is not protected .*?) ## /;

my $node = PostgreSQL::Test::Cluster->new('attackers');
$node->init;
# CREATE DATABASE needs a template without connections.
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\n");
$node->start;
make_roles($node);
$node->safe_psql('postgres', join '', map { "CREATE ROLE $_ LOGIN;\n" } qw(shop loader mallory
	buyer));
fill_ledger($node, 'crm');

# Everybody may create schemas, and objects in schema public: the most that a role of each kind can
# have. A trap function records in a sequence which role ran it; a rollback does not undo that.
$node->safe_psql('crm', <<'SQL');
SET client_min_messages = warning;
\o /dev/null
GRANT CREATE ON DATABASE crm TO shop, loader, mallory, analyst, auditor, chief;
GRANT CREATE ON SCHEMA public TO shop, loader, mallory, analyst, auditor, chief, crm_owner;
CREATE SCHEMA trap;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
SELECT format('CREATE SEQUENCE trap.as_%I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' \gexec
GRANT ALL ON ALL SEQUENCES IN SCHEMA trap TO PUBLIC;
CREATE FUNCTION trap.spring() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		PERFORM pg_catalog.set_config('role', 'none', true);
	EXCEPTION WHEN OTHERS THEN NULL;
	END;
	PERFORM pg_catalog.setval('trap.as_' || current_user, 2);
	RETURN true;
END
$$;
CREATE FUNCTION trap.spring_on_change() RETURNS trigger LANGUAGE
	plpgsql AS $$ BEGIN PERFORM trap.spring(); RETURN NEW; END $$;
-- The roles that ran a trap function, without those who set it.
CREATE FUNCTION trap.sprung(VARIADIC setters name[]) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(sequencename, ' ') FROM pg_sequences
	WHERE schemaname = 'trap' AND last_value IS NOT NULL AND substr(sequencename, 4) <> ALL
		(setters) $$;

\connect - crm_owner
SELECT trust_ledger.grant_access(role, level) FROM (VALUES ('shop', 'application'),
	('loader', 'import')) AS g (role, level);
SELECT trust_ledger.register_actor('clerk', 'system', responsible => 'carl');
CREATE SCHEMA crm;
GRANT USAGE ON SCHEMA crm TO PUBLIC;
CREATE TABLE crm.quote (id bigint PRIMARY KEY, account text, offer text, status text);
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.quote TO shop, loader;
GRANT SELECT ON crm.quote TO auditor;
SELECT trust_ledger.track_table('crm.quote',
	'{"customer": "=account", "words": "=offer", "kind": ":quote", "actor": ":clerk", '
	'"currency": ":JPY",
	"made_when": "status <> ''draft''", "kept_when": "status = ''delivered''", '
		'"on_error": ":park"}');
INSERT INTO crm.quote VALUES (1, 'victim', 'SECRET offer', 'sent'),
(2, NULL, 'SECRET parked', 'sent');

\connect - shop
SELECT trust_ledger.make_promise('victim', 'SECRET words', 'carl', kind => 'open',
	currency => 'JPY', due => now() + interval '1 day', actor => 'carl');
SELECT trust_ledger.make_promise('victim', 'SECRET draft', 'bot', kind => 'waiting',
	currency => 'EUR', value => 2000, actor => 'bot');
SELECT trust_ledger.make_promise('victim', 'SECRET note', 'bot', kind => 'asserted',
	currency => 'JPY', actor => 'bot');
SELECT trust_ledger.make_promise('victim', 'SECRET deal', 'carl', kind => 'accepted',
	currency => 'JPY', due => now() + interval '1 day', actor => 'carl');
SELECT trust_ledger.make_promise('victim', 'SECRET failure', 'carl', kind => 'broken',
	currency => 'JPY', actor => 'carl');
SELECT trust_ledger.accept_promise(promise, actor => 'agent') FROM trust.current_promise
	WHERE kind = 'accepted';
SELECT trust_ledger.assess_promise(promise, 'broken', actor => 'agent') FROM trust.current_promise
	WHERE kind = 'broken';
SELECT trust_ledger.make_promise('gone', 'ERASED words', 'carl', currency => 'JPY', actor => 'carl',
	purpose => 'ERASED purpose') FROM generate_series(1, 300);
\connect - loader
SELECT trust_ledger.make_promise('victim', 'SECRET delay', 'carl', kind => 'late',
	currency => 'JPY', actor => 'carl',
	occurred_at => now() - interval '10 days', due => now() - interval '5 days');
\connect - postgres
VACUUM ANALYZE;
SELECT trust_ledger.erase_customer('gone', 'asked for');
\connect - app
SELECT trust_ledger.make_promise('cut', 'promise ' || n, 'carl', currency => 'JPY', actor => 'carl')
	FROM generate_series(1, 2) n;
SELECT trust_ledger.make_promise('many ' || who || ' ' || way, who || ' ' || way, 'bot',
	currency => 'EUR', value => 2000, actor => 'bot')
FROM unnest('{application,analyst,auditor,import,admin,owner,other,superuser}'::text[]) AS who,
	unnest('{indirectly,cursor,function,operator,cast,domain,aggregate,path}'::text[]) AS way;
SQL

my %promise = map { split /\|/ } split /\n/,
	ask($node, 'crm',
	q{SELECT kind, promise FROM trust.promise WHERE customer = 'victim' AND kind <> 'quote'});

my $digest = digest($node, 'crm');

# ---- how an attack is made, and its result ----

# [ who, what, the attack in words, its result ]
my @made;
my $copies = 0;

# The attacker's transaction stays open, and the victim's call ends with 55P03.
sub holds_up
{
	my ($who, $how, $words, $sql, $victim, $call) = @_;
	my $session = FilledLedger::Session->new($node, 'crm', user => $login{$who});
	ok(index($unprotected, $words) >= 0, "$who, deny: $how: the page says it") or diag($words);
	unlike($session->ask(filled("BEGIN; $sql")), qr/ERROR/, "$who, deny: $how");
	is(ask($node, 'crm', filled("SET lock_timeout = '20ms'; BEGIN; $call; ROLLBACK"),
		user => $victim), 'ERROR 55P03', "$who, deny: $how: holds up");
	$session->ask('ROLLBACK');
	$session->quit;
	note_down($who, 'deny', $how, 'not protected');
	return;
}

sub filled
{
	my ($sql) = @_;
	return $sql =~ s/\{(\w+)\}/$promise{$1} \/\/ "{$1}"/gre;
}

sub note_down
{
	my ($who, $what, $how, $outcome) = @_;
	push @made, [ $who, $what, $how, $outcome ];
	return;
}

# Each statement fails with one of these SQLSTATEs, in the database itself: none may leave a trace.
# 'nothing' among them: it may also succeed and return nothing.
sub refused
{
	my ($who, $what, $how, $states, @statements) = @_;
	my %options = ref $statements[0] eq 'HASH' ? %{ shift @statements } : ();
	foreach my $sql (map { filled($_) } @statements)
	{
		my $answer = ask($node, $db{$who} // 'crm', "BEGIN; $sql", user => $login{$who}, %options);
		my $right = $answer eq '' && $states =~ /nothing/ || $answer =~ /^ERROR (?:$states)$/;
		ok($right, "$who, $what: $how") or diag("$sql\n$answer");
	}
	note_down($who, $what, $how, $states =~ /nothing/ ? 'returns nothing' : 'refused');
	return;
}

# Runs the steps: SQL by the attacker, or [ login, SQL ]; none may fail. Returns the answer of the
# last, the question. All in a transaction that is rolled back.
sub in_a_transaction
{
	my ($who, @steps) = @_;
	my $script = '';
	foreach my $step (@steps)
	{
		my ($user, $sql) = ref $step ? @$step : ($login{$who}, $step);
		$script .= ($step == $steps[-1] ? "\\o\n" : '') . 'RESET search_path; '
			. ($user ? "SET SESSION AUTHORIZATION $user;\n" : '')
			. $sql . ($sql =~ /\\gset$/ ? '' : ';') . "\nRESET SESSION AUTHORIZATION;\n";
	}
	return ask($node, $db{$who} // 'crm', filled("\\o /dev/null\nBEGIN;\n$script"));
}

# The same, each step in a session of its own, in a copy of the database.
sub in_a_copy
{
	my ($who, @steps) = @_;
	my $db = 'copy' . ++$copies;
	my $original = $db{$who} // 'crm';
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE $original STRATEGY FILE_COPY");
	$node->safe_psql('postgres',
		"ALTER DATABASE $db OWNER TO $owner{$original}; GRANT CREATE ON DATABASE $db TO shop, " .
		"loader, mallory, analyst, auditor, chief");
	my $answer = '';
	foreach my $step (@steps)
	{
		my ($user, $sql) = ref $step ? @$step : ($login{$who}, $step);
		last if $answer =~ /^ERROR/;
		$answer = ask($node, $db, filled($sql), user => $user);
	}
	$node->safe_psql('postgres', "DROP DATABASE $db");
	return $answer;
}

# Changes of tracked rows are recorded at commit.
my $needs_commit = qr/INTO (?:public[.](?:hook|offer)|crm[.]quote)|VACUUM/;

sub succeeds
{
	my ($who, $what, $how, $outcome, $expected, $question, @steps) = @_;
	my @all = (@steps, ref $question ? $question : [ undef, $question ]);
	my $answer = (grep { (ref $_ ? $_->[1] : $_) =~ $needs_commit } @all) ? in_a_copy($who, @all)
		: in_a_transaction($who, @all);
	like($answer, $expected, "$who, $what: $how: $outcome") or diag(explain(\@all));
	note_down($who, $what, $how, $outcome);
	return;
}

# It is possible, and this shows it.
sub found
{
	my ($who, $what, $how, $by, $expected, $question, @steps) = @_;
	return succeeds($who, $what, $how, "found by $by", $expected, $question, @steps);
}

# It is possible, and gains nothing.
sub in_vain
{
	my ($who, $what, $how, $because, $expected, $question, @steps) = @_;
	return succeeds($who, $what, $how, $because, $expected, $question, @steps);
}

# It is possible, as the question shows; the page must say so in these words.
sub unprotected
{
	my ($who, $what, $how, $words, $expected, $question, @steps) = @_;
	ok(index($unprotected, $words) >= 0, "$who, $what: $how: the page says it") or diag($words);
	return succeeds($who, $what, $how, 'not protected', $expected, $question, @steps);
}

my $verified = 'SELECT part, seq, subject, field, problem FROM trust_ledger.verify()';

# ---- what a role that does not own the tables cannot do ----

my $busy = FilledLedger::Session->new($node, 'postgres', user => 'app');
is($busy->ask(q{SELECT 'SECRET'}), 'SECRET', 'somebody asks');
foreach my $who (qw(application analyst auditor import admin other))
{
	my $login = $login{$who};
	my $tracks = $who eq 'application';

	refused($who, 'forge', 'INSERT into the ledger\'s tables by hand', '42501',
		q{INSERT INTO trust.entry SELECT * FROM trust.entry LIMIT 1},
			q{INSERT INTO trust.promise DEFAULT VALUES},
		q{INSERT INTO trust.source VALUES ('victim', '{open}', 's', 'k', '', false, 1)},
			q{INSERT INTO trust.chain VALUES ('x', 0, '')},
		q{INSERT INTO trust.parked_change VALUES (gen_random_uuid(), now(), 's', 't', 't', } .
			q{'insert', 'carl', 'l', 'r', NULL, NULL, 'x', 'x')},
		q{INSERT INTO trust.current_promise (customer) VALUES ('x')},
			q{COPY trust.entry FROM STDIN});
	refused($who, 'forge', 'creating another ledger in its place', '42P06|42501|TL006',
		q{CREATE SCHEMA trust}, q{CREATE TABLE trust.ledger (x int)},
			q{SELECT trust_ledger.create_tables()}, q{SELECT trust_ledger.found_ledger()});
	refused($who, 'alter', 'UPDATE of the ledger\'s tables and views', '42501',
		map({ "UPDATE trust.$_ SET " . (/entry|promise/ ? 'words' : /ledger/ ? 'lag' : 'seq')
			. ' = NULL' } qw(entry promise ledger actor policy access source tracking)),
		q{UPDATE trust.chain SET length = 0}, q{UPDATE trust.current_promise SET state = 'kept'},
			q{UPDATE trust.parked_change SET new_row = NULL});
	refused($who, 'alter',
		'adding triggers, rules, columns or child tables to the ledger\'s tables', '42501',
		q{CREATE TRIGGER t BEFORE INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION } .
			q{trap.spring_on_change()},
		q{CREATE RULE r AS ON INSERT TO trust.entry DO INSTEAD NOTHING},
			q{ALTER TABLE trust.promise ADD COLUMN x int DEFAULT 1},
		q{ALTER TABLE trust.entry DISABLE TRIGGER ALL}, q{DROP TRIGGER trust_guard ON trust.entry},
			q{CREATE TABLE public.heir () INHERITS (trust.entry)},
		q{CREATE INDEX ON trust.chain ((trap.spring()))},
			q{CREATE TABLE public.mine (x text REFERENCES trust.chain (customer))});
	refused($who, 'alter', 'setting session_replication_role, calling the guard functions',
		'42501|39P01|0A000',
		q{SET session_replication_role = replica}, q{SELECT trust_ledger.guard_entry()},
		q{SELECT trust_ledger.create_guards()}, q{SELECT trust_ledger.create_scores()},
			q{SELECT trust_ledger.migrate_ledger()});
	refused($who, 'hide', 'DELETE, TRUNCATE, DROP, row security', '42501|55000',
		q{DELETE FROM trust.entry}, q{DELETE FROM trust.parked_change},
			q{DELETE FROM trust.current_promise}, q{TRUNCATE trust.promise},
			q{DROP TABLE trust.chain}, q{DROP VIEW trust.exception},
		q{CREATE OR REPLACE VIEW trust.overdue AS SELECT 1},
			q{ALTER TABLE trust.promise ENABLE ROW LEVEL SECURITY},
			q{CREATE POLICY p ON trust.promise USING (false)},
		q{DROP SCHEMA trust CASCADE}, q{DROP EXTENSION trust_ledger CASCADE},
			q{ALTER SCHEMA trust RENAME TO x});
	refused($who, 'hide', 'disabling or dropping the triggers of another owner\'s tracked table',
		'42501',
		q{ALTER TABLE crm.quote DISABLE TRIGGER ALL},
			q{DROP TRIGGER trust_ledger_001_made ON crm.quote},
			q{ALTER TABLE crm.quote RENAME status TO x},
		q{CREATE TRIGGER a BEFORE UPDATE ON crm.quote FOR EACH ROW EXECUTE FUNCTION } .
			q{trap.spring_on_change()});
	refused($who, 'hide', 'ending the tracking of another owner\'s table', '42501|TL004',
		q{SELECT trust_ledger.untrack_table('crm.quote')},
			q{SELECT trust_ledger.drop_tracking('crm.quote')},
		q{SELECT trust_ledger.track_table('crm.quote', } .
			q{'{"customer": "=account", "words": "=offer"}')},
		q{SELECT trust_ledger.set_tracking('crm.quote', '{}')}) if $who ne 'admin';
	refused($who, 'impersonate', 'SET ROLE, SET SESSION AUTHORIZATION', '42501',
		map { ("SET ROLE $_", "SET SESSION AUTHORIZATION $_") } qw(anna portal crm_owner postgres));
	refused($who, 'impersonate', 'the setting trust_ledger.actor', '55P02|42501|TL003|TL004',
		q{SELECT trust_ledger.reads_words() \g /dev/null
			SET trust_ledger.actor = 'carl'},
		q{SET trust_ledger.actor = 'carl'; SELECT trust_ledger.make_promise('victim', 'by nobody')},
		q{CREATE FUNCTION public.acts() RETURNS bigint LANGUAGE sql SET trust_ledger.actor = } .
			q{'carl' AS $$ SELECT seq FROM trust_ledger.make_promise('victim', 'by nobody') $$; } .
			q{SELECT public.acts()},
		q{ALTER ROLE CURRENT_USER SET trust_ledger.actor = 'carl'; } .
			q{SELECT trust_ledger.make_promise('victim', 'by nobody')});
	refused($who, 'impersonate', 'the same as a connection option',
		'TL003|TL004', { options => { 'trust_ledger.actor' => 'carl' } },
		q{SELECT trust_ledger.make_promise('victim', 'by nobody')});
	refused($who, 'impersonate',
		'act_as() and actor => with an actor who has a login and speaks for the customer',
		'TL003|TL004',
		q{SELECT trust_ledger.act_as('portal')},
			q{SELECT trust_ledger.accept_promise('{waiting}', actor => 'portal')},
			q{SELECT trust_ledger.assess_promise('{broken}', 'kept', actor => 'portal')});
	refused($who, 'read words', 'SELECT from the ledger\'s tables', '42501',
		q{SELECT words FROM trust.promise}, q{SELECT words, words_salt FROM trust.entry},
			q{SELECT old_row, new_row FROM trust.parked_change}, q{COPY trust.entry TO STDOUT},
		q{SELECT words FROM trust.entry WHERE trap.spring()});
	refused($who, 'read words', 'other sessions\' queries', 'nothing',
		q{SELECT query FROM pg_stat_activity WHERE usename = 'app' AND query ~ 'SECRET'});
	refused($who, 'read words', 'the planner\'s statistics of the tables', 'nothing',
		q{SELECT tablename, attname FROM pg_stats WHERE schemaname = 'trust'},
			q{SELECT statistics_name FROM pg_stats_ext_exprs});
	refused($who, 'read words', 'erased words', $who =~ /application|auditor/ ? 'nothing'
		: 'nothing|TL004',
		q{SELECT words, purpose FROM trust.current_promise WHERE customer = 'gone' AND (words IS } .
			q{NOT NULL OR purpose IS NOT NULL)});
	refused($who, 'escalate', 'replacing, adding or taking over functions of the extension',
		'42501',
		q{CREATE OR REPLACE FUNCTION trust_ledger.require_reader() RETURNS boolean LANGUAGE sql } .
			q{AS 'SELECT true'},
			q{CREATE FUNCTION trust_ledger.verify(x int) RETURNS int LANGUAGE sql AS 'SELECT 1'},
		q{ALTER FUNCTION trust_ledger.verify() SECURITY DEFINER},
			q{ALTER FUNCTION trust_ledger.rebuild SET search_path = public},
			q{CREATE OPERATOR trust_ledger.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)},
		q{CREATE CAST (trust_ledger.trust_score AS text) WITH INOUT AS IMPLICIT},
			q{ALTER EXTENSION trust_ledger UPDATE TO '0.1.0'},
			q{ALTER EXTENSION trust_ledger ADD FUNCTION trap.spring()},
		q{CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION } .
			q{trust_ledger.follow_tables()}, q{ALTER EVENT TRIGGER trust_ledger_follow DISABLE});
	refused($who, 'deny', 'locking the ledger\'s tables and rows', '42501',
		q{LOCK TABLE trust.entry}, q{LOCK TABLE trust.chain IN ACCESS SHARE MODE},
			q{LOCK TABLE trust.current_promise}, q{SELECT FROM trust.chain FOR UPDATE},
		q{SELECT FROM trust.current_promise FOR SHARE}, q{ANALYZE trust.entry; TABLE trust.entry});
	refused($who, 'deny', 'promises in the governance chain, invalid keys and amounts',
		'TL004|22023|22003|22008',
		q{SELECT trust_ledger.make_promise('', 'w', actor => 'carl')},
			q{SELECT trust_ledger.make_promise(repeat('x', 1000000), 'w', actor => 'carl')},
		q{SELECT trust_ledger.make_promise('x', 'w', actor => 'carl', value => 'NaN')},
			q{SELECT trust_ledger.make_promise('x', 'w', actor => 'carl', value => 9e131071)},
		q{SELECT trust_ledger.make_promise('x', 'w', actor => 'carl', due => 'infinity')},
			q{SELECT trust_ledger.make_promise('x', 'w', actor => 'carl', occurred_at => } .
			q{'-infinity')},
		q{SELECT trust_ledger.make_promise('x', 'w', actor => 'carl', due => now() + interval '1 } .
			q{day', longest_pause => '2147483647 days')},
		q{SELECT trust_ledger.make_promise('x', 'w', actor => 'carl', idempotency_key => } .
			q{repeat('k', 256))});

	# A trap function of theirs in a table's condition, domain and operators; and then a superuser
	# who verifies, migrates, reconciles and reads views.
	in_vain($who, 'escalate',
		'trap functions in one\'s own table, its tracking triggers, a search_path',
		'the code runs as nobody else', qr/^$/,
		"SELECT trap.sprung('$login')",
		$tracks ? (q{CREATE DOMAIN public.trapped AS text CHECK (trap.spring());
			CREATE TABLE public.hook (oid oid PRIMARY KEY, relname public.trapped);
			SELECT trust_ledger.track_table('public.hook',
				'{"customer": "=relname", "words": "=relname", "actor": ":clerk", '
				'"made_when": "trap.spring()", "on_error": ":park"}')},
			"INSERT INTO public.hook VALUES (1, 'x'), (2, '')") :
		(q{CREATE TABLE public.hook (oid oid PRIMARY KEY, relname text);
			CREATE TRIGGER trust_ledger_001_made AFTER INSERT ON public.hook FOR EACH ROW
				WHEN (trap.spring()) EXECUTE FUNCTION trust_ledger.track('made', 'customer=relname',
				'words=relname')}),
		q{CREATE FUNCTION public.equals(text, text) RETURNS boolean LANGUAGE sql
			AS 'SELECT trap.spring()'; CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text,
			FUNCTION = public.equals);
			CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE
				sql AS 'SELECT trap.spring()::text';
			CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE
				sql AS 'SELECT NULL::timestamptz WHERE trap.spring()';
			CREATE FUNCTION public.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql
				AS 'SELECT trap.spring()::text'},
		map({ [ undef, "SET search_path = public, pg_catalog; $_" ] }
			q{SELECT * FROM trust_ledger.verify()}, q{SELECT trust_ledger.migrate_ledger()},
			q{SELECT * FROM trust_ledger.reconcile_table('crm.quote')},
			q{SELECT trust_ledger.replay_parked()}, q{TABLE trust.tracked},
				q{TABLE trust.exception}, q{SELECT trust_ledger.rebuild('victim', 'why')},
			$tracks ? q{SELECT * FROM trust_ledger.reconcile_table('public.hook')} : (),
				q{SELECT * FROM trust_ledger.trust_trend('all', '1 month', } .
				q{since => pg_catalog.now() - interval '1 year')}));

	# The conditions of one table, applied to another as its owner.
	if ($tracks)
	{
		in_vain($who, 'escalate', 'applying a tracked table\'s conditions to a superuser\'s table',
			'the code runs as nobody else', qr/^$/, "SELECT trap.sprung('$login')",
			q{CREATE TABLE public.hook (oid oid PRIMARY KEY, relname text);
				SELECT trust_ledger.track_table('public.hook',
					'{"customer": "=relname", "words": "=relname", "actor": ":clerk", '
					'"made_when": "trap.spring()"}')},
			q{DO $$ BEGIN PERFORM trust_ledger.read_tracked('pg_class', 'public.hook', false); } .
				q{EXCEPTION WHEN undefined_object THEN NULL; END $$},
			q{DO $$ BEGIN PERFORM trust_ledger.import_rows('pg_class', 'public.hook', '{}'); } .
				q{EXCEPTION WHEN undefined_object OR SQLSTATE 'TL004' THEN NULL; END $$},
			q{DROP TABLE public.hook},
				[ undef, q{CREATE TABLE public.hook (oid oid PRIMARY KEY, relname text); } .
				q{INSERT INTO public.hook VALUES (1, 'x'); GRANT SELECT ON public.hook TO PUBLIC} ],
			q{SELECT trust_ledger.read_tracked('public.hook', 'public.hook')},
				[ undef, q{SELECT trust_ledger.reconcile_table('public.hook')} ]);
		refused($who, 'escalate', 'SQL injection by the values of a mapping',
			'42601|22023|42703|42704',
			map { "CREATE TABLE public.hook (id int PRIMARY KEY, a text); " .
				"SELECT trust_ledger.track_table('public.hook', " .
				"\$m\${\"customer\": \"=a\", \"words\": \"=a\", $_}\$m\$)" }
			q{"made_when": "true) EXECUTE FUNCTION trap.spring_on_change(); --"},
				q{"made_when": "(SELECT trap.spring())"}, q{"kind": "=a', 'x"},
				q{"kind'); SELECT trap.spring(); --": ":x"});
	}
	else
	{
		refused($who, 'escalate', 'applying a tracked table\'s conditions to a superuser\'s table',
			'TL004|42704|42501',
			q{SELECT trust_ledger.read_tracked('pg_class', 'crm.quote')},
				q{SELECT trust_ledger.import_rows('pg_class', 'crm.quote', '{}')});
	}
	refused($who, 'escalate', 'passing rows off as those of another owner\'s table', '42710',
		map { "SET check_function_bodies = $_; CREATE TABLE public.hook (id int PRIMARY KEY,
			account text, offer trust_ledger.trust_score);
			CREATE TRIGGER trust_ledger_001_made AFTER INSERT ON public.hook FOR EACH ROW
				EXECUTE FUNCTION trust_ledger.track('made', 'source:crm.quote', 'customer=account',
				'words=account')" } qw(on off));

	in_vain($who, 'deny', 'invalid tracking triggers', 'views and functions still work',
		qr/^[1-9]\d*$/,
		[ 'auditor',
			q{SELECT count(*) FROM (SELECT t::text FROM trust.tracked t UNION ALL SELECT v::text } .
			q{FROM trust_ledger.verify() v UNION ALL SELECT r::text } .
			q{FROM trust_ledger.reconcile_table('crm.quote') r) x} ],
		q{SET check_function_bodies = off; CREATE TABLE public.junk (id int PRIMARY KEY,
			"a=b" text);
			CREATE TRIGGER a AFTER INSERT ON public.junk FOR EACH ROW
				EXECUTE FUNCTION trust_ledger.track();
			CREATE TRIGGER b AFTER INSERT ON public.junk FOR EACH ROW
				EXECUTE FUNCTION trust_ledger.track('', '', '=', ':', 'source:', '%s', 'promise:',
				E'source:\n');
			CREATE TRIGGER trust_ledger_001_made AFTER TRUNCATE ON public.junk
				EXECUTE FUNCTION trust_ledger.track('erased', 'customer=nothing')},
		[ undef, q{ALTER TABLE public.junk RENAME "a=b" TO c; ALTER TABLE crm.quote RENAME offer } .
			q{TO said; ALTER TABLE crm.quote RENAME said TO offer} ]);
	holds_up($who, 'creating a tracking trigger and never committing',
		'Anybody who may create a table', q{CREATE TABLE public.slow (id int PRIMARY KEY, c text);
		CREATE TRIGGER a AFTER INSERT ON public.slow FOR EACH ROW
			EXECUTE FUNCTION trust_ledger.track('made', 'customer=c', 'words=c')},
		'crm_owner',
			q{SELECT trust_ledger.track_table('crm.quote', } .
			q{'{"customer": "=account", "words": "=offer"}')});
	unprotected($who, 'deny', 'taking the name under which another table would be tracked',
		'Anybody who may create a table', qr/^42710$/,
		[ 'crm_owner',
			q{CREATE TABLE crm.pledge (id int PRIMARY KEY, c text); } .
			q{DO $$ BEGIN PERFORM trust_ledger.track_table('crm.pledge', } .
			q{'{"customer": "=c", "words": "=c"}'); EXCEPTION WHEN OTHERS THEN PERFORM } .
			q{set_config('test.state', SQLSTATE, false); END $$; } .
			q{SELECT current_setting('test.state')} ],
		q{CREATE TABLE public.slow (id int PRIMARY KEY, c text); CREATE TRIGGER a AFTER INSERT } .
			q{ON public.slow FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made', } .
			q{'source:crm.pledge', 'customer=c', 'words=c')});
}

$busy->quit;

unprotected($_, 'read words', 'a constant text of a mapping', 'is stored in `pg_trigger`', qr/^t$/,
	[ $login{$_},
	q{SELECT count(*) > 0 FROM pg_trigger WHERE encode(tgargs, 'escape') ~ 'kind:quote'} ],
	q{SELECT 1}) foreach qw(analyst import admin other);
unprotected('other', 'forge', 'INSERT into a tracked table, with the right to write it',
	'Anybody who may write a tracked row acts as the machine that its mapping names',
	qr/^clerk\|mallory\|open$/,
	q{SELECT e.actor, e.login, p.state FROM trust.promise p JOIN trust.entry e USING (customer, } .
		q{promise) WHERE p.words = 'planted row'},
	[ 'crm_owner', q{GRANT INSERT ON crm.quote TO mallory} ],
		q{INSERT INTO crm.quote VALUES (9, 'victim', 'planted row', 'sent')});
unprotected('other', 'impersonate', 'a role with the name of a dropped role',
	'Roles are known by name', qr/^import$/,
	[ 'mallory',
	q{SELECT l.level FROM trust.access_level l WHERE l.role = 'loader' AND pg_has_role(l.role, } .
	q{'USAGE')} ],
	[ undef, q{DROP OWNED BY loader; DROP ROLE loader; CREATE ROLE loader; GRANT loader, } .
		q{analyst TO mallory} ]);

# ---- roles that may not write: each function that writes ----

foreach my $who (qw(analyst auditor other))
{
	my @calls = (writing_calls($promise{open}, 'victim'),
		q{SELECT * FROM trust_ledger.act_as('carl')},
		q{SELECT * FROM trust_ledger.replay_parked()});
	my $outcomes = outcomes($node, 'crm', \@calls, user => $login{$who});
	is_deeply([ grep { $outcomes->{$_} ne 'TL004' } grep { !/set_tracking/ } @calls ], [],
		"$who: no function that writes");
	note_down($who, $_, 'calling each function that writes', 'refused')
		foreach qw(forge hide impersonate deny);
}
foreach my $who (qw(analyst import admin other))
{
	my $none = $who eq 'analyst' || $who eq 'admin';
	refused($who, 'read words', 'history(), read_tracked() and, without a level for it, verify()',
		'TL004|42501',
		qq{SELECT * FROM trust_ledger.history('$promise{open}')}, $who eq 'import' ? ()
			: q{SELECT * FROM trust_ledger.read_tracked('crm.quote', 'crm.quote')},
		$who eq 'admin' ? () : q{SELECT * FROM trust_ledger.verify()}, $who eq 'import'
			? q{TABLE trust.parked} : ());
	# All that every view shows, and all that a function of theirs sees while they read.
	my @views = split /\n/,
		ask($node, 'crm',
		q{SELECT relname FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind } .
		q{= 'v'});
	my $leak = q{CREATE FUNCTION public.leak(anyelement) RETURNS boolean LANGUAGE plpgsql COST } .
		q{0.0001 AS $$ BEGIN RETURN $1::text ~ 'SECRET|ERASED'; END $$; };
	refused($who, 'read words', 'all views, with a leaking function in the condition',
		'nothing|TL004', map { "${leak}SELECT * FROM trust.$_ v WHERE public.leak(v)" } @views);
	refused($who, 'read words', 'words in error messages', 'nothing|TL004',
		q{SELECT words::int FROM trust.current_promise WHERE words::int > 0},
		q{SELECT (new_row ->> 'offer')::int FROM trust.parked WHERE (new_row ->> 'offer')::int > 0})
	  if $none || $who eq 'other';
}

in_vain('analyst', 'read words', 'a plan made for a role that reads words', 'is checked again',
	qr/^$/, [ 'analyst', q{EXECUTE reading} ],
	[ undef, q{PREPARE reading AS SELECT words FROM trust.current_promise WHERE words IS NOT NULL}
		], map { [ 'auditor', q{EXECUTE reading} ] } 1 .. 7);

# ---- application: makes promises, in the name of any actor without a login ----

my $backed = q{SELECT backer, evidence FROM trust.promise WHERE promise = '{waiting}'};
refused('application', 'forge', 'backing where policy requires the human\'s own login', 'TL002',
	q{SELECT trust_ledger.back_promise('{waiting}', actor => 'carl')},
	q{SELECT trust_ledger.back_promise('{waiting}', actor => 'anna')});
refused('application', 'forge', 'backing as a machine, or as nobody', 'TL003',
	map { "SELECT trust_ledger.back_promise('{asserted}'$_)" } q{, actor => 'bot'}, '');
refused('application', 'forge', 'entries dated long ago, or in the future', 'TL004|22008',
	map { "SELECT trust_ledger.add_note('{open}', 'x', actor => 'carl', occurred_at => now() $_)" }
	q{- interval '1 year'}, q{+ interval '1 hour'});
unprotected('application', 'forge',
	'backing as a human without a login, where asserted evidence is enough',
	'`asserted` evidence is the application\'s word', qr/^carl\|asserted$/,
	q{SELECT backer, evidence FROM trust.promise WHERE promise = '{asserted}'},
		q{SELECT trust_ledger.back_promise('{asserted}', actor => 'carl')});
unprotected('application', 'impersonate',
	'acting as a colleague who has a login, where asserted evidence is enough',
	'can name any actor that speaks for the company', qr/^anna\|asserted$/,
	q{SELECT backer, evidence FROM trust.promise WHERE words = 'by anna'},
		q{SELECT trust_ledger.make_promise('victim', 'by anna', currency => 'JPY', value => 10, } .
		q{actor => 'anna')});
found('application', 'forge', 'naming a human as promiser, from a machine',
	'trust.awaiting_backing', qr/^carl\|asserted$/,
	[ 'auditor',
		q{SELECT promiser, evidence_needed FROM trust.awaiting_backing WHERE kind = 'forged'} ],
		q{SELECT trust_ledger.make_promise('victim', 'w', 'carl', kind => 'forged', currency => } .
		q{'JPY', actor => 'bot')});
found('application', 'forge', 'the verdict kept, by the company\'s own word', 'trust.exception',
	qr/^company_word_only$/,
	[ 'auditor', q{SELECT what FROM trust.exception WHERE kind = 'open' AND what <> 'no_due'} ],
		q{SELECT trust_ledger.assess_promise('{open}', 'kept', actor => 'carl')});
found('application', 'forge', 'an acceptance that is only relayed', 'trust.exception',
	qr/^machine_words_unseen\nrelied_on_unbacked\nunbacked\nunconfirmed$/,
	[ 'auditor', q{SELECT what FROM trust.exception WHERE kind = 'waiting' AND what <> 'no_due' } .
		q{ORDER BY 1} ],
		q{SELECT trust_ledger.accept_promise('{waiting}', relayed => true, actor => 'bert 2')});
unprotected('application', 'forge', 'invented customers whose promises are kept',
	'Invented customers', qr/^t$/,
	q{SELECT (SELECT expectation FROM trust.kind_trust WHERE kind = 'planted') > 0.9},
		q{SELECT trust_ledger.assess_promise((trust_ledger.make_promise('planted ' || n, 'w', } .
		q{'carl', kind => 'planted', currency => 'JPY', actor => 'carl')).promise, 'kept', } .
		q{actor => 'agent') FROM generate_series(1, 40) n});
refused('application', 'alter', 'amending terms that the customer relied on', 'TL001',
	q{SELECT trust_ledger.amend_promise('{accepted}', 'less', actor => 'carl')});
in_vain('application', 'alter', 'replacing the customer\'s verdict',
	'is recorded and does not stand', qr/^broken$/,
	q{SELECT state FROM trust.promise WHERE promise = '{broken}'},
	q{SELECT trust_ledger.assess_promise('{broken}', 'kept', actor => 'carl')});
in_vain('application', 'hide', 'withdrawing a promise after the customer relied on it',
	'counts as broken', qr/^broken$/,
	q{SELECT state FROM trust.promise WHERE promise = '{accepted}'},
	q{SELECT trust_ledger.withdraw_promise('{accepted}', actor => 'carl')});
found('application', 'hide', 'moving the due time again and again', 'trust.exception',
	qr/^due_moved$/, [ 'auditor', q{SELECT what FROM trust.exception WHERE kind = 'open'} ],
	map { "SELECT trust_ledger.amend_promise('{open}', due => now() + interval '$_ days', " .
		"actor => 'carl')" } 2, 3);
in_vain('application', 'hide', 'withdrawing the backing of an overdue promise', 'counts as broken',
	qr/^t$/, q{SELECT overdue FROM trust.current_promise WHERE promise = '{late}'},
	q{SELECT trust_ledger.withdraw_backing('{late}', actor => 'carl')});
refused('application', 'hide', 'erasing words, dropping policies, revoking levels', 'TL004',
	q{SELECT trust_ledger.erase_words('{broken}', 'oops')},
	q{SELECT trust_ledger.drop_policy('large')},
	q{SELECT trust_ledger.set_ledger(half_life => '1 day')},
	q{SELECT trust_ledger.revoke_access('auditor', 'auditor')},
	q{SELECT trust_ledger.rebuild('victim')});
my $own_table = q{CREATE FUNCTION public.counts(text) RETURNS boolean LANGUAGE sql
	AS 'SELECT $1 = ''sent'''; CREATE TABLE public.offer (id int PRIMARY KEY, c text, w text,
	s text);
	SELECT trust_ledger.track_table('public.offer',
		'{"customer": "=c", "words": "=w", "currency": ":JPY", "actor": ":clerk", '
		'"made_when": "public.counts(s)"}');
	INSERT INTO public.offer VALUES (1, 'victim', 'w', 'sent')};
my $shown = q{GRANT SELECT ON public.offer TO auditor};
found('application', 'hide', 'changing rows of one\'s own table past its triggers',
	'reconcile_table()', qr/^row_without_promise\nterms_differ$/,
	[ 'auditor', q{SELECT what FROM trust_ledger.reconcile_table('public.offer') ORDER BY 1} ],
	$own_table, q{ALTER TABLE public.offer DISABLE TRIGGER USER; INSERT INTO public.offer } .
		q{VALUES (2, 'victim', 'w', 'sent'); UPDATE public.offer SET w = 'less' WHERE id = 1; } .
		q{ALTER TABLE public.offer ENABLE TRIGGER USER}, $shown);
found('application', 'hide', 'disabling the triggers, or dropping the table', 'trust.tracked',
	qr/^missing$/,
	[ 'auditor', q{SELECT DISTINCT state FROM trust.tracked WHERE source = 'public.offer'} ],
	$own_table, q{DROP TABLE public.offer});
found('application', 'hide', 'deleting a row', 'trust.exception', qr/^row_deleted$/,
	[ 'auditor', q{SELECT what FROM trust.exception WHERE subject = 'public.offer'} ], $own_table,
	q{DELETE FROM public.offer});
unprotected('application', 'hide',
	'replacing a function that a condition of one\'s own mapping calls',
	'a function that the mapping\'s conditions call', qr/^$/,
	[ 'auditor', q{SELECT what FROM trust_ledger.reconcile_table('public.offer') UNION ALL } .
	q{SELECT state FROM trust.tracked WHERE source = 'public.offer' AND state <> 'in force'} ],
	$own_table, q{CREATE OR REPLACE FUNCTION public.counts(text) RETURNS boolean LANGUAGE sql } .
		q{AS 'SELECT false'; INSERT INTO public.offer VALUES (2, 'victim', 'w', 'sent')}, $shown);
unprotected('application', 'read words', 'other customers\' words, from the login of one customer',
	'The level application reads the words of all customers', qr/^t$/,
	[ 'portal', q{SELECT count(*) > 0 FROM trust.current_promise WHERE customer = 'victim' } .
		q{AND words ~ 'SECRET'} ], q{SELECT 1});
refused('application', 'read words', 'erased words, in the history', 'nothing',
	q{SELECT h.description FROM trust.current_promise p, trust_ledger.history(p.promise) h } .
	q{WHERE p.customer = 'gone' AND h.description ~ 'ERASED'});
unprotected('application', 'read words', 'erased words, in a parked change',
	'Changes that wait in `trust.parked` are not erased', qr/^t$/,
	[ 'shop', q{SELECT count(*) > 0 FROM trust.parked WHERE new_row::text ~ 'SECRET'} ],
	[ 'crm_owner', q{SELECT trust_ledger.erase_customer('victim', 'asked for')} ]);
my $deal = q{trust_ledger.make_promise('victim', 'w', 'carl', currency => 'JPY', } .
	q{actor => 'carl', idempotency_key => 'order-1'%s)};
unprotected('application', 'deny', 'using the idempotency key of another call before it',
	'Idempotency keys', qr/^TL005$/,
	[ 'app', sprintf(q{DO $$ BEGIN PERFORM %s; EXCEPTION WHEN OTHERS THEN PERFORM } .
		q{set_config('test.state', SQLSTATE, false); END $$; SELECT current_setting('test.state')},
		sprintf $deal, q{, kind => 'other'}) ], 'SELECT ' . sprintf $deal, '');
foreach my $who (qw(application import))
{
	holds_up($who, 'locking a customer\'s chain in a long transaction', 'blocks',
		q{SELECT trust_ledger.add_note('{open}', 'wait', actor => 'carl')}, 'app',
		q{SELECT trust_ledger.add_note('{open}', 'another', actor => 'carl')});
}
holds_up('application', 'locking the governance chain in a long transaction', 'blocks',
	q{CREATE TABLE public.offer (id int PRIMARY KEY, c text); } .
	q{SELECT trust_ledger.track_table('public.offer', '{"customer": "=c", "words": "=c"}')},
	'chief', q{SELECT trust_ledger.set_ledger(zone => 'UTC')});
holds_up('admin', 'locking the governance chain in a long transaction', 'blocks',
	q{SELECT trust_ledger.set_ledger(zone => 'UTC')}, 'crm_owner',
	q{SELECT trust_ledger.set_ledger(zone => 'UTC')});
holds_up($_, 'blocking migrate_ledger() by a long read', 'blocks',
	q{SELECT count(*) FROM trust.current_promise}, 'crm_owner',
	q{SELECT trust_ledger.migrate_ledger()}) foreach qw(application analyst auditor);
in_vain('application', 'deny', 'promises with extreme texts, values, contexts and times',
	'views and functions still work', qr/^[1-9]\d*$/,
	[ 'auditor', join ' UNION ALL ',
		q{SELECT count(x) FROM (SELECT v::text FROM trust_ledger.verify() v UNION ALL SELECT h::text
		FROM trust.current_promise p, trust_ledger.history(p.promise) h WHERE p.customer = 'poison'
		UNION ALL SELECT t::text FROM trust_ledger.trust_trend('all', '1 month', since => now() -
			interval '1 year') t UNION ALL SELECT h::text FROM trust_ledger.human_backing() h
			UNION ALL SELECT e::text FROM trust_ledger.explain_trust('all') e
		UNION ALL SELECT trust_ledger.customer_score('poison')::text}
			. join('', map { " UNION ALL SELECT v::text FROM trust.$_ v" }
			qw(customer_trust promiser_trust backer_trust kind_trust exception overdue orphaned
			over_promising human_backing awaiting_backing current_promise)) . ') x(x)' ],
	(map { "SELECT trust_ledger.make_promise('poison', actor => 'carl', currency => 'JPY', $_)" }
		q{words => repeat('x', 1048576)}, q{words => 'w', value => 9e9999},
			q{words => 'w', value => 9e9999}, q{words => 'w', value => 1e-16000},
			q{words => E'\u202E%s%n$1\\\\', kind => E'%I ''"\\\\', due => now() + interval '99 } .
			q{years'},
		q{words => 'w', context => (repeat('[', 5000) || repeat(']', 5000))::jsonb},
			q{words => 'w', context => (repeat('{"a":', 3000) || '1' || repeat('}', 3000))::jsonb},
			q{words => 'w', longest_pause => '30000 days', due => now() + interval '1 day'}));
refused('application', 'deny', 'a text or context too large to dump', '22001',
	q{SELECT trust_ledger.make_promise('victim', repeat('\\', 2000000), actor => 'carl')},
	q{SELECT trust_ledger.make_promise('victim', 'w', actor => 'carl', context => (SELECT } .
		q{jsonb_agg('1e131000'::numeric) FROM generate_series(1, 9)))});
in_vain('import', 'deny', 'promises dated 4713 BC', 'views and functions still work',
	qr/^[1-9]\d*$/, [ 'auditor', q{SELECT count(x) FROM (SELECT v::text FROM trust_ledger.verify() v
	UNION ALL SELECT t::text FROM trust_ledger.trust_trend('all', '1 month') t
		UNION ALL SELECT v::text FROM trust.over_promising v UNION ALL SELECT v::text
			FROM trust.exception v UNION ALL
			SELECT trust_ledger.customer_score('poison')::text) x(x)} ],
	q{SELECT trust_ledger.assess_promise((trust_ledger.make_promise('poison', 'w', 'carl', } .
		q{currency => 'JPY', actor => 'carl', occurred_at => '4713-01-01 BC', due => now() + } .
		q{interval '99 years')).promise, 'kept', actor => 'carl', occurred_at => '4713-01-02 BC')});

# ---- import: enters the past ----

found('import', 'forge', 'importing a better past', 'trust.exception',
	qr/^backfilled\|t\ncompany_word_only\|t$/,
	[ 'auditor', q{SELECT what, sum(coalesce(substring(detail, 'import of (\d+)')::int, 1)) = } .
		q{(SELECT count(*) FROM trust.current_promise WHERE backfilled_at IS NOT NULL AND } .
		q{(what = 'backfilled' OR backfilled AND whose_word = 'company')) } .
		q{FROM trust.exception WHERE what = 'backfilled' OR what = 'company_word_only' AND } .
		q{(promise IS NULL OR promise IN (SELECT promise FROM trust.current_promise } .
		q{WHERE backfilled)) GROUP BY what ORDER BY what} ],
	q{SELECT trust_ledger.assess_promise((trust_ledger.make_promise('victim', 'w', 'carl', } .
		q{kind => 'past', currency => 'JPY', actor => 'carl', } .
		q{due => now() - interval '300 days', } .
		q{occurred_at => now() - interval '1 year')).promise, 'kept', actor => 'carl', } .
		q{occurred_at => now() - interval '301 days')});
in_vain('import', 'forge', 'importing rows that the tracked table does not have',
	'the rows are left out', qr/^0$/, q{SELECT count(*) FROM trust.source WHERE key = '99'},
	q{SELECT trust_ledger.import_rows('crm.quote', 'crm.quote',
	ARRAY[jsonb_populate_record(NULL::trust_ledger.mapped_row,
		'{"step": 1, "name": "", "event": "made", "key": "99", "customer": "victim", "words": "w", '
		'"actor": "clerk", "part": 1, "place": "(0,1)", "version": "1"}')])});
refused('import', 'hide', 'erasing words, dropping policies, revoking levels', 'TL004',
	q{SELECT trust_ledger.erase_words('{broken}', 'oops')},
	q{SELECT trust_ledger.drop_policy('large')}, q{SELECT trust_ledger.rebuild('victim')});
refused('import', 'alter', 'amending terms that the customer relied on', 'TL001',
	q{SELECT trust_ledger.amend_promise('{accepted}', 'less', actor => 'carl')});
refused('import', 'impersonate', 'importing rows in the name of a human', 'TL003',
	q{SELECT trust_ledger.import_rows('crm.quote', 'crm.quote',
	ARRAY[jsonb_populate_record(NULL::trust_ledger.mapped_row,
		'{"step": 1, "name": "", "event": "made", "key": "99", "customer": "victim", "words": "w", '
		'"actor": "carl", "part": 1, "place": "(0,1)", "version": "1"}')])});

# ---- admin: governs, and each act leaves an entry ----

my $governance = q{SELECT event, login FROM trust.entry WHERE customer = '' ORDER BY seq DESC } .
	q{LIMIT 1};
refused('admin', 'forge', 'making promises without the level', 'TL004',
	q{SELECT trust_ledger.make_promise('victim', 'w', actor => 'carl')},
	q{SELECT trust_ledger.back_promise('{asserted}', actor => 'carl')});
found('admin', 'forge', 'making promises with a level granted to oneself',
	'an entry and trust.access_level', qr/^application$/,
	[ 'auditor', q{SELECT level FROM trust.access_level WHERE role = 'chief' AND level <> 'admin'}
	], q{SELECT trust_ledger.grant_access('chief', 'application')},
	q{SELECT trust_ledger.make_promise('victim', 'w', actor => 'carl')});
found('admin', 'alter', 'weakening a policy for a while', 'trust.exception', qr/^policy_weakened$/,
	[ 'auditor', q{SELECT DISTINCT what FROM trust.exception WHERE subject = 'large'} ],
	q{SELECT trust_ledger.drop_policy('large')},
		q{SELECT trust_ledger.set_policy('large', currency => 'EUR', least_value => 1000.50, } .
		q{evidence => 'session', grace => '36:00', due_within => '30 days')});
found('admin', 'hide', 'a half-life so short that broken promises fade within days',
	'trust.exception', qr/^t$/, [ 'auditor', q{SELECT count(*) > 0 FROM trust.exception WHERE } .
		q{what = 'settings_eased' AND detail ~ 'faded sooner'} ],
	q{SELECT trust_ledger.set_ledger(half_life => '1 day')});
found('admin', 'hide', 'erasing words that are evidence against oneself', 'trust.exception',
	qr/^erased$/,
	[ 'auditor', q{SELECT what FROM trust.exception WHERE kind = 'broken' AND what = 'erased'} ],
	q{SELECT trust_ledger.erase_words('{broken}', 'of no interest')});
# Time passes within a transaction by clock_timestamp(), which the ledger reads.
my $make = q{SELECT promise FROM trust_ledger.make_promise('victim', 'w', 'carl', } .
	q{kind => 'game', currency => 'JPY', value => 9, actor => 'carl', } .
	q{due => clock_timestamp() + interval '2 seconds') \gset};
my $half = q{SELECT pg_sleep(1.1)};
my $listed = sub {
	my ($list) = @_;
	return [ 'auditor',
		"SELECT DISTINCT what FROM trust.exception WHERE what IN ($list) ORDER BY 1" ];
};

in_vain('application', 'hide', 'one\'s own verdict first, to age the customer\'s later one',
	'what is broken fades from the later one', qr/^t$/,
	[ 'auditor', q{SELECT broken_at > at FROM trust_ledger.explain_trust('kind', 'game')} ], $make,
	q{SELECT trust_ledger.assess_promise(:'promise', 'kept', actor => 'carl')},
	q{SELECT trust_ledger.assess_promise(:'promise', 'broken', actor => 'agent')});
found('application', 'hide', 'asking less of a promise shortly before it is due',
	'trust.exception', qr/^eased$/, $listed->(q{'eased'}), $make, $half,
	q{SELECT trust_ledger.amend_promise(:'promise', value => 1, actor => 'carl')});
found('application', 'hide', 'withdrawing a promise shortly before it is due, making it again',
	'trust.exception', qr/^remade\nwithdrawn_near_due$/,
	$listed->(q{'remade', 'withdrawn_near_due'}), $make, $half,
	q{SELECT trust_ledger.withdraw_promise(:'promise', actor => 'carl')}, $make);
found('application', 'hide', 'backing a machine\'s promise once it came out well',
	'trust.exception', qr/^opened_late$/, $listed->(q{'opened_late'}),
	$make =~ s/'carl', kind/'bot', kind/r =~ s/actor => 'carl'/actor => 'bot'/r, $half, $half,
	q{SELECT trust_ledger.back_promise(:'promise', actor => 'carl')});
found('application', 'hide', 'a due time that never passes', 'trust.exception', qr/^due_far$/,
	$listed->(q{'due_far'}), ($make) x 10,
	$make =~ s/'2 seconds'/'99 years'/r);
found('application', 'impersonate', 'backing many promises in a second, by a script',
	'trust.exception', qr/^backed_in_bursts$/, $listed->(q{'backed_in_bursts'}), ($make) x 20);
unprotected('application', 'forge', 'a promise that will be kept, split into many',
	'a promise split into many', qr/^0.92$/,
	q{SELECT round(expectation::numeric, 2) FROM trust.kind_trust WHERE kind = 'game'},
	map { ($make, q{SELECT trust_ledger.assess_promise(:'promise', 'kept', actor => 'agent')}) }
	1 .. 10);
found('admin', 'hide', 'an actor that reverses the customer\'s verdicts', 'trust.exception',
	qr/^speaker_registered\nverdict_reversed$/,
	$listed->(q{'speaker_registered', 'verdict_reversed'}),
	q{SELECT trust_ledger.grant_access('chief', 'application')}, $make,
	q{SELECT trust_ledger.assess_promise(:'promise', 'broken', actor => 'agent')},
	q{SELECT trust_ledger.register_actor('second', 'human', speaks_for => 'customer')},
	q{SELECT trust_ledger.assess_promise(:'promise', 'kept', actor => 'second')});
refused('admin', 'hide', 'giving a retired human\'s key to another person', 'TL003',
	q{SELECT trust_ledger.retire_actor('carl', successor => 'bert 2')} .
	q{; SELECT trust_ledger.register_actor('carl', 'human', 'Carla')});
in_vain('admin', 'hide', 'retiring an actor, and registering another one with the same login',
	'carries what was broken', qr/^t$/,
	q{SELECT trust_ledger.broken(trust_ledger.promiser_score('zoe')) = } .
	q{trust_ledger.broken(trust_ledger.promiser_score('carl'))},
	q{SELECT trust_ledger.register_actor('carl', 'human', db_role => 'mallory')},
	q{SELECT trust_ledger.retire_actor('carl', successor => 'bert 2')},
	q{SELECT trust_ledger.register_actor('zoe', 'human', db_role => 'mallory')});
unprotected('admin', 'hide', 'the same without a login and a successor',
	'starts without a score', qr/^empty$/, q{SELECT trust_ledger.promiser_score('zoe')},
	q{SELECT trust_ledger.register_actor('zoe', 'human')});
in_vain('import', 'hide', 'a bad outcome that happened long ago', 'fades from its due time',
	qr/^t$/,
	[ 'auditor', q{SELECT broken_at > at + interval '98 days' FROM trust_ledger.explain_trust(} .
	q{'kind', 'game')} ],
	q{SELECT trust_ledger.assess_promise((trust_ledger.make_promise('victim', 'w', 'carl', } .
		q{kind => 'game', currency => 'JPY', actor => 'carl', due => now() - interval '1 day', } .
		q{occurred_at => now() - interval '101 days')).promise, 'broken', actor => 'carl', } .
		q{occurred_at => now() - interval '100 days')});
in_vain('admin', 'hide', 'removing promises with rebuild()',
	'promises follow from their entries again', qr/^t$/,
	q{SELECT count(*) > 5 FROM trust.promise WHERE customer = 'victim'},
	q{SELECT trust_ledger.rebuild('victim', 'gone?')});
found('admin', 'impersonate', 'giving another person\'s actor one\'s own login', 'an entry',
	qr/^actor_registered\|chief$/, $governance,
	q{SELECT trust_ledger.register_actor('anna', 'human', db_role => 'chief')});
refused('admin', 'impersonate', 'changing an actor\'s kind, taking another actor\'s login',
	'TL003|23505', q{SELECT trust_ledger.register_actor('bot', 'human')},
	q{SELECT trust_ledger.register_actor('erp', 'system', responsible => 'carl', speaks_for => } .
	q{'customer')}, q{SELECT trust_ledger.register_actor('carl', 'human', db_role => 'anna')});
found('admin', 'read words', 'with a level granted to oneself', 'an entry and trust.access_level',
	qr/^auditor$/,
	[ 'auditor', q{SELECT level FROM trust.access_level WHERE role = 'chief' AND level <> 'admin'}
	], q{SELECT trust_ledger.grant_access('chief', 'auditor')});
in_vain('admin', 'escalate', 'granting levels of the ledger to oneself',
	'gives no right in the database', qr/^f$/,
	q{SELECT has_table_privilege('chief', 'trust.entry', 'SELECT,INSERT,UPDATE,DELETE') } .
	q{OR pg_has_role('chief', 'crm_owner', 'MEMBER')},
	q{SELECT trust_ledger.grant_access('chief', level) } .
		q{FROM unnest('{application,analyst,auditor,import}'::text[]) AS level});
refused('admin', 'escalate', 'SQL injection by names', '42704|22023|22008',
	q{SELECT trust_ledger.grant_access('x"; DROP TABLE trust.entry; --', 'admin')},
	q{SELECT trust_ledger.set_ledger(zone => 'UTC''; SELECT trap.spring(); --')},
	q{SELECT trust_ledger.drop_tracking('x''; SELECT trap.spring(); --')});
found('admin', 'deny', 'revoking levels, retiring actors', 'an entry', qr/^access_revoked\|chief$/,
	$governance, q{SELECT trust_ledger.revoke_access('crm_apps', 'application')});
in_vain('admin', 'deny', 'revoking the owner\'s levels', 'the owner can still govern', qr/^5$/,
	[ 'crm_owner', q{SELECT count(*) FROM (SELECT trust_ledger.grant_access('crm_owner', } .
	q{'admin')) x, generate_series(1, 5)} ],
	q{SELECT trust_ledger.revoke_access(role, level) FROM trust.access_level WHERE role = } .
		q{'crm_owner'});

# ---- the database's owner, and a superuser, with the guards off ----

my @tables = qw(entry chain promise source ledger actor policy access tracking parked_change);
my $off = join '', map { "ALTER TABLE trust.$_ DISABLE TRIGGER USER;" } @tables;
my $on = join '',
	map { "ALTER TABLE trust.$_ ENABLE ALWAYS TRIGGER trust_guard, ENABLE ALWAYS TRIGGER " .
	"trust_guard_truncate;" } @tables;
# Removes the last entry of a chain and every trace of it.
my $cut = "$off DELETE FROM trust.entry WHERE customer = 'cut' AND seq = 2;
	DELETE FROM trust.promise WHERE customer = 'cut' AND last_seq = 2;
	UPDATE trust.chain c SET length = 1, head = e.hash, recorded_at = e.recorded_at
		FROM trust.entry e WHERE c.customer = 'cut' AND e.customer = 'cut'; $on";
my ($receipt, $entries) = (ask($node, 'crm',
	q{SELECT hash FROM trust.entry WHERE customer = 'cut' AND seq = 2}),
	ask($node, 'crm', q{SELECT entries FROM trust_ledger.ledger_digest()}));
my $findings = q{(SELECT count(*) FROM trust_ledger.verify())};

foreach my $who (qw(owner superuser))
{
	my $me = $login{$who} // 'postgres';
	my $may_replicate = $who eq 'superuser' ? 'SET session_replication_role = replica; ' : '';

	refused($who, 'forge', 'INSERT into the ledger\'s tables while the guards are on', 'TL006',
		$may_replicate . q{INSERT INTO trust.entry SELECT * FROM trust.entry LIMIT 1},
		$may_replicate . q{INSERT INTO trust.chain VALUES ('x', 0, '')},
		$may_replicate . q{INSERT INTO trust.source SELECT * FROM trust.source LIMIT 1},
			$may_replicate . q{INSERT INTO trust.access VALUES ('mallory', '{admin}', 1)});
	unprotected($who, 'forge', 'making promises in the name of others',
		'can add false *new* entries', qr/^0 true$/,
		"SELECT $findings || ' ' || EXISTS (SELECT FROM trust.promise " .
			"WHERE words = 'I never said that' AND backer = 'carl')",
		q{SELECT trust_ledger.make_promise('victim', 'I never said that', 'carl', currency => } .
			q{'JPY', actor => 'carl')});
	refused($who, 'alter', 'UPDATE and DELETE while the guards are on', 'TL006', map { my $tab = $_;
		map { $may_replicate . sprintf $_, $tab } 'UPDATE trust.%s SET '
		. ({ chain => 'length = length', promise => 'last_seq = last_seq', entry => q{login = 'x'},
		parked_change => 'error = error' }->{$tab} // 'seq = seq'), 'DELETE FROM trust.%s' }
		@tables);
	refused($who, 'hide', 'TRUNCATE while the guards are on', 'TL006',
		map { "${may_replicate}TRUNCATE trust.$_" } @tables);
	found($who, 'alter',
		"changing entries and the tables derived from them, with the guards off for a while",
		'verify()', qr/^$_->[1]/, [ 'auditor', $verified ], "$off $_->[0]; $on")
	  foreach [ q{UPDATE trust.entry SET login = 'x' WHERE customer = 'cut' AND seq = 1},
	  'entry\|1\|\|hash\|does not match the entry.*' ],
	  [ q{UPDATE trust.entry SET words = 'other' WHERE customer = 'cut' AND seq = 1},
	  'entry\|1\|\|words\|does not match its commitment' ],
	  [ q{UPDATE trust.promise SET state = 'kept', outcome = 'kept' WHERE promise = '{open}'},
	  '(?:promise\|[^\n]*\|(?:state|outcome)\|[^\n]*\n?)+' ],
	  [ q{UPDATE trust.access SET levels = levels || '{admin}' WHERE role = 'analyst'},
	  'access\|.*\|levels\|.*' ];
	found($who, 'alter',
		'disabling, dropping or replacing guards; adding triggers or rules that change rows',
		'verify()', qr/^guard\|/, [ 'auditor', $verified ], $_)
	  foreach q{ALTER TABLE trust.entry DISABLE TRIGGER trust_guard},
	  q{ALTER TABLE trust.entry ENABLE TRIGGER trust_guard},
	  q{DROP TRIGGER trust_guard_truncate ON trust.chain},
	  q{CREATE FUNCTION public.guard_entry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN } .
	  q{NEW; END'; CREATE OR REPLACE TRIGGER trust_guard BEFORE INSERT OR UPDATE OR DELETE } .
	  q{ON trust.entry FOR EACH ROW EXECUTE FUNCTION public.guard_entry(); } .
	  q{ALTER TABLE trust.entry ENABLE ALWAYS TRIGGER trust_guard},
	  q{CREATE TRIGGER zz BEFORE INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION } .
	  q{trap.spring_on_change()}, q{CREATE RULE r AS ON INSERT TO trust.chain DO INSTEAD NOTHING},
	  q{ALTER TABLE trust.entry SET UNLOGGED}, q{GRANT UPDATE ON trust.promise TO analyst};
	found($who, 'alter', 'rewriting the end of a chain', 'a receipt kept elsewhere', qr/^0 false$/,
		"SELECT $findings || ' ' || EXISTS (SELECT FROM trust.entry WHERE hash = '$receipt')",
		$cut, q{SELECT trust_ledger.make_promise('cut', 'another promise', 'carl', currency => } .
			q{'JPY', actor => 'carl')});
	found($who, 'hide', 'deleting the end of a chain', 'a digest kept elsewhere', qr/^0 true$/,
		"SELECT $findings || ' ' || (entries < $entries) FROM trust_ledger.ledger_digest()", $cut);
	unprotected($who, 'hide', 'deleting entries of which nobody kept a digest or a receipt',
		'hold entries back before anyone has seen them', qr/^0$/, "SELECT $findings", $cut);
	found($who, 'hide', 'deleting entries, chains or promises', 'verify()', qr/^[1-9]\d*$/,
		"SELECT $findings", "$off $_; $on")
	  foreach q{DELETE FROM trust.entry WHERE customer = 'cut' AND seq = 1},
	  q{DELETE FROM trust.entry WHERE customer = 'cut'},
	  q{DELETE FROM trust.chain WHERE customer = 'cut'},
	  q{DELETE FROM trust.promise WHERE promise = '{broken}'};
	found($who, 'hide', 'hiding rows by row security', 'verify()', qr/row_security/,
		[ 'auditor', $verified ],
		q{ALTER TABLE trust.promise ENABLE ROW LEVEL SECURITY; ALTER TABLE trust.promise FORCE } .
		q{ROW LEVEL SECURITY; CREATE POLICY p ON trust.promise USING (kind <> 'broken')});
	found($who, 'hide', 'replacing a view by one that leaves rows out', 'verify()',
		qr/^view\|[^\n]*exception/, [ 'auditor', $verified ],
		q{DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW trust.exception AS SELECT * FROM (' || } .
			q{rtrim(pg_get_viewdef('trust.exception'::regclass), ';') || ') AS e WHERE false'; } .
			q{END $$});
	in_vain($who, 'hide', 'the same, followed by migrate_ledger()', 'the view is restored', qr/^t$/,
		q{SELECT count(*) > 0 FROM trust.exception},
		q{DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW trust.exception AS SELECT * FROM (' || } .
			q{rtrim(pg_get_viewdef('trust.exception'::regclass), ';') || ') AS e WHERE false'; } .
			q{END $$}, q{SELECT trust_ledger.migrate_ledger()});
	found($who, 'hide', 'deleting a parked change', 'verify()', qr/^parked_change\|.*is missing/,
		[ 'auditor', $verified ], "$off DELETE FROM trust.parked_change; $on");
	found($who, 'hide', 'dropping a parked change with drop_parked()', 'an entry',
		qr/^changes_dropped$/,
		q{SELECT event FROM trust.entry WHERE customer = '' ORDER BY seq DESC LIMIT 1},
		q{SELECT trust_ledger.drop_parked(parked, 'never mind') FROM trust.parked_change});
	found($who, 'alter', 'altering a parked change before it is replayed', 'verify()',
		qr/^parked_change\|.*(?:does|did) not match its commitment/, [ 'auditor', $verified ],
		"$off UPDATE trust.parked_change SET new_row = new_row || '{\"customer\": \"victim\"}'; " .
		"$on", [ 'app', q{SELECT trust_ledger.replay_parked()} ]);
	unprotected($who, 'impersonate',
		'acting as the writing role, by a trigger on the ledger\'s tables',
		'acts as the role that writes', qr/^anna\|anna\|crm_owner\|asserted$/,
		q{SELECT actor, login, role, evidence FROM trust.entry WHERE customer = 'ridden'},
		q{CREATE FUNCTION public.ride() RETURNS trigger LANGUAGE plpgsql
			AS $$ BEGIN IF pg_trigger_depth() = 1 THEN PERFORM trust_ledger.make_promise('ridden',
			'w', currency => 'JPY'); END IF; RETURN NULL; END $$;
			CREATE TRIGGER t AFTER INSERT ON trust.entry FOR EACH ROW
				EXECUTE FUNCTION public.ride()},
				[ 'anna', q{SELECT trust_ledger.make_promise('victim', 'w', currency => 'JPY')} ]);
	found($who, 'impersonate', 'acting as the reading role, by a view of the ledger', 'verify()',
		qr/^view\|[^\n]*orphaned/, [ 'auditor', $verified ],
		q{DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW trust.orphaned AS SELECT * FROM (' || } .
			q{rtrim(pg_get_viewdef('trust.orphaned'::regclass), ';') || ') AS o } .
			q{WHERE trap.spring()'; END $$});
	unprotected($who, 'read words', 'in the ledger\'s tables', 'Words are stored as plain text',
		qr/^t$/, [ $login{$who}, q{SELECT count(*) > 0 FROM trust.promise WHERE words ~ 'SECRET'} ],
		q{SELECT 1});
	unprotected($who, 'read words', 'erased words, in the planner\'s statistics',
		'`VACUUM ANALYZE`', qr/^t$/,
		[ $login{$who},
		q{SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'trust' } .
		q{AND (most_common_vals::text ~ 'ERASED' OR histogram_bounds::text ~ 'ERASED')} ],
		q{SELECT 1});
	unprotected($who, 'deny', 'dropping the whole ledger', 'can drop the ledger', qr/^t$/,
		q{SELECT to_regclass('trust.entry') IS NULL},
		q{SET client_min_messages = warning; DROP SCHEMA trust CASCADE});
	found($who, 'deny', 'triggers that discard what is written', 'the error TL006 of every call',
		qr/^TL006$/, q{SELECT current_setting('test.state')},
		q{CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN } .
			q{NULL; END'; CREATE TRIGGER zz BEFORE INSERT ON trust.entry FOR EACH ROW } .
			q{EXECUTE FUNCTION public.swallow()},
		[ 'app', q{DO $$ BEGIN } .
			q{PERFORM trust_ledger.make_promise('victim', 'w', actor => 'carl'); } .
			q{EXCEPTION WHEN OTHERS THEN PERFORM set_config('test.state', SQLSTATE, false); } .
			q{END $$} ]);
}
in_vain('superuser', 'read words', 'erased words, after VACUUM ANALYZE', 'they are gone', qr/^0$/,
	q{SELECT count(*) FROM pg_stats WHERE schemaname = 'trust' AND (most_common_vals::text ~ } .
	q{'ERASED' OR histogram_bounds::text ~ 'ERASED')},
	q{VACUUM ANALYZE trust.promise; VACUUM ANALYZE trust.entry});
unprotected('other', 'read words', 'as a member of pg_read_all_data', 'pg_read_all_data', qr/^t$/,
	[ 'mallory', q{SELECT count(*) > 0 FROM trust.promise WHERE words ~ 'SECRET'} ],
	[ undef, q{GRANT pg_read_all_data TO mallory} ]);
refused('owner', 'alter', 'setting session_replication_role, replacing the extension\'s functions',
	'42501', q{SET session_replication_role = replica},
	q{CREATE OR REPLACE FUNCTION trust_ledger.guard_entry() RETURNS trigger LANGUAGE plpgsql } .
	q{AS 'BEGIN RETURN NEW; END'}, q{ALTER EVENT TRIGGER trust_ledger_follow DISABLE});
refused('owner', 'impersonate', 'SET ROLE, SET SESSION AUTHORIZATION', '42501',
	map { ("SET ROLE $_", "SET SESSION AUTHORIZATION $_") } qw(anna portal postgres));
# A trigger that makes a savepoint while a guard waits for its row is refused; AFTER triggers are
# not.
my $whoever = q{SELECT concat(trap.sprung('crm_owner'), ' ', (SELECT last_value IS NOT NULL } .
	q{FROM pg_sequences WHERE sequencename = 'as_crm_owner'))};
my @superusers = (q{SELECT trust_ledger.migrate_ledger()},
	q{SELECT trust_ledger.make_promise('victim', 'w', currency => 'JPY', actor => 'carl')},
	q{SELECT trust_ledger.verify()},
	q{SELECT trust_ledger.erase_words('{broken}', 'why')}, q{SELECT trust_ledger.replay_parked()},
		q{SELECT trust_ledger.rebuild('victim', 'why')}, q{REINDEX TABLE trust.chain},
		q{ANALYZE trust.chain});
my $look = q{CREATE FUNCTION public.look(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE } .
	q{AS 'BEGIN RETURN trap.spring(); END'};
in_vain('owner', 'escalate', 'trap functions in row security and triggers of the ledger\'s tables',
	'the code runs as nobody else', qr/^ t$/, $whoever,
	q{ALTER TABLE trust.ledger ENABLE ROW LEVEL SECURITY; ALTER TABLE trust.ledger FORCE ROW } .
		q{LEVEL SECURITY; CREATE POLICY p ON trust.ledger USING (trap.spring())},
	(map { "CREATE TRIGGER zz AFTER INSERT OR UPDATE ON trust.$_ FOR EACH ROW EXECUTE FUNCTION " .
		"trap.spring_on_change()" } qw(entry chain promise)), map { [ undef, $_ ] } @superusers);
in_vain('owner', 'escalate',
	'trap functions in triggers, checks, indexes and defaults that make calls fail',
	'the code runs as nobody else', qr/^ t$/, $whoever, $_,
	map { [ undef, "DO \$do\$ BEGIN EXECUTE \$sql\$$_\$sql\$; EXCEPTION WHEN OTHERS THEN NULL; " .
		"END \$do\$" ] } @superusers)
	foreach q{CREATE TRIGGER aa BEFORE UPDATE ON trust.chain FOR EACH ROW EXECUTE FUNCTION } .
		q{trap.spring_on_change(); ALTER TABLE trust.chain DROP COLUMN score CASCADE},
	q{CREATE TRIGGER aa BEFORE INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION } .
		q{trap.spring_on_change(); ALTER TABLE trust.promise ADD CHECK (trap.spring())},
	q{CREATE CONSTRAINT TRIGGER zz AFTER INSERT ON trust.entry DEFERRABLE INITIALLY DEFERRED } .
		q{FOR EACH ROW EXECUTE FUNCTION trap.spring_on_change()},
	"$look; CREATE INDEX ON trust.chain (public.look(customer))",
	q{ALTER TABLE trust.entry ADD COLUMN x boolean; ALTER TABLE trust.entry ALTER COLUMN x } .
		q{SET DEFAULT trap.spring()};
refused('owner', 'escalate', 'commands that only a superuser may run', '42501|0A000',
	q{CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION trust_ledger.follow_tables()},
	q{CREATE EXTENSION plperlu}, q{ALTER ROLE crm_owner SUPERUSER},
	q{ALTER FUNCTION trust_ledger.verify() OWNER TO crm_owner},
	q{CREATE FUNCTION public.x() RETURNS int LANGUAGE c AS 'trust_ledger', 'verify_ledger'});
found('owner', 'escalate', 'a trap function in a view that a superuser reads', 'verify()',
	qr/^view\|[^\n]*orphaned/, [ 'auditor', $verified ],
	q{DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW trust.orphaned AS SELECT * FROM (' || } .
		q{rtrim(pg_get_viewdef('trust.orphaned'::regclass), ';') || } .
		q{') AS o WHERE trap.spring()'; END $$});
found('superuser', 'hide', 'removing rows from an index', 'verify()',
	qr/^promise\|[^\n]*is not in the index/, [ 'auditor', $verified ],
	q{UPDATE pg_index SET indisready = false WHERE indrelid = 'trust.promise'::regclass; } . $off
		. q{ INSERT INTO trust.promise SELECT (jsonb_populate_record(p, } .
		q{jsonb_build_object('promise', gen_random_uuid(), 'outcome', 'kept'))).* } .
		q{FROM trust.promise p WHERE promise = '{broken}'; }
	  . $on . q{; UPDATE pg_index SET indisready = true WHERE indrelid = } .
	  q{'trust.promise'::regclass});
found('superuser', 'alter', 'replacing a function of the extension', 'verify()',
	qr/^extension\|[^\n]*expectation/, [ 'auditor', $verified ],
	q{CREATE OR REPLACE FUNCTION trust_ledger.expectation(score trust_ledger.trust_score, } .
		q{base_rate float8 DEFAULT 0.5) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL } .
		q{SAFE AS 'SELECT 0.99'});
unprotected('superuser', 'escalate', 'replacing the code that verifies',
	'can replace the code that verifies', qr/^0$/, "SELECT $findings",
	"$off UPDATE trust.entry SET login = 'x' WHERE customer = 'cut'; $on",
	q{CREATE OR REPLACE FUNCTION trust_ledger.verify(OUT part text, OUT customer text, } .
		q{OUT seq bigint, OUT promise uuid, OUT subject text, OUT field text, OUT problem text) } .
		q{RETURNS SETOF record LANGUAGE sql AS 'SELECT NULL, NULL, NULL::bigint, NULL::uuid, } .
		q{NULL, NULL, NULL WHERE false'});

ok(slurp_file($node->logfile) =~ /SECRET/, 'superuser, read words: the server\'s log has some');
note_down('superuser', 'read words', 'in the server\'s log', 'not protected');

# ---- the owner by ALTER DATABASE ... OWNER TO, who does not own the tables ----

$node->safe_psql('postgres', 'CREATE DATABASE sold TEMPLATE crm OWNER buyer STRATEGY FILE_COPY');
refused('new owner', $_, 'calling each function that writes, before adopt_ledger()', 'TL006',
	writing_calls($promise{open}, 'victim'), q{SELECT trust_ledger.act_as('carl')},
	q{SELECT trust_ledger.replay_parked()}) foreach qw(forge hide impersonate);
refused('new owner', 'forge', 'INSERT into the ledger\'s tables by hand', '42501',
	q{INSERT INTO trust.entry SELECT * FROM trust.entry LIMIT 1},
	q{INSERT INTO trust.access VALUES ('buyer', '{admin}', 1)});
refused('new owner', 'alter', 'changing the tables, their owner, triggers or privileges', '42501',
	q{UPDATE trust.entry SET login = 'x'}, q{ALTER TABLE trust.entry OWNER TO buyer},
	q{ALTER SCHEMA trust OWNER TO buyer},
	q{ALTER TABLE trust.entry DISABLE TRIGGER ALL}, q{DROP TRIGGER trust_guard ON trust.entry},
		q{CREATE TABLE trust.mine (x int)}, q{GRANT ALL ON trust.entry TO buyer},
		q{ALTER DATABASE sold SET session_replication_role = replica});
refused('new owner', 'hide', 'DELETE, TRUNCATE, DROP, create_ledger(), migrate_ledger()',
	'42501|TL006', q{DELETE FROM trust.entry}, q{TRUNCATE trust.entry},
	q{DROP TABLE trust.entry CASCADE}, q{DROP SCHEMA trust CASCADE},
	q{DROP EXTENSION trust_ledger CASCADE}, q{SELECT trust_ledger.create_ledger()},
		q{SELECT trust_ledger.migrate_ledger()});
refused('new owner', 'impersonate', 'SET ROLE, SET SESSION AUTHORIZATION', '42501',
	map { ("SET ROLE $_", "SET SESSION AUTHORIZATION $_") } qw(anna portal crm_owner postgres));
refused('new owner', 'read words', 'in tables, views and functions', '42501|TL006',
	q{SELECT words FROM trust.entry}, q{SELECT words FROM trust.current_promise},
	q{SELECT * FROM trust_ledger.history('{open}')}, q{SELECT new_row FROM trust.parked},
	q{COPY trust.entry TO STDOUT});
refused('new owner', 'escalate', 'adopt_ledger() without the former owner\'s role', '42501',
	q{SELECT trust_ledger.adopt_ledger('mine')});
found('new owner', 'escalate', 'adopt_ledger() as a member of the former owner\'s role', 'an entry',
	qr/^ledger_adopted\|buyer\|crm_owner\|buyer$/,
	q{SELECT event, login, details ->> 'adopted_from', details ->> 'adopted_to' FROM trust.entry } .
		q{WHERE customer = '' AND event = 'ledger_adopted'}, [ undef, q{GRANT crm_owner TO buyer} ],
		q{SELECT trust_ledger.adopt_ledger('mine')});
found('new owner', 'deny', 'owning the database: no call works before adopt_ledger()',
	'the error TL006 of every call', qr/^TL006$/, q{SELECT current_setting('test.state')},
	[ 'app', q{DO $$ BEGIN PERFORM trust_ledger.make_promise('victim', 'w', actor => 'carl'); } .
		q{EXCEPTION WHEN OTHERS THEN PERFORM set_config('test.state', SQLSTATE, false); END $$} ]);
found('owner', 'alter',
	'changing entries as owner of the tables, after the database got another owner',
	'verify() after adopt_ledger()', qr/^entry\|1\|\|hash\|does not match the entry.*$/,
	[ undef, $verified ], [ undef, q{ALTER DATABASE crm OWNER TO buyer} ],
		"$off UPDATE trust.entry SET login = 'x' WHERE customer = 'cut' AND seq = 1; $on",
		[ undef, q{SELECT trust_ledger.adopt_ledger('bought')} ]);
refused('superuser', 'escalate', 'granting pg_database_owner to another role', '0LP01|XX000',
	q{GRANT pg_database_owner TO mallory});
ok(index($unprotected, 'can drop the database') >= 0, 'new owner, deny: the page says it');
is(ask($node, 'postgres', 'DROP DATABASE sold', user => 'buyer'), '',
	'new owner, deny: the whole database, dropped');
note_down('new owner', 'deny', 'dropping the whole database', 'not protected');

# ---- the refused attacks left nothing behind ----

is(ask($node, 'crm', $verified), '', 'verify() is empty');
is(digest($node, 'crm'), $digest, 'the ledger is what it was');
is(ask($node, 'crm', q{SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolsuper}), 'postgres',
	'nobody became a superuser');

# ---- from real logins, and committed: code that acts as a human with their own login ----

my %waiting = map { split /\|/ } split /\n/,
	ask($node, 'crm', q{SELECT words, promise FROM trust.promise WHERE customer ~ '^many '});
# PROMISE needs a backing with session evidence. Afterwards it has this backer and evidence.
sub acts_as_anna
{
	my ($who, $way, $how, $outcome, $expected, @steps) = @_;
	my $promise = $waiting{"$who $way"} // die "$who $way";
	foreach my $step (@steps)
	{
		my ($user, $sql) = ref $step ? @$step : ($login{$who}, $step);
		unlike(ask($node, 'crm', $sql =~ s/PROMISE/$promise/gr =~ s/WHOSE/theirs_$who/gr,
			user => $user), qr/ERROR/, "$who, impersonate: $how ($way)");
	}
	is(ask($node, 'crm', "SELECT backer, evidence FROM trust.promise WHERE promise = '$promise'"),
		$expected, "$who, impersonate: $how ($way): $outcome");
	note_down($who, 'impersonate', $how, $outcome);
	return;
}
ok(index($unprotected, $_) >= 0, "the page says it: $_")
	foreach 'Code that your SELECT calls acts as you', 'A superuser can log in as anybody',
	'an operator, cast, aggregate or domain check', 'Set its `search_path`';

# In a schema of theirs: functions that back the promise that they are given.
my $theirs = q{CREATE SCHEMA WHOSE; GRANT USAGE ON SCHEMA WHOSE TO PUBLIC;
	CREATE FUNCTION WHOSE.act(uuid) RETURNS boolean LANGUAGE plpgsql
		STRICT AS $$ BEGIN PERFORM trust_ledger.back_promise($1); RETURN true;
		EXCEPTION WHEN SQLSTATE 'TL002' THEN RETURN true; END $$;
	CREATE FUNCTION WHOSE.act_quietly(uuid, integer) RETURNS boolean LANGUAGE plpgsql
		IMMUTABLE AS $$ BEGIN RETURN WHOSE.act($1); END $$;
	CREATE FUNCTION WHOSE.act_upon(uuid, integer) RETURNS boolean LANGUAGE
		plpgsql AS $$ BEGIN RETURN WHOSE.act($1); END $$;
	CREATE OPERATOR WHOSE.@@@ (LEFTARG = uuid, RIGHTARG = integer, FUNCTION = WHOSE.act_upon);
	CREATE OPERATOR WHOSE.@@ (LEFTARG = uuid, RIGHTARG = integer, FUNCTION = WHOSE.act_quietly);
	CREATE DOMAIN WHOSE.number AS uuid CHECK (WHOSE.act(VALUE)); CREATE TYPE WHOSE.pair AS (a uuid);
	CREATE FUNCTION WHOSE.paired(uuid) RETURNS WHOSE.pair LANGUAGE
		plpgsql AS $$ BEGIN PERFORM WHOSE.act($1); RETURN ROW($1)::WHOSE.pair; END $$;
	CREATE CAST (uuid AS WHOSE.pair) WITH FUNCTION WHOSE.paired(uuid);
	CREATE FUNCTION WHOSE.added(boolean, uuid) RETURNS boolean LANGUAGE
		plpgsql AS $$ BEGIN RETURN WHOSE.act($2); END $$;
	CREATE AGGREGATE WHOSE.total(uuid) (SFUNC = WHOSE.added, STYPE = boolean);
	CREATE FUNCTION WHOSE.lower(varchar) RETURNS text LANGUAGE plpgsql
		AS $$ BEGIN PERFORM WHOSE.act($1::uuid); RETURN $1; END $$};
# Code that a human's SELECT does not call itself: in a view, on writing a row, by a cursor.
my $indirectly = q{CREATE FUNCTION WHOSE.on_change() RETURNS trigger LANGUAGE plpgsql
	AS $$ BEGIN PERFORM WHOSE.act('PROMISE'); RETURN NEW; END $$;
	CREATE VIEW WHOSE.list AS SELECT 'PROMISE'::uuid OPERATOR(WHOSE.@@@) 1 AS a,
		'PROMISE'::uuid::WHOSE.pair AS b;
	CREATE TABLE WHOSE.sheet (a boolean DEFAULT WHOSE.act('PROMISE'), b uuid, c boolean GENERATED
		ALWAYS AS (b OPERATOR(WHOSE.@@) 1) STORED, d WHOSE.number);
	CREATE TRIGGER t AFTER INSERT ON WHOSE.sheet FOR EACH ROW EXECUTE FUNCTION WHOSE.on_change();
		GRANT ALL ON WHOSE.sheet, WHOSE.list TO PUBLIC};
my $cursor = q{CREATE FUNCTION WHOSE.opened() RETURNS refcursor LANGUAGE plpgsql
	AS $$ DECLARE c refcursor := 'theirs'; BEGIN OPEN c FOR SELECT WHOSE.act('PROMISE');
	RETURN c; END $$;
	CREATE FUNCTION WHOSE.again() RETURNS uuid LANGUAGE plpgsql AS $$ DECLARE c refcursor; r record;
		BEGIN PERFORM set_config('search_path', 'WHOSE, trust, pg_catalog', true); OPEN c FOR
		EXECUTE current_query(); FETCH c INTO r; RETURN NULL; END $$;
	CREATE FUNCTION WHOSE.upper(text) RETURNS text LANGUAGE
		plpgsql AS $$ BEGIN PERFORM WHOSE.act('PROMISE'); RETURN $1; END $$;
	CREATE SCHEMA WHOSE_views; CREATE VIEW WHOSE_views.current_promise AS SELECT WHOSE.again()::text
		AS words; GRANT USAGE ON SCHEMA WHOSE_views TO PUBLIC; GRANT SELECT
		ON WHOSE_views.current_promise TO PUBLIC};
my %acts = (
	operator => q{SELECT 'PROMISE'::uuid OPERATOR(WHOSE.@@@) 1},
		cast => q{SELECT 'PROMISE'::uuid::WHOSE.pair},
	domain => q{SELECT 'PROMISE'::WHOSE.number}, aggregate => q{SELECT WHOSE.total('PROMISE')});
foreach my $who (qw(application analyst auditor import admin owner other))
{
	acts_as_anna($who, 'indirectly',
		'code in a view, default, trigger, generated column or domain that a human uses',
		'asserted evidence only', '|',
		$theirs, $indirectly,
			[ 'anna', q{TABLE WHOSE.list; INSERT INTO WHOSE.sheet (b) VALUES ('PROMISE'); } .
			q{INSERT INTO WHOSE.sheet (d) VALUES ('PROMISE')} ]);
	acts_as_anna($who, 'cursor',
		'a cursor that a human fetches from, or that runs their own statement again',
		'asserted evidence only', '|',
		$cursor, [ 'anna', q{BEGIN; SELECT WHOSE.opened(); FETCH theirs; COMMIT} ],
			[ 'anna', q{SET search_path = WHOSE_views, pg_catalog; SELECT upper(words) } .
			q{FROM current_promise LIMIT 1} ]);
	acts_as_anna($who, 'function', 'a function that a human is persuaded to call', 'not protected',
		'anna|session', [ 'anna', q{SELECT WHOSE.act('PROMISE')} ]);
	acts_as_anna($who, $_, 'their own operator, cast, aggregate or domain in a human\'s SELECT',
		'not protected', 'anna|session', [ 'anna', $acts{$_} ]) foreach sort keys %acts;
	acts_as_anna($who, 'path', 'a function that search_path finds before PostgreSQL\'s',
		'not protected', 'anna|session',
		[ 'anna', q{SET search_path = WHOSE; SELECT lower('PROMISE'::varchar)} ]);
}
acts_as_anna('superuser', 'function', 'logging in with a changed password', 'not protected',
	'anna|session', q{ALTER ROLE anna PASSWORD 'known'},
	[ 'anna', q{SELECT trust_ledger.back_promise('PROMISE')} ]);

# ---- what was read before a level was revoked ----

foreach my $who (qw(application auditor))
{
	my $how = 'with a cursor WITH HOLD or a copy from before revoke_access()';
	my $session = FilledLedger::Session->new($node, 'crm', user => $login{$who});
	ok(index($unprotected, 'What was read before a level was revoked') >= 0,
		"$who, read words: the page says it");
	$session->ask(q{DECLARE kept CURSOR WITH HOLD FOR SELECT count(*) OVER () } .
		q{FROM trust.current_promise WHERE words ~ 'SECRET'});
	$session->ask(q{CREATE TEMP TABLE kept AS SELECT words FROM trust.current_promise } .
		q{WHERE words ~ 'SECRET'});
	unlike(ask($node, 'crm', "SELECT trust_ledger.revoke_access('$login{$who}', '$who')",
		user => 'chief'), qr/ERROR/, "$who, read words: the level is revoked");
	is($session->ask('SELECT count(*) FROM trust.current_promise'), 'ERROR TL004',
		"$who, read words: a new query is refused");
	like($session->ask('FETCH kept'), qr/^[1-9]\d*$/,
		"$who, read words: a cursor from before goes on");
	like($session->ask('SELECT count(*) FROM kept'), qr/^[1-9]\d*$/,
		"$who, read words: so does a copy");
	$session->quit;
	unlike(ask($node, 'crm', "SELECT trust_ledger.grant_access('$login{$who}', '$who')",
		user => 'chief'), qr/ERROR/, "$who, read words: the level is given back");
	note_down($who, 'read words', $how, 'not protected');
}

# ---- the library on the server's disk ----

# A copy of PostgreSQL in which another library replaces ours: it uses all of ours but verify(),
# which finds nothing. Returns the directory of the copy.
sub other_library
{
	my ($dir) = @_;
	my %path = map { chomp(my $path = `$ENV{PG_CONFIG} --$_`); $_ => $path }
		qw(bindir pkglibdir sharedir includedir-server);
	foreach my $path (@path{qw(bindir pkglibdir sharedir)})
	{
		system_or_bail('mkdir', '-p', "$dir$path");
		system_or_bail('cp', '-a', '--reflink=auto', "$ENV{WORK}/pg$path/.", "$dir$path");
	}
	my $library = "$dir$path{pkglibdir}/trust_ledger.so";
	rename $library, $library =~ s/[.]so$/_before.so/r or die $!;
	append_to_file("$dir/other.c", <<'C');
#include "postgres.h"
#include "fmgr.h"
#include "funcapi.h"
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(verify_ledger);
Datum
verify_ledger(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	return (Datum) 0;
}
C
	command_ok([ 'cc', '-shared', '-fPIC', "-I$path{'includedir-server'}", '-o', $library,
		"$dir/other.c", '-Wl,--no-as-needed', $library =~ s/[.]so$/_before.so/r,
		'-Wl,-rpath,$ORIGIN' ],
		'a library for another in its place is built');
	return $dir . ($path{bindir} =~ s{/bin$}{}r);
}
{
	my $altered = "$off UPDATE trust.entry SET login = 'x' WHERE customer = 'cut' AND seq = 1; $on";
	my $other = PostgreSQL::Test::Cluster->new('other_library',
		install_path => other_library(PostgreSQL::Test::Utils::tempdir));
	$other->init;
	$other->start;
	make_roles($other);
	fill_ledger($other, 'crm');
	is(ask($other, 'crm', $altered =~ s/customer = 'cut'/customer = 'a'/r), '',
		'an entry is altered where the library is another one');
	is(ask($other, 'crm', 'SELECT count(*) FROM trust_ledger.verify()'), '0',
		'superuser, escalate: verify() by another library finds nothing');
	is(ask($other, 'crm',
		q{SELECT count(*) > 0 FROM trust_ledger.history((SELECT promise FROM trust.promise } .
		q{WHERE customer = 'a' LIMIT 1))}), 't', '... and all else works as before');
	$other->stop;
	ok(index($unprotected, 'the library on the server\'s disk') >= 0,
		'superuser, escalate: the page says it');
	note_down('superuser', 'escalate', 'replacing the library on the server\'s disk',
		'not protected');
}

# ---- the tables ----

sub worst
{
	my @outcomes = @_;
	my $worst = 0;
	foreach my $outcome (@outcomes)
	{
		my $rank = $outcome eq 'not protected' ? 2 : $outcome =~ /^found/ ? 1 : 0;
		$worst = $rank if $rank > $worst;
	}
	return ('refused', 'found', 'open')[$worst];
}

my $table = "| | " . join(' | ', @what) . " |\n" . '|---' x (1 + @what) . "|\n";
foreach my $who (@who)
{
	my @cells;
	foreach my $what (@what)
	{
		my @outcomes = map { $_->[3] } grep { $_->[0] eq $who && $_->[1] eq $what } @made;
		ok(scalar @outcomes, "$who, $what: attacked");
		push @cells, @outcomes ? worst(@outcomes) : '';
	}
	$table .= "| $who | " . join(' | ', @cells) . " |\n";
}
note($table);

# Attackers with the same result share a row.
my (%all, @order);
foreach my $made (@made)
{
	my ($who, $what, $how, $outcome) = @$made;
	my $key = "$what\n$how\n$outcome";
	push @order, $key unless $all{$key};
	push @{ $all{$key} }, $who unless grep { $_ eq $who } @{ $all{$key} // [] };
}
my $list = '';
foreach my $what (@what)
{
	$list .= "\n### \u$what\n\n| who | attack | result |\n|---|---|---|\n";
	foreach my $key (grep { /^\Q$what\E\n/ } @order)
	{
		my (undef, $how, $outcome) = split /\n/, $key;
		$list .= '| ' . join(', ', @{ $all{$key} }) . " | $how | $outcome |\n";
	}
}
my $said = "$table$list";
my ($documented) = $page =~ /<!-- the rest of this page .*? -->\n\n(.*)\z/s;
is($documented, $said, 'doc/security.md says the same') or diag("what it should say:\n$said");


done_testing();
