# Dump and restore of the whole ledger and of its data alone, on another server and with other
# settings.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dumps = PostgreSQL::Test::Utils::tempdir;

my $home = PostgreSQL::Test::Cluster->new('home');
$home->init;
$home->start;
make_roles($home);
$home->safe_psql('postgres', 'CREATE ROLE new_owner LOGIN');
fill_ledger($home, 'crm');
park_changes($home, 'crm');
# What a company builds on the ledger: it is filled while the dump is restored.
$home->safe_psql('crm',
	'CREATE MATERIALIZED VIEW kinds AS SELECT customer, kind FROM trust.current_promise');

# Another collation, no role of the ledger's, and every setting that changes how values are written.
my $away = PostgreSQL::Test::Cluster->new('away');
$away->init(extra => [ '--encoding=UTF8', '--locale=C', '--locale-provider=icu',
	'--icu-locale=tr-TR' ]);
$away->append_conf('postgresql.conf', <<'CONF');
timezone = 'Pacific/Kiritimati'
datestyle = 'german, dmy'
intervalstyle = sql_standard
bytea_output = escape
extra_float_digits = -15
default_transaction_isolation = serializable
CONF
$away->start;
$away->safe_psql('postgres', 'CREATE ROLE new_owner LOGIN; CREATE ROLE newcomer LOGIN;');

my %expected = (%{ ledger_state($home, 'crm') }, findings => '', retries => retries($home, 'crm'),
	tracked => tracked_rows($home, 'crm'));

is(ask($home, 'crm', <<'SQL'), '', 'the ledger that is dumped has every event');
SELECT event FROM trust_ledger.state_machine()
UNION SELECT
	unnest('{ledger_created,ledger_set,actor_registered,actor_retired,policy_set,policy_dropped,'
		'access_granted,access_revoked,tracking_set,tracking_dropped,rebuilt,erased,changes_parked,'
		'changes_replayed,changes_dropped}'::text[])
EXCEPT SELECT event FROM trust.entry
SQL
is(findings($home, 'crm'), '', 'and is sound');
is(ask($home, 'crm',
	q{SELECT count(DISTINCT trust_ledger.kept(score)) > 1, count(DISTINCT } .
	q{trust_ledger.broken(score)) > 1 FROM trust.chain}), 't|t',
	'and has scores of several kinds');
is(ask($home, 'crm',
	<<'SQL'), 't|t|t|t|0', 'of its texts some were erased: of each kind, and all of one customer');
SELECT count(words_commitment) > count(words), count(purpose_commitment) > count(purpose),
	count(note_commitment) > count(note),
	count(name_commitment) > count(name), count(coalesce(words, purpose, context::text)) FILTER
		(WHERE customer = 'Z' AND event <> 'erased') FROM trust.entry
SQL

like($expected{tracked}, qr/'source:public.deal'.*\n\d\d\|/s, 'and rows of a tracked table');

# Events continue, on the promises that the rows stood for.
sub is_tracked_on
{
	my ($node, $db, $how) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ask($node, $db, q{SELECT * FROM trust_ledger.reconcile_table('deal')}), '',
		"$how: rows and promises agree");
	is(ask($node, $db, <<'SQL'), "carl\nt|t|t\n1", "$how: what is tracked goes on");
CREATE TEMP TABLE was AS SELECT d.id, s.customer, s.promise FROM deal d JOIN trust.source s ON s.key
	= d.id::text AND NOT s.gone WHERE NOT d.won;
CREATE TEMP TABLE entries AS SELECT max(recorded_at) AS last, count(*) FROM trust.entry;
BEGIN;
SELECT trust_ledger.act_as('carl');
UPDATE deal SET title = title || ' on';
INSERT INTO deal VALUES (1000000, 'B', 'new', false);
COMMIT;
SELECT count(*) > 10, count(*) = (SELECT count(*) FROM deal WHERE NOT won AND id < 1000000),
	count(*) = (SELECT count(*) FROM was)
FROM was JOIN trust.entry e USING (customer, promise) WHERE e.event = 'amended'
	AND e.recorded_at > (SELECT last FROM entries) AND e.details->>'key' = was.id::text;
SELECT count(*) FROM trust.source s JOIN trust.promise USING (customer, promise)
	WHERE key = '1000000' AND NOT gone AND words = 'new' AND state = 'open';
SQL
	is(findings($node, $db), '', "$how: and soundly");
	return;
}

# All is as it was where it came from, and goes on.
sub is_restored
{
	my ($node, $db, $how, %options) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %found = (%{ ledger_state($node, $db, %options) }, retries => retries($node, $db),
		tracked => $options{no_rows} ? $expected{tracked} : tracked_rows($node, $db));
	is_deeply(\%found, \%expected, "$how: nothing has changed");
	is(ask($node, $db,
		q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'trust\_guard%' AND tgenabled = 'A'}),
		22, "$how: all guards are back, and ALWAYS");
	is(past_guards($node, $db), 'TL006|72', "$how: they guard");
	ok(lives_on($node, $db), "$how: the next promise");
	return;
}

sub dump_ledger
{
	my ($file, @options) = @_;
	$home->command_ok([ 'pg_dump', @options, '-f', "$dumps/$file", 'crm' ], "pg_dump @options");
	return "$dumps/$file";
}

sub restore
{
	my ($node, $db, @command) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$node->command_ok([ @command, '-d', $node->connstr($db) ], "@command[0 .. $#command - 1]");
	return;
}

my @psql = ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f');
my @pg_restore = ('pg_restore', '-e', '-j2');

my $plain = dump_ledger('plain');
my $inserts = dump_ledger('inserts', '--column-inserts', '--rows-per-insert=100',
	'--quote-all-identifiers');
my $tar = dump_ledger('tar', '-Ft');
my $custom = dump_ledger('custom', '-Fc', '-U', 'crm_owner');
my $directory = dump_ledger('directory', '-Fd', '-j2');
my $trust_only = dump_ledger('trust_only', '-Fc', '-ntrust');
my $bones = dump_ledger('bones', '-s');
my $data = dump_ledger('data', '-a', '-ntrust');
my $data_unguarded = dump_ledger('data_unguarded', '-a', '--disable-triggers', '-ntrust');
my $all = "$dumps/all";
$home->command_ok([ 'pg_dumpall', '-f', $all ], 'pg_dumpall');

# Whole, at home and elsewhere.
my @whole = (
	[ 'plain', @psql, $plain ],
	[ 'inserts', @psql, $inserts ],
	# an archive that is read from beginning to end only
	[ 'tar', 'pg_restore', '-e', $tar ],
	[ 'custom', @pg_restore, $custom ],
	[ 'directory', @pg_restore, $directory ],
	[ 'a second time', @pg_restore, '--clean', '--if-exists', $custom ]);
foreach my $case (@whole)
{
	my ($how, @command) = @$case;
	my $db = $how eq 'a second time' ? 'custom' : $how;
	make_database($home, $db) unless $how eq 'a second time';
	restore($home, $db, @command);
	is_restored($home, $db, $how);
	is_tracked_on($home, $db, $how);
}

make_database($home, 'sections');
restore($home, 'sections', @pg_restore, "--section=$_", $custom)
	foreach qw(pre-data data post-data);
is_restored($home, 'sections', 'section by section');
is_tracked_on($home, 'sections', 'section by section');

make_database($away, 'by_superuser', 'new_owner');
restore($away, 'by_superuser', @pg_restore, '--no-owner', $directory);
is_restored($away, 'by_superuser', 'without owners, by a superuser');
is_tracked_on($away, 'by_superuser', 'without owners, by a superuser');

make_database($away, 'by_new_owner', 'new_owner');
$away->safe_psql('by_new_owner',
	'CREATE EXTENSION trust_ledger; GRANT CREATE ON SCHEMA public TO new_owner');
restore($away, 'by_new_owner', @pg_restore, '-U', 'new_owner', '--no-owner', '--no-comments',
	$custom);
is_restored($away, 'by_new_owner', 'without owners, by the new owner', user => 'new_owner');

# Nobody whom the ledger knows exists here: its new owner can put that right.
my @heirs_calls = (
	[ new_owner => q{make_promise('B', 'w', actor => 'carl')}, 'ERROR TL004' ],
	[ new_owner => q{grant_access('app', 'application')}, 'ERROR 42704' ],
	[ new_owner => q{grant_access('newcomer', 'application')}, 1 ],
	[ newcomer => q{make_promise('B', 'w', actor => 'carl')}, 1 ],
	[ new_owner => q{revoke_access('app', 'import')}, 1 ],
	[ new_owner => q{register_actor('anna', 'human', db_role => 'anna')}, 'ERROR 42704' ],
	[ new_owner => q{register_actor('anna', 'human', db_role => 'newcomer')}, 1 ],
	[ newcomer => q{make_promise('B', 'w', actor => 'carl')}, 'ERROR TL003' ],
	[ new_owner => q{retire_actor('portal')}, 1 ]);
foreach my $case (@heirs_calls)
{
	my ($user, $call, $expected) = @$case;
	is(ask($away, 'by_new_owner', "SELECT count(*) FROM trust_ledger.$call", user => $user),
		$expected, "without the roles, $user: $call");
}
is(findings($away, 'by_new_owner', user => 'new_owner'), '', 'and all of that is sound');

is(ask($away, 'by_superuser', 'SELECT trust_ledger.migrate_ledger()', user => 'new_owner'),
	'ERROR 42501', 'who owns the database but not its tables cannot put guards back');

# With its owner into somebody else's database: it is not taken for the ledger of that one.
make_database($home, 'others', 'new_owner');
$home->safe_psql('others', 'CREATE EXTENSION trust_ledger');
restore($home, 'others', @pg_restore, $trust_only);
foreach my $user (undef, 'crm_owner', 'new_owner', 'app')
{
	my $who = $user // 'a superuser';
	is(findings($home, 'others', user => $user), 'ERROR TL006',
		"owned by another: verify() by $who");
	is(ask($home, 'others', q{SELECT * FROM trust_ledger.make_promise('B', 'w', actor => 'carl')},
		user => $user),
		'ERROR TL006', "owned by another: make_promise() by $who");
}
ask($home, 'others', <<'SQL');
SELECT format('ALTER TABLE trust.%I OWNER TO new_owner', relname)
FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind IN ('r', 'v') \gexec
ALTER SCHEMA trust OWNER TO new_owner;
SQL
is_restored($home, 'others', 'given to the owner', user => 'new_owner', no_rows => 1);

# The data alone.
foreach my $case ([ data_plain => @psql, $data_unguarded ], [ data_tar => 'pg_restore', '-e', '-a',
	'--disable-triggers', $tar ],
	map { [ "data_$_->[0]" => @pg_restore, '-a', '--disable-triggers', $_->[1] ] }
		[ custom => $custom ], [ directory => $directory ])
{
	my ($db, @command) = @$case;
	make_database($home, $db);
	restore($home, $db, @psql, $bones);
	is(ask($home, $db, q{SELECT * FROM trust_ledger.make_promise('B', 'w', actor => 'carl')}),
		'ERROR 55000', "$db: a schema without data is no ledger");
	isnt(findings($home, $db), '', "$db: nor is it sound");

	$home->command_fails([ @psql, $data, '-d', $home->connstr($db) ],
		"$db: no data comes in past the guards");
	is(ask($home, $db, 'SELECT count(*) FROM trust.entry'), 0, "$db: and none has");

	restore($home, $db, @command);
	my $guards = <<'SQL';
SELECT count(DISTINCT (subject, field)), part, problem FROM trust_ledger.verify() GROUP BY 2, 3
SQL
	is(ask($home, $db, $guards), '22|guard|must be set to ENABLE ALWAYS',
		"$db: verify() names each guard that was put off");
	is(ask($home, $db, 'SELECT trust_ledger.migrate_ledger()', user => 'crm_owner'), '',
		"$db: migrate_ledger()");
	is_restored($home, $db, $db, no_rows => $db eq 'data_plain');
	is_tracked_on($home, $db, $db) unless $db eq 'data_plain';
}

# ---- the cluster, with its roles ----

my $twin = PostgreSQL::Test::Cluster->new('twin');
$twin->init;
$twin->start;
$twin->psql('postgres', "\\i $all", on_error_stop => 0, stdout => \my $ignored,
	stderr => \my $errors);
is_deeply([ map { s/^.*ERROR:  //r } grep { /ERROR/ } split /\n/, $errors ],
	[ sprintf 'role "%s" already exists', ask($twin, 'postgres', 'SELECT CURRENT_USER') ],
		'pg_dumpall restored: its superuser is there, and nothing else is');
is_restored($twin, 'crm', 'pg_dumpall');
is_tracked_on($twin, 'crm', 'pg_dumpall');
is(ask($twin, 'crm',
	<<'SQL', user => 'anna'), 'session', 'pg_dumpall: people act from their own logins');
SELECT promise FROM trust_ledger.make_promise('B', 'from my own login', currency => 'JPY',
	value => 1) \gset
SELECT evidence FROM trust.current_promise WHERE promise = :'promise';
SQL
$twin->stop;

# ---- a tracked table alone ----

my $rows_only = dump_ledger('rows_only', '-a', '-tdeal');
make_database($home, 'alone');
restore($home, 'alone', @pg_restore, $custom);
my $ledger = contents($home, 'alone');
my $empty = 'ALTER TABLE deal DISABLE TRIGGER USER; DELETE FROM deal; ALTER TABLE deal ENABLE ' .
	'TRIGGER USER';

# Its rows, with the triggers in force: they stand for what they stood for.
is(ask($home, 'alone', $empty), '', 'rows are lost');
$home->command_fails_like([ @psql, $rows_only, '-d', $home->connstr('alone') ],
	qr/no actor specified/, 'nobody loads them unnamed');
is(ask($home, 'alone', 'SELECT count(*) FROM deal'), 0, 'and none is there');
restore($home, 'alone', 'psql', '-Xq1', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-c',
	q{SELECT trust_ledger.act_as('carl')}, '-f', $rows_only);
is(tracked_rows($home, 'alone'), $expected{tracked}, 'rows loaded past their triggers');
is(contents($home, 'alone'), $ledger, 'double nothing');
is(ask($home, 'alone', $empty), '', 'lost again');
restore($home, 'alone', 'pg_restore', '-e', '-a', '-tdeal', '--disable-triggers', $custom);
is(tracked_rows($home, 'alone'), $expected{tracked}, 'loaded without');
is(contents($home, 'alone'), $ledger, 'nor do they then');

# The table: -t restores neither key nor triggers.
is(ask($home, 'alone', 'DROP TABLE deal'), '', 'the table is lost');
restore($home, 'alone', 'pg_restore', '-e', '-tdeal', $custom);
is(ask($home, 'alone', <<'SQL'), 't', 'missing triggers are told');
ALTER TABLE deal ADD PRIMARY KEY (id);
SELECT bool_and(what = 'trigger_missing') FROM trust_ledger.reconcile_table('deal')
SQL
is(ask($home, 'alone', <<'SQL'), '', 'tracked again');
\o /dev/null
SELECT count(*) FROM trust.tracking t, LATERAL trust_ledger.track_table('deal', t.mapping)
	WHERE t.source = 'public.deal';
SQL
is_tracked_on($home, 'alone', 'tracked again');

# ---- a tracked table whose columns have an equality of their own ----

make_database($home, 'nocase');
make_database($home, 'nocase_again');
$home->safe_psql('nocase', <<'SQL');
\o /dev/null
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('erp', 'system', responsible => 'anna');
CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE COLLATION ext.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE deal (id ext.citext PRIMARY KEY, customer ext.citext, title text COLLATE ext.nocase,
	status ext.citext);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title",
	"actor": ":erp", "made_when": "status <> ''draft''", "kept_when": "status = ''won''",
	"noted_when": "title = ''we COME''", "noted": {"reason": ":so"}}', path => 'public, ext');
INSERT INTO deal VALUES ('A-1', 'b', 'We come', 'sent');
-- Conditions that a restore reads into other expressions of the same meaning.
CREATE TABLE ticket (id int PRIMARY KEY, customer text, title text, status varchar(20), n int);
SELECT trust_ledger.track_table('ticket', '{"customer": "=customer", "words": "=title",
	"actor": ":erp", "made_when": "status NOT IN (''draft'', ''spam'') AND title IS NOT NULL",
	"accepted_when": "status IN (''billed'', ''paid'')", "accepted": {"relayed": ":true"},
	"kept_when": "n BETWEEN 1 AND 5 AND (status, title) = (''done'', ''it'')",
	"released_when": "status LIKE ''x%'' OR n NOT IN (1, id)", "released": {"relayed": ":true"}}');
SQL
$home->command_ok([ 'pg_dump', '-Fc', '-f', "$dumps/nocase", 'nocase' ], 'pg_dump: no letter case');
restore($home, 'nocase_again', @pg_restore, "$dumps/nocase");
foreach my $db (qw(nocase nocase_again))
{
	is(ask($home, $db, 'SELECT DISTINCT state FROM trust.tracked'), 'in force',
		"$db: triggers are as recorded");
	is(ask($home, $db, <<'SQL'), 10, "$db: and can be made again");
SELECT count(*) FROM trust.tracking t, LATERAL trust_ledger.track_table('deal', t.mapping,
	dry_run => true, path => 'public, ext') WHERE t.source = 'public.deal';
SQL
	is(ask($home, $db, <<'SQL'), 'made,noted,amended,assessed', "$db: all is recorded as before");
BEGIN;
UPDATE deal SET title = 'We COME';
UPDATE deal SET status = 'WON';
COMMIT;
SELECT string_agg(event, ',' ORDER BY seq) FROM trust.entry WHERE customer = 'b';
SQL
	is(findings($home, $db), '', "$db: and soundly");
}

done_testing();
