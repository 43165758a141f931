-- A digest of all rows of the ledger except the entries of rebuild(), to see that nothing changed;
-- scores exactly, or to nine digits. A pgTAP file includes this with \ir.
CREATE FUNCTION ledger_contents(exact boolean DEFAULT true) RETURNS text
LANGUAGE sql AS $$
	SELECT md5(concat_ws('/',
		(SELECT string_agg(e::text, ' ' ORDER BY customer, seq) FROM trust.entry e
			WHERE event <> 'rebuilt'),
		(SELECT string_agg(p::text, ' ' ORDER BY customer, promise) FROM trust.promise p),
		(SELECT string_agg(concat_ws(' ', customer, length, head, recorded_at, CASE WHEN exact
			THEN score::text END, round(trust_ledger.kept(score)::numeric, 9),
			round(trust_ledger.broken(score)::numeric, 9), trust_ledger.as_of(score),
				trust_ledger.half_life(score)), ' ' ORDER BY customer) FROM trust.chain
				WHERE customer <> ''),
		(SELECT string_agg(a::text, ' ' ORDER BY actor) FROM trust.actor a),
		(SELECT string_agg(p::text, ' ' ORDER BY policy) FROM trust.policy p),
		(SELECT string_agg(a::text, ' ' ORDER BY role) FROM trust.access a),
		(SELECT string_agg(t::text, ' ' ORDER BY source) FROM trust.tracking t),
		(SELECT string_agg(l::text, ' ' ORDER BY ledger) FROM trust.ledger l)))
$$;
