# Runs the examples of doc/tracking.md, one after the other, as a CRM developer would.
use strict;
use warnings;

use Examples;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('tracking');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE crm');

# What an example must print for the sentence beside it to be true.
my %prints = (
	# the first table
	"WHERE p.customer = '17'"
		=> qr/^1\|.*\ promised:\ "Ten\ pumps.*\n
			2\|.*\ amended\ .*value\ 3900\ EUR.*\n
			3\|.*\ assessed\ the\ promise\ as\ kept.*$/x,
	'FROM trust.parked;
SELECT * FROM trust_ledger.register_actor('
	=> qr/^crm\.deal\|insert\|crm\|promiser "ben" is not registered\n.*\ncrm\.deal\|t\|$/,
	"WHERE customer = '21'"
		=> qr/^21\|A new roof before winter\|kept\|t\n21\|Gutters, too\|open\|t$/,
	"SELECT * FROM trust_ledger.reconcile_table('crm.deal');" => qr/^$/,
	"INSERT INTO crm.deal (account_id, title, owner, status) VALUES (23" =>
		qr/^trigger_disabled\|\|trust_ledger_001_made.*\n
			event_missing\|18\|.*\n
			promise_without_row\|21\|.*\n
			row_without_promise\|23\|.*\n
			terms_differ\|20\|different\ in\ the\ row:\ words$/x,
	"ENABLE TRIGGER USER;\nCALL" => qr/^promise_without_row\|21\|.*\nterms_differ\|20\|.*$/,
	'WHERE d.account_id = 20' => qr/^\d+\|Some chairs\|open\|[0-9a-f-]{36}$/,
	'CREATE TRIGGER complained' => qr/^complained\|noted\|by hand$/,
	# quotes
	'AS waits' => qr/^14\|t$/,
	'confirm_relayed(p.promise' => qr/^\d+\n21$/,
	"UPDATE shop.quote SET status = 'delivered'"
		=> qr/^(?:(?!accepted\ the\ terms).*\n)*
			.*accepted\ the\ terms(?:(?!accepted\ the\ terms)(?:.|\n))*
			assessed\ the\ promise\ as\ kept.*\n
			.*after\ the\ promise\ was\ settled.*\n
			.*cannot\ withdraw\ promise\ .*,\ which\ is\ kept/x,
	"JOIN trust.current_promise p USING (customer, promise)\nWHERE r.source = 'shop.quote'"
		=> qr/^1\|A spare motor\|300\.00\|open\|t
1\|A year of service\|900\.00\|withdrawn\|t
1\|A year of service\|1100\.00\|withdrawn\|t
1\|Ten pumps, on site\|8000\.00\|kept\|f
1\|Two valves by Monday\|80\.00\|broken\|f
2\|A year of service\|1100\.00\|open\|f$/,
	# tasks
	'SELECT words, evidence_needed' => qr/^Your accounts are closed by the 10th\|asserted$/m,
	'SELECT state, backer FROM' => qr/^open\|bbbb.*2$/m,
	'The same for March'
		=> qr/^Your accounts are closed by the 10th\|proposed\|\nThe same for March\|proposed\|$/m,
	'SELECT words, promiser, backer, state'
		=> qr/^Your\ accounts\ are\ closed\ by\ the\ 10th\|bbbb\S+2\|aaaa\S+1\|kept\n
			The\ same\ for\ March\|aaaa\S+1\|\|withdrawn\n
			(?:.*\n)+.*another\ assignee/mx,
	# opportunities
	"WHERE kind = 'opportunity';" => qr/^0015g00000AcmeEAAV\|Three mills\|kept\|t$/,
	'A crane' =>
		qr/^A\ crane\|withdrawn\|7000\.00\n
			A\ lathe,\ installed\|kept\|30000\.00\n
			Two\ presses\|released\|90000\.00\n
			promiser\ "0055g00000NobodyZZ"\ is\ not\ registered$/x,
	'Nora New' => qr/^t\|\nterms_differ\|0065g00000NewOneAA\|different in the row: value$/m,
	# tickets
	'AS may_wait' => qr/^answer\|kept\|f\nsolution\|open\|t$/,
	"AND r.name = 'solution'"
		=> qr/promised:\ .*\n
			.*paused\ the\ promise.*\n
			.*cannot\ amend\ promise\ .*,\ which\ is\ paused.*\n
			.*resumed\ the\ promise.*\n
			.*amended\ .*smoked.*\n
			.*as\ kept.*\n
			.*cannot\ pause\ promise.*\n
			.*as\ broken.*$/x,
	# soft deletes
	"WHERE p.customer = '80'" => qr/^A\ door\|withdrawn\|made\nA\ window\|kept\|made\n
			A\ window\|kept\|assessed\nA\ door\|withdrawn\|withdrawn\n
			A\ door\|withdrawn\|noted\nA\ door\|open\|made$/x,
	'sum(paused_for)' => qr/^first answer\|1\|1\|00:00:00\nsolution\|1\|0\|00:00:00\.\d+$/,
);
run_examples($node, 'crm', 'doc/tracking.md', \%prints);

# What the page says beside its examples.
my $gone = <<'SQL';
SET client_min_messages = warning;
CREATE TABLE visit (id int PRIMARY KEY, customer text, words text) PARTITION BY RANGE (id);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (1) TO (2);
SELECT trust_ledger.track_table('visit',
	'{"customer": "=customer", "words": "=words", "actor": ":crm"}') \g /dev/null
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM (2) TO (3);
INSERT INTO visit VALUES (1, 'c', 'A visit'), (2, 'c', 'Another visit');
CREATE TABLE visit_3 (id int PRIMARY KEY, customer text, words text);
INSERT INTO visit_3 VALUES (3, 'c', 'Attached');
ALTER TABLE visit ATTACH PARTITION visit_3 FOR VALUES FROM (3) TO (4);
SELECT what, key FROM trust_ledger.reconcile_table('visit');
TRUNCATE visit_1;
ALTER TABLE visit DETACH PARTITION visit_2;
SELECT string_agg(r.key || '|' || t.gone, ',' ORDER BY r.key)
	FROM trust_ledger.reconcile_table('visit') r JOIN trust.tracked_row t USING (key, promise)
	WHERE what = 'promise_without_row';
SQL
is($node->safe_psql('crm', $gone), "row_without_promise|3\n1|false,2|false",
	'a partition that is truncated or goes is not seen, and is found');

$node->stop;
done_testing();
