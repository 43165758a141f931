-- Random changes of a tracked table: its triggers write the same entries as calls of the functions.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger(), trust_ledger.set_ledger(zone => 'Europe/Berlin') \g /dev/null

\ir ../../helpers/random_rows.sql

SELECT plan(13);
SELECT setseed(0.5) \g /dev/null

-- ---- a change a transaction, written as it happens
SELECT trust_ledger.track_table('crm.deal', mapping(write => ':now')) \g /dev/null
CALL live(1500);
SELECT is_empty('SELECT nr, statements, who, by_triggers, by_hand FROM change WHERE by_triggers '
	'<> by_hand ORDER BY nr', 'what the functions refuse, a tracked row refuses');
SELECT is_empty('SELECT * FROM differing ORDER BY customer, seq',
	'entries and promises are the same');
SELECT ok(count(*) > 100, by_triggers || ' is among it') FROM change WHERE by_triggers IN ('ok',
	'TL001') GROUP BY by_triggers ORDER BY by_triggers;
SELECT is(array_agg(DISTINCT event ORDER BY event),
	'{accepted,amended,assessed,backed,backing_withdrawn,breach_admitted,breach_repaired,made,'
	'noted,paused,released,resumed,withdrawn}',
	'each event is') FROM by_triggers, LATERAL (SELECT entry ->> 'event') AS e (event);
SELECT set_eq('SELECT key, name, customer FROM trust.tracked_row WHERE NOT gone',
	'SELECT id::text, name, customer FROM stands_for',
	'each row stands for the promise that it should');

-- ---- several changes in a transaction, written at its end
SELECT trust_ledger.track_table('crm.deal', mapping()) \g /dev/null
SELECT max(nr) AS before FROM change \gset
CALL live(250, 4);
SELECT is_empty('SELECT nr, statements, who, by_triggers, by_hand FROM change WHERE (by_triggers '
	'= ''ok'') <> (by_hand = ''ok'') ORDER BY nr', 'at the end of the transaction: refused or not');
SELECT is_empty('SELECT * FROM differing ORDER BY customer, seq',
	'entries and promises are the same');
SELECT ok(count(*) > 50, 'some were refused') FROM change WHERE nr > :before
	AND by_triggers <> 'ok';
SELECT ok(count(*) > 50, 'others were not') FROM change WHERE nr > :before AND by_triggers = 'ok';
SELECT set_eq('SELECT key, name, customer FROM trust.tracked_row WHERE NOT gone',
	'SELECT id::text, name, customer FROM stands_for',
	'each row stands for the promise that it should');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
SELECT ok(count(*) > 1000, 'the ledger is long enough') FROM by_hand;

SELECT * FROM finish();
