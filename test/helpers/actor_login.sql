-- Registers an actor again with that login, or without one; all else stays as it is. A pgTAP file
-- includes this with \ir.
CREATE FUNCTION set_login(who text, login text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$
	SELECT trust_ledger.register_actor(a.actor, a.kind, speaks_for => a.speaks_for,
		responsible => a.responsible, model => a.model, customer => a.customer, db_role => login)
	FROM trust.actor a WHERE a.actor = who
$$;
