# CREATE EXTENSION does not take over a schema that exists, and create_ledger() no objects that
# others planted.
use strict;
use warnings;

use FilledLedger;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
make_roles($node);
$node->safe_psql('postgres', 'CREATE ROLE mallory LOGIN');

# ---- the extension ----

make_database($node, 'taken');
$node->safe_psql('taken',
	'GRANT CREATE ON DATABASE taken TO mallory; GRANT ALL ON SCHEMA public TO mallory');
is(ask($node, 'taken', <<'SQL', user => 'mallory'), '', 'schemas that somebody made');
CREATE SCHEMA trust_ledger;
CREATE FUNCTION trust_ledger.make_promise(customer text, words text) RETURNS int LANGUAGE
	sql AS 'SELECT 1';
CREATE SCHEMA mallory;
CREATE DOMAIN mallory.text AS varchar CHECK (false);
CREATE DOMAIN mallory.receipt AS int;
CREATE DOMAIN mallory.trust_score AS int;
CREATE FUNCTION public.create_tables() RETURNS void LANGUAGE sql AS 'SELECT 1/0';
GRANT USAGE ON SCHEMA mallory TO PUBLIC;
SQL
is(ask($node, 'taken', 'CREATE EXTENSION trust_ledger', user => $_->[0]), $_->[1],
	'CREATE EXTENSION by ' . ($_->[0] // 'a superuser'))
  foreach [ undef, 'ERROR 42P06' ], [ 'mallory', 'ERROR 42501' ], [ 'crm_owner', 'ERROR 42501' ];
like(ask($node, 'taken', 'CREATE EXTENSION trust_ledger SCHEMA trust_ledger'),
	qr/^ERROR (42P06|0A000)$/, 'nor into that schema');
is(ask($node, 'taken', 'SELECT count(*) FROM pg_extension WHERE extname = $$trust_ledger$$'), 0,
	'nothing is left of it');
is(ask($node, 'taken', 'DROP SCHEMA trust_ledger CASCADE; SET search_path = mallory, public; ' .
	'CREATE EXTENSION trust_ledger'),
	'', 'CREATE EXTENSION once it is gone, under a hostile search_path');
is(ask($node, 'taken',
	<<'SQL'), '', 'all of the extension is in its schema, made of its own types and PostgreSQL\'s');
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid
	AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'trust_ledger' AND d.deptype = 'e' AND NOT (
	(d.classid = 'pg_namespace'::regclass AND d.objid = 'trust_ledger'::regnamespace)
	OR (d.classid = 'pg_type'::regclass AND (SELECT typnamespace FROM pg_type WHERE oid = d.objid)
		= 'trust_ledger'::regnamespace)
	OR (d.classid = 'pg_operator'::regclass AND (SELECT oprnamespace FROM pg_operator
		WHERE oid = d.objid) = 'trust_ledger'::regnamespace)
	OR (d.classid = 'pg_opclass'::regclass AND (SELECT opcnamespace FROM pg_opclass
		WHERE oid = d.objid) = 'trust_ledger'::regnamespace)
	OR (d.classid = 'pg_event_trigger'::regclass AND (SELECT pronamespace FROM pg_event_trigger t
		JOIN pg_proc p ON p.oid = t.evtfoid WHERE t.oid = d.objid) = 'trust_ledger'::regnamespace)
	OR (d.classid = 'pg_opfamily'::regclass AND (SELECT opfnamespace FROM pg_opfamily
		WHERE oid = d.objid) = 'trust_ledger'::regnamespace)
	OR (d.classid = 'pg_proc'::regclass AND (SELECT pronamespace FROM pg_proc WHERE oid = d.objid)
		= 'trust_ledger'::regnamespace
		AND NOT EXISTS (SELECT FROM pg_proc p,
			unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) AS used
			JOIN pg_type t ON t.oid = used
			WHERE p.oid = d.objid AND t.typnamespace NOT IN ('trust_ledger'::regnamespace,
				'pg_catalog'::regnamespace))))
SQL

# Its schema is its own: it hangs on no other.
make_database($node, 'bare');
$node->safe_psql('bare', 'DROP SCHEMA public');
is(ask($node, 'bare', 'CREATE EXTENSION trust_ledger'), '',
	'CREATE EXTENSION without a schema public');
make_database($node, 'reset');
is(ask($node, 'reset', <<'SQL'), '22', 'DROP SCHEMA public CASCADE takes no guard away');
SET client_min_messages = warning;
CREATE EXTENSION trust_ledger;
SELECT FROM trust_ledger.create_ledger();
DROP SCHEMA public CASCADE;
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'trust\_guard%';
SQL

# ---- the ledger ----

fill_ledger($node, 'crm');
my $dump = PostgreSQL::Test::Utils::tempdir . '/crm';
$node->command_ok([ 'pg_dump', '-Fc', '-ntrust', '-f', $dump, 'crm' ], 'pg_dump of a ledger');
my $promise = ask($node, 'crm', q{SELECT promise FROM trust.promise WHERE customer = 'B' LIMIT 1});

my @calls = (writing_calls($promise, 'B'), scoring_calls('B'),
	map { "SELECT * FROM trust_ledger.$_" } q{act_as('carl')}, 'verify()', q{verify('B')},
	'ledger_digest()', "history('$promise')", 'require_reader()', 'reads_words()');

# It springs when anybody reads through it, and a rollback does not undo that.
my $trap = <<'SQL';
CREATE SCHEMA mallory;
CREATE SEQUENCE mallory.sprung;
CREATE FUNCTION mallory.trap() RETURNS int LANGUAGE plpgsql SECURITY INVOKER AS
$$ BEGIN PERFORM setval('mallory.sprung', 2); RETURN 1; END $$;
GRANT USAGE ON SCHEMA mallory TO PUBLIC;
GRANT ALL ON SEQUENCE mallory.sprung TO PUBLIC;
SQL
my $row = q{SELECT gen_random_uuid() AS ledger, mallory.trap() AS table_format, interval '1 day'
	AS half_life, '{}'::jsonb AS weights,
	'UTC'::text AS zone, interval '1 day' AS lag, 1::bigint AS seq};
my $shown = 'GRANT USAGE ON SCHEMA trust TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA trust TO ' .
	'PUBLIC;';

# Each: what somebody who owns no database puts there; what functions say to it.
my %planted = (
	'a whole ledger' => [ undef, 'TL006' ],
	'an empty schema' => [ 'CREATE SCHEMA trust', '55000' ],
	'one table' => [ "CREATE SCHEMA trust; CREATE TABLE trust.ledger AS $row; $shown", 'TL006' ],
	'a view' => [ "CREATE SCHEMA trust; CREATE VIEW trust.ledger AS $row; $shown", 'TL006|55000' ],
	'a table with a trap' => [ "CREATE SCHEMA trust; CREATE TABLE trust.ledger AS $row;
		SELECT setval('mallory.sprung', 1, false);
		ALTER TABLE trust.ledger ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON trust.ledger
			USING (mallory.trap() > 0); $shown", 'TL006' ],
	'a materialized view' => [ "CREATE SCHEMA trust; CREATE MATERIALIZED VIEW trust.ledger AS " .
		"SELECT 1 AS table_format; $shown", 'TL006|55000' ],
	'a sequence' => [ 'CREATE SCHEMA trust; CREATE SEQUENCE trust.ledger; GRANT USAGE ON SCHEMA ' .
		'trust TO PUBLIC', 'TL006|55000' ],
	'another table' => [ "CREATE SCHEMA trust; CREATE TABLE trust.access AS SELECT 'mallory' " .
		"AS role, '{admin}'::text[] AS levels; $shown", '55000' ]);

my $number = 0;
foreach my $what (sort keys %planted)
{
	my ($sql, $refusal) = @{ $planted{$what} };
	my $db = 'planted' . ++$number;
	make_database($node, $db);
	$node->safe_psql($db, "CREATE EXTENSION trust_ledger; GRANT CREATE ON DATABASE $db TO mallory");
	is(ask($node, $db, $trap, user => 'mallory'), '', "$what: a trap");
	if (defined $sql)
	{
		unlike(ask($node, $db, $sql, user => 'mallory'), qr/ERROR/, "$what: planted");
	}
	else
	{
		$node->command_ok([ 'pg_restore', '-e', '-U', 'mallory', '--no-owner', '-d',
			$node->connstr($db), $dump ], "$what: planted");
	}
	$node->safe_psql($db, q{SELECT setval('mallory.sprung', 1)});

	foreach my $user (undef, 'crm_owner', 'mallory')
	{
		my $who = $user // 'a superuser';
		my $outcomes = outcomes($node, $db, \@calls, user => $user);
		is_deeply([ grep { $outcomes->{$_} !~ /^(?:$refusal)$/ } @calls ], [],
			"$what: every function refuses, to $who")
		  or diag(explain($outcomes));
	}
	foreach my $user (undef, 'crm_owner')
	{
		my $who = $user // 'a superuser';
		like(ask($node, $db, 'SELECT trust_ledger.create_ledger()', user => $user),
			qr/^ERROR (42P06|TL006|55000)$/, "$what: create_ledger() by $who");
		like(ask($node, $db, 'SELECT trust_ledger.migrate_ledger()', user => $user),
			qr/^ERROR (TL006|55000)$/, "$what: migrate_ledger() by $who");
	}
	is(ask($node, $db, 'SELECT last_value FROM mallory.sprung'), 1,
		"$what: the trap was not touched");
	$node->safe_psql($db, 'DROP SCHEMA trust CASCADE');
	is(ask($node, $db, 'SELECT trust_ledger.create_ledger() IS NOT NULL', user => 'crm_owner'), 't',
		"$what: once it is gone, a ledger");
}

# The owner of a schema can drop what is in it and put something else there.
$node->safe_psql('crm', 'ALTER SCHEMA trust OWNER TO mallory');
foreach my $call (q{make_promise('B', 'w', actor => 'carl')}, 'verify()', 'require_reader()',
	'migrate_ledger()')
{
	is(ask($node, 'crm', "SELECT * FROM trust_ledger.$call"), 'ERROR TL006',
		"a ledger in another's schema: $call");
}
$node->safe_psql('crm', 'ALTER SCHEMA trust OWNER TO crm_owner');
ok(lives_on($node, 'crm'), 'and back in its owner\'s');

# ---- two at once ----

make_database($node, 'twice');
$node->safe_psql('twice', 'CREATE EXTENSION trust_ledger');
my $first = FilledLedger::Session->new($node, 'twice', user => 'crm_owner');
is($first->ask('BEGIN; SELECT trust_ledger.create_ledger() IS NOT NULL'), 't',
	'a ledger that is not there yet');
my ($stdout, $stderr) = ('', '');
my $second = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-U', 'crm_owner', '-d',
	$node->connstr('twice'),
		'-c', 'SELECT trust_ledger.create_ledger()' ], '>', \$stdout, '2>', \$stderr);
ok($node->poll_query_until('twice', 'SELECT count(*) > 0 FROM pg_locks WHERE NOT granted'),
	'another call waits for it');
is($first->ask('COMMIT'), '', 'it is there');
$second->finish;
$first->quit;
like($stderr, qr/ERROR:  (42710|42P06|23505)/, 'and the other is refused');
is(findings($node, 'twice'), '', 'the ledger is sound');
is(ask($node, 'twice', 'SELECT length FROM trust.chain'), 2, 'and one');

done_testing();
