# A physical standby and read-only transactions: reading works, and every write fails cleanly.
use strict;
use warnings;

use FilledLedger;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "max_connections = 20\nautovacuum_naptime = 1s\n");
$primary->start;
make_roles($primary);
fill_ledger($primary, 'crm');
$primary->safe_psql('postgres', 'CREATE DATABASE empty');
$primary->safe_psql('empty', 'CREATE EXTENSION trust_ledger');

$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
# What vacuum takes away while verify() reads is waited for, not what this is about.
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = -1\n");
$standby->start;

sub catch_up
{
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	return;
}

sub is_the_same
{
	my ($when) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	catch_up();
	is_same_ledger($standby, $primary, 'crm', $when, qw(app auditor analyst chief));
	is(findings($standby, 'crm', user => 'auditor'), '', "$when: nor does it for an auditor");
	return;
}
is_the_same('after the copy');

# ---- nothing can be written ----

my $open = ask($primary, 'crm',
	q{SELECT promise FROM trust.promise WHERE customer = 'B' AND state = 'open' AND backer = } .
	q{'carl' LIMIT 1});
my @calls = (writing_calls($open, 'B'), 'SELECT trust_ledger.migrate_ledger()');
my $nothing_written = contents($primary, 'crm');
my @read_only = (
	[ $standby, 'on a standby', '' ],
	[ $primary, 'in a read-only transaction', 'SET default_transaction_read_only = on; ' ],
	[ $primary, 'in a serializable read-only transaction',
		'BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE; ' ]);
foreach my $case (@read_only)
{
	my ($node, $where, $begin) = @$case;
	is_deeply(outcomes($node, 'crm', \@calls, begin => $begin), { map { $_ => '25006' } @calls },
		"$where: nothing writes");
	is(ask($node, 'empty', "${begin}SELECT trust_ledger.create_ledger()"), 'ERROR 25006',
		"$where: create_ledger()");
	is(ask($node, 'empty', "${begin}SELECT * FROM trust_ledger.verify()"), 'ERROR 55000',
		"$where: verify() without a ledger");
	is(ask($node, 'crm', "${begin}SELECT * FROM trust_ledger.verify()"), '', "$where: verify()");
	is(ask($node, 'crm', "${begin}SELECT * FROM trust_ledger.verify('B')"), '',
		"$where: verify() of a customer");
	is(ask($node, 'crm',
		"${begin}SELECT encode(digest, 'base64') FROM trust_ledger.ledger_digest()"),
		ask($primary, 'crm', q{SELECT encode(digest, 'base64') FROM trust_ledger.ledger_digest()}),
			"$where: ledger_digest()");
	is(ask($node, 'crm',
		"${begin}SELECT event FROM trust_ledger.history('$open') WHERE event = 'made'"), 'made',
		"$where: history()");
	is(ask($node, 'crm', "${begin}SELECT count(*) FROM trust.current_promise"),
		ask($primary, 'crm', 'SELECT count(*) FROM trust.promise'), "$where: a view");
}
is(contents($primary, 'crm'), $nothing_written, 'nothing was written');

# ---- verify() on the standby while the primary writes ----

my $load = PostgreSQL::Test::Utils::tempdir . '/load.sql';
append_to_file($load, <<'SQL');
\set n random(1, 30)
BEGIN;
SELECT b.seq FROM trust_ledger.make_promise('c' || :n, 'w', currency => 'JPY', value => :n,
	actor => 'bot') m,
	trust_ledger.back_promise(m.promise, actor => 'carl') b, trust_ledger.assess_promise(m.promise,
		'kept', actor => 'erp') a;
SELECT seq FROM trust_ledger.make_promise('d' || :n, 'w', actor => 'carl');
SELECT seq FROM trust_ledger.set_policy('p' || :n, kind => 'k' || :n, evidence => 'asserted');
COMMIT;
SQL
my $entries_before = ask($primary, 'crm', 'SELECT entries FROM trust_ledger.ledger_digest()');
my ($said, $complained) = ('', '');
my $pgbench = IPC::Run::start([ 'pgbench', '-n', '-h', $primary->host, '-p', $primary->port, '-c3',
	'-t300', '-f', $load, 'crm' ],
	'>', \$said, '2>', \$complained);
my (%found, %seen);
while ($pgbench->pumpable)
{
	$pgbench->pump_nb;
	my $one_snapshot = ask($standby, 'crm', <<'SQL');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM trust_ledger.verify();
SELECT entries - (SELECT count(*) FROM trust.entry) FROM trust_ledger.ledger_digest();
SELECT count(*) FROM trust.entry;
SQL
	my ($entries) = $one_snapshot =~ s/\n(\d+)$// ? $1 : undef;
	$seen{$entries}++ if defined $entries;
	$found{$one_snapshot}++;
	$found{'primary: ' . findings($primary, 'crm')}++;
}
$pgbench->finish;
is_deeply([ sort keys %found ], [ '0', 'primary: ' ],
	'under load verify() never finds what is not there');
cmp_ok(scalar keys %seen, '>', 2, 'while the standby followed');
like($said, qr{actually processed: 900/900}, 'and the load was carried') or diag($complained);
is(ask($primary, 'crm', 'SELECT entries FROM trust_ledger.ledger_digest()'),
	$entries_before + 900 * 5, 'to the last entry');
is_the_same('after the load');

# ---- a session on the standby learns what changes on the primary ----

my %session = map { $_ => FilledLedger::Session->new($standby, 'crm', user => $_) }
	qw(app anna analyst);
my $register = 'SELECT count(*) FROM trust_ledger.register_actor';
my @changes = (
	[ analyst => 'SELECT trust_ledger.require_reader()', 't' ],
	[ primary => q{SELECT count(*) FROM trust_ledger.revoke_access('analyst', 'analyst')}, 1 ],
	[ analyst => 'SELECT trust_ledger.require_reader()', 'ERROR TL004' ],
	[ primary => q{SELECT count(*) FROM trust_ledger.grant_access('analyst', 'auditor')}, 1 ],
	[ analyst => 'SELECT trust_ledger.reads_words()', 't' ],
	[ primary => 'REVOKE crm_apps FROM app', '' ],
	[ app => 'SELECT trust_ledger.reads_words()', 'f' ],
	[ primary => 'GRANT crm_apps TO app', '' ],
	[ app => 'SELECT trust_ledger.reads_words()', 't' ],
	[ app => q{SELECT trust_ledger.act_as('dora')}, 'ERROR 42704' ],
	[ primary => "$register('dora', 'human')", 1 ],
	[ app => q{SELECT trust_ledger.act_as('dora')}, 'dora' ],
	[ primary => q{SELECT count(*) FROM trust_ledger.retire_actor('dora')}, 1 ],
	[ app => q{SELECT trust_ledger.act_as('dora')}, 'ERROR TL003' ],
	[ primary => "$register('dora', 'human', returns => true)", 1 ],
	[ app => q{SELECT trust_ledger.act_as('dora')}, 'dora' ],
	[ anna => q{SELECT trust_ledger.act_as('dora')}, 'ERROR TL003' ],
	[ primary => "$register('anna', 'human')", 1 ],
	[ anna => q{SELECT trust_ledger.act_as('dora')}, 'dora' ],
	[ app => 'SELECT count(*) FROM trust.policy_rule WHERE policy = $$late$$', 0 ],
	[ primary => q{SELECT count(*) FROM trust_ledger.set_policy('late', kind => 'late', } .
		q{evidence => 'asserted')}, 1 ],
	[ app => 'SELECT count(*) FROM trust.policy_rule WHERE policy = $$late$$', 1 ]);
foreach my $case (@changes)
{
	my ($who, $sql, $expected) = @$case;
	if ($who eq 'primary')
	{
		is(ask($primary, 'crm', $sql), $expected, "primary: $sql");
		catch_up();
	}
	else
	{
		is($session{$who}->ask($sql), $expected, "standby, $who: $sql");
	}
}

# A ledger is dropped and created again while a session is open.
my $witness = FilledLedger::Session->new($standby, 'empty');
foreach my $step ([ 'SELECT trust_ledger.create_ledger() IS NOT NULL', '' ],
	[ 'DROP SCHEMA trust CASCADE', 'ERROR 55000' ],
	[ 'SELECT trust_ledger.create_ledger() IS NOT NULL', '' ])
{
	my ($sql, $expected) = @$step;
	unlike(ask($primary, 'empty', $sql), qr/ERROR/, "primary: $sql");
	catch_up();
	is($witness->ask('SELECT * FROM trust_ledger.verify()'), $expected,
		'standby: verify() afterwards');
	is($witness->ask('SELECT trust_ledger.require_reader()'), $expected || 't',
		'standby: the ledger afterwards');
}
$witness->quit;

# ---- promotion: the standby writes where the primary left off ----

is(ask($primary, 'crm',
	q{SELECT count(*) FROM trust_ledger.set_ledger(zone => 'Pacific/Kiritimati')}), 1,
	'one more setting');
is_the_same('at last');
$primary->stop;
$standby->promote;

my $length = ask($standby, 'crm', q{SELECT length FROM trust.chain WHERE customer = 'B'});
my $late = <<'SQL';
SELECT seq, state FROM trust_ledger.make_promise('B', 'w', kind => 'late', currency => 'JPY',
	value => 1,
	actor => 'bot', due_on => current_date + 1);
SQL
is($session{app}->ask($late), $length + 1 . '|proposed',
	'a session that was there before appends the next entry');
is($session{app}->ask(q{SELECT (due AT TIME ZONE 'Pacific/Kiritimati')::time } .
	q{FROM trust.current_promise WHERE kind = 'late'}),
	'23:59:59.999999', 'under the last settings');
is($session{app}->ask('SELECT 1; SELECT trust_ledger.back_promise(promise, actor => $$carl$$) IS ' .
	'NOT NULL FROM trust.current_promise WHERE kind = $$late$$'),
	"1\nt", 'and goes on');
ok(lives_on($standby, 'crm'), 'so does a new session, and verify() is empty');
$_->quit foreach values %session;

foreach my $node ($primary, $standby)
{
	unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC:/, $node->name
		. ': no crash');
}

done_testing();
