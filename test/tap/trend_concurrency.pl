# Trends beside sessions that register actors: each registration makes what a session knows of
# predecessors stale, also while a trend reads the entries.
use strict;
use warnings;

use Pgbench;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('trend');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\nfsync = off\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human'),
	trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
SELECT count(trust_ledger.assess_promise(m.promise, 'broken', actor => 'carl'))
FROM generate_series(1, 1000) n,
	LATERAL trust_ledger.make_promise(format('c%s', 1000 + n), 'w', actor => 'anna') m;
-- the first customer's entries take a while to read
SELECT count(m) FROM generate_series(1, 10000) n,
	LATERAL trust_ledger.make_promise('c1001', 'w ' || n, actor => 'anna') m;
SELECT count(trust_ledger.register_actor('agent', 'human', speaks_for => 'customer',
	customer => c)) FROM unnest('{c1001,c1002,c2000}'::text[]) c;
SQL

my $registering = Pgbench->start($node, <<'SQL', options => ['--transactions=300']);
\set n random(1, 1000000)
SELECT trust_ledger.register_actor('x' || :n, 'human');
\sleep 10 ms
SQL
# The agent's customers carry 1 and 2; all others have their own.
my $trend = q{SELECT count(*), round(sum(trust_ledger.broken(score))), max(round(
	trust_ledger.broken(score))) FROM trust_ledger.trust_trend('customer', '1 day',
	now() - interval '1 day')};
my ($trends, %results) = (0);
while ($registering->is_running)
{
	$results{ $node->safe_psql('postgres', "$trend; $trend") }++;
	$trends++;
}
$registering->finish('registrations');
cmp_ok($trends, '>', 3, 'trends were read meanwhile');
is(join(' ', keys %results), "1000|1003|3\n1000|1003|3", 'each is the same');
is($node->safe_psql('postgres', 'SELECT * FROM trust_ledger.verify()'), '', 'the ledger is sound');

done_testing();
