-- A tracked table and the same one untracked, in a session that has written one row of an empty
-- ledger before: psql variables rows, customers.
\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human'), trust_ledger.register_actor('crm', 'system',
	responsible => 'anna') \g /dev/null
CREATE SCHEMA crm;
CREATE TABLE crm.bulk (id bigint PRIMARY KEY, account text, title text, due timestamptz,
	amount numeric, status text);
CREATE TABLE crm.bulk_untracked (LIKE crm.bulk INCLUDING ALL);
SELECT count(*) FROM trust_ledger.track_table('crm.bulk', '{"customer": "=account",
	"words": "=title", "due": "=due", "value": "=amount", "currency": ":EUR", "actor": ":crm",
	"promiser": ":anna", "kept_when": "status = ''delivered''"}') \g /dev/null
SET synchronous_commit = off;
INSERT INTO crm.bulk VALUES (0, 'first', 'One chair', '2099-01-01', 1, 'sent');
INSERT INTO crm.bulk
SELECT g, 'customer ' || g % :customers, 'We deliver ' || g || ' chairs.', '2099-01-01', 4200,
	'sent'
FROM generate_series(1, :rows) g;
INSERT INTO crm.bulk_untracked SELECT * FROM crm.bulk;
