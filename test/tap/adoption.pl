# A ledger whose database has a new owner: copied by CREATE DATABASE ... TEMPLATE, or given away by
# ALTER DATABASE.
# adopt_ledger() gives it to that owner and records that in governance. Planted objects cannot be
# adopted.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
make_roles($node);
$node->safe_psql('postgres',
	'CREATE ROLE new_owner LOGIN; CREATE ROLE broker LOGIN; CREATE ROLE mallory LOGIN; ' .
	'GRANT crm_owner, new_owner TO broker');
fill_ledger($node, 'crm');
my $guards = q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'trust\_guard%' } .
	q{AND tgenabled = 'A'};

# Rights that the former owner gave by hand, to columns too.
$node->safe_psql('crm',
	'GRANT SELECT ON trust.entry TO app; GRANT UPDATE (words) ON trust.promise TO app WITH GRANT ' .
	'OPTION; GRANT CREATE ON SCHEMA trust TO app');

my $others = <<'SQL';
SELECT count(*) FROM pg_class c WHERE relnamespace = 'trust'::regnamespace
	AND (relowner <> 'new_owner'::regrole
	OR EXISTS (SELECT FROM aclexplode(relacl) a WHERE grantee <> relowner
		AND (relkind <> 'v' OR grantee <> 0 OR privilege_type <> 'SELECT'))
	OR EXISTS (SELECT FROM pg_attribute t, aclexplode(attacl) a WHERE attrelid = c.oid
		AND grantee <> relowner));
SELECT nspowner::regrole, has_schema_privilege('app', oid, 'CREATE'),
	has_schema_privilege('app', oid, 'USAGE') FROM pg_namespace WHERE nspname = 'trust';
SQL

my %made = (
	copied => 'CREATE DATABASE copied TEMPLATE crm OWNER new_owner',
	given => 'CREATE DATABASE given TEMPLATE crm OWNER crm_owner; ALTER DATABASE given OWNER TO ' .
		'new_owner');
my %by = (copied => undef, given => 'broker');
foreach my $db (sort keys %made)
{
	$node->safe_psql('postgres', $_) foreach split /; /, $made{$db};
	foreach my $call (q{make_promise('B', 'w', actor => 'carl')}, 'migrate_ledger()',
		'create_ledger()', 'verify()', q{rebuild('B')})
	{
		is(ask($node, $db, "SELECT FROM trust_ledger.$call", user => 'new_owner'), 'ERROR TL006',
			"$db: $call, by the database's owner");
	}
	my %before = (contents => contents($node, $db), owners => ask($node, $db,
		q{SELECT array_agg(DISTINCT relowner::regrole) FROM pg_class WHERE relnamespace = } .
		q{'trust'::regnamespace}));
	is(ask($node, $db, 'SELECT FROM trust_ledger.adopt_ledger()', user => $_), 'ERROR 42501',
		"$db: not by $_") foreach qw(new_owner crm_owner app mallory);
	is_deeply({ contents => contents($node, $db), owners => ask($node, $db,
		q{SELECT array_agg(DISTINCT relowner::regrole) FROM pg_class WHERE relnamespace = } .
		q{'trust'::regnamespace}) },
		\%before, "$db: who may not changes nothing");

	my $length = ask($node, $db, q{SELECT length FROM trust.chain WHERE customer = ''});
	my $who = $by{$db} // 'postgres';
	is(ask($node, $db, q{SELECT seq FROM trust_ledger.adopt_ledger('sold', idempotency_key => 'k')},
		user => $by{$db}), $length + 1, "$db: adopted by $who");
	my $record = "ledger_adopted|sold|crm_owner|new_owner|t|t\naccess_granted||||t|t\n" .
		"access_revoked||||t|t";
	is(ask($node, $db, <<"SQL"), $record, "$db: what is on record");
SELECT event, note, details ->> 'adopted_from', details ->> 'adopted_to', login = role,
	subject IN ((SELECT ledger::text FROM trust.ledger), 'new_owner', 'crm_owner')
FROM trust.entry WHERE customer = '' AND seq > $length AND role = '$who' ORDER BY seq;
SQL
	is(ask($node, $db, $others), "0\nnew_owner|f|t",
		"$db: all of it is the new owner's, and nobody has a right that was given by hand");
	is(ask($node, $db,
		q{SELECT role, array_length(levels, 1) FROM trust.access WHERE role IN ('new_owner', } .
		q{'crm_owner') ORDER BY role}), "crm_owner|\nnew_owner|4",
		"$db: nor has the former owner a level");
	is(ask($node, $db, 'SELECT FROM trust_ledger.verify()', user => 'new_owner'), '',
		"$db: it verifies");
	is(ask($node, $db,
		q{SELECT FROM trust_ledger.rebuild(''); SELECT (details ->> 'rows_changed') } .
		q{FROM trust.entry WHERE event = 'rebuilt' ORDER BY seq DESC LIMIT 1}) =~ s/\n//r, 0,
		"$db: and rebuilds to what it is");
	is(ask($node, $db, q{SELECT FROM trust_ledger.register_actor('x', 'human')},
		user => 'crm_owner'), 'ERROR TL004', "$db: the former owner governs no more");
	is(ask($node, $db, q{SELECT count(*) FROM trust_ledger.register_actor('new', 'human')},
		user => 'new_owner'), 1, "$db: the new one does");
	is(ask($node, $db, $guards), 22, "$db: guards are there");
	is(past_guards($node, $db), 'TL006|72', "$db: and guard");
	is(ask($node, $db, q{SELECT seq FROM trust_ledger.adopt_ledger('sold', idempotency_key => 'k')},
		user => $by{$db}), $length + 1, "$db: a retry gets the first receipt");
	is(ask($node, $db, 'SELECT FROM trust_ledger.adopt_ledger()'), 'ERROR 55000',
		"$db: there is nothing more to adopt");
	ok(lives_on($node, $db), "$db: the next promise");
}
is(ask($node, 'copied', 'SELECT ledger FROM trust.ledger'),
	ask($node, 'crm', 'SELECT ledger FROM trust.ledger'), 'a copy has the same uuid');
is(findings($node, 'crm'), 'guard||||promise|privileges|app has the privilege UPDATE',
	'the ledger that was copied goes on, with the rights that were given by hand');
is(ask($node, 'crm', q{SELECT count(*) FROM trust.entry WHERE event = 'ledger_adopted'}), 0,
	'and only the copy says that it is one');

# What somebody put on the tables: a superuser who adopts would run it, or show its author what is
# written.
$node->safe_psql('postgres', 'CREATE DATABASE planted TEMPLATE crm OWNER new_owner');
$node->safe_psql('planted', <<'SQL');
CREATE SCHEMA trap AUTHORIZATION crm_owner;
SET ROLE crm_owner;
CREATE FUNCTION trap.fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'as %',
	CURRENT_USER; END $$;
CREATE FUNCTION trap.called(text) RETURNS text IMMUTABLE LANGUAGE
	plpgsql AS $$ BEGIN RAISE EXCEPTION 'as %', CURRENT_USER; END $$;
CREATE FUNCTION trap.same(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.same);
CREATE DOMAIN trap.text AS text CHECK (trap.called(VALUE) IS NULL);
SQL
my @plants = (
	'CREATE TRIGGER t AFTER INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION trap.fired()',
	'CREATE CONSTRAINT TRIGGER t AFTER INSERT ON trust.chain DEFERRABLE INITIALLY DEFERRED ' .
		'FOR EACH ROW EXECUTE FUNCTION trap.fired()',
	'CREATE TRIGGER trust_guard2 BEFORE UPDATE ON trust.ledger FOR EACH ROW EXECUTE FUNCTION ' .
		'trap.fired()',
	'CREATE RULE r AS ON INSERT TO trust.entry DO ALSO SELECT trap.called(NEW.words)',
	'CREATE POLICY p ON trust.entry USING (trap.called(words) IS NULL)',
	'ALTER TABLE trust.access ENABLE ROW LEVEL SECURITY',
	'CREATE INDEX ON trust.chain (trap.called(customer)) WHERE customer = $$nobody$$',
	'CREATE INDEX ON trust.access (role) WHERE role OPERATOR(trap.=) $$nobody$$ AND false',
	'ALTER TABLE trust.ledger ADD CHECK (trap.called(zone) IS NULL) NOT VALID',
	'ALTER TABLE trust.entry ALTER words SET DEFAULT trap.called($$$$)',
	'ALTER TABLE trust.parked_change ADD more trap.text',
	'CREATE TABLE trap.child () INHERITS (trust.entry)',
	'CREATE TABLE trap.parent (role text COLLATE "C"); ALTER TABLE trust.access INHERIT ' .
		'trap.parent',
	'ALTER TABLE trust.source SET UNLOGGED',
	'CREATE TABLE trap.known (role text COLLATE "C" PRIMARY KEY); ALTER TABLE trust.access ADD ' .
		'FOREIGN KEY (role) REFERENCES trap.known NOT VALID',
	'CREATE TABLE trap.one (a int); CREATE TRIGGER t BEFORE INSERT ON trust.entry FOR EACH ROW ' .
		'WHEN (trap.called(NEW.event) IS NOT NULL) EXECUTE FUNCTION ' .
		'pg_catalog.suppress_redundant_updates_trigger()',
	'CREATE TRIGGER st BEFORE UPDATE ON trust.chain FOR EACH STATEMENT EXECUTE FUNCTION ' .
		'trap.fired()',
	'CREATE STATISTICS trap.st ON (trap.called(event)) FROM trust.entry',
	'CREATE TRIGGER t INSTEAD OF INSERT ON trust.access_level FOR EACH ROW EXECUTE FUNCTION ' .
		'trap.fired()',
	'CREATE RULE r AS ON INSERT TO trust.current_promise DO INSTEAD NOTHING');
# What tables of a ledger do not have: built-in functions may run any SQL.
my @foreign = (
	q{ALTER TABLE trust.ledger ADD CHECK (pg_catalog.ts_rewrite('a'::tsquery, } .
		q{'select ''a''::tsquery, ''b''::tsquery where trap.called('''') is not null') IS } .
		q{NOT NULL) NOT VALID},
	q{ALTER TABLE trust.access ADD CHECK (pg_catalog.query_to_xml('select trap.called('''')', } .
		q{true, true, '') IS NOT NULL) NOT VALID},
	q{ALTER TABLE trust.parked_change ALTER error SET DEFAULT pg_catalog.query_to_xml('select } .
		q{trap.called('''')', true, true, '')::text},
	q{ALTER TABLE trust.parked_change ADD extra text},
	q{CREATE UNIQUE INDEX ON trust.entry (customer) WHERE customer = 'nobody'},
	q{ALTER TABLE trust.entry DROP CONSTRAINT entry_pkey});
foreach my $change (@foreign)
{
	is(ask($node, 'planted',
		"BEGIN; SET LOCAL ROLE crm_owner; $change; RESET ROLE; " .
		"SELECT FROM trust_ledger.adopt_ledger()"), 'ERROR 55000', "not adopted: $change");
}
my $twice = <<'SQL';
BEGIN;
SELECT FROM trust_ledger.adopt_ledger('sold', idempotency_key => 'sold');
ALTER DATABASE planted OWNER TO mallory;
SELECT FROM trust_ledger.adopt_ledger('sold', idempotency_key => 'sold');
SQL
is(ask($node, 'planted', $twice), 'ERROR TL005',
	'a key that stands for another adoption is refused: it would not be recorded');
foreach my $plant (@plants)
{
	is(ask($node, 'planted',
		"BEGIN; SET LOCAL ROLE crm_owner; $plant; RESET ROLE; " .
		"SELECT FROM trust_ledger.adopt_ledger()"), 'ERROR TL006', "not adopted: $plant");
}
is(ask($node, 'planted',
	'BEGIN; GRANT CREATE ON SCHEMA trust TO mallory; ALTER TABLE trust.policy OWNER TO mallory; ' .
	'SELECT FROM trust_ledger.adopt_ledger()'), 'ERROR TL006', 'nor a table of a third');
my $altered = <<'SQL';
BEGIN;
CREATE TABLE public.secret AS SELECT 'B'::text COLLATE "C" AS customer;
ALTER TABLE public.secret OWNER TO new_owner;
SELECT format('CREATE OR REPLACE VIEW trust.access_level AS SELECT * FROM (%s) v WHERE EXISTS '
	'(SELECT FROM public.secret)', rtrim(pg_get_viewdef('trust.access_level'::regclass),
	';')) \gexec
ALTER VIEW trust.access_level OWNER TO crm_owner;
SELECT FROM trust_ledger.adopt_ledger();
SELECT pg_get_viewdef('trust.access_level'::regclass) !~ 'secret', count(*)
	FROM trust_ledger.verify();
ROLLBACK;
SQL
is(ask($node, 'planted', $altered), 't|0',
	'views that were altered are created again, and their author sees nothing through them');
done_testing();
