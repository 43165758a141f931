# Tables are rewritten, reindexed, moved to another tablespace, partitioned, and migrated under
# load. The ledger stays the same and continues, also in sessions that were open before.
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
fill_ledger($node, 'crm');
$node->safe_psql('postgres',
	q{SET allow_in_place_tablespaces = on; CREATE TABLESPACE elsewhere LOCATION ''; GRANT CREATE } .
	q{ON TABLESPACE elsewhere TO crm_owner});

my ($recipe) = slurp_file('doc/operations.md') =~
	/^```sql\n(BEGIN;\nSELECT trust_ledger\.migrate_ledger\(\);.*?)^```$/ms
  or die 'doc/operations.md has no recipe';

my $app = FilledLedger::Session->new($node, 'crm', user => 'app');
my $auditor = FilledLedger::Session->new($node, 'crm', user => 'auditor');

sub state_of { my ($db) = @_; return { %{ ledger_state($node, $db) }, retries => retries($node,
	$db) } }

# Sessions that were open before still work: they write and roll back, so that nothing changes.
sub goes_on
{
	my ($how) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $next = 1 + ask($node, 'crm', q{SELECT length FROM trust.chain WHERE customer = 'B'});
	my $call = q{SELECT seq FROM trust_ledger.make_promise('B', 'still here', actor => 'carl')};
	is($app->ask("BEGIN; $call; $call; ROLLBACK"), "$next\n" . ($next + 1),
		"$how: an open session writes");
	is($auditor->ask('SELECT count(*) FROM trust_ledger.verify()'), 0, "$how: another verifies");
	return;
}

goes_on('at first');
my $before = state_of('crm');
is($before->{findings}, '', 'the ledger is sound');
is(scalar(split /\n/, $before->{retries}), 11, 'the receipts of repeated calls are compared, too');

# ---- each table, each index ----

# What is to be done; by whom; to how many.
my $tables = q{FROM pg_class c WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r'};
my $indexes = q{FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t } .
	q{ON t.oid = i.indrelid WHERE c.relnamespace = 'trust'::regnamespace};
my @maintenance = (
	[ 'VACUUM FULL', 'crm_owner', 10,
		"SELECT format('VACUUM (FULL, FREEZE, ANALYZE) trust.%I', relname) $tables" ],
	# an index with a condition is none to cluster on
	[ 'CLUSTER', 'crm_owner', 11,
		"SELECT format('CLUSTER trust.%I USING %I', t.relname, c.relname) $indexes AND indpred " .
		"IS NULL" ],
	[ 'REINDEX', 'crm_owner', 10, "SELECT format('REINDEX TABLE trust.%I', relname) $tables" ],
	[ 'REINDEX CONCURRENTLY', 'crm_owner', 17,
		"SELECT format('REINDEX INDEX CONCURRENTLY trust.%I', c.relname) $indexes" ],
	[ 'SET TABLESPACE', 'crm_owner', 10,
		"SELECT format('ALTER TABLE trust.%I SET TABLESPACE elsewhere', relname) $tables" ],
	[ 'SET TABLESPACE of indexes', 'crm_owner', 17,
		"SELECT format('ALTER INDEX trust.%I SET TABLESPACE elsewhere', c.relname) $indexes" ],
	[ 'SET TABLESPACE back', 'postgres', 2,
		"SELECT format('ALTER %s ALL IN TABLESPACE elsewhere SET TABLESPACE pg_default', what) " .
		"FROM unnest('{TABLE,INDEX}'::text[]) what" ]);
my $files = q{SELECT count(*), string_agg(relfilenode::text, ' ' ORDER BY relname) FROM pg_class } .
	q{WHERE relnamespace = 'trust'::regnamespace AND relfilenode <> 0};
foreach my $case (@maintenance)
{
	my ($how, $user, $least, $statements) = @$case;
	my $were = ask($node, 'crm', $files);
	cmp_ok(ask($node, 'crm', "SELECT count(*) FROM ($statements) s"), '>=', $least,
		"$how: of each");
	is(ask($node, 'crm', "$statements \\gexec", user => $user), '', $how);
	isnt(ask($node, 'crm', $files), $were, "$how: was done");
	is_deeply(state_of('crm'), $before, "$how: nothing has changed");
	goes_on($how);
}

# ---- partitions ----

my $guards = q{SELECT count(*), count(*) FILTER (WHERE tgenabled = 'A') FROM pg_trigger } .
	q{WHERE tgname LIKE 'trust\_guard%'};
is(ask($node, 'crm', $guards), '22|22', 'guards, one of rows and one of TRUNCATE for each table');
my $count = 11;
foreach my $table (qw(entry promise source chain))
{
	is(ask($node, 'crm', "\\o /dev/null\n" . $recipe =~ s/\bentry(?=[ ;_])/$table/gr,
		user => 'crm_owner'), '', "trust.$table is split into partitions");
	is(ask($node, 'crm', "SELECT count(*) FROM pg_partition_tree('trust.$table') WHERE isleaf"), 8,
		"$table: there are eight");
	is(ask($node, 'crm', "SELECT count(*) > 2 FROM (SELECT DISTINCT tableoid FROM trust.$table) p"),
		't', "$table: with rows in several");
	$count += 8;
	is(ask($node, 'crm', $guards), "@{[ 2 * $count ]}|@{[ 2 * $count ]}",
		"$table: each has its guards, ALWAYS");
	is(ask($node, 'crm',
		"SELECT relkind, to_regclass('trust.${table}_before') IS NULL FROM pg_class WHERE oid = " .
		"'trust.$table'::regclass"), 'p|t', "$table: and the table of before is gone");
	is_deeply(state_of('crm'), $before, "$table: nothing has changed");
	goes_on($table);
	is(past_guards($node, 'crm'), 'TL006|72', "$table: it is guarded");
}

$_->quit foreach $app, $auditor;

# All that writes: each event, many at once, rows of tracked tables, erasures, retries under a key.
more_promises($node, 'crm', 'split ');
is(findings($node, 'crm'), '', 'each event is written to partitions');
is(ask($node, 'crm',
	q{SELECT count(DISTINCT tableoid) > 2, count(*) > 500 FROM trust.entry } .
	q{WHERE starts_with(customer, 'split ')}), 't|t', 'to several');
$before = state_of('crm');
is(scalar(() = $before->{retries} =~ /^2\|open\|\S+$/mg), 22, 'what is asked again is found');
is_deeply(state_of('crm'), $before, 'and written once');

# Rows of before are imported; damage is made good.
is(ask($node, 'crm', q{SELECT count(*) FROM trust_ledger.register_actor('importer', 'system', } .
	q{responsible => 'carl')}), 1, 'a machine that imports');
is(ask($node, 'crm', <<'SQL', user => 'app'), 'importer', 'rows are imported');
BEGIN;
ALTER TABLE deal DISABLE TRIGGER USER;
INSERT INTO deal SELECT 2000000 + n, 'imported ' || n, 'from before', n % 2 = 0
	FROM generate_series(1, 20) n;
ALTER TABLE deal ENABLE TRIGGER USER;
COMMIT;
BEGIN;
SELECT trust_ledger.act_as('importer');
CALL trust_ledger.import_table('deal', in_one_transaction => true);
COMMIT;
SQL
is(ask($node, 'crm', q{SELECT state, count(*) FROM trust.promise WHERE starts_with(customer, } .
	q{'imported ') GROUP BY 1 ORDER BY 1}), "kept|10\nopen|10", 'all of them');
is(findings($node, 'crm'), '', 'soundly');
is(ask($node, 'crm', <<'SQL'), 't|t|t', 'what was damaged');
CREATE TABLE public.was AS SELECT * FROM trust.promise;
ALTER TABLE trust.promise DISABLE TRIGGER trust_guard;
DELETE FROM trust.promise WHERE customer = 'B' AND state = 'open';
UPDATE trust.promise SET state = 'kept' WHERE customer = 'a';
ALTER TABLE trust.promise ENABLE ALWAYS TRIGGER trust_guard;
SELECT (SELECT count(*) FROM public.was) > (SELECT count(*) FROM trust.promise),
(SELECT count(*) FROM (TABLE trust.promise EXCEPT TABLE public.was) p) > 10,
	(SELECT count(DISTINCT customer) FROM trust_ledger.verify()) = 2;
SQL
is(ask($node, 'crm', q{SELECT count(*) FROM unnest('{B,a}'::text[]) c, trust_ledger.rebuild(c)}), 2,
	'is rebuilt');
is(ask($node, 'crm', q{SELECT count(*) FROM (TABLE public.was EXCEPT TABLE trust.promise) p; } .
	q{DROP TABLE public.was}), 0, 'as it was');
is(findings($node, 'crm'), '', 'soundly');

# Each partition is guarded by itself.
is(ask($node, 'crm', <<'SQL'), 'TL006|256', 'nothing is written to a partition past the guards');
CREATE FUNCTION pg_temp.outcome(role text, sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('session_replication_role', role, true);
	EXECUTE sql;
	RETURN 'written';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
BEGIN;
SELECT DISTINCT pg_temp.outcome(role, format(write, part, column_name)), count(*) OVER ()
FROM (VALUES ('entry', 'seq'), ('chain', 'length'), ('promise', 'last_seq'), ('source', 'seq')) AS t
	(tab, column_name),
	LATERAL (SELECT relid AS part FROM pg_partition_tree(('trust.' || tab)::regclass) WHERE isleaf)
		p,
	unnest(ARRAY['INSERT INTO %1$s SELECT * FROM %1$s LIMIT 1', 'UPDATE %1$s SET %2$I = %2$I + 1',
		'DELETE FROM %1$s', 'TRUNCATE %1$s']) AS write,
	unnest('{origin,replica}'::text[]) AS role;
SQL

# What is done to a partition's guards, and to partitions, is named; migrate_ledger() puts it right,
# where there is a way.
my $part = ask($node, 'crm',
	q{SELECT tableoid::regclass FROM trust.entry WHERE customer = 'B' LIMIT 1});
my $name = $part =~ s/^trust\.//r;
my $mend = 'SELECT FROM trust_ledger.migrate_ledger()';
my @damages = (
	[ "ALTER TABLE $part DISABLE TRIGGER trust_guard", "guard|$name|trust_guard|is disabled",
		$mend ],
	[ "ALTER TABLE $part ENABLE TRIGGER trust_guard",
		"guard|$name|trust_guard|must be set to ENABLE ALWAYS", $mend ],
	[ "ALTER TABLE $part ENABLE REPLICA TRIGGER trust_guard_truncate",
		"guard|$name|trust_guard_truncate|must be set to ENABLE ALWAYS", $mend ],
	[ "DROP TRIGGER trust_guard_truncate ON $part", "guard|$name|trust_guard_truncate|is missing",
		$mend ],
	[ "ALTER TABLE $part DISABLE TRIGGER ALL",
		"guard|$name|trust_guard|is disabled\nguard|$name|trust_guard_truncate|is disabled",
		$mend ],
	[ "CREATE TRIGGER z BEFORE INSERT ON $part FOR EACH ROW EXECUTE FUNCTION " .
		"suppress_redundant_updates_trigger()",
		"guard|$name|z|is a trigger that can change what is written", "DROP TRIGGER z ON $part" ],
	[ "CREATE RULE r AS ON UPDATE TO $part DO ALSO NOTHING",
		"guard|$name|r|is a rule that can change what is written", "DROP RULE r ON $part" ],
	[ "GRANT UPDATE ON $part TO app", "guard|$name|privileges|app has the privilege UPDATE",
		"REVOKE UPDATE ON $part FROM app" ],
	[ "ALTER TABLE $part OWNER TO app", "guard|$name|owner|is not the owner of trust.ledger",
		"ALTER TABLE $part OWNER TO crm_owner" ],
	[ "ALTER TABLE $part SET UNLOGGED",
		"guard|$name|persistence|is not permanent: the table is emptied after a crash",
		"ALTER TABLE $part SET LOGGED" ],
	[ "DELETE FROM $part", 'ERROR TL006' ],
	[ "ALTER TABLE $part DISABLE TRIGGER ALL; TRUNCATE $part; $mend",
		qr/^chain\|B\|\|has no entries$/m, undef ],
	[ "ALTER TABLE trust.entry DETACH PARTITION $part", qr/^chain\|B\|\|has no entries$/m, undef ]);
foreach my $case (@damages)
{
	my ($damage, $expected, $mending) = @$case;
	my $asked = q{SELECT part, coalesce(subject, customer), field, problem } .
		q{FROM trust_ledger.verify() ORDER BY 1, 2, 3};
	my $found = ask($node, 'crm', "\\o /dev/null\nBEGIN; $damage;\n\\o\n$asked; ROLLBACK");
	ref $expected ? like($found, $expected, "is found: $damage") : is($found, $expected,
		"is found: $damage");
	is(ask($node, 'crm', "BEGIN; $damage; $mending; $asked; ROLLBACK"), '', "and mended: $mending")
		if defined $mending;
}

# A dump of it.
my $dump = PostgreSQL::Test::Utils::tempdir . '/split';
my $ledger = state_of('crm');
delete $ledger->{retries};
$node->command_ok([ 'pg_dump', '-Fd', '-j2', '-f', $dump, 'crm' ], 'pg_dump of partitions');
make_database($node, 'restored');
$node->command_ok([ 'pg_restore', '-e', '-j2', '-d', $node->connstr('restored'), $dump ],
	'pg_restore');
my $restored = state_of('restored');
delete $restored->{retries};
is_deeply($restored, $ledger, 'nothing has changed');
is(ask($node, 'restored', $guards), "@{[ 2 * $count ]}|@{[ 2 * $count ]}",
	'and all guards are back, ALWAYS');
ok(lives_on($node, 'restored'), 'the next promise');

# ---- while others work ----

# Writers, and readers of views within views, go on while the ledger is migrated and split.
make_database($node, 'busy');
$node->safe_psql('busy', <<'SQL');
CREATE EXTENSION trust_ledger;
SELECT FROM trust_ledger.create_ledger();
SELECT FROM trust_ledger.register_actor('carl', 'human');
SELECT FROM unnest('{application,analyst}'::text[]) level, trust_ledger.grant_access(CASE level
	WHEN 'analyst' THEN level ELSE 'app' END, level);
SQL
my %work = (
	app => q{SELECT * FROM trust_ledger.make_promise('customer ' || (random() * 20)::int, 'w', } .
		q{actor => 'carl') p, LATERAL trust_ledger.assess_promise(p.promise, 'kept', } .
		q{actor => 'carl');},
	analyst => 'SELECT count(*) FROM trust.customer_trust; SELECT count(*) FROM trust.exception; ' .
		'SELECT count(*) FROM trust.awaiting_backing;');
my %clients;
foreach my $user (sort keys %work)
{
	my $script = PostgreSQL::Test::Utils::tempdir . "/$user";
	append_to_file($script, $work{$user} . "\n");
	$clients{$user} = { output => '' };
	$clients{$user}{run} = IPC::Run::start([ 'pgbench', '-n', '-c2', '-t100000', '-f', $script,
		'-U', $user, '-h', $node->host, '-p', $node->port, 'busy' ],
		'<', \undef, '>&', \$clients{$user}{output});
}
my $entries = q{SELECT count(*) FROM trust.entry};
foreach my $step (('SELECT FROM trust_ledger.migrate_ledger()') x 10, $recipe,
	('SELECT FROM trust_ledger.migrate_ledger()') x 3)
{
	my $are = ask($node, 'busy', $entries);
	ok($node->poll_query_until('busy', "SELECT count(*) > $are + 20 FROM trust.entry"),
		'writers write');
	is(ask($node, 'busy', "\\o /dev/null\n$step", user => 'crm_owner'), '', 'and meanwhile: '
		. $step =~ s/\n.*//sr);
}
foreach my $user (sort keys %clients)
{
	# not INT: what runs in the background ignores that, and so do its children
	$clients{$user}{run}->signal('TERM');
	$clients{$user}{run}->finish;
	unlike($clients{$user}{output}, qr/ERROR|aborted/, "$user had no error");
}
is(findings($node, 'busy'), '', 'the ledger is sound');
is(ask($node, 'busy', q{SELECT relkind FROM pg_class WHERE oid = 'trust.entry'::regclass}), 'p',
	'and split');

done_testing();
