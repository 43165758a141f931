-- Texts of any size, as versions before 0.3.0 accepted them, in entries that verify() accepts. psql
-- includes this with \ir, as a superuser.
\ir recompute_hashes.sql
\ir commitment.sql

-- Replaces a text or the context of the customer's first entry, and of its promise.
CREATE FUNCTION store_oversized(of_customer text, what text, said text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	tab text;
BEGIN
	FOREACH tab IN ARRAY '{entry,promise,chain}'::text[] LOOP
		EXECUTE format('ALTER TABLE trust.%s DISABLE TRIGGER trust_guard', tab);
	END LOOP;
	EXECUTE format('UPDATE trust.entry SET %1$I = $1::%2$s, %3$I = commitment(%4$I, '
		'convert_to($1::%2$s::text, ''UTF8'')) WHERE customer = $2 AND seq = 1',
		what, CASE what WHEN 'context' THEN 'jsonb' ELSE 'text' END, what || '_commitment',
			what || '_salt') USING said, of_customer;
	IF what IN ('words', 'purpose') THEN
		EXECUTE format('UPDATE trust.promise SET %I = $1 WHERE customer = $2', what) USING said,
			of_customer;
	END IF;
	PERFORM recompute_hashes(of_customer);
	FOREACH tab IN ARRAY '{entry,promise,chain}'::text[] LOOP
		EXECUTE format('ALTER TABLE trust.%s ENABLE ALWAYS TRIGGER trust_guard', tab);
	END LOOP;
END
$$;
