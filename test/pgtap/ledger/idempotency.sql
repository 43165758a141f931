-- Retries of calls whose requests version 0.1.0 stored: the bytes of a request are the same in
-- every version.
CREATE EXTENSION pgtap;
\o /dev/null
\ir ../../data/requests.sql
SELECT trust_ledger.migrate_ledger();
\o

SELECT plan((SELECT count(*)::int FROM public.request WHERE call ~ 'idempotency_key') + 6);

CREATE FUNCTION receipt_of(call text) RETURNS trust_ledger.receipt
LANGUAGE plpgsql AS $$
DECLARE
	receipt trust_ledger.receipt;
BEGIN
	EXECUTE 'SELECT * FROM trust_ledger.' || call INTO receipt;
	RETURN receipt;
END;
$$;

CREATE TABLE length_before AS SELECT sum(length) AS length FROM trust.chain;

SELECT is((receipt_of(call)).hash, hash, call) FROM public.request WHERE call ~ 'idempotency_key'
	ORDER BY nr;

SELECT is((SELECT sum(length) FROM trust.chain), length, 'no retry wrote anything')
	FROM length_before;

-- Through make_promises() they are the same requests.
SELECT is((SELECT m.hash FROM trust_ledger.make_promises(ARRAY[(
		'C-1', 'We deliver on Friday.', 'anna', 'delivery', '2099-03-01 12:00+01', NULL,
			1200.50, 'EUR',
		'The fair begins on Saturday.', 'bot', '3 days 04:05:06.789', 'anna', NULL,
		'{"channel": "mail", "n": [1, 2.50, null, true]}', 'k1')::trust_ledger.new_promise]) AS m),
	(SELECT hash FROM public.request WHERE call ~ 'We deliver on Friday'),
		'make_promises() finds the request of make_promise()');

-- One argument more, less, or another, and it is another call.
SELECT throws_ok(format($$SELECT receipt_of(%L)$$, changed), 'TL005', NULL, what)
FROM public.request, LATERAL (VALUES
	(replace(call, 'value => 1200.50', 'value => 1200.5'), 'an amount of another scale'),
	(replace(call, ', kind => ''delivery''', ''), 'an argument left out'),
	(replace(call, 'actor => ''anna''', 'actor => ''bert'''), 'another actor'),
	(replace(call, 'idempotency_key', 'due_on => ''2099-03-01'', idempotency_key'),
		'an argument more')) AS v (changed, what)
WHERE call ~ 'We deliver on Friday';

SELECT * FROM finish();
