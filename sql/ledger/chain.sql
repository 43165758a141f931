CREATE TYPE trust_ledger.receipt AS (
	promise     uuid,
	customer    text,
	seq         bigint,
	state       text,
	recorded_at timestamptz,
	hash        bytea
);
COMMENT ON TYPE trust_ledger.receipt IS
	'What every writing function returns: the entry''s place in the customer''s chain, the promise''s state after it, and the hash that ties it to all before it. Keep the hash to prove later what was recorded.';

CREATE FUNCTION trust_ledger.create_chain_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.chain (
		customer    text COLLATE "C" PRIMARY KEY,
		length      bigint NOT NULL,
		head        bytea NOT NULL,
		recorded_at timestamptz
	) WITH (fillfactor = 70);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_chain_table() IS
	'Creates table trust.chain. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_chain_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.chain IS 'One row per customer: how many entries, and the hash of the last. The reserved customer '''' is governance.';
	COMMENT ON COLUMN trust.chain.score IS 'What verdicts say of the customer''s promises, as of the last of them; customer_score() adds what is overdue and fades it to now.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_chain_table() IS
	'Comments on table trust.chain. Called by comment_on_tables().';
