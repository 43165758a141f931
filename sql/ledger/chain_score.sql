-- The score that each chain stores.

CREATE FUNCTION trust_ledger.create_scores() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF EXISTS (
		SELECT FROM pg_attribute
		WHERE attrelid = 'trust.chain'::regclass AND attname = 'score' AND NOT attisdropped)
	THEN
		RETURN;
	END IF;
	ALTER TABLE trust.chain
		ADD COLUMN score trust_ledger.trust_score NOT NULL DEFAULT 'empty';
	-- the guard would refuse the UPDATE; create_guards() puts it back
	DROP TRIGGER IF EXISTS trust_guard ON trust.chain;
	UPDATE trust.chain c
	SET score = s.score
	FROM (
		SELECT p.customer,
			trust_ledger.fuse(
				trust_ledger.score_agg(
					p.weight_kept / 1000.0::float8, 0, p.settled_at, l.half_life),
				trust_ledger.score_agg(
					0, p.weight_broken / 1000.0::float8, p.broken_at, l.half_life)) AS score
		FROM trust.promise p, trust.ledger l
		GROUP BY p.customer) s
	WHERE s.customer = c.customer;
	PERFORM trust_ledger.create_guards();
END
$$;
COMMENT ON FUNCTION trust_ledger.create_scores() IS
	'Adds column score to trust.chain, and computes it from trust.promise. The only column of the '
	'ledger''s tables that has a type of the extension. Called by create_ledger() and '
	'migrate_ledger().';
