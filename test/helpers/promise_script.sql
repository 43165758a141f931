-- Lives of promises in few words, for tests of scores: "make anna 1d, due => day('15d'); kept carl
-- 5d". Verb, who acts, how long after the first of January 2020 it happened, further arguments. An
-- act is about the promise that was made last. To be included by a pgTAP file, with the ledger
-- made.

CREATE FUNCTION day(after text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$ SELECT '2020-01-01 00:00:00+00'::timestamptz + replace(after, '_',
	' ')::interval $$;

DO $$
BEGIN
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('ben', 'human');
	PERFORM trust_ledger.register_actor('dora', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('tool', 'system', responsible => 'anna');
	PERFORM trust_ledger.register_actor('desk', 'system', responsible => 'dora',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.set_policy('ai', promiser_kind => 'ai', evidence => 'asserted');
END
$$;

-- Plays it to the customer. Returns the last promise.
CREATE FUNCTION play(script text, customer text DEFAULT 'c') RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	act     text;
	part    text[];
	call    text;
	promise uuid;
BEGIN
	FOREACH act IN ARRAY regexp_split_to_array(script, ';\s*') LOOP
		part := regexp_match(act, '^(\w+) (\w+) ([^ ,]+)(.*)$');
		call := CASE part[1] WHEN 'make' THEN 'make_promise($1, ''We come.''' WHEN 'back'
			THEN 'back_promise($2' WHEN 'unback' THEN 'withdraw_backing($2'
			WHEN 'accept' THEN 'accept_promise($2' WHEN 'amend' THEN 'amend_promise($2'
				WHEN 'withdraw' THEN 'withdraw_promise($2'
			WHEN 'release' THEN 'release_promise($2' ELSE format('assess_promise($2, %L', part[1])
				END;
		EXECUTE format('SELECT (trust_ledger.%s, actor => %L, occurred_at => $3%s)).promise', call,
			part[2], part[4])
			INTO promise USING customer, promise, CASE part[3] WHEN 'now' THEN NULL
				ELSE day(part[3]) END;
	END LOOP;
	RETURN promise;
END
$$;
