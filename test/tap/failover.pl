# The primary dies while clients write, and another server takes over: a physical standby,
# synchronous or not, and a subscriber. What was acknowledged is there, or the last of it is lost
# and the loss can be seen. Clients repeat their calls there, and the old primary follows.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use DurabilityClients;
use Test::More;
use Time::HiRes qw(usleep);

my $seed = $ENV{TRUST_LEDGER_SEED} || time;
srand $seed;
note("TRUST_LEDGER_SEED=$seed");

my $settings = <<'EOC';
max_connections = 30
max_prepared_transactions = 20
max_wal_senders = 10
wal_keep_size = 512MB
log_statement = none
EOC

sub new_primary
{
	my ($name, $level) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => $level);
	$node->append_conf('postgresql.conf', $settings);
	$node->start;
	make_ledger($node, 'postgres');
	return $node;
}

sub set
{
	my ($node, $name, $value) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET $name = '$value'");
	$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
	return;
}

sub start_clients
{
	my ($node, $when, @with) = @_;
	my $nr = 0;
	my @clients = map {
		start_client($node, 'postgres', "$when-" . ++$nr, steps => 2000, with => $_,
			customers => [ map { "$when.$_" } 1 .. 8 ])
	} @with;
	under_load(@clients);
	return @clients;
}

# After they lost what they lost, all goes on.
sub goes_on
{
	my ($node, $when, @clients) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(retry($node, 'postgres', @clients), '',
		"$when: what is done again gets the receipt that it got");
	remember(@clients);
	my %wrong = wrong($node, 'postgres');
	is($wrong{$_}, '', "$when: $_") foreach sort keys %wrong;
	return;
}

# Each chain's length and head, as an auditor keeps them, with the whole's; then what is missing of
# them.
my $keep = q{SELECT customer, length, encode(head, 'hex') FROM trust.chain ORDER BY customer};

sub missing
{
	my ($node, $kept) = @_;
	my $values = join ', ', map { "('" . join("', '", split /\|/) . "')" } split /\n/, $kept;
	return ask($node, 'postgres', <<"SQL");
SELECT k.customer FROM (VALUES $values) AS k (customer, length, head)
WHERE NOT EXISTS (SELECT FROM trust.entry e WHERE e.customer = k.customer
	AND e.seq = k.length::bigint AND e.hash = decode(k.head, 'hex'))
ORDER BY 1
SQL
}

sub entries { return ask($_[0], 'postgres', 'SELECT entries FROM trust_ledger.ledger_digest()') }

sub lines { return scalar map { split /\n/, slurp_file($_->{file}) } @_ }

# As a standby of the one that took over.
sub rejoin
{
	my ($old, $new, $when) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $conf = slurp_file($old->data_dir . '/postgresql.conf');
	$new->safe_psql('postgres', 'CHECKPOINT');
	command_ok([ 'pg_rewind', '--no-sync', '-D', $old->data_dir, '--source-server',
		$new->connstr('postgres') ], "$when: pg_rewind");
	unlink map { $old->data_dir . "/$_" } 'postgresql.conf', 'postgresql.auto.conf',
		'postmaster.pid';
	$old->append_conf('postgresql.conf', $conf);
	$old->append_conf('postgresql.auto.conf', '');
	$old->enable_streaming($new);
	$old->start;
	$new->wait_for_catchup($old, 'replay', $new->lsn('insert'));
	is(digest($old, 'postgres'), digest($new, 'postgres'), "$when: the old primary follows");
	is(contents($old, 'postgres'), contents($new, 'postgres'), "$when: to the last row");
	is(findings($old, 'postgres'), '', "$when: and verify() is empty there");
	return;
}

# ---- a synchronous standby ----

my $first = new_primary('first', 1);
$first->backup('copy');
my $second = PostgreSQL::Test::Cluster->new('second');
$second->init_from_backup($first, 'copy', has_streaming => 1);
$second->start;
set($first, 'synchronous_standby_names', 'second');

my @clients = start_clients($first, 'synchronous', map { "-c synchronous_commit=$_" }
	qw(on remote_apply on remote_apply));
usleep(300_000 + rand 500_000);
kill_server($first);
is(finish(@clients), '', 'synchronous: no client had another error than the server\'s end');
$second->promote;

my (undef, $gone) = settle_prepared($second, 'postgres', @clients);
is($gone, '', 'synchronous: what was prepared is there');
cmp_ok(acknowledged(@clients), '>', 20, 'synchronous: under load');
note(acknowledged(@clients) . ' acknowledged');
is((lost($second, 'postgres', @clients))[0], 0,
	'synchronous: what was acknowledged is on the standby');
goes_on($second, 'synchronous', @clients);
rejoin($first, $second, 'synchronous');

# ---- one that has fallen behind ----

# The line is cut under load: what comes after that is on the primary alone. With it an auditor's
# copy.
@clients = start_clients($second, 'asynchronous', ('') x 4);
set($first, 'primary_conninfo', '');
$first->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)')
	or die 'still connected';
my $told = lines(@clients);
usleep(10_000) until lines(@clients) > $told + 100;
my $kept_chains = ask($second, 'postgres', $keep);
my $kept_entries = entries($second);
usleep(rand 200_000);
kill_server($second);
is(finish(@clients), '', 'asynchronous: no client had another error than the server\'s end');
$first->promote;

settle_prepared($first, 'postgres', @clients);
is(findings($first, 'postgres'), '', 'asynchronous: what is there is sound');
my ($lost, $not_last) = lost($first, 'postgres', @clients);
note("$lost lost");
cmp_ok($lost, '>', 0, 'asynchronous: something that was acknowledged is lost');
is($not_last, '', 'asynchronous: of each client the last');
cmp_ok(entries($first), '<', $kept_entries,
	'asynchronous: an auditor who kept the digest sees that entries are gone');
my $missing = missing($first, $kept_chains);
like($missing, qr/^asynchronous/,
	'asynchronous: and who kept the chains\' lengths and heads, which');
goes_on($first, 'asynchronous', @clients);
$first->safe_psql('postgres',
	q{SELECT trust_ledger.make_promises(array_agg(p)) FROM generate_series(1, } . $kept_entries
	. q{) AS nr,
	jsonb_populate_record(NULL::trust_ledger.new_promise, jsonb_build_object('customer',
		'asynchronous.' || 1 + nr % 8, 'words', 'w', 'actor', 'anna')) AS p});
cmp_ok(entries($first), '>', $kept_entries, 'asynchronous: more entries are made');
is(missing($first, $kept_chains), $missing, 'asynchronous: and sees it still');
is(findings($first, 'postgres'), '', 'asynchronous: though verify() is empty');
rejoin($second, $first, 'asynchronous');

$_->stop foreach $second, $first;

# ---- a subscriber ----

my $publisher = new_primary('publisher', 'logical');
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf', $settings . "max_logical_replication_workers = 8\n");
$subscriber->start;
my $bones = PostgreSQL::Test::Utils::tempdir . '/bones.sql';
$publisher->command_ok([ 'pg_dump', '-s', '-f', $bones, 'postgres' ], 'pg_dump -s');
$subscriber->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $bones,
	'-d', $subscriber->connstr('postgres') ],
	'restored');
$publisher->safe_psql('postgres',
	'CREATE PUBLICATION ledger FOR TABLES IN SCHEMA trust, TABLE deal, past');
# While what is there is copied, more is written.
@clients = start_clients($publisher, 'subscriber', ('') x 4);
is(ask($subscriber, 'postgres', q{SELECT trust_ledger.create_ledger(copy => 'all')}), '',
	'the subscriber is a copy');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION ledger CONNECTION '"
	  . ($publisher->connstr('postgres') =~ s/'/''/gr)
	  . q{' PUBLICATION ledger WITH (disable_on_error)});
$subscriber->wait_for_subscription_sync($publisher, 'ledger', 'postgres');
set($publisher, 'synchronous_standby_names', 'ledger');
$told = lines(@clients);

my %found;
for (my $tries = 0; $tries < 5 || lines(@clients) < $told + 100; $tries++)
{
	$found{ findings($subscriber, 'postgres') }++;
}
is_deeply([ keys %found ], [''], 'subscriber: verify() is empty while it follows');
kill_server($publisher);
is(finish(@clients), '', 'subscriber: no client had another error than the server\'s end');
$subscriber->safe_psql('postgres', "ALTER SUBSCRIPTION ledger $_") foreach 'DISABLE',
	'SET (slot_name = NONE)';
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION ledger');

cmp_ok(acknowledged(@clients), '>', 20, 'subscriber: under load');
note(acknowledged(@clients) . ' acknowledged');
is((lost($subscriber, 'postgres', @clients))[0], 0, 'subscriber: what was acknowledged is there');
is(findings($subscriber, 'postgres'), '', 'subscriber: verify() is empty');
is(ask($subscriber, 'postgres', q{SELECT FROM trust_ledger.register_actor('new', 'human')}),
	'ERROR 55000', 'subscriber: a copy stays a copy');
is(past_guards($subscriber, 'postgres'), 'TL006|72', 'subscriber: behind its guards');

# The publisher is whole, too, and goes on: what it has more than the subscriber was acknowledged to
# nobody.
$publisher->start;
is(findings($publisher, 'postgres'), '', 'subscriber: the publisher is sound');
$_->stop foreach $subscriber, $publisher;

done_testing();
