-- Runs statements while trust_guard is disabled on these tables of the ledger, by default on those
-- that the statements name. A pgTAP file includes this with \ir.
CREATE FUNCTION without_guards(doing text, on_tables text[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	tables CONSTANT text[] := coalesce(on_tables, ARRAY(SELECT relname FROM pg_class
		WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r' AND doing ~
			format('\mtrust[.]%s\M', relname)));
	tab text;
BEGIN
	FOREACH tab IN ARRAY tables LOOP
		EXECUTE format('ALTER TABLE trust.%I DISABLE TRIGGER trust_guard', tab);
	END LOOP;
	EXECUTE doing;
	FOREACH tab IN ARRAY tables LOOP
		EXECUTE format('ALTER TABLE trust.%I ENABLE ALWAYS TRIGGER trust_guard', tab);
	END LOOP;
END
$$;
