-- A ledger with actors of every kind, tracked tables that role app owns, and functions that change
-- their rows and show the entries. A pgTAP file includes this with \ir.

CREATE ROLE app LOGIN;
CREATE ROLE clerk LOGIN;
CREATE ROLE login_lisa LOGIN;
CREATE ROLE login_carl LOGIN;
CREATE ROLE outsider LOGIN;
CREATE ROLE role_bot;
GRANT role_bot TO clerk;
GRANT CREATE ON SCHEMA public TO app, outsider;
DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.set_ledger(zone => 'Asia/Tokyo');
	PERFORM trust_ledger.grant_access('app', 'application');
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('ben', 'human');
	PERFORM trust_ledger.register_actor('lisa', 'human', db_role => 'login_lisa');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('robot', 'ai', responsible => 'anna', model => 'm-1',
		db_role => 'role_bot');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer',
		db_role => 'login_carl');
	PERFORM trust_ledger.register_actor('cora', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted');
END
$$;

-- A row of this table is written at once, and with it all changes that are pending.
CREATE TABLE written (id int PRIMARY KEY);
CREATE TRIGGER now AFTER INSERT ON written FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('noted',
	'actor:bot', 'write:now');
ALTER TABLE written OWNER TO app;

-- The entries that statements of a login and an actor add, by customer: the event of each, or
-- another expression over its columns; then, if given, the result of another expression. Or the
-- SQLSTATE. Rolls them back.
CREATE FUNCTION entries_after(doing text, acting text DEFAULT 'anna', login text DEFAULT 'app',
	shown text DEFAULT 'event', at_commit text DEFAULT '', also text DEFAULT 'NULL') RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	entries text;
BEGIN
	CREATE TEMP TABLE known ON COMMIT DROP AS SELECT customer AS of_customer, length
		FROM trust.chain;
	PERFORM set_config('session_authorization', login, true);
	IF acting IS NOT NULL THEN
		PERFORM trust_ledger.act_as(acting);
	END IF;
	EXECUTE doing;
	PERFORM set_config('session_authorization', 'postgres', true);
	PERFORM set_config('role', 'none', true);
	INSERT INTO public.written VALUES (1);
	EXECUTE at_commit;
	EXECUTE format('SELECT string_agg(customer || '': '' || said, ''; '' ORDER BY customer) '
		'FROM (SELECT customer, string_agg(concat_ws('','', %s), '' '' ORDER BY seq) AS said
		FROM trust.entry LEFT JOIN known ON customer = of_customer WHERE seq > coalesce(length, 0) '
			'AND customer <> '''' GROUP BY customer) AS s', shown) INTO entries;
	EXECUTE format('SELECT concat_ws('' | '', $1, (%s))', also) INTO entries USING coalesce(entries,
		'nothing');
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN entries;
	WHEN OTHERS THEN RETURN SQLSTATE || CASE WHEN SQLSTATE ~ '^(XX|42601|42P01)' THEN ' ' || SQLERRM
		ELSE '' END;
END
$$;
-- Acts as that actor in this transaction.
CREATE FUNCTION act(as_actor text) RETURNS void LANGUAGE
	sql AS $$ SELECT trust_ledger.act_as(as_actor) $$;
-- Runs statements as the superuser, whatever the login is.
CREATE FUNCTION as_postgres(doing text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	login text := session_user;
BEGIN
	PERFORM set_config('session_authorization', 'postgres', true);
	EXECUTE doing;
	PERFORM set_config('session_authorization', login, true);
END
$$;
-- The statements that make the usual three triggers of a table and give it to role app.
CREATE FUNCTION track_statements(tab text, more text DEFAULT '') RETURNS SETOF text LANGUAGE
	sql AS $$
	SELECT format('CREATE TRIGGER %s AFTER %s ON %s FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(%s%s)', event, operation, tab, arguments, more)
	FROM (VALUES ('made', 'INSERT',
		'''made'', ''customer=customer'', ''words=words'', ''value=doubled'''),
		('amended', 'UPDATE',
			'''amended'', ''customer=customer'', ''words=words'', ''value=doubled'''),
		('deleted', 'DELETE', '''noted''')) AS v (event, operation, arguments)
	UNION ALL SELECT format('ALTER TABLE %s OWNER TO app', tab)
$$;

CREATE TYPE stage AS ENUM ('new', 'it''s won');
CREATE DOMAIN account_no AS text CHECK (value ~ '^A');

-- A table with most columns that can be mapped.
CREATE TABLE deal (id int PRIMARY KEY, customer text, words text, kind text, due timestamptz,
	value numeric, currency text, purpose text, longest_pause interval, drafted_by text,
	status text, approved boolean, approver text, other text, promiser text);
CREATE TRIGGER made AFTER INSERT ON deal FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'kind=kind', 'due=due', 'value=value',
	'currency=currency', 'purpose=purpose', 'longest_pause=longest_pause', 'drafted_by=drafted_by',
		'promiser=promiser');
CREATE TRIGGER amended AFTER UPDATE ON deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', 'customer=customer', 'words=words', 'kind=kind',
	'due=due', 'value=value',
	'currency=currency', 'purpose=purpose', 'longest_pause=longest_pause', 'drafted_by=drafted_by');
CREATE TRIGGER assessed AFTER UPDATE OF status ON deal FOR EACH ROW
	WHEN (NEW.status IN ('kept', 'broken')) EXECUTE FUNCTION trust_ledger.track('assessed',
	'verdict=status');
CREATE TRIGGER backed AFTER UPDATE OF approved ON deal FOR EACH ROW WHEN (NEW.approved)
	EXECUTE FUNCTION trust_ledger.track('backed');
CREATE TRIGGER accepted AFTER UPDATE OF status ON deal FOR EACH ROW WHEN (NEW.status = 'accepted')
	EXECUTE FUNCTION trust_ledger.track('accepted');
CREATE TRIGGER deleted AFTER DELETE ON deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted');
ALTER TABLE deal OWNER TO app;
CREATE FUNCTION insert_row(nr int, of_customer text, tab text DEFAULT 'deal') RETURNS void LANGUAGE
	plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %I (id, customer, words) VALUES ($1, $2, ''W'')', tab) USING nr,
		of_customer;
END
$$;
CREATE FUNCTION update_words(nr int, said text, tab text DEFAULT 'deal') RETURNS void LANGUAGE
	plpgsql AS $$
BEGIN
	EXECUTE format('UPDATE %I SET words = $2 WHERE id = $1', tab) USING nr, said;
END
$$;
