-- Promises to begin a test with. A pgTAP file includes this with \ir.

-- Makes a promise, by default of the bot to customer "c", and returns it. It was made and is due
-- that long ago: a negative interval lies ahead. Then somebody backs it, and somebody accepts it,
-- if named.
CREATE FUNCTION new_promise(kind text DEFAULT NULL, made_ago interval DEFAULT '10 days',
	due_ago interval DEFAULT NULL,
	longest_pause interval DEFAULT NULL, purpose text DEFAULT NULL, customer text DEFAULT 'c',
		actor text DEFAULT 'bot',
	backed_by text DEFAULT NULL, accepted_by text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	made CONSTANT uuid := (trust_ledger.make_promise(customer, 'We come.', kind => kind,
		purpose => purpose, longest_pause => longest_pause,
		occurred_at => now() - made_ago, due => now() - due_ago, actor => actor)).promise;
BEGIN
	IF backed_by IS NOT NULL THEN
		PERFORM trust_ledger.back_promise(made, actor => backed_by);
	END IF;
	IF accepted_by IS NOT NULL THEN
		PERFORM trust_ledger.accept_promise(made, actor => accepted_by);
	END IF;
	RETURN made;
END
$$;

-- Makes a promise to a customer with these arguments of make_promise(), as SQL, and returns it.
CREATE FUNCTION promise_with(arguments text, customer text DEFAULT 'c') RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	made uuid;
BEGIN
	EXECUTE format('SELECT promise FROM trust_ledger.make_promise(%L, %s)', customer, arguments)
		INTO made;
	RETURN made;
END
$$;

-- Makes these calls about promise $1, and returns it.
CREATE FUNCTION after_calls(of_promise uuid, calls text[]) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	call text;
BEGIN
	FOREACH call IN ARRAY calls LOOP
		EXECUTE 'SELECT trust_ledger.' || call USING of_promise;
	END LOOP;
	RETURN of_promise;
END
$$;
