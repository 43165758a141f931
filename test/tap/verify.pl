# verify() with the help of workers: that it has them, and what becomes of both when one is cancelled or dies.
use strict;
use warnings;

use FilledLedger;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_parallel_workers_per_gather = 2\nrestart_after_crash = on\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION trust_ledger;
SELECT FROM trust_ledger.create_ledger();
SELECT FROM trust_ledger.register_actor('anna', 'human');
SELECT count(*) FROM generate_series(1, 20000) i, LATERAL trust_ledger.make_promise('customer ' || i, 'It works.', actor => 'anna');
SQL

my $workers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'};

# Who verifies, over and over, so that they are met in the midst of it; what is done to them then; what they say.
sub met
{
	my ($sql) = @_;
	my ($said, $complained) = ('', '');
	my $verifying = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres'),
			'-c', 'SELECT count(*) FROM generate_series(1, 1000) i, LATERAL (SELECT count(*) FROM trust_ledger.verify() WHERE i > 0) v' ],
		'<', \undef, '>', \$said, '2>', \$complained);
	my $met = $node->poll_query_until('postgres', "SELECT ($workers) = 2");
	my $done = $node->safe_psql('postgres', $sql);
	$verifying->finish;
	ok($node->poll_query_until('postgres', "SELECT ($workers) = 0"), "$sql: no worker is left");
	return ($met, $done, join ' ', $complained =~ /(?:ERROR|FATAL):  (\w+)/g);
}

my $leader = q{(SELECT leader_pid FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1)};
my $worker = q{(SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1)};
foreach my $case (
	[ "SELECT pg_cancel_backend($leader)", qr/^57014$/ ],
	[ "SELECT pg_terminate_backend($leader)", qr/^57P01/ ],
	[ "SELECT pg_terminate_backend($worker)", qr/^57P01$/ ])
{
	my ($sql, $expected) = @$case;
	my ($met, $done, $error) = met($sql);
	ok($met, "$sql: two workers help");
	is($done, 't', "$sql: done");
	like($error, $expected, "$sql: who asked is told");
	is(findings($node, 'postgres'), '', "$sql: afterwards it verifies");
}

# Of one that dies nothing is left to trust: the server starts anew.
my $pid;
{
	my ($said, $complained) = ('', '');
	my $verifying = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'),
			'-c', 'SELECT count(*) FROM generate_series(1, 1000) i, LATERAL (SELECT count(*) FROM trust_ledger.verify() WHERE i > 0) v' ],
		'<', \undef, '>', \$said, '2>', \$complained);
	$node->poll_query_until('postgres', "SELECT ($workers) = 2");
	$pid = $node->safe_psql('postgres', "SELECT $worker");
	kill 'KILL', $pid;
	$verifying->finish;
	like($complained, qr/terminat|closed|lost/, 'a worker is killed: who asked is told');
}
ok($node->poll_query_until('postgres', 'SELECT true'), 'the server is back');
is(findings($node, 'postgres'), '', 'and the ledger verifies');

# Where there are few customers, or nobody may help, one process does it.
foreach my $settings ({ max_parallel_workers_per_gather => 0 }, { max_parallel_workers => 0 })
{
	is(findings($node, 'postgres', options => $settings), '', join(' ', %$settings) . ': by one process');
}

$node->stop;
done_testing();
