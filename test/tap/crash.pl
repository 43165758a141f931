# kill -9 of a backend, of another process of the server, of the postmaster or of all processes, at
# random moments under load: what was acknowledged is there after recovery, verify() finds nothing,
# and a call that got no answer can be repeated.
#
#	TRUST_LEDGER_KILLS  how many (10)
#	TRUST_LEDGER_SEED   the random choices, as printed by an earlier run
use strict;
use warnings;

use FilledLedger;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use DurabilityClients;
use Test::More;
use Time::HiRes qw(time usleep);

my $kills = $ENV{TRUST_LEDGER_KILLS} || 10;
my $seed = $ENV{TRUST_LEDGER_SEED} || int(time);
my $clients = 5;
srand $seed;
diag("TRUST_LEDGER_KILLS=$kills TRUST_LEDGER_SEED=$seed");

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
# What the operating system was given survives the death of any process: no fsync is needed here.
$node->append_conf('postgresql.conf', <<'EOC');
synchronous_commit = on
full_page_writes = on
wal_writer_delay = 10s
checkpoint_timeout = 30s
log_checkpoints = on
log_statement = none
max_prepared_transactions = 20
restart_after_crash = on
autovacuum_naptime = 1s
wal_level = replica
max_wal_senders = 0
EOC
$node->start;

sub one_of { return $_[ rand @_ ] }

# Begun, and killed before it is ready, or just then.
sub kill_recovery
{
	my $offset = -s $node->logfile;
	unlink $node->data_dir . '/postmaster.pid';
	system_or_bail('pg_ctl', '-W', '-D', $node->data_dir, '-l', $node->logfile, 'start');
	usleep(1_000) until slurp_file($node->logfile, $offset) =~ /interrupted|ready to accept|FATAL/;
	usleep(rand 50_000);
	kill_server($node);
	return;
}

# ---- ways to be killed ----

my %kill = (
	'a backend' => sub {
		my %children = children($node);
		kill 'KILL', one_of(grep { $children{$_} =~ /\[local\]/ } sort keys %children);
	},
	'another process' => sub {
		my %children = children($node);
		kill 'KILL', one_of(grep { $children{$_} !~ /\[local\]|logical replication/ }
			sort keys %children);
	},
	# Others see that it is gone when they have nothing else to do; until then they go on.
	'the postmaster' => sub {
		my %children = children($node);
		$node->kill9;
		kill 'CONT', keys %children;
		kill 'KILL', wait_for_end(10, keys %children);
	},
	'the server' => sub { kill_server($node) },
	'the server, and while it recovers' => sub {
		kill_server($node);
		kill_recovery() foreach 1 .. 1 + rand 3;
	});

# Not before the last process of the old server has let go of its shared memory.
sub recover
{
	my ($how) = @_;
	my $by_itself = $how =~ /backend|process/;
	for (my $tries = 0; !$by_itself && $tries < 300 && !$node->start(fail_ok => 1); $tries++)
	{
		usleep(100_000);
		$node->stop('fast', fail_ok => 1);
	}
	return is_back($node);
}

# A slow checkpoint: most of the kills happen during it.
sub begin_checkpoint
{
	return IPC::Run::start([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-c',
		q{SELECT pg_backup_start('slow', false)} ],
		'<', \undef, '>', '/dev/null', '2>', '/dev/null');
}

# The WAL writer: as long as it is stopped, nothing but the commits themselves brings their entries
# to disk.
sub wal_writer
{
	my %children = children($node);
	return (grep { $children{$_} =~ /walwriter|wal writer/ } keys %children)[0];
}

# ---- one kill after the other ----

my (@ledgers, %how_often, %killed_during);
my ($receipts, $lost_tails) = (0, 0);

foreach my $round (1 .. $kills)
{
	# All of a ledger is looked at after each kill: a new one before that takes long.
	if ($round % 20 == 1)
	{
		push @ledgers, "ledger_$round";
		$node->safe_psql('postgres', "CREATE DATABASE $ledgers[-1]");
		make_ledger($node, $ledgers[-1]);
	}
	my $ledger = $ledgers[-1];
	my $how = $round <= keys %kill ? (sort keys %kill)[ $round - 1 ] : one_of(sort keys %kill);
	my $name = "round $round, $how";
	my $reference_checkpoint = rand(2) < 1;
	# Some rounds share their customers.
	my @customers = map { int($round / 4) . "c$_" } 1 .. 8;
	# One round in three has clients that do not wait for the disk, some or all: of theirs, the last
	# may be lost.
	my $haste = $round % 3 ? 0 : one_of(0.5, 1);
	# Half of the rounds have nothing that writes out other clients' entries: there is more to be
	# lost.
	my $wal_writer = rand(2) < 1 ? wal_writer() : undef;
	my $offset = -s $node->logfile;

	kill 'STOP', $wal_writer if $wal_writer;
	my $checkpoint = $reference_checkpoint ? begin_checkpoint() : undef;
	my @clients = map {
		start_client($node, $ledger, "$round-$_", customers => \@customers,
			without_flushes => defined $wal_writer,
			with => rand() < $haste ? '-c synchronous_commit=off' : '')
	} 1 .. $clients;
	under_load(@clients);
	usleep(rand 400_000);
	my $log = slurp_file($node->logfile, $offset);
	$killed_during{'of a checkpoint'}++
	  if (() = $log =~ /checkpoint starting/g) > (() = $log =~ /checkpoint complete/g);
	$kill{$how}->();
	kill 'CONT', $wal_writer if $wal_writer;
	$checkpoint->finish if $checkpoint;
	is(finish(@clients), '', "$name: no client had another error than the server's end");
	ok(recover($how), "$name: the server is back");

	my ($left, $gone) = settle_prepared($node, $ledger, @clients);
	is($gone, '', "$name: what was prepared is there");
	cmp_ok(acknowledged(@clients), '>', 0, "$name: under load");
	$receipts += acknowledged(@clients);
	my ($lost) = lost($node, $ledger, grep { !$_->{with} } @clients);
	is($lost, 0, "$name: what was acknowledged is there");
	if (my @hasty = grep { $_->{with} } @clients)
	{
		my ($tail, $not_last) = lost($node, $ledger, @hasty);
		is($not_last, '', "$name: of what was not waited for, nothing but the last is lost");
		$lost_tails += $tail;
	}
	$killed_during{"of: $_"}++ foreach interrupted(@clients);
	$killed_during{'of a commit prepared'} += $left;
	is(retry($node, $ledger, @clients), '',
		"$name: what is done again gets the receipt that it got");
	remember(@clients);

	my %wrong = wrong($node, $ledger);
	is($wrong{$_}, '', "$name: $_") foreach sort keys %wrong;
	$how_often{$how}++;
	diag("$round of $kills") if $round % 10 == 0 && $round < $kills;
	last unless Test::More->builder->is_passing;
}

my $log = slurp_file($node->logfile);
$killed_during{'of a recovery'} = () = $log =~ /interrupted while in recovery/g;
diag("$kills kills, $receipts acknowledged, $lost_tails not waited for and lost");
diag("killed, $_: $how_often{$_}") foreach sort keys %how_often;
diag("during $_: $killed_during{$_}") foreach sort keys %killed_during;
if ($kills >= 100)
{
	cmp_ok($killed_during{$_} // 0, '>', 0, "during $_")
	  foreach 'of a checkpoint', 'of a recovery', 'of a commit prepared',
	  map { "of: $_" } qw(call batch row transaction prepared import);
}
is(findings($node, $_), '', "$_: verify() is empty after all") foreach @ledgers;
unlike($log, qr/PANIC:|TRAP:|terminated by signal (?!9)/, 'nothing else crashed');

$node->stop;
done_testing();
