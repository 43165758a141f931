# Settings of databases and roles, locales and collations, are changed on a filled ledger: what is
# recorded reads the same, and what is written is the same.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Locales with other letters, decimal points and currencies, in a directory of the test's own.
my $locales = PostgreSQL::Test::Utils::tempdir;
command_ok([ 'localedef', '-i', $_->[0], '-f', 'UTF-8', "$locales/$_->[1]" ], "locale $_->[1]")
  foreach [ 'C', 'C.UTF-8' ], [ 'de_DE', 'de_DE.UTF-8' ], [ 'tr_TR', 'tr_TR.UTF-8' ];
$ENV{LOCPATH} = $locales;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
make_roles($node);
fill_ledger($node, 'crm');
my $dump = PostgreSQL::Test::Utils::tempdir . '/crm';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'crm' ], 'pg_dump');

# What a retry returns, and what a governance entry says of its call, must not depend on settings.
my $calls = <<'SQL';
SELECT r.seq, r.state, encode(r.hash, 'base64') FROM trust.entry e,
	trust_ledger.back_promise(e.promise, actor => 'carl', idempotency_key => 'back') r
WHERE e.idempotency_key = 'back' ORDER BY e.customer COLLATE "C";
SELECT r.seq, encode(r.hash, 'base64') FROM trust_ledger.make_promise('B', 'words', kind => 'timed',
	due => '2100-01-31 23:59:59.999999+00', value => 12345.6780,
	currency => 'JPY', longest_pause => interval '2 days 25 hours 0.000001 seconds',
		context => '{"n": 1.50, "t": "1.5"}', actor => 'carl', idempotency_key => 'same') r;
SELECT r.seq, encode(r.hash, 'base64') FROM trust_ledger.set_policy('same', kind => 'k',
	least_value => 1234.50, back_within => interval '40 hours 0.25 seconds',
	grace => interval '3 hours', idempotency_key => 'same policy') r;
SELECT r.seq, encode(r.hash, 'base64') FROM trust_ledger.register_actor('same', 'human',
	authority => '{"EUR": 1234.50}', idempotency_key => 'same actor') r;
SQL

# Scores as text, as a session with these settings reads them.
my $ledger_scores = q{SELECT customer, score, trust_ledger.kept(score)::numeric(20,9) } .
	q{FROM trust.chain ORDER BY customer COLLATE "C"};

sub state_of
{
	my ($db) = @_;
	my $state = { %{ ledger_state($node, $db) }, stored => ask($node, $db, $ledger_scores) };
	delete $state->{contents};
	return $state;
}
my $dumped = state_of('crm');
is($dumped->{findings}, '', 'the ledger is sound');

# Written each time with texts and numbers that settings read and print differently.
my $writing = <<'SQL';
SELECT count(*) FROM
	trust_ledger.set_ledger(half_life => interval '100 days 1 hour 2 minutes 3.5 seconds',
		lag => interval '3 days'),
	trust_ledger.set_policy('timed', kind => 'k', least_value => 1234.50, back_within => interval
		'40 hours 0.25 seconds'),
	trust_ledger.register_actor('anna', 'human', 'Anna', authority => '{"EUR": 1234.50}'),
	generate_series(1, 3);
SELECT count(*) FROM trust_ledger.make_promise('B', 'w', due_on => '2100-02-28', value => 1234.50,
	currency => 'JPY',
	longest_pause => interval '2 days 25 hours 0.000001 seconds', context => '{"n": 1.50}',
		actor => 'carl');
SELECT count(*) FROM (SELECT promise FROM trust.promise WHERE words <> '' ORDER BY promise LIMIT 1)
	p, trust_ledger.erase_words(p.promise, 'why');
SELECT count(*) FROM (SELECT max(seq) AS seq FROM trust.entry WHERE event = 'actor_registered') e,
	trust_ledger.erase_words('', e.seq, 'why');
BEGIN;
SELECT trust_ledger.act_as('carl');
INSERT INTO public.deal SELECT max(id) + 1, 'B', 'tracked', false FROM public.deal;
COMMIT;
SQL
my $written = <<'SQL';
SELECT event, subject, details - 'seq' FROM trust.entry WHERE customer = '' AND event IN
	('ledger_set', 'policy_set', 'actor_registered') AND subject IN ('timed', 'anna')
	ORDER BY seq DESC LIMIT 2;
SELECT l.half_life, l.lag, l.weights FROM trust.ledger l;
SELECT extract(epoch FROM due), value, longest_pause, state, words FROM trust.promise
	WHERE customer = 'B' AND value = 1234.50 ORDER BY promise DESC LIMIT 1;
SELECT context FROM trust.entry WHERE customer = 'B' AND value = 1234.50 ORDER BY seq DESC LIMIT 1;
SELECT source, gone FROM trust.source WHERE customer = 'B' ORDER BY seq DESC LIMIT 1;
SQL

is(ask($node, 'crm', $writing), "3\n1\n1\n1\ncarl", 'written under the settings that servers have');
my $plainly_written = ask($node, 'crm', $written);
like($plainly_written,
	qr/^actor_registered\|anna\|.*1234\.50.*\npolicy_set\|timed\|.*"PT40H0\.25S".*\n/,
	'intervals and numbers in their own form');
ask($node, 'crm', $calls);
my $called = ask($node, 'crm', $calls);
my $before = state_of('crm');
like($called, qr/^(?:[^\n]+\n){13}[^\n]+$/, 'fourteen calls are repeated');

# Planted objects for the search_path below.
$node->safe_psql('crm', <<'SQL');
CREATE SCHEMA hostile;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
CREATE VIEW hostile.ledger AS SELECT 1 AS planted;
CREATE TABLE hostile.entry (LIKE trust.entry);
CREATE TABLE hostile.promise (LIKE trust.promise);
CREATE TABLE hostile.chain (LIKE trust.chain);
CREATE TYPE hostile.receipt AS (planted int);
CREATE DOMAIN hostile.trust_score AS int;
CREATE FUNCTION hostile.digest(bytea, text) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea';
CREATE FUNCTION hostile.make_promise(text, text, text) RETURNS int LANGUAGE sql AS 'SELECT 0';
GRANT ALL ON ALL TABLES IN SCHEMA hostile TO PUBLIC;
SQL

my @settings = (
	{ TimeZone => 'Pacific/Kiritimati' },
	{ TimeZone => 'America/St_Johns', DateStyle => 'German, DMY', IntervalStyle => 'sql_standard' },
	{ DateStyle => 'SQL, MDY', IntervalStyle => 'postgres_verbose', array_nulls => 'off' },
	{ DateStyle => 'Postgres, YMD', IntervalStyle => 'iso_8601', transform_null_equals => 'on' },
	{ bytea_output => 'escape', xmlbinary => 'hex', xmloption => 'document' },
	{ extra_float_digits => -15 },
	{ extra_float_digits => 3, default_toast_compression => 'lz4', check_function_bodies => 'off' },
	{ standard_conforming_strings => 'off', escape_string_warning => 'off', backslash_quote => 'on',
		quote_all_identifiers => 'on' },
	{ search_path => 'hostile, trust, trust_ledger, public' },
	{ search_path => q{''} },
	{ default_transaction_isolation => 'serializable' },
	{ default_transaction_isolation => 'repeatable read', default_transaction_deferrable => 'on' },
	{ row_security => 'off', plan_cache_mode => 'force_custom_plan', enable_indexscan => 'off',
		enable_bitmapscan => 'off' },
	{ force_parallel_mode => 'on', debug_parallel_query => 'on', parallel_setup_cost => 0,
		parallel_tuple_cost => 0, min_parallel_table_scan_size => 0 },
	{ work_mem => '64kB', enable_hashagg => 'off', enable_hashjoin => 'off', enable_sort => 'off',
		synchronous_commit => 'off' },
	{ lc_numeric => 'de_DE.UTF-8', lc_monetary => 'de_DE.UTF-8', lc_time => 'de_DE.UTF-8',
		lc_messages => 'de_DE.UTF-8' },
	{ lc_numeric => 'tr_TR.UTF-8', lc_monetary => 'tr_TR.UTF-8', lc_time => 'tr_TR.UTF-8' },
	{ client_encoding => 'UTF8', client_min_messages => 'warning',
		default_text_search_config => 'pg_catalog.german', timezone_abbreviations => 'India' });

# Set in turn for the database, for all roles, and for all roles in that database.
my @scopes = ('DATABASE crm', 'ROLE ALL', 'ROLE ALL IN DATABASE crm');
my $known = ask($node, 'crm', q{SELECT string_agg(name, ' ') FROM pg_settings});

# Calls the first function under each of the settings, and the second one without them.
sub under_each
{
	my ($with, $without) = @_;
	my $number = 0;
	foreach my $case (@settings)
	{
		my $scope = $scopes[ $number++ % @scopes ];
		# one setting has another name before version 16
		my @names = grep { $known =~ /(?:^| )\Q$_\E(?: |$)/i } sort keys %$case;
		my $under = "$scope: " . join ', ', map { "$_ = $case->{$_}" } @names;
		$node->safe_psql('postgres', "ALTER $scope SET $_ = " . ($_ eq 'search_path' ? $case->{$_}
			: "'$case->{$_}'")) foreach @names;
		$with->($under, @names);
		$node->safe_psql('postgres', "ALTER $scope RESET ALL");
		$without->($under);
	}
	return;
}

under_each(
	sub {
		my ($under, @names) = @_;
		is(ask($node, 'crm',
			sprintf q{SELECT count(*) FROM pg_settings WHERE source IN ('database', 'global') } .
				q{AND name = ANY ('{%s}')}, join ',', @names),
			scalar @names, $under);
		is(ask($node, 'crm', $calls), $called, 'calls are known again');
		is_deeply(state_of('crm'), $before, 'nothing has changed');
	},
	sub { });
under_each(
	sub {
		my ($under) = @_;
		is(ask($node, 'crm', $writing), "3\n1\n1\n1\ncarl", "written, $under");
		is(findings($node, 'crm'), '', 'soundly');
	},
	sub {
		is(findings($node, 'crm'), '', 'without the settings, too');
		is(ask($node, 'crm', $written), $plainly_written, 'as it is written without');
	});
ok(lives_on($node, 'crm'), 'the next promise');

# ---- the same ledger under other collations ----

foreach my $case (
	[ c => q{LOCALE 'C'} ],
	[ german => q{LOCALE 'de_DE.UTF-8'} ],
	[ turkish => q{LOCALE 'tr_TR.UTF-8'} ],
	[ icu_german => q{LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk'} ],
	[ icu_upper => q{LOCALE 'de_DE.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'und-u-kf-upper-kn'} ])
{
	my ($db, $locale) = @$case;
	make_database($node, $db, undef, $locale);
	$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr($db), $dump ], "$db: restored");
	is_deeply(state_of($db), $dumped, "$db: nothing has changed");
	is(ask($node, $db, $writing), "3\n1\n1\n1\ncarl", "$db: written");
	is(ask($node, $db, $written), $plainly_written, "$db: what is written is the same");
	is(findings($node, $db), '', "$db: verify()");
	ok(lives_on($node, $db), "$db: the next promise");
}

done_testing();
