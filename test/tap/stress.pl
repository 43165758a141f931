# Random calls, changes of tracked rows, savepoints, user code that runs inside the ledger's own and
# errors of every kind in the same sessions, with DDL and locks beside them. No backend crashes,
# every error is one that the acts can lead to, verify() finds nothing, rows and promises agree, and
# the memory of sessions does not grow.
#
#	TRUST_LEDGER_STRESS_SECONDS  how long (60)
#	TRUST_LEDGER_STRESS_SEED     the random choices, as printed by an earlier run
#	TRUST_LEDGER_STRESS_ROWS     rows of a bulk insert at most (4000)
#	TRUST_LEDGER_STRESS_DISCARD  yes: sessions sometimes set debug_discard_caches, on a server with
#	                             assertions
#	TRUST_LEDGER_STRESS_WITHOUT  a list with commas of: explain (leaves out auto_explain),
#	                             nested_cast (casts that write), plan (a trigger on trust.entry that
#	                             calls the ledger)
#
# Sessions draw the same acts from the same seed. How they interleave depends on the machine.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use StressSession;
use Test::More;
use Time::HiRes qw(time usleep);

my $seconds = $ENV{TRUST_LEDGER_STRESS_SECONDS} || 60;
my $seed = $ENV{TRUST_LEDGER_STRESS_SEED} || int(time) % 1_000_000;
my $rows = $ENV{TRUST_LEDGER_STRESS_ROWS} || 4000;
my $without = $ENV{TRUST_LEDGER_STRESS_WITHOUT} || '';
my $discards = $ENV{TRUST_LEDGER_STRESS_DISCARD};
my $slow = $ENV{TRUST_LEDGER_VALGRIND} || $discards ? 20 : 1;
my $round_seconds = 30;
diag("TRUST_LEDGER_STRESS_SECONDS=$seconds TRUST_LEDGER_STRESS_SEED=$seed");

my $node = PostgreSQL::Test::Cluster->new('stress');
$node->init;
# auto_explain says what it says to the clients: the log stays small.
$node->append_conf('postgresql.conf', <<"CONF");
fsync = off
synchronous_commit = off
max_connections = 40
max_prepared_transactions = 20
restart_after_crash = off
autovacuum_naptime = 1s
jit = off
deadlock_timeout = @{[ 30 * $slow ]}ms
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
log_statement = none
session_preload_libraries = auto_explain
auto_explain.log_nested_statements = on
auto_explain.log_level = notice
auto_explain.log_min_duration = -1
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; '
	  . join ' ', map { "GRANT SET ON PARAMETER $_ TO app;" } qw(auto_explain.log_min_duration
	  auto_explain.log_analyze debug_discard_caches));

# What user code does when it runs inside the ledger's own.
my @acts = qw(error error caught temp column index function settings reindex analyze row call note
	policy verify);
push @acts, 'undone column', 'later row', 'parked row';

sub start_session
{
	my ($db, $nr, $acts, $user) = @_;
	my %settings = (lock_timeout => 100 * $slow . 'ms', statement_timeout => '30s',
		search_path => 'pg_catalog', 'stress.without' => $without);
	%settings = (%settings, 'stress.acts' => join(',', @acts), 'stress.chance' => 0.05)
		if $acts eq 'stress';
	return StressSession->new($node, $db, $nr, acts => $acts, user => $user, seed => $seed,
		rows => $rows, slow => $slow, without => $without,
		discards => $discards, settings => \%settings);
}

# ---- what the server's log must not contain ----

my $read_to = 0;

# Reads what is new. A large log is truncated.
sub trouble_in_log
{
	my $new = slurp_file($node->logfile, $read_to);
	$read_to += length $new;
	if ($read_to > 50_000_000)
	{
		truncate $node->logfile, 0;
		$read_to = 0;
	}
	return join "\n",
		$new =~ /^(.*(?:was\ terminated\ by\ signal|PANIC:|TRAP:|WARNING:.*\ leak|AddressSanitizer
			|runtime\ error:).*(?:\n.*DETAIL:.*)?)/xmg;
}

# ---- one round: a ledger of its own ----

my (%done, %errors, @memory, @strange);

sub add_up
{
	my (@sessions) = @_;
	foreach my $session (@sessions)
	{
		$done{$_} += $session->{done}{$_} foreach keys %{ $session->{done} };
		$errors{$_} += $session->{errors}{$_} foreach keys %{ $session->{errors} };
		push @memory, $session->{memory};
		push @strange, map { "$session->{name}: $_" } @{ $session->{strange} };
	}
	return;
}

my @wanted_errors = qw(ST001 ST002 ST003 ST004 ST005 ST006 ST007 TL001 TL004 22012 22023 22P03 23514
	40001 40P01 55P03 57014);

# Acts that were not done yet, and errors that were not seen yet.
sub missing
{
	my (@sessions) = @_;
	my @done = map { $_->{done} } @sessions;
	my @errors = map { $_->{errors} } @sessions;
	my @acts = grep { my $act = $_; $act !~ /^(?:truncate|divide|bulk)$/ && !grep { $_->{$act} }
		\%done, @done } StressSession::acts(),
	  qw(block rollback_to release set_constraints commit rollback prepare commit_prepared
	  rollback_prepared after_failing_commit);
	my @codes = grep { my $code = $_; !grep { $_->{$code} } \%errors, @errors } @wanted_errors;
	@codes = grep { !/ST001|ST007|22P03/ } @codes if $without;
	return join ' ', @acts, @codes;
}

# Runs sessions until that time, or somewhat longer until everything has happened at least once.
# Returns 1 unless a session was lost.
sub run_sessions
{
	my ($until, $complete, @sessions) = @_;
	my $at_most = $until + ($complete ? $seconds : 0);
	my $next_look = 0;
	my $goes_on = 1;

	while (grep { !$_->idle } @sessions or $goes_on)
	{
		StressSession::wait_for(0.2, grep { !$_->{gone} } @sessions);
		return 0 if grep { $_->{gone} } @sessions;
		if (time >= $next_look)
		{
			return 0 if trouble_in_log();
			$next_look = time + 1;
		}
		$goes_on = time < $until || time < $at_most && missing(@sessions) ne '';
		if ($goes_on)
		{
			$_->more($slow > 1 ? 2 : 8) foreach grep { $_->idle } @sessions;
		}
	}
	return 1;
}

sub crashed
{
	my ($name, @sessions) = @_;
	my $log;
	my $patience = time + $PostgreSQL::Test::Utils::timeout_default;

	fail("$name: the server does not crash");
	# The postmaster logs the crash a little later than the client notices it.
	do { usleep(100_000); $log = slurp_file($node->logfile) } until $log =~
		/was terminated by|PANIC:/ || time > $patience;
	diag(join "\n", $log =~ /^(.*(?:was terminated by|PANIC:|TRAP:).*(?:\n.*DETAIL:.*)*)/mg);
	diag("$_->{name}, the last:\n" . substr($_->last_acts, -2000) . "\n" . join "\n",
		@{ $_->{said} }) foreach @sessions;
	return;
}

my %checks = (
	'verify() finds nothing' => 'SELECT * FROM trust_ledger.verify()',
	map { ("rows of $_ and promises agree"
		=> "SELECT * FROM trust_ledger.reconcile_table('stress.$_')") }
	  qw(deal quote part inside later));

# Without the planted trigger, which verify() would report.
sub check
{
	my ($db, $name) = @_;
	my ($out, $err) = ('', '');
	$node->psql($db, "DROP TRIGGER planted ON trust.entry; " . join ' ',
		map { "ROLLBACK PREPARED '$_';" } split /\n/,
		$node->safe_psql($db,
			'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()'));
	foreach my $check (sort keys %checks)
	{
		$node->psql($db, "SET client_min_messages = warning; SET stress.chance = 0; " .
			"$checks{$check} LIMIT 20", stdout => \$out, stderr => \$err);
		is($out . $err, '', "$name: $check");
	}
	my %parked = map { split /\|/ } split /\n/, $node->safe_psql($db,
		'SELECT sqlstate, count(*) FROM trust.parked_change GROUP BY 1');
	$errors{$_} += $parked{$_} foreach keys %parked;
	return;
}

my $began = time;
my $lives = 1;
# Rounds go on until each act was done and each kind of error was seen, up to four times the time.
my $completes = $seconds >= 60 && $slow == 1;
for (my $round = 1; $lives && (time < $began + $seconds || $completes && missing() ne ''
	&& time < $began + 4 * $seconds); $round++)
{
	my $db = "stress_$round";
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	my ($out, $err) = ('', '');
	my $status = $node->psql($db, slurp_file('test/helpers/stress.sql'), stdout => \$out,
		stderr => \$err);
	$lives = is($status, 0, "round $round: the ledger and its tables are set up") or diag($err);
	last unless $lives;
	my @sessions = ((map { start_session($db, $_ + 10 * $round, 'stress', $_ % 2 ? 'app'
		: (getpwuid $<)[0]) } 1 .. 4),
		map { start_session($db, $_ + 10 * $round, 'interference', (getpwuid $<)[0]) } 5 .. 6);
	my $until = time + $round_seconds;
	my $last = $until >= $began + $seconds - 5;
	$until = $began + $seconds if $last;
	$until = time + 10 if $until < time + 10;
	$lives = run_sessions($until, $last && $completes, @sessions);
	crashed("round $round", @sessions) unless $lives;
	$_->end foreach @sessions;
	add_up(@sessions);
	check($db, "round $round") if $lives;
	last unless Test::More->builder->is_passing;
	$node->safe_psql('postgres', "DROP DATABASE $db");
	diag("$round rounds") if $round % 20 == 0;
}

# ---- all in all ----

if ($lives)
{
	my %strange;
	$strange{ s/\d+/N/gr }++ foreach @strange;
	is(join("\n", map { "$strange{$_} x $_" } sort keys %strange), '',
		'every error is one that the acts can lead to');
	is(missing(), '', 'every act was done, and every kind of error seen') if $completes;
	my @most = map { my $nr = $_; (sort { $b <=> $a } map { $_->[$nr] } map { @$_ } @memory)[0]
		// 0 } 0, 1;
	diag("memory of the ledger at most $most[0] bytes, plans at most $most[1]");
	cmp_ok($most[0], '<', 1_000_000, "the ledger's memory in an idle session is bounded");
	cmp_ok($most[1], '<', 500, "the number of plans in an idle session is bounded");
}
is(trouble_in_log(), '', 'the log has no crash, no PANIC and no leak');
diag(int(time - $began) . ' seconds');
diag('done: ' . join ', ', map { "$_ $done{$_}" } sort keys %done);
diag('errors: ' . join ', ', map { "$_ $errors{$_}" } sort keys %errors);
$node->stop($lives ? 'fast' : 'immediate', fail_ok => 1);
done_testing();
