# A subscription cannot write to an ordinary ledger, whatever its publisher sends. Its changes of a
# tracked table are not recorded, and trust.tracked shows that.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($publisher, $subscriber) = map { PostgreSQL::Test::Cluster->new($_) } qw(publisher subscriber);
foreach my $node ($publisher, $subscriber)
{
	$node->init(allows_streaming => 'logical');
	$node->start;
	make_roles($node);
}

my @tables = qw(entry chain promise source ledger actor policy access tracking copy);
make_database($_, 'own') foreach $publisher, $subscriber;
$_->safe_psql('own', <<'SQL') foreach $publisher, $subscriber;
CREATE EXTENSION trust_ledger;
\o /dev/null
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('carl', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'carl', model => 'm');
CREATE TABLE deal (id int PRIMARY KEY, customer text, title text);
GRANT SELECT ON deal TO PUBLIC;
ALTER TABLE deal OWNER TO crm_owner;
SELECT trust_ledger.track_table('deal',
	'{"customer": "=customer", "words": "=title", "actor": ":bot"}');
SQL
$publisher->safe_psql('own', join "\n", '\o /dev/null',
	q{SELECT trust_ledger.make_promise('B', 'forged', actor => 'carl');},
	q{SELECT trust_ledger.set_policy('p', evidence => 'session');},
	map({ "ALTER TABLE trust.$_ DISABLE TRIGGER ALL; CREATE PUBLICATION $_ FOR TABLE trust.$_;" }
		@tables),
	q{INSERT INTO trust.copy VALUES ('all'); INSERT INTO trust.source VALUES ('B', } .
		q{gen_random_uuid(), 's', '1', '', false, 1); CREATE PUBLICATION deal FOR TABLE deal;});
my $own = contents($subscriber, 'own');
my $connection = $publisher->connstr('own') =~ s/'/''/gr;
my %tried = (
	entry => q{INSERT INTO trust.entry SELECT (jsonb_populate_record(e, '{"seq": 1000}')).* } .
		q{FROM trust.entry e WHERE customer = '' AND seq = 1},
	chain => q{UPDATE trust.chain SET length = length + 1 WHERE customer = ''},
		promise => q{INSERT INTO trust.promise SELECT (jsonb_populate_record(p, } .
		q{'{"customer": "x"}')).* FROM trust.promise p},
	source => q{UPDATE trust.source SET key = '2'; INSERT INTO trust.source SELECT 'x', promise, } .
		q{source, key, name, gone, seq FROM trust.source},
		ledger => q{INSERT INTO trust.ledger SELECT gen_random_uuid(), table_format, half_life, } .
		q{weights, zone, lag, seq FROM trust.ledger},
	actor => q{UPDATE trust.actor SET kind = 'human'},
		policy => q{INSERT INTO trust.policy SELECT (jsonb_populate_record(p, } .
		q{'{"policy": "x"}')).* FROM trust.policy p},
	access => q{DELETE FROM trust.access}, tracking => q{UPDATE trust.tracking SET active = false},
		copy => q{INSERT INTO trust.copy VALUES ('more')});
foreach my $table (@tables)
{
	foreach my $copy_data ('true', 'false')
	{
		my $offset = -s $subscriber->logfile;
		$subscriber->safe_psql('own',
			"CREATE SUBSCRIPTION forged CONNECTION '$connection' PUBLICATION $table " .
			"WITH (disable_on_error, copy_data = $copy_data, slot_name = forged_own)");
		$publisher->safe_psql('own', $tried{$table}) if $copy_data eq 'false';
		ok($subscriber->poll_query_until('own', 'SELECT NOT subenabled FROM pg_subscription'),
			"trust.$table, copy_data = $copy_data: the subscription stops");
		my $hint = qr/HINT: .*create_ledger\(copy => 'all'\)/;
		like(slurp_file($subscriber->logfile, $offset),
			qr/cannot modify table "trust\.$table" directly\n.*\n.*$hint/,
			'at a guard, whose hint leads on');
		is(contents($subscriber, 'own'), $own, 'and brings nothing');
		is(ask($subscriber, 'own', 'SELECT part, subject, field FROM trust_ledger.verify()'),
			"guard|$table|subscription", 'verify() names it');
		$subscriber->safe_psql('own', 'DROP SUBSCRIPTION forged');
	}
}

# What a subscription does to a tracked table is recorded by nobody: trust.tracked says so.
my $tracked = q{SELECT DISTINCT state, bypass FROM trust.tracked};
is(ask($subscriber, 'own', $tracked), 'in force|', 'a tracked table');
$subscriber->safe_psql('own',
	"CREATE SUBSCRIPTION deals CONNECTION '$connection' PUBLICATION deal");
$subscriber->wait_for_subscription_sync($publisher, 'deals', 'own');
$publisher->safe_psql('own',
	q{ALTER TABLE deal DISABLE TRIGGER USER; INSERT INTO deal VALUES (1, 'B', 'a deal')});
$publisher->wait_for_catchup('deals');
is(ask($subscriber, 'own', 'SELECT count(*) FROM deal; SELECT count(*) FROM trust.promise'), "1\n0",
	'a row comes by a subscription, and makes no promise');
is(ask($subscriber, 'own', $tracked, user => $_), 'bypassed|subscription deals writes to it',
	"trust.tracked says so, to $_")
	foreach 'postgres', 'crm_owner';
$subscriber->safe_psql('own', 'DROP SUBSCRIPTION deals');
is(ask($subscriber, 'own', $tracked), 'in force|', 'until the subscription is gone');

# ---- a copy, made as doc/operations.md says ----

my @steps = map { s/'\.\.\.'/q{'} . ($publisher->connstr('crm') =~ s{'}{''}gr) . q{'}/er }
	slurp_file('doc/operations.md') =~ /^```\n(SELECT\ trust_ledger\.create_ledger\(copy.*?
		|CREATE\ PUBLICATION.*?|CREATE\ SUBSCRIPTION.*?)^```$/xmsg;
is(scalar @steps, 3, 'doc/operations.md has three steps');
fill_ledger($publisher, 'crm');
make_database($subscriber, 'crm');
$subscriber->safe_psql('crm', 'CREATE EXTENSION trust_ledger');
is(ask($subscriber, 'crm', $steps[0], user => 'crm_owner'), '', 'a copy is made');
is(ask($publisher, 'crm', $steps[1], user => 'crm_owner'), '', 'what is published');
$subscriber->safe_psql('crm', $steps[2]);
$subscriber->wait_for_subscription_sync($publisher, 'ledger', 'crm');
more_promises($publisher, 'crm', 'later ');
$publisher->safe_psql('crm', <<'SQL');
\o /dev/null
ALTER TABLE trust.promise DISABLE TRIGGER USER;
INSERT INTO trust.promise
	SELECT (jsonb_populate_record(p, '{"promise": "00000000-0000-7000-8000-000000000000"}')).*
	FROM trust.promise p WHERE customer = 'B' LIMIT 1;
SELECT trust_ledger.migrate_ledger();
SELECT trust_ledger.rebuild('B');
SELECT trust_ledger.erase_customer('later a', 'They asked.');
SQL
$publisher->wait_for_catchup('ledger');
is(findings($subscriber, 'crm'), '',
	'verify() of the copy, after texts were erased and more promises were made');
is(digest($subscriber, 'crm'), digest($publisher, 'crm'), 'its digest');
is(histories($subscriber, 'crm'), histories($publisher, 'crm'), 'its histories');
my $tables = sub { contents(@_) =~ s/^copy\|.*\n//gmr };
is($tables->($subscriber, 'crm'), $tables->($publisher, 'crm'), 'its tables');

done_testing();
