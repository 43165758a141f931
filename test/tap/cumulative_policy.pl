# Splitting a promise does not evade a cumulative rule, also where many sessions act at once: the
# sum of a customer's open promises that nobody backs stays below the rule's least value, and the
# sum that a human backs stays within their authority.
use strict;
use warnings;

use Pgbench;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sessions = 8;
my $each = 13;
my $slices = $sessions * $each;	# 104

my $node = PostgreSQL::Test::Cluster->new('slices');
$node->init;
$node->append_conf('postgresql.conf', "synchronous_commit = off\n");
$node->start;

# A slice is 30 EUR: 33 of them lie below 1000, and within it.
$node->safe_psql('postgres', q{
	CREATE EXTENSION trust_ledger;
	SELECT trust_ledger.create_ledger();
	SELECT * FROM trust_ledger.register_actor('anna', 'human', authority => '{"EUR": 1000}');
	SELECT * FROM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1');
	SELECT * FROM trust_ledger.register_actor('sys', 'system', responsible => 'anna');
	SELECT * FROM trust_ledger.set_policy('much', promiser_kind => 'ai', currency => 'EUR',
		least_value => 1000,
		cumulative => true, evidence => 'asserted');
	SELECT * FROM trust_ledger.set_policy('systems', promiser_kind => 'system',
		evidence => 'asserted');

	CREATE FUNCTION make(customer text, value numeric, actor text) RETURNS uuid
	BEGIN ATOMIC
		SELECT promise FROM trust_ledger.make_promise(customer, 'words', value => value,
			currency => 'EUR', actor => actor);
	END;

	CREATE TABLE slice AS
	SELECT what, level, nr, make(what || ' ' || level, value, actor) AS promise
	FROM (VALUES ('back', 30, 'sys'), ('amend', 1, 'bot')) AS w (what, value, actor),
		unnest(ARRAY['read committed', 'repeatable read', 'serializable']) AS level,
			generate_series(1, SLICES) AS nr;
	ALTER TABLE slice ADD PRIMARY KEY (what, level, nr);
	CREATE FUNCTION slice(of_what text, of_nr bigint) RETURNS uuid
	BEGIN ATOMIC
		SELECT promise FROM slice WHERE what = of_what
			AND level = current_setting('transaction_isolation') AND nr = of_nr;
	END;

	CREATE FUNCTION back(promise uuid) RETURNS text
	LANGUAGE plpgsql AS $$
	BEGIN
		RETURN (SELECT state FROM trust_ledger.back_promise(promise, actor => 'anna'));
	EXCEPTION WHEN SQLSTATE 'TL002' THEN
		RETURN SQLSTATE;
	END
	$$;
} =~ s/SLICES/$slices/r);
my $customer = q{:what || ' ' || current_setting('transaction_isolation')};

# What each session does, and the states of all parts afterwards, in any order.
my %cuts = (
	# below the rule's least value no human is asked for
	make => [ "make($customer, 30, 'bot')", 'open: 33, proposed: 71' ],
	# all are open with 1 EUR each, and become 30
	amend => [ q{trust_ledger.amend_promise(slice(:what, :nr), value => 30, actor => 'bot')},
		'open: 33, proposed: 71' ],
	# proposed until Anna backs them: as much as she may
	back => [ 'back(slice(:what, :nr))', 'open by anna: 33, proposed: 71' ],
	# her own act, without and with a rule that asks for somebody
	own => [ "make($customer, 30, 'anna')", 'open: 71, open by anna: 33' ],
);

sub cut
{
	my ($what, $level, $tries) = @_;

	# the number counts after the call: a call that is tried again is about the same promise
	my $load = Pgbench->start($node,
		"\\set nr :client_id * $each + :i\nSELECT $cuts{$what}[0];\n\\set i :i + 1\n",
		isolation => $level,
		options => [ "--client=$sessions", '--jobs=2', "--transactions=$each", "--max-tries=$tries",
			'--define=i=1', "--define=what='$what'" ]);
	my ($processed) = $load->finish("$what, $level");
	is($processed, $slices, "$what, $level: each slice was tried") or diag($load->output);
	return;
}

# READ COMMITTED needs no retries: there a session waits for its turn.
foreach my $case ([ 'read committed', 1 ], [ 'repeatable read', 10000 ], [ 'serializable', 10000 ])
{
	my ($level, $tries) = @$case;

	foreach my $what (sort keys %cuts)
	{
		cut($what, $level, $tries);
		is($node->safe_psql('postgres', qq{
			SELECT string_agg(how || ': ' || count, ', ' ORDER BY how)
			FROM (SELECT concat_ws(' by ', state, backer) AS how, count(*) FROM trust.promise
				WHERE customer = '$what $level' AND value = 30 GROUP BY 1) h}),
			$cuts{$what}[1], "$what, $level: as much as there may be, and no more");
	}
}
is($node->safe_psql('postgres', 'SELECT * FROM trust_ledger.verify()'), '', 'verify() is empty');

$node->stop;
done_testing();
