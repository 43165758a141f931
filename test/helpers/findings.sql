-- What verify() finds after statements, which are then rolled back. A pgTAP file includes this with
-- \ir.

-- The findings, of one customer or of all. Part is '! SQLSTATE' if a statement or verify() fails.
CREATE FUNCTION verify_after(doing text, of_customer text DEFAULT NULL)
RETURNS TABLE (part text, customer text, seq bigint, promise uuid, subject text, field text,
	problem text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	findings jsonb;
BEGIN
	BEGIN
		EXECUTE doing;
		SELECT jsonb_agg(to_jsonb(v)) INTO findings
		FROM (SELECT * FROM trust_ledger.verify() WHERE of_customer IS NULL
			UNION ALL SELECT * FROM trust_ledger.verify(of_customer)) AS v;
		RAISE SQLSTATE 'OK000';
	EXCEPTION
		WHEN SQLSTATE 'OK000' THEN NULL;
		WHEN OTHERS THEN findings := jsonb_build_array(jsonb_build_object('part',
			'! ' || SQLSTATE));
	END;
	RETURN QUERY SELECT f.* FROM jsonb_to_recordset(coalesce(findings, '[]'))
		AS f (part text, customer text, seq bigint, promise uuid, subject text, field text,
			problem text);
END
$$;

-- The same as texts, sorted and each once: 'part customer seq subject field' without what is NULL.
CREATE FUNCTION findings_after(doing text, of_customer text DEFAULT NULL) RETURNS text[]
LANGUAGE sql AS $$
	SELECT coalesce(array_agg(DISTINCT concat_ws(' ', part, nullif(customer, ''), seq, subject,
		field)), '{}')
	FROM verify_after(doing, of_customer)
$$;
