-- The chain of a customer: its entries, each with the hash of the one before. The customer ''
-- stands for governance.

CREATE TYPE trust_ledger.receipt AS (
	promise     uuid,
	customer    text,
	seq         bigint,
	state       text,
	recorded_at timestamptz,
	hash        bytea
);
COMMENT ON TYPE trust_ledger.receipt IS
	'Returned by every writing function: where its entry is in the chain, the state of the '
	'promise, and the hash. Keep the hash to prove later what was recorded.';
COMMENT ON COLUMN trust_ledger.receipt.promise IS
	'The promise. NULL for governance.';
COMMENT ON COLUMN trust_ledger.receipt.customer IS
	'The customer whose chain has the entry. NULL for governance.';
COMMENT ON COLUMN trust_ledger.receipt.seq IS
	'Number of the entry in the chain, from 1.';
COMMENT ON COLUMN trust_ledger.receipt.state IS
	'State of the promise after the entry. NULL for governance.';
COMMENT ON COLUMN trust_ledger.receipt.recorded_at IS
	'Time when the ledger recorded the entry, shortly before the commit.';
COMMENT ON COLUMN trust_ledger.receipt.hash IS
	'SHA-256 of the entry, 32 bytes. It covers all earlier entries of the chain.';

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
	COMMENT ON TABLE trust.chain IS
		'One row per customer: the chain of its entries. The customer '''' stands for governance.';
	PERFORM trust_ledger.comment_on_columns('trust.chain', ARRAY[
		['customer', 'The customer. The empty text stands for governance.'],
		['length', 'Number of entries.'],
		['head', 'Hash of the last entry, 32 bytes.'],
		['recorded_at', 'Time when the last entry was recorded. NULL if there is none.'],
		['score', 'Score of the verdicts, as of the last of them. customer_score() adds overdue '
			'promises and fades it to the current time.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_chain_table() IS
	'Comments on table trust.chain. Called by comment_on_tables().';
