-- Two tables alike, one of them tracked; and one full of rows to be imported: psql variables
-- customers, promises, updated.
\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SELECT trust_ledger.register_actor('crm', 'system', responsible => 'anna') \g /dev/null
SELECT trust_ledger.register_actor('erp', 'system', responsible => 'anna',
	speaks_for => 'record') \g /dev/null

CREATE SCHEMA crm;
CREATE TABLE crm.untracked (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account    text NOT NULL,
	title      text NOT NULL,
	kind       text,
	due        timestamptz,
	amount     numeric,
	currency   text,
	status     text NOT NULL DEFAULT 'sent',
	note       text,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE crm.quote (LIKE crm.untracked INCLUDING ALL);
CREATE TABLE crm.old_quote (LIKE crm.untracked INCLUDING ALL);

SELECT '{"customer": "=account", "words": "=title", "kind": "=kind", "due": "=due", '
	'"value": "=amount", "currency": "=currency", "actor": ":crm", '
	'"made": {"occurred_at": "=created_at"}, "made_when": "status <> ''draft''", '
	'"kept_when": "status = ''delivered''", "kept": {"actor": ":erp"}, '
	'"broken_when": "status = ''failed''", "broken": {"actor": ":erp"}, '
	'"withdrawn_when": "status = ''cancelled''"}' AS mapping \gset

INSERT INTO crm.untracked (account, title, kind, due, amount, currency)
SELECT 'customer ' || g % :customers + 1, 'We deliver ' || g
	|| ' chairs on Friday, assembled, to the second floor.', 'delivery', '2099-01-01 12:00+00',
	4200.00, 'EUR'
FROM generate_series(1, :updated) g;
INSERT INTO crm.quote (account, title, kind, due, amount, currency) SELECT account, title, kind,
	due, amount, currency FROM crm.untracked ORDER BY id;
INSERT INTO crm.old_quote (account, title, kind, due, amount, currency, created_at)
SELECT 'customer ' || g % :customers + 1, 'We deliver ' || g
	|| ' chairs on Friday, assembled, to the second floor.', 'delivery', '2099-01-01 12:00+00',
	4200.00, 'EUR',
	now() - interval '1 year' + g * interval '20 seconds'
FROM generate_series(1, :promises) g;
SELECT count(*) FROM trust_ledger.track_table('crm.quote', :'mapping') \g /dev/null
SELECT count(*) FROM trust_ledger.track_table('crm.old_quote', :'mapping') \g /dev/null
VACUUM ANALYZE;
CHECKPOINT;
