CREATE FUNCTION trust_ledger.create_actor_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.actor (
		actor       text COLLATE "C" PRIMARY KEY,
		kind        text COLLATE "C" NOT NULL CHECK (kind IN ('human', 'ai', 'system')),
		name        text,
		speaks_for  text COLLATE "C" NOT NULL CHECK (speaks_for IN ('company', 'customer', 'record')),
		customer    text COLLATE "C",
		responsible text COLLATE "C",
		db_role     text COLLATE "C",
		model       text COLLATE "C",
		authority   jsonb,
		active      boolean NOT NULL,
		successor   text COLLATE "C",
		seq         bigint NOT NULL
	);
	CREATE UNIQUE INDEX actor_db_role ON trust.actor (db_role) WHERE active;
	CREATE INDEX actor_responsible ON trust.actor (responsible) WHERE active;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_actor_table() IS
	'Creates table trust.actor. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_actor_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.actor IS 'Who can act: humans, ai and systems. Changed by register_actor() and retire_actor().';
	COMMENT ON COLUMN trust.actor.speaks_for IS 'Whose word it is when this actor gives a verdict.';
	COMMENT ON COLUMN trust.actor.customer IS 'The only customer this actor speaks for, if it is bound to one.';
	COMMENT ON COLUMN trust.actor.responsible IS 'The human who answers for a machine.';
	COMMENT ON COLUMN trust.actor.db_role IS 'Their own database login.';
	COMMENT ON COLUMN trust.actor.authority IS 'The most they may back for one customer, per currency, open promises added up; NULL: no limit.';
	COMMENT ON COLUMN trust.actor.seq IS 'The governance entry that last changed it.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_actor_table() IS
	'Comments on table trust.actor. Called by comment_on_tables().';

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
