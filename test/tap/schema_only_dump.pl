# A dump of the schema alone, as frameworks keep it for tests and staging: create_ledger() makes a
# ledger of the empty tables, whoever restored them. It does not adopt planted objects, or tables
# that have rows.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dumps = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
make_roles($node);
$node->safe_psql('postgres', 'CREATE ROLE mallory LOGIN');
fill_ledger($node, 'crm');

# What a company has on it: partitions, an index, a view, a table that refers to nothing.
my ($recipe) = slurp_file('doc/operations.md') =~
	/^```sql\n(BEGIN;\nSELECT trust_ledger\.migrate_ledger\(\);.*?)^```$/ms
	or die 'doc/operations.md has no recipe';
is(ask($node, 'crm', "\\o /dev/null\n$recipe", user => 'crm_owner'), '',
	'a table is split into partitions');
is(ask($node, 'crm', q{CREATE VIEW public.ours AS SELECT * FROM trust.promise; CREATE INDEX ours } .
	q{ON trust.promise (kind)}, user => 'crm_owner'), '',
	'and the company has its own view and index');

my %file = (plain => "$dumps/plain", custom => "$dumps/custom", directory => "$dumps/directory",
	tar => "$dumps/tar");
$node->command_ok([ 'pg_dump', '-s', "-F$_", '-f', $file{$_}, 'crm' ], "pg_dump -s of format $_")
	foreach sort keys %file;

# A ledger lives in it.
sub lives
{
	my ($db, $how) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ask($node, $db, <<'SQL'), "\n", "$how: actors, a promise, a row of a tracked table");
\o /dev/null
SELECT trust_ledger.register_actor('carl', 'human');
SELECT trust_ledger.grant_access('app', 'application');
SELECT trust_ledger.make_promise('B', 'w', actor => 'carl');
BEGIN;
SELECT trust_ledger.act_as('carl');
INSERT INTO deal VALUES (1, 'B', 'a deal', false);
COMMIT;
\o
SELECT string_agg(problem, ', ') FROM trust_ledger.verify();
SELECT string_agg(event, ' ') FROM (SELECT event FROM trust.entry WHERE customer = 'B' ORDER BY seq)
	e WHERE event <> 'made';
SQL
	is(ask($node, $db, q{SELECT count(*) FROM trust.current_promise; SELECT count(*) FROM ours}),
		"2\n2", "$how: views show them");
	is(ask($node, $db, q{SELECT count(*), count(*) FILTER (WHERE tgenabled = 'A') } .
		q{FROM pg_trigger WHERE tgname LIKE 'trust\_guard%'}),
		'38|38', "$how: all guards are there, and ALWAYS");
	return;
}

my $who = q{SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class } .
	q{WHERE relnamespace = 'trust'::regnamespace};
my @restored = (
	[ plain => 'crm_owner', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f',
		$file{plain} ],
	[ custom => undef, 'pg_restore', '-e', $file{custom} ],
	[ directory => 'crm_owner', 'pg_restore', '-e', '-j2', $file{directory} ],
	[ tar => undef, 'pg_restore', '-e', $file{tar} ],
	[ no_owner => undef, 'pg_restore', '-e', '-O', '-x', $file{custom} ]);
foreach my $case (@restored)
{
	my ($db, $user, @command) = @$case;
	make_database($node, $db);
	$node->command_ok([ @command, '-d', $node->connstr($db) ], "$db: restored");
	is(ask($node, $db, q{SELECT FROM trust_ledger.make_promise('B', 'w', actor => 'carl')}),
		'ERROR 55000', "$db: no ledger yet");
	is(ask($node, $db, q{INSERT INTO deal VALUES (1, 'B', 'a deal', false)}), 'ERROR 55000',
		"$db: nor for rows that are tracked");
	is(ask($node, $db, 'SELECT FROM trust_ledger.create_ledger()', user => 'mallory'),
		'ERROR 42501', "$db: create_ledger() by somebody else");
	is(ask($node, $db, 'SELECT FROM trust_ledger.create_ledger()', user => 'crm_owner'),
		'ERROR 42501', "$db: what belongs to a superuser is for a superuser to give")
		if $db eq 'no_owner';
	is(ask($node, $db, 'SELECT count(*) FROM trust_ledger.create_ledger()', user => $user), 1,
		"$db: create_ledger()");
	isnt(ask($node, $db, 'SELECT ledger FROM trust.ledger'),
		ask($node, 'crm', 'SELECT ledger FROM trust.ledger'), "$db: another ledger");
	is(ask($node, $db,
		"$who; SELECT relkind, (SELECT count(*) FROM pg_partition_tree(oid) WHERE isleaf) " .
		"FROM pg_class WHERE oid = 'trust.entry'::regclass"), "crm_owner\np|8",
		"$db: the database owner's, partitions as they were");
	is(ask($node, $db, q{SELECT string_agg(event, ' ' ORDER BY seq) FROM trust.entry; } .
		q{SELECT role FROM trust.access}), "ledger_created access_granted\ncrm_owner",
		"$db: it begins as a ledger does");
	is(ask($node, $db, 'SELECT FROM trust_ledger.create_ledger()', user => $user), 'ERROR 42710',
		"$db: and once only");
	lives($db, $db);
}

# By who owns the database and is no superuser, where somebody else installed the extension.
make_database($node, 'by_owner');
$node->safe_psql('by_owner', 'CREATE EXTENSION trust_ledger');
my ($list) = PostgreSQL::Test::Utils::run_command([ 'pg_restore', '-l', $file{custom} ]);
append_to_file("$dumps/list", join '', map { "$_\n" } grep { !/ EXTENSION / } split /\n/, $list);
$node->command_ok([ 'pg_restore', '-e', '-L', "$dumps/list", '-O', '-x', '-U', 'crm_owner', '-d',
	$node->connstr('by_owner'), $file{custom} ], 'by the database owner');
is(ask($node, 'by_owner', "$who; SELECT count(*) FROM trust.entry"), "crm_owner\n0",
	'restored by the database owner');
is(ask($node, 'by_owner', 'SELECT count(*) FROM trust_ledger.create_ledger()', user => 'crm_owner'),
	1, 'and completed');
is(findings($node, 'by_owner'), '', 'soundly');

# What is not the empty rest of a ledger. Each is refused, and its hint leads on.
make_database($node, 'refused');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('refused'), $file{custom} ],
	'restored once more');
my $row = q{VALUES (gen_random_uuid(), now(), 's', 't', 't', 'insert', NULL, 'l', 'r', NULL, } .
	q{NULL, '00000', 'e')};
my @refused = (
	[ 'a change that waits',
		"ALTER TABLE trust.parked_change DISABLE TRIGGER ALL; INSERT INTO trust.parked_change $row",
		'42710' ],
	[ 'a chain',
		q{ALTER TABLE trust.chain DISABLE TRIGGER ALL; INSERT INTO trust.chain VALUES ('c', 1, } .
		q{'x')}, '42710' ],
	[ 'an actor',
		q{ALTER TABLE trust.actor DISABLE TRIGGER ALL; INSERT INTO trust.actor VALUES ('a', } .
		q{'human', NULL, 'company', NULL, NULL, NULL, NULL, NULL, true, NULL, 1)}, '42710' ],
	[ 'a row that policies hide',
		"ALTER TABLE trust.parked_change DISABLE TRIGGER ALL; INSERT INTO trust.parked_change " .
		"$row; ALTER TABLE trust.parked_change ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
		'42710' ],
	[ 'rows of a table that inherits',
		q{CREATE TABLE child () INHERITS (trust.parked_change); INSERT INTO child } . $row,
		'42710' ],
	[ 'a column less', 'ALTER TABLE trust.entry DROP COLUMN purpose_met CASCADE', '55000' ],
	[ 'a column more', 'ALTER TABLE trust.entry ADD COLUMN more text', '55000' ],
	[ 'a column of another type',
		'ALTER TABLE trust.entry ALTER request_salt TYPE text USING encode(request_salt, $$hex$$)',
		'55000' ],
	[ 'a key less', 'ALTER TABLE trust.promise DROP CONSTRAINT promise_pkey', '55000' ],
	[ 'a constraint more', q{ALTER TABLE trust.actor ADD CHECK (actor <> 'carl')}, '55000' ],
	[ 'a table less', 'DROP TABLE trust.policy CASCADE', '55000' ],
	[ 'a table of somebody else', 'ALTER TABLE trust.source OWNER TO mallory', 'TL006' ],
	[ 'a schema of somebody else', 'ALTER SCHEMA trust OWNER TO mallory', 'TL006' ],
	[ 'all of it somebody else\'s',
		q{REASSIGN OWNED BY crm_owner TO mallory; ALTER DATABASE refused OWNER TO crm_owner},
		'TL006' ]);
foreach my $case (@refused)
{
	my ($what, $change, $code) = @$case;
	is(ask($node, 'refused',
		"SET client_min_messages = warning; BEGIN; $change; " .
		"SELECT FROM trust_ledger.create_ledger()"), "ERROR $code", "refused: $what");
}
is(ask($node, 'refused',
	q{BEGIN; REASSIGN OWNED BY crm_owner TO mallory; ALTER DATABASE refused OWNER TO crm_owner; } .
	q{SELECT FROM trust_ledger.adopt_ledger()}), 'ERROR 55000', 'nor is there a ledger to adopt');
is(ask($node, 'refused',
	q{SELECT count(*) FROM trust.entry; SELECT count(*) FROM pg_namespace WHERE nspname } .
	q{LIKE 'trust%'}), "0\n2", 'nothing of it stays');
is(ask($node, 'refused', 'SELECT count(*) FROM trust_ledger.create_ledger()'), 1,
	'as it was restored, it is made a ledger');

# Of a release of before, updated and not.
foreach my $version ('0.1.0', '0.2.0')
{
	my $db = "of_$version" =~ s/\./_/gr;
	released_ledger($node, $db, $version);
	$node->command_ok([ 'pg_dump', '-s', '-Fc', '-f', "$dumps/$db", $db ], "$version: pg_dump -s");
	make_database($node, "${db}_restored");
	$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr("${db}_restored"), "$dumps/$db" ],
		"$version: restored");
	is(ask($node, "${db}_restored",
		q{SELECT count(*) FROM trust_ledger.create_ledger(); SELECT count(*) } .
		q{FROM trust_ledger.verify()}), "1\n0", "$version: completed, soundly");
}

done_testing();
