# verify() with parallel workers: that it uses them, and what happens when it or a worker is
# cancelled or dies.
use strict;
use warnings;

use FilledLedger;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf',
	"fsync = off\nmax_parallel_workers_per_gather = 2\nrestart_after_crash = on\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION trust_ledger;
SELECT FROM trust_ledger.create_ledger();
SELECT FROM trust_ledger.register_actor('anna', 'human');
SELECT count(*) FROM generate_series(1, 20000) i, LATERAL trust_ledger.make_promise('customer '
	|| i, 'It works.', actor => 'anna');
SQL

# One process after the other that helps, while somebody verifies over and over.
my $helping = q{(SELECT pid, leader_pid, count(*) OVER () AS helpers FROM pg_stat_activity } .
	q{WHERE backend_type = 'parallel worker')};
my $verify = 'DO $$ BEGIN FOR i IN 1..100000 LOOP PERFORM count(*) FROM trust_ledger.verify(); ' .
	'END LOOP; END $$';

# Who verifies is met with two helpers, and that is done to one of the three, until there is an end
# of it; what they say.
sub met
{
	my ($done_to, $deed) = @_;
	my ($said, $complained, $met) = ('', '', 0);
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	# On a busy machine workers may be through before they are met.
	for (1 .. 10)
	{
		($said, $complained) = ('', '');
		my $verifying = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate',
				'-d', $node->connstr('postgres') . q{ options='-c client_min_messages=error'}, '-c',
					$verify ],
			'<', \undef, '>', \$said, '2>', \$complained);
		while ($verifying->pumpable)
		{
			my $pid = query($node, "SELECT $done_to FROM $helping h WHERE helpers = 2 LIMIT 1");
			$met += $deed->($pid) if $pid;
			$verifying->pump_nb;
			$verifying->kill_kill, last if time > $deadline;
		}
		$verifying->finish;
		last if $met;
	}
	ok($met, "$done_to: met");
	return $complained;
}

sub by
{
	my ($function) = @_;
	return sub { query($node, "SELECT $function($_[0])") eq 't' };
}

foreach my $case (
	[ 'leader_pid', 'pg_cancel_backend', qr/^ERROR:  57014$/m ],
	[ 'leader_pid', 'pg_terminate_backend', qr/^(?:ERROR|FATAL):  57P01$/m ],
	[ 'pid', 'pg_terminate_backend', qr/^(?:ERROR|FATAL):  57P01$/m ])
{
	my ($done_to, $function, $expected) = @$case;
	like(met($done_to, by($function)), $expected, "$function($done_to): who asked is told");
	ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM $helping h)"),
		"$function($done_to): no worker is left");
	is(findings($node, 'postgres'), '', "$function($done_to): afterwards it verifies");
}

# If a worker dies, the server restarts.
like(met('pid', sub { kill 'KILL', $_[0] }), qr/terminat|closed|lost/,
	'a worker is killed: who asked is told');
ok(is_back($node), 'the server is back');
is(findings($node, 'postgres'), '', 'and the ledger verifies');

# Where there are few customers, or nobody may help, one process does it.
foreach my $settings ({ max_parallel_workers_per_gather => 0 }, { max_parallel_workers => 0 })
{
	is(findings($node, 'postgres', options => $settings), '', join(' ', %$settings)
		. ': by one process');
}

$node->stop;
done_testing();
