-- The evidence of a score as text, 'kept:broken', rounded; '-' for the empty score. A pgTAP file
-- includes this with \ir.
CREATE FUNCTION evidence(score trust_ledger.trust_score, digits int DEFAULT 6) RETURNS text
LANGUAGE sql AS $$
	SELECT CASE WHEN score::text = 'empty' THEN '-'
		ELSE concat(trim_scale(round(trust_ledger.kept(score)::numeric, digits)),
			':', trim_scale(round(trust_ledger.broken(score)::numeric, digits))) END
$$;
