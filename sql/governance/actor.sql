-- Actors: who can act, and for whom.

CREATE FUNCTION trust_ledger.create_actor_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.actor (
		actor       text COLLATE "C" PRIMARY KEY,
		kind        text COLLATE "C" NOT NULL CHECK (kind IN ('human', 'ai', 'system')),
		name        text,
		speaks_for  text COLLATE "C" NOT NULL CHECK (speaks_for IN ('company', 'customer',
			'record')),
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
	COMMENT ON TABLE trust.actor IS
		'Actors: humans, AI systems and other systems. Changed by register_actor() and '
		'retire_actor().';
	PERFORM trust_ledger.comment_on_columns('trust.actor', ARRAY[
		['actor', 'Key of the actor.'],
		['kind', 'human, ai or system. Never changes.'],
		['name', 'Name for people to read. NULL if none was given, or after it was erased.'],
		['speaks_for', 'Whose word the actor gives: company, customer or record. Never changes.'],
		['customer', 'The only customer that the actor speaks for. NULL for any.'],
		['responsible', 'The human responsible for a machine. NULL for humans.'],
		['db_role', 'The actor''s own database role. NULL for none.'],
		['model', 'Name and version of the model of an AI system.'],
		['authority', 'Highest total value that the actor may back for one customer, per currency: '
			'{"EUR": 5000}. NULL for no limit.'],
		['active', 'False after the actor retired.'],
		['successor', 'The human who took over when the actor retired. NULL for none.'],
		['seq', 'The governance entry that last changed the row.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_actor_table() IS
	'Comments on table trust.actor. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.act_as(actor text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.act_as(text) IS
	'Sets the actor for calls that name none, until the end of the transaction or savepoint. '
	'Returns the actor. Requires level application, import or admin. Errors: 42704 (not '
	'registered), TL003 (retired, or the login belongs to another actor), TL004.';

CREATE FUNCTION trust_ledger.register_actor(
	actor text, kind text, name text DEFAULT NULL, speaks_for text DEFAULT 'company',
	responsible text DEFAULT NULL, db_role text DEFAULT NULL, model text DEFAULT NULL,
	authority jsonb DEFAULT NULL, customer text DEFAULT NULL, reason text DEFAULT NULL,
	returns boolean DEFAULT NULL, acting text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.register_actor(
	text, text, text, text, text, text, text, jsonb, text, text, boolean, text, timestamptz, jsonb,
	text) IS
	'Registers an actor, or replaces all that is registered about one. kind: human, ai or system. '
	'speaks_for: company, customer (only customer, if given) or record (systems only). kind and '
	'speaks_for cannot be changed later. responsible: the human responsible for an ai or system. '
	'model: required for an ai. db_role: the actor''s own database role. authority: highest total '
	'value that a human may back for one customer, per currency, e.g. {"EUR": 5000}; NULL for no '
	'limit. returns: true if a retired human returns, the same person; without it, that is an '
	'error. acting: who registers. Requires level admin. Errors: TL003, TL004, 22023, 23505 '
	'(db_role belongs to another actor), 42704 (no such role or human).';

CREATE FUNCTION trust_ledger.retire_actor(
	actor text, successor text DEFAULT NULL, reason text DEFAULT NULL,
	acting text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.retire_actor(text, text, text, text, timestamptz, jsonb, text) IS
	'Retires an actor, who can no longer act. successor: the human who takes over the machines; '
	'required if a human is responsible for active ones. The score of a successor has the evidence '
	'of being broken of the actor. acting: who retires the actor. Requires level admin. Errors: '
	'TL003, TL004, 42704 (no such actor).';
