# Upgrades from each release to this version: the result is, object by object, a fresh installation;
# nothing in a filled ledger changes but what migrate_ledger() adds, and sessions that were open
# continue afterwards. test/data has a ledger of each release, as pg_dump wrote it.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FilledLedger;
use LedgerObjects;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($version) = slurp_file('trust_ledger.control') =~ /^default_version = '(.+)'$/m;

# Releases never change: SHA-256 of each install script as it was released.
my %releases = (
	'0.1.0' => '022fdf23c66f953ee7be247a0c7ffca192a1051edb802ae9249fe67324b01909',
	'0.2.0' => '6eb05882ec5675389a0e138858bd0e5fd585b8922b6334ef6738c9c72cf262d5');
is(sha256_hex(slurp_file("extension/trust_ledger--$_.sql")), $releases{$_},
	"$_ is what was released") foreach sort keys %releases;
my @scripts = map { m{/trust_ledger--(\d[\d.]*)\.sql$} ? $1 : () } glob
	'extension/trust_ledger--*.sql';
is_deeply([ sort grep { $_ ne $version && !/--/ } @scripts ], [ sort keys %releases ],
	'each release is known here');

command_ok([ $^X, 'test/upgrade_script', '--check' ],
	'the upgrade script is made of the last release and of this version');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
make_roles($node);

make_database($node, 'fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION trust_ledger');
$node->safe_psql('fresh', 'SELECT FROM trust_ledger.create_ledger()');
my $fresh = objects($node, 'fresh');
my @fresh_extension = grep { !/^[^:]* trust\b/ } @$fresh;
cmp_ok(scalar @$fresh, '>', 20000, 'objects have properties');

my $updated = 'SELECT extversion FROM pg_extension WHERE extname = $$trust_ledger$$';

my @calls;
my %session;
my $promise;

# The rows of the old tables in their old columns, and of entries only the old ones.
my $rows = <<'SQL';
SELECT md5(string_agg(to_jsonb(e)::text, ' ' ORDER BY customer, seq)) FROM trust.entry e
	WHERE customer <> '' OR seq <= (SELECT max(seq) FROM trust.entry g WHERE g.customer = ''
	AND g.event NOT IN ('changes_recorded', 'rebuilt') AND g.actor IS NOT NULL);
SELECT md5(string_agg((to_jsonb(p) - 'eased_at' - 'broken_at' - 'verdict_by' - 'reversed_at' -
	'doubted_speaker')::text, ' ' ORDER BY customer, promise))
	FROM trust.promise p;
SELECT md5(string_agg(s::text, ' ' ORDER BY customer, promise)) FROM trust.source s;
SELECT md5(string_agg((to_jsonb(c) - 'score')::text, ' ' ORDER BY customer)) FROM trust.chain c
	WHERE customer <> '';
SELECT md5(string_agg(d::text, ' ' ORDER BY id)) FROM deal d;
SQL

my $recorded = <<'SQL';
SELECT count(DISTINCT e.seq), string_agg(p.new_row ->> 'id', ',' ORDER BY p.parked_at),
	bool_and(e.note ~ '^These changes were parked before')
FROM trust.entry e, jsonb_object_keys(e.details -> 'parked') AS k JOIN trust.parked_change
	p ON p.parked = k::uuid
WHERE e.customer = '' AND e.event = 'changes_recorded'
SQL

# What sessions that were open before do.
sub writing
{
	my ($next) = @_;
	return <<"SQL";
BEGIN;
SELECT seq FROM trust_ledger.make_promise('B', 'w', actor => 'carl');
SELECT trust_ledger.act_as('carl');
UPDATE deal SET title = title || '.';
SET CONSTRAINTS ALL IMMEDIATE;
SELECT seq > $next FROM trust_ledger.add_note('$promise', 'a note', 'B', actor => 'carl');
ROLLBACK;
SQL
}

# Before migrate_ledger() nothing is written or read: the functions say what to do.
sub waits
{
	my ($db, $when, $before) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $outcomes = outcomes($node, $db, \@calls, begin => 'BEGIN;');
	is_deeply({ map { $_ => $outcomes->{$_} } grep { $outcomes->{$_} ne '55000' } keys %$outcomes },
		{ map { $_ => '00000' } grep { /state_machine|migrate_ledger|ledger_digest/ } @calls },
		"$when: every call is refused that needs more than entries and chains");
	is($session{$_}->ask('SELECT trust_ledger.customer_score($$B$$)'), 'ERROR 55000',
		"$when: an open session of $_ is refused") foreach sort keys %session;
	is(ask($node, $db, 'UPDATE deal SET title = title || $$.$$'), 'ERROR 55000',
		"$when: changes of tracked rows are refused");
	my ($ret, $out, $err) = $node->psql($db, 'SELECT trust_ledger.customer_score($$B$$)');
	like($err, qr/format 1; this version .* requires format 2.*migrate_ledger\(\)/s,
		"$when: the error says what to do");
	is(ask($node, $db, $rows), $before, "$when: nothing has changed");
	return;
}

# Sessions that were open before write and read, and roll back what they wrote.
sub goes_on
{
	my ($db, $when) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $next = 1 + ask($node, $db, q{SELECT length FROM trust.chain WHERE customer = 'B'});
	is($session{app}->ask(writing($next)), "$next\ncarl\nt",
		"$when: an open session writes, rows are tracked");
	is($session{auditor}->ask(qq{SELECT count(*) FROM trust_ledger.verify(); } .
		qq{SELECT count(*) > 0 FROM trust_ledger.history('$promise'); SELECT count(*) > 0 } .
		qq{FROM trust.exception}),
		"0\nt\nt", "$when: another verifies and reads");
	is($session{analyst}->ask('SELECT count(*) > 1 FROM trust.customer_trust'), 't',
		"$when: another reads scores");
	is($session{crm_owner}->ask(q{BEGIN; SELECT count(*) FROM trust_ledger.register_actor('zoe', } .
		q{'human'); ROLLBACK}), 1, "$when: another governs");
	return;
}

# Which scores have changed: those of customers with a promise whose evidence of being broken counts
# from a later verdict.
sub scores_changed
{
	my ($db, $before, $how) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $now = ask($node, $db, 'SELECT customer, score FROM trust.chain');
	my %was = map { $_ => 1 } split /\n/, $before;
	my @changed = map { /^(.*)\|/ } grep { !$was{$_} } split /\n/, $now;
	is(join("\n", sort @changed), join("\n", sort split /\n/, ask($node, $db,
		'SELECT DISTINCT customer FROM trust.promise WHERE broken_at > settled_at')),
		"$how: scores change where what is broken counts from later");
	cmp_ok(scalar @changed, '>', 5, "$how: some do");
	return;
}

foreach my $old (sort keys %releases)
{
	my $db = 'from_' . $old =~ s/\./_/gr;

	# ---- its ledger and its SQL, with the library of this version ----

	released_ledger($node, $db, $old);
	is(ask($node, $db, $updated), $old, "$old: with its extension");
	$promise = ask($node, $db,
		q{SELECT promise FROM trust.promise WHERE customer = 'B' AND state = 'open' } .
		q{AND overdue_at IS NULL AND backer IS NOT NULL LIMIT 1});
	@calls = (writing_calls($promise, 'B'), scoring_calls('B'),
		"SELECT * FROM trust_ledger.history('$promise')",
		'SELECT * FROM trust_ledger.ledger_digest()', q{CALL trust_ledger.import_table('deal')},
			q{SELECT trust_ledger.replay_parked('public.deal')},
		'SELECT trust_ledger.migrate_ledger()', 'SELECT trust_ledger.human_backing()',
			'SELECT trust_ledger.state_machine()');
	my $before = ask($node, $db, $rows);
	my $scores = ask($node, $db, 'SELECT customer, score FROM trust.chain');
	%session = map { $_ => FilledLedger::Session->new($node, $db, user => $_) }
		qw(app auditor analyst crm_owner);
	waits($db, $old, $before);

	my $dump = PostgreSQL::Test::Utils::tempdir . "/$old";
	$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $db ], "$old: pg_dump");

	# ---- ALTER EXTENSION UPDATE ----

	is(ask($node, $db, 'ALTER EXTENSION trust_ledger UPDATE', user => $_), 'ERROR 42501',
		"$old: not updated by $_") foreach qw(crm_owner app chief);
	isnt(differences(objects($node, $db), $fresh), '', "$old: it is not this version yet");
	is(ask($node, $db, 'ALTER EXTENSION trust_ledger UPDATE'), '',
		"$old: ALTER EXTENSION UPDATE by a superuser");
	is(ask($node, $db, $updated), $version, "$old: to this version");
	waits($db, "$old, updated", $before);
	is(differences([ grep { !/^[^:]* trust\b/ } @{ objects($node, $db) } ], \@fresh_extension), '',
		"$old, updated: the extension is what a fresh one is");
	is(past_guards($node, $db), 'TL006|72', "$old, updated: it is guarded");

	# ---- migrate_ledger() ----

	is(ask($node, $db, 'SELECT trust_ledger.migrate_ledger()', user => $_), 'ERROR 42501',
		"$old: not migrated by $_") foreach qw(app chief);
	my $migrated;
	foreach my $user ('crm_owner', 'crm_owner', undef)
	{
		my $how = "$old, migrated by " . ($user // 'a superuser');
		is(ask($node, $db, 'SELECT trust_ledger.migrate_ledger()', user => $user), '', $how);
		is(differences(objects($node, $db), $fresh), '',
			"$how: object by object it is what a fresh one is");
		is(ask($node, $db, $recorded), '1|2,3|t', "$how: what waits is on record, once");
		is(ask($node, $db, q{SELECT count(*) FROM trust.entry WHERE event = 'ledger_set' } .
			q{AND actor IS NULL AND details ->> 'table_format' = '2'}), 1,
			"$how: so is the format");
		$migrated //= ledger_state($node, $db);
		is_deeply(ledger_state($node, $db), $migrated, "$how: nothing has changed");
		is(ask($node, $db, $rows), $before, "$how: but for that");
		scores_changed($db, $scores, $how);
		is(findings($node, $db), '', "$how: verify() finds nothing");
		goes_on($db, $how);
	}
	my $outcomes = outcomes($node, $db, \@calls, begin => 'BEGIN;');
	cmp_ok(scalar(grep { $_ eq '00000' } values %$outcomes), '>', 25, "$old: calls succeed");
	is_deeply([ grep { /^(?:XX|42703|42883|0A)/ } values %$outcomes ], [],
		"$old: and none fails because the tables are another's");
	is(past_guards($node, $db), 'TL006|72', "$old, migrated: it is guarded");
	$_->quit foreach values %session;

	is(ask($node, $db, "ALTER EXTENSION trust_ledger UPDATE TO '$old'"), 'ERROR 22023',
		"$old: there is no way back");
	is(ask($node, $db, $updated), $version, "$old: and none was tried");
	is(ask($node, $db, "ALTER EXTENSION trust_ledger UPDATE TO '$version'"), '',
		"$old: it is there already");

	more_promises($node, $db, 'later ');
	ok(lives_on($node, $db), "$old: all is written on");

	# ---- a dump of it ----

	make_database($node, "${db}_dumped");
	$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr("${db}_dumped"), $dump ],
		"$old: restored where this version is installed");
	is(ask($node, "${db}_dumped", $updated), $version, "$old: the dump makes this version");
	is(ask($node, "${db}_dumped", $rows), $before, "$old, restored: nothing has changed");
	is(ask($node, "${db}_dumped", 'SELECT trust_ledger.migrate_ledger()', user => 'crm_owner'), '',
		"$old, restored: migrate_ledger()");
	is(findings($node, "${db}_dumped"), '', "$old, restored: verify() finds nothing");
	is(differences([ grep { !/^schema public|first rights/ } @{ objects($node, "${db}_dumped") } ],
		[ grep { !/first rights/ } @$fresh ]), '',
		"$old, restored: object by object it is what a fresh one is");
	ok(lives_on($node, "${db}_dumped"), "$old, restored: all is written on");
}

# ---- what the comparison sees ----

# Changes, all made at once, and the property of the object by which each is told.
my $score = 'trust_ledger.trust_score';
my @changes = (
	[ q{CREATE OR REPLACE FUNCTION trust_ledger.create_scores() RETURNS void LANGUAGE plpgsql } .
		q{SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS 'BEGIN END'},
		'function trust_ledger.create_scores(), prosrc' ],
	[ 'ALTER FUNCTION trust_ledger.check_ledger() VOLATILE',
		'function trust_ledger.check_ledger(), provolatile' ],
	[ 'ALTER FUNCTION trust_ledger.check_ledger() COST 7',
		'function trust_ledger.check_ledger(), procost' ],
	[ 'ALTER FUNCTION trust_ledger.verify() ROWS 7', 'function trust_ledger.verify(), prorows' ],
	[ 'ALTER FUNCTION trust_ledger.check_ledger() PARALLEL SAFE',
		'function trust_ledger.check_ledger(), proparallel' ],
	[ 'ALTER FUNCTION trust_ledger.check_ledger() SECURITY DEFINER',
		'function trust_ledger.check_ledger(), prosecdef' ],
	[ 'ALTER FUNCTION trust_ledger.verify(text) CALLED ON NULL INPUT',
		'function trust_ledger.verify(text), proisstrict' ],
	[ 'ALTER FUNCTION trust_ledger.verify() RESET IntervalStyle',
		'function trust_ledger.verify(), proconfig' ],
	[ 'ALTER FUNCTION trust_ledger.require_reader() OWNER TO crm_owner',
		'function trust_ledger.require_reader(), owner' ],
	[ q{CREATE OR REPLACE FUNCTION trust_ledger.act_as(actor text DEFAULT 'x') RETURNS text } .
		q{AS '$libdir/trust_ledger' LANGUAGE C}, 'function trust_ledger.act_as(text), arguments' ],
	[ 'REVOKE ALL ON FUNCTION trust_ledger.verify() FROM PUBLIC',
		'function trust_ledger.verify(), rights' ],
	[ 'GRANT EXECUTE ON FUNCTION trust_ledger.state_machine() TO app',
		'function trust_ledger.state_machine(), rights' ],
	[ 'ALTER EXTENSION trust_ledger DROP FUNCTION trust_ledger.verify()',
		'function trust_ledger.verify(), member' ],
	[ 'CREATE FUNCTION trust_ledger.new() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
		'function trust_ledger.new(), prosrc' ],
	[ 'COMMENT ON FUNCTION trust_ledger.verify() IS NULL', 'function trust_ledger.verify(), comment'
		],
	[ 'COMMENT ON TABLE trust.entry IS NULL', 'table trust.entry, comment' ],
	[ 'COMMENT ON COLUMN trust.entry.actor_seq IS NULL',
		'table column trust.entry.actor_seq, comment' ],
	[ 'COMMENT ON VIEW trust.exception IS NULL', 'view trust.exception, comment' ],
	[ "COMMENT ON TYPE $score IS NULL", "type $score, comment" ],
	[ "COMMENT ON OPERATOR trust_ledger.+ ($score, $score) IS NULL",
		"operator trust_ledger.+($score,$score), comment" ],
	[ 'COMMENT ON EVENT TRIGGER trust_ledger_follow IS NULL',
		'event trigger trust_ledger_follow, comment' ],
	[ q{COMMENT ON SCHEMA trust IS 'data'}, 'schema trust, comment' ],
	[ 'GRANT CREATE ON SCHEMA trust_ledger TO app', 'schema trust_ledger, rights' ],
	[ 'GRANT SELECT ON trust.entry TO app', 'relation trust.entry, rights' ],
	[ 'GRANT SELECT (name) ON trust.actor TO app', 'column trust.actor.name, rights' ],
	[ 'REVOKE SELECT ON trust.exception FROM PUBLIC', 'relation trust.exception, rights' ],
	[ 'ALTER TABLE trust.source OWNER TO app', 'relation trust.source, owner' ],
	[ 'ALTER TABLE trust.entry ALTER words SET STORAGE EXTERNAL',
		'column trust.entry.words, attstorage' ],
	[ 'ALTER TABLE trust.access ALTER levels DROP NOT NULL',
		'column trust.access.levels, attnotnull' ],
	[ q{ALTER TABLE trust.entry ALTER words SET DEFAULT 'x'}, 'column trust.entry.words, default' ],
	[ 'ALTER TABLE trust.entry ALTER request_salt TYPE text',
		'column trust.entry.request_salt, type' ],
	[ 'ALTER TABLE trust.entry ALTER drafted_by TYPE text COLLATE "default"',
		'column trust.entry.drafted_by, collation' ],
	[ 'ALTER TABLE trust.entry ALTER words SET (n_distinct = 7)',
		'column trust.entry.words, options' ],
	[ 'ALTER TABLE trust.entry ADD extra int', 'column trust.entry.extra, type' ],
	[ 'ALTER TABLE trust.promise SET (fillfactor = 80)', 'relation trust.promise, reloptions' ],
	[ 'ALTER INDEX trust.promise_pkey SET (fillfactor = 80)',
		'relation trust.promise_pkey, reloptions' ],
	[ 'DROP INDEX trust.promise_waiting; CREATE INDEX promise_waiting ON trust.promise ' .
		'(waiting_since)', 'index trust.promise_waiting, definition' ],
	[ 'CLUSTER trust.chain USING chain_pkey', 'index trust.chain_pkey, indisclustered' ],
	[ 'ALTER TABLE trust.actor DROP CONSTRAINT actor_kind_check',
		'constraint actor_kind_check of trust.actor, definition' ],
	[ 'ALTER TABLE trust.entry ENABLE TRIGGER trust_guard',
		'trigger trust_guard of trust.entry, enabled' ],
	[ 'DROP TRIGGER trust_guard_truncate ON trust.entry',
		'trigger trust_guard_truncate of trust.entry, definition' ],
	[ 'ALTER EVENT TRIGGER trust_ledger_follow ENABLE',
		'event trigger trust_ledger_follow, evtenabled' ],
	[ 'ALTER VIEW trust.exception RESET (security_barrier)',
		'relation trust.exception, reloptions' ],
	[ 'CREATE OR REPLACE VIEW trust.parked_view AS SELECT 1 AS one',
		'relation trust.parked_view, view' ],
	[ 'CREATE RULE r AS ON UPDATE TO trust.entry DO ALSO NOTHING',
		'rule r of trust.entry, definition' ],
	[ 'ALTER TABLE trust.entry ENABLE ROW LEVEL SECURITY', 'relation trust.entry, relrowsecurity' ],
	[ "ALTER OPERATOR trust_ledger.= ($score, $score) SET (RESTRICT = NONE)",
		"operator trust_ledger.=($score,$score), oprrest" ],
	[ q{UPDATE pg_aggregate SET agginitval = 'x', aggcombinefn = 0 WHERE aggfnoid = } .
		q{'trust_ledger.sum'::regproc}, "aggregate trust_ledger.sum($score), agginitval",
		"aggregate trust_ledger.sum($score), aggcombinefn" ],
	[ "CREATE CAST ($score AS text) WITH INOUT; ALTER EXTENSION trust_ledger ADD CAST ($score " .
		"AS text)", "cast ($score AS text), context" ],
	[ q{UPDATE pg_opclass SET opcdefault = false WHERE opcnamespace = 'trust_ledger'::regnamespace},
		'operator class trust_score_ops by btree, default' ],
	[ q{DELETE FROM pg_amop USING pg_opfamily f WHERE f.oid = amopfamily AND opfnamespace = } .
		q{'trust_ledger'::regnamespace AND amopstrategy = 3},
		"operator of a class trust_score_ops 3 ($score, $score), operator" ],
	[ q{DELETE FROM pg_amproc USING pg_opfamily f WHERE f.oid = amprocfamily AND opfnamespace = } .
		q{'trust_ledger'::regnamespace AND amprocnum = 1},
		"function of a class trust_score_ops 1 ($score, $score), function" ],
	[ q{UPDATE pg_extension SET extconfig = ARRAY['trust.entry'::regclass::oid], extcondition = } .
		q{'{""}' WHERE extname = 'trust_ledger'}, 'extension trust_ledger, config' ]);
my %told = map { s/^[-+] //r =~ s/: .*//r => 1 } split /\n/,
	differences($fresh, objects($node, 'fresh', join ";\n", map { $_->[0] } @changes));
foreach my $case (@changes)
{
	my ($change, @expected) = @$case;
	is_deeply([ grep { !$told{$_} } @expected ], [], "the comparison shows: $change");
}
diag(join "\n", sort keys %told) unless Test::More->builder->is_passing;
is(differences(objects($node, 'fresh'), $fresh), '', 'and nothing else');

done_testing();
