CREATE FUNCTION trust_ledger.act_as(actor text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.act_as(text) IS
	'Who acts in this transaction, where a call names nobody; gone with the transaction or the savepoint. Returns the actor. Errors: 42704 not registered, TL003 retired or not this login''s to act as, TL004.';

CREATE FUNCTION trust_ledger.register_actor(
	actor text, kind text, name text DEFAULT NULL, speaks_for text DEFAULT 'company',
	responsible text DEFAULT NULL, db_role text DEFAULT NULL, model text DEFAULT NULL,
	authority jsonb DEFAULT NULL, customer text DEFAULT NULL, reason text DEFAULT NULL,
	acting text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.register_actor(text, text, text, text, text, text, text, jsonb, text, text, text, timestamptz, jsonb, text) IS
	'Registers an actor, or says anew all that is known of one. kind: human, ai, system; machines name the human responsible, an ai its model; speaks_for: company, customer (of one customer only, if given), record (system actors); db_role: their own database login; authority: the most a human may back per currency, e.g. {"EUR": 5000}, NULL without limit. kind and speaks_for never change. Level admin. Errors: TL003, TL004, 22023, 23505, 42704.';

CREATE FUNCTION trust_ledger.retire_actor(
	actor text, successor text DEFAULT NULL, reason text DEFAULT NULL,
	acting text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.retire_actor(text, text, text, text, timestamptz, jsonb, text) IS
	'The actor acts no more; what they did stays. A human who answers for active machines needs a successor who takes them. Level admin. Errors: TL003, TL004, 42704.';
