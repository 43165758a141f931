-- found(doing): what verify() finds after that was done, as 'part table-or-subject field', sorted; '! ' and the SQLSTATE
-- where it cannot be done or verified. Nothing of it stays. To be included by psql.
CREATE FUNCTION found(doing text, of_customer text DEFAULT NULL) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	findings text[];
BEGIN
	EXECUTE doing;
	SELECT coalesce(array_agg(DISTINCT concat_ws(' ', part, nullif(customer, ''), seq::text, subject, field)), '{}') INTO findings
	FROM (SELECT * FROM trust_ledger.verify() WHERE of_customer IS NULL
		UNION ALL SELECT * FROM trust_ledger.verify(of_customer)) AS v;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN findings;
	WHEN OTHERS THEN RETURN ARRAY['! ' || SQLSTATE];
END
$$;
