-- The context of errors names the element, row or change, in a few lines, without the extension's
-- own SQL.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(27);

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm');
	PERFORM trust_ledger.set_policy('erp', currency => 'EUR', evidence => 'session');
END
$$;

\ir ../../helpers/calls.sql

-- ---- a table's own code ----

CREATE TABLE deal (id int PRIMARY KEY, customer text, title text, until date);
CREATE FUNCTION counts(title text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
SELECT count(*) AS triggers FROM trust_ledger.track_table('deal',
	'{"customer": "=customer", "words": "=title", "due": "=until", "actor": ":bot", "made_when": '
	'"public.counts(title)"}') \gset
ALTER TABLE deal DISABLE TRIGGER USER;
INSERT INTO deal SELECT n, 'c', 'w', '2099-01-01' FROM generate_series(1, 3) n;
INSERT INTO deal VALUES (4, 'c', 'w', '5874897-12-31');

CREATE TABLE read (what text, call text);
INSERT INTO read VALUES ('reconcile', $$SELECT trust_ledger.reconcile_table('deal')$$),
('read', $$SELECT trust_ledger.read_tracked('deal', 'public.deal')$$),
	('import', $$CALL trust_ledger.import_table('deal', in_one_transaction => true)$$);
SELECT is(code, '22008', what || ': a value that cannot be read') FROM read, error_of(call);
SELECT matches(context, '\mrow 4\M', what || ': and which row has it') FROM read, error_of(call);
CREATE OR REPLACE FUNCTION counts(title text) RETURNS boolean LANGUAGE
	plpgsql AS $$ BEGIN RAISE EXCEPTION SQLSTATE 'XX123'; END $$;
SELECT is(code, 'XX123', what || ': a condition that fails') FROM read, error_of(call);
SELECT matches(context, 'counts', what || ': whose function it was') FROM read, error_of(call);
SELECT cmp_ok(array_length(string_to_array(context, E'\n'), 1),
	'<', 8, what || ': told in a few lines') FROM read, error_of(call);
SELECT is(trigger_is_told, true, 'reconcile_table() is among them')
FROM (SELECT context ~ 'reconcile_table' AS trigger_is_told FROM read, error_of(call)
	WHERE what = 'reconcile') s;

-- ---- many promises ----

CREATE FUNCTION element(args jsonb DEFAULT '{}') RETURNS trust_ledger.new_promise
LANGUAGE sql AS $$ SELECT jsonb_populate_record(NULL::trust_ledger.new_promise,
	'{"customer": "c", "words": "w", "actor": "anna"}'::jsonb || args) $$;
-- Makes four promises, of which this is the third.
CREATE FUNCTION make_with_third(bad jsonb) RETURNS void
LANGUAGE sql AS $$ SELECT trust_ledger.make_promises(ARRAY[element('{"customer": "z"}'),
	element('{"customer": "a", "idempotency_key": "k"}'), element(bad),
	element('{"customer": "m"}')]) $$;
SELECT count(*) FROM trust_ledger.make_promise('a', 'others', actor => 'anna',
	idempotency_key => 'other') \gset
SELECT is(code || ' ' || (context ~ named), want || ' true', 'element 3: ' || bad)
FROM (VALUES
	('{"words": null}', '22004', '\melement 3\M'), ('{"customer": null}', '22004', '\melement 3\M'),
	('{"customer": ""}', '22023', '\melement 3\M'),
	('{"promiser": "nobody"}', '42704', '\melement 3 of promises, to customer "c"'),
	('{"actor": "nobody"}', '42704', '\melement 3 of promises, to customer "c"'),
	('{"value": -1}', '22003', '\melement 3 of promises, to customer "c"'),
	('{"due": "9999-01-01"}', '22008', '\melement 3 of promises, to customer "c"'),
	('{"longest_pause": "1 month"}', '22023', '\melement 3 of promises, to customer "c"'),
	('{"customer": "a", "idempotency_key": "other"}', 'TL005',
		'\melement 3 of promises, to customer "a"'),
	('{"customer": "a", "idempotency_key": "k"}', '22023',
		'\melement 3 of promises, to customer "a"'),
	('{"occurred_at": "infinity"}', '22008', '\melement 3 of promises, to customer "c"')) AS v (bad,
		want, named),
	error_of(format('SELECT make_with_third(%L)', bad));
SELECT * FROM finish();
