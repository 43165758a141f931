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
