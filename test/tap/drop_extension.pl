# The history outlives the extension, and a new ledger is not taken for the one before.
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
fill_ledger($node, 'crm');

my $promise = ask($node, 'crm',
	q{SELECT promise FROM trust.promise WHERE customer = 'B' AND state = 'open' ORDER BY promise } .
	q{LIMIT 1});
my @calls = (writing_calls($promise, 'B'), scoring_calls('B'));
my $make = 'SELECT seq FROM trust_ledger.make_promise';
my $objects = <<'SQL';
SELECT (SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'trust.%'),
	(SELECT count(*) FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind = 'v'
		AND relowner = 'crm_owner'::regrole)
SQL

# Sessions that are there from beginning to end, with plans and caches of all that they use.
my %session = map { $_ => FilledLedger::Session->new($node, 'crm', user => $_) }
	qw(crm_owner app auditor analyst);
my %everyday = (
	app => "$make('B', 'w', actor => 'carl')",
	auditor => "SELECT count(*) FROM trust_ledger.verify() UNION ALL SELECT count(*) " .
		"FROM trust_ledger.history('$promise') WHERE seq = 1",
	analyst => 'SELECT count(*) - count(*) FROM trust.current_promise',
	crm_owner => q{SELECT length(trust_ledger.set_ledger(zone => 'Europe/Berlin')::text) > 0});
my %usual = (auditor => "0\n0", analyst => 0, crm_owner => 't');

# Each session does its part; the promise that app makes is the next one of its chain.
sub all_is_usual
{
	my ($when) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $next = 1 + ask($node, 'crm',
		q{SELECT coalesce(max(length), 0) FROM trust.chain WHERE customer = 'B'});
	foreach my $user (sort keys %session)
	{
		is($session{$user}->ask($everyday{$user}), $usual{$user} // $next, "$when: $user");
	}
	is(findings($node, 'crm'), '', "$when: verify()");
	return;
}

all_is_usual('at first');

# ---- DROP EXTENSION ----

is(ask($node, 'crm', 'DROP EXTENSION trust_ledger'), 'ERROR 2BP01', 'DROP EXTENSION is refused');
is(ask($node, 'crm', $objects), '22|17', 'and takes nothing away');

is(ask($node, 'crm',
	<<'SQL'), 'trust.chain|score', 'tables are made of core types only, but for the scores');
SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = 'trust'::regnamespace AND c.relkind = 'r'
	AND t.typnamespace <> 'pg_catalog'::regnamespace
SQL

# What is there of each score, in types that stay; and those that are another, past what rounding
# does.
my $evidence = <<'SQL';
SELECT customer, kept, broken, trust_ledger.as_of(score) AS as_of, trust_ledger.half_life(score)
	AS half_life
FROM trust.chain, trust_ledger.kept(score) AS kept, trust_ledger.broken(score) AS broken
SQL
$node->safe_psql('crm', "CREATE TABLE public.score_before AS $evidence");
my $other_scores = <<"SQL";
SELECT * FROM public.score_before b FULL JOIN ($evidence) a USING (customer)
WHERE (a.as_of, a.half_life) IS DISTINCT FROM (b.as_of, b.half_life)
	OR (abs(a.kept - b.kept) <= 1e-9 * b.kept AND abs(a.broken - b.broken) <= 1e-9 * b.broken)
		IS NOT TRUE
SQL
is(ask($node, 'crm',
	'SELECT count(*) FILTER (WHERE kept > 0 AND broken > 0) > 0, count(*) FILTER (WHERE as_of ' .
	'IS NULL) FROM public.score_before'),
	't|1', 'there are scores, but for governance');

# The calls whose error is not 55000 with a hint to migrate.
sub without_hint
{
	my ($calls, %options) = @_;
	my $array = join ', ', map { '$call$' . $_ . '$call$' } @$calls;
	return ask($node, 'crm', <<"SQL", %options);
CREATE FUNCTION pg_temp.hint(call text) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
	hint text;
BEGIN
	EXECUTE call;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN concat(SQLSTATE, ' ', hint);
END
\$\$;
SELECT call, pg_temp.hint(call) FROM unnest(ARRAY[$array]) AS call WHERE pg_temp.hint(call) !~
	'^55000 .*trust_ledger[.]migrate_ledger[(][)]';
SQL
}

my $before = contents($node, 'crm', without => 'score');
my $scores_before = scores($node, 'crm');
my $digest_before = digest($node, 'crm');
is(ask($node, 'crm', 'DROP EXTENSION trust_ledger CASCADE'), '', 'DROP EXTENSION CASCADE');
is(contents($node, 'crm', without => 'score'), $before,
	'leaves the tables with all their rows, but for the scores');
is(ask($node, 'crm', $objects), '0|0', 'takes triggers and views');
is_deeply(outcomes($node, 'crm', \@calls), { map { $_ => '3F000' } @calls }, 'and functions');
is($session{$_}->ask($everyday{$_}), 'ERROR 3F000', "and $_ does without")
	foreach qw(app auditor crm_owner);

$node->safe_psql('crm', 'CREATE EXTENSION trust_ledger');
is(contents($node, 'crm', without => 'score'), $before, 'CREATE EXTENSION finds the rows');
is(digest($node, 'crm'), $digest_before, 'and the digest is what it was');
my $parts = q{SELECT count(*), part, CASE part WHEN 'chain' THEN field END } .
	q{FROM trust_ledger.verify() GROUP BY 2, 3 ORDER BY 2};
is(ask($node, 'crm', $parts), "1|chain|score\n22|guard|\n17|view|",
	'verify() names the scores, the guards and the views that are missing');
is(ask($node, 'crm', 'SELECT trust_ledger.create_ledger()'), 'ERROR 42710',
	'create_ledger() makes no second ledger');

# Until migrate_ledger() calls say what is needed, in sessions of before too.
is(without_hint(\@calls), '', 'each call names migrate_ledger()');
my @unmigrated = (
	[ app => $everyday{app} ], [ analyst => q{SELECT trust_ledger.require_reader()} ],
		[ analyst => q{SELECT trust_ledger.customer_score('B')} ],
	[ crm_owner => q{SELECT 1 FROM trust_ledger.register_actor('nina', 'human')} ],
		[ crm_owner => $everyday{crm_owner} ]);
is($session{ $_->[0] }->ask($_->[1]), 'ERROR 55000', "before migrate_ledger(), $_->[0]: $_->[1]")
	foreach @unmigrated;

is(ask($node, 'crm', 'SELECT trust_ledger.migrate_ledger()', user => 'app'), 'ERROR 42501',
	'migrate_ledger() is for the owner');
foreach my $user (undef, 'crm_owner')
{
	my $who = $user // 'a superuser';
	is(ask($node, 'crm', 'SELECT trust_ledger.migrate_ledger()', user => $user), '',
		"migrate_ledger() by $who");
	is(ask($node, 'crm', $objects), '22|17',
		"migrate_ledger() by $who: guards are there, and the owner's views");
	is(ask($node, 'crm', $other_scores), '',
		"migrate_ledger() by $who: the scores are what they were");
	is(contents($node, 'crm', without => 'score'), $before,
		"migrate_ledger() by $who: and so is all else");
}
is(scores($node, 'crm'), $scores_before, 'scores of then');
all_is_usual('after migrate_ledger()');

# ---- a ledger that never had scores ----

$node->safe_psql('crm',
	"DROP TABLE public.score_before; CREATE TABLE public.score_before AS $evidence");
$before = contents($node, 'crm', without => 'score');
$node->safe_psql('crm', 'ALTER TABLE trust.chain DROP COLUMN score');
is(ask($node, 'crm', $parts), '1|chain|score', 'verify() names the scores, and finds nothing else');
is(ask($node, 'crm', q{SELECT part, field FROM trust_ledger.verify('B')}), 'chain|score',
	'with one customer too');
is(without_hint(\@calls), '', 'each call names migrate_ledger()');
is($session{ $_->[0] }->ask($_->[1]), 'ERROR 55000', "without scores, $_->[0]: $_->[1]")
  foreach @unmigrated,
  [ app => "SELECT * FROM trust_ledger.assess_promise('$promise', 'kept', actor => 'erp')" ];
is(contents($node, 'crm', without => 'score'), $before, 'and nothing was written');
is(ask($node, 'crm', 'SELECT trust_ledger.migrate_ledger()', user => 'crm_owner'), '',
	'migrate_ledger()');
is(ask($node, 'crm', $other_scores), '', 'the scores are what the promises add up to');
is(contents($node, 'crm', without => 'score'), $before, 'and all else is what it was');
all_is_usual('with scores');

# Without guards anybody's hand could have been on the tables: that is found.
is(ask($node, 'crm',
	<<'SQL'), 'entry|B|3', 'what was deleted without the extension is missed with it');
BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION trust_ledger CASCADE;
DELETE FROM trust.entry WHERE customer = 'B' AND seq = 2;
CREATE EXTENSION trust_ledger;
SELECT FROM trust_ledger.migrate_ledger();
SELECT part, customer, seq FROM trust_ledger.verify() WHERE field = 'prev_hash';
ROLLBACK;
SQL
all_is_usual('after the extension was dropped, and was not');

# ---- DROP SCHEMA ----

my $first_ledger = ask($node, 'crm', 'SELECT ledger FROM trust.ledger');
my $made_anew = <<'SQL';
DROP SCHEMA trust CASCADE;
SELECT trust_ledger.create_ledger() <> '00000000-0000-0000-0000-000000000000';
SQL
my $people = <<'SQL';
SELECT count(seq) FROM (
	SELECT (trust_ledger.register_actor('carl', 'human')).seq
	UNION ALL SELECT (trust_ledger.register_actor('bot', 'ai', responsible => 'carl',
		model => 'm')).seq
	UNION ALL SELECT (trust_ledger.grant_access(role, level)).seq
		FROM (VALUES ('app', 'application'),
		('app', 'analyst'), ('auditor', 'auditor'),
		('analyst', 'analyst')) AS g (role, level)) AS r;
SQL

foreach my $abort ('ROLLBACK', 'ROLLBACK TO SAVEPOINT s; COMMIT')
{
	my $owner = $session{crm_owner};
	is($owner->ask("BEGIN; SAVEPOINT s; $made_anew"), 't', "a new ledger, before $abort");
	is($owner->ask($people), 6, "with its actors, before $abort");
	is($owner->ask("$make('B', 'w', actor => 'carl')"), 1, "and a first promise, before $abort");
	is($owner->ask("$abort; SELECT ledger FROM trust.ledger"), $first_ledger, "$abort");
	all_is_usual("after $abort");
}

my $owner = $session{crm_owner};
is($owner->ask('DROP SCHEMA trust CASCADE'), '', 'DROP SCHEMA trust CASCADE');
foreach my $case ([ crm_owner => $everyday{crm_owner} ],
	[ auditor => 'SELECT * FROM trust_ledger.verify()' ],
	[ auditor => 'SELECT * FROM trust_ledger.ledger_digest()' ],
		[ auditor => "SELECT * FROM trust_ledger.history('$promise')" ],
	[ crm_owner => 'SELECT trust_ledger.migrate_ledger()' ],
		[ crm_owner => q{SELECT trust_ledger.act_as('carl')} ])
{
	my ($user, $sql) = @$case;
	is($session{$user}->ask($sql), 'ERROR 55000', "without a ledger, $user: $sql");
}

# app and analyst have not looked since: what they remember is of the first ledger.
is($owner->ask('SELECT trust_ledger.create_ledger() IS NOT NULL'), 't',
	'create_ledger() in the same session');
isnt($owner->ask('SELECT ledger FROM trust.ledger'), $first_ledger, 'makes another ledger');
is($session{app}->ask($everyday{app}), 'ERROR TL004', 'nobody has the levels they had');
is($session{analyst}->ask($everyday{analyst}), 'ERROR TL004', 'nor reads');
is($owner->ask(q{SELECT count(*) FROM trust_ledger.grant_access('app', 'application')}), 1,
	'a level is given');
is($session{app}->ask($everyday{app}), 'ERROR 42704', 'no actor is known');
is($owner->ask($people), 6, 'all are registered');
is($session{app}->ask(q{SELECT state FROM trust_ledger.make_promise('Z', 'w', actor => 'bot', } .
	q{due_on => current_date + 1)}),
	'open', 'no rule of the first ledger holds');
is($session{app}->ask(q{SELECT (due AT TIME ZONE 'UTC')::time FROM trust.current_promise } .
	q{WHERE customer = 'Z'}),
	'23:59:59.999999', 'and no setting');
$promise = $session{app}->ask(q{SELECT promise FROM trust_ledger.make_promise('B', 'w', } .
	q{actor => 'carl')});
$everyday{auditor} =~ s/history\('[^']*'\)/history('$promise')/;
$usual{auditor} = "0\n1";
all_is_usual('in the new ledger');

$_->quit foreach values %session;

# A crash would have been survived by the next connection.
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC:/, 'no crash');

done_testing();
