-- Tracking a table by one mapping: the triggers that it creates, what it refuses, and what
-- trust.tracked shows afterwards.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(632);
CREATE EXTENSION trust_ledger;

\ir ../../helpers/calls.sql

CREATE ROLE ledger_owner;
CREATE ROLE crm_owner;
CREATE ROLE crm_app IN ROLE crm_owner;
CREATE ROLE other_app;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.grant_access(role, level) FROM (VALUES ('crm_app', 'application'),
	('other_app', 'application'), ('crm_owner', 'analyst')) AS g (role, level);
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('bot', 'system', responsible => 'anna');
SELECT trust_ledger.register_actor('aide', 'ai', responsible => 'anna', model => 'm-1');

-- ---- conditions

SELECT is(trust_ledger.condition_for(condition, 'NEW'), expected, 'about a row: ' || condition)
FROM (VALUES
	('status = ''sent'' AND amount > 0', '(NEW.status = ''sent'' AND NEW.amount > 0)'),
	('won', '(NEW.won)'), ('  won  ', '(  NEW.won  )'), ('NOT won', '(NOT NEW.won)'),
	('true', '(true)'), ('(won)', '((NEW.won))'),
	('"Order Status" = ''x''', '(NEW."Order Status" = ''x'')'),
	('"a""b" IS NULL', '(NEW."a""b" IS NULL)'), ('"new" > 1', '(NEW."new" > 1)'),
	('new IS NULL', '(NEW.new IS NULL)'),
	('U&"d\0061t" = 1', '(NEW.U&"d\0061t" = 1)'),
	('Größe > 3 AND größe < 9', '(NEW.Größe > 3 AND NEW.größe < 9)'),
	('note = ''it''''s status''', '(NEW.note = ''it''''s status'')'),
	('note = E''a\''b status''', '(NEW.note = E''a\''b status'')'),
	('note = $q$ status '' $q$', '(NEW.note = $q$ status '' $q$)'),
	(E'status =\n\t''sent''\nAND won', E'(NEW.status =\n\t''sent''\nAND NEW.won)'),
	('won -- status', E'(NEW.won -- status\n)'),
	(E'won -- status\nAND lost', E'(NEW.won -- status\nAND NEW.lost\n)'),
	('won /* status, /* too */ */ AND lost', '(NEW.won /* status, /* too */ */ AND NEW.lost)'),
	('amount::numeric(10, 2) > 1.5', '(NEW.amount::numeric(10, 2) > 1.5)'),
	('place::geometry(Point, 4326) IS NOT NULL', '(NEW.place::geometry(Point, 4326) IS NOT NULL)'),
	('CAST(amount AS text) = ''1''', '(CAST(NEW.amount AS text) = ''1'')'),
	('lower(status) = ''sent''', '(lower(NEW.status) = ''sent'')'),
	('crm.is_open(status, amount)', '(crm.is_open(NEW.status, NEW.amount))'),
	('f(a => b)', '(f(a => NEW.b))'), ('f(VARIADIC a)', '(f(VARIADIC NEW.a))'),
	('tags[1] = ''x''', '(NEW.tags[1] = ''x'')'),
	('tags[n:m] IS NULL', '(NEW.tags[NEW.n:NEW.m] IS NULL)'),
	('(address).city = ''B''', '((NEW.address).city = ''B'')'),
	('data->>''status'' = ''x''', '(NEW.data->>''status'' = ''x'')'),
	('due < current_date', '(NEW.due < current_date)'),
	('owner = current_user', '(NEW.owner = current_user)'),
	('status IN (''a'', other)', '(NEW.status IN (''a'', NEW.other))'),
	('status = ANY (ARRAY[''a'', b])', '(NEW.status = ANY (ARRAY[''a'', NEW.b]))'),
	('amount BETWEEN low AND high', '(NEW.amount BETWEEN NEW.low AND NEW.high)'),
	('amount BETWEEN SYMMETRIC low AND high',
		'(NEW.amount BETWEEN SYMMETRIC NEW.low AND NEW.high)'),
	('CASE WHEN a THEN b ELSE c END', '(CASE WHEN NEW.a THEN NEW.b ELSE NEW.c END)'),
	('CASE a WHEN b THEN true END', '(CASE NEW.a WHEN NEW.b THEN true END)'),
	('coalesce(a, b)', '(coalesce(NEW.a, NEW.b))'),
	('a IS DISTINCT FROM b', '(NEW.a IS DISTINCT FROM NEW.b)'),
	('a IS TRUE OR b IS NOT NULL', '(NEW.a IS TRUE OR NEW.b IS NOT NULL)'),
	('status LIKE ''a%'' COLLATE "C"', '(NEW.status LIKE ''a%'' COLLATE "C")'),
	('due AT TIME ZONE zone > now()', '(NEW.due AT TIME ZONE NEW.zone > now())'),
	('a OPERATOR(pg_catalog.=) b', '(NEW.a OPERATOR(pg_catalog.=) NEW.b)'),
	('(a, b) = (c, d)', '((NEW.a, NEW.b) = (NEW.c, NEW.d))'),
	('ROW(a) IS NULL', '(ROW(NEW.a) IS NULL)'),
	('(due, later) OVERLAPS (a, b)', '((NEW.due, NEW.later) OVERLAPS (NEW.a, NEW.b))'),
	('extract(year FROM due) > 2000', '(extract(year FROM NEW.due) > 2000)'),
	('a = a AND a = a', '(NEW.a = NEW.a AND NEW.a = NEW.a)'),
	('position(a IN b) > 0', '(position(NEW.a IN NEW.b) > 0)'),
	('interval ''1 day'' < a', '(interval ''1 day'' < NEW.a)'),
	('- a < + b', '(- NEW.a < + NEW.b)'),
	('name = ''%s %I''', '(NEW.name = ''%s %I'')')) AS c (condition, expected);
SELECT is(trust_ledger.condition_for('a > 1', row), '(' || row || '.a > 1)', 'about ' || row)
	FROM unnest('{NEW,OLD,q,of_row}'::text[]) AS row;
SELECT is(sqlstate_of(format('SELECT trust_ledger.condition_for(%L, %L)', 'a > 1', row)),
	'22023', 'not a row''s name: ' || row)
FROM unnest(ARRAY['', 'a.b', 'NEW.', '"x"', 'x y', 'pg_sleep(9)--', '1']) AS row;
SELECT is(trust_ledger.condition_for(NULL, 'NEW'), NULL, 'no condition: none');
SELECT is(trust_ledger.condition_columns('b > 1 AND a = lower("B c") AND B < 2'), '{b,a,"B c"}',
	'columns, each once');
SELECT is(trust_ledger.condition_columns('NEW.b > OLD.b AND (new.a).x = 1'),
	'{b,a}', 'columns of a change');
SELECT is(trust_ledger.condition_columns('true'), '{}', 'no columns');

SELECT is(trust_ledger.condition_is_change(condition), expected, 'of a change, or not: '
	|| condition)
FROM (VALUES ('NEW.a > OLD.a', true), ('new.a', true), ('"old".a', true),
	('NEW.a = 1 AND OLD.b IS NULL', true), ('(NEW.address).city <> (OLD.address).city', true),
	('NEW.tags[1] = ''x''', true),
	('a > 1', false), ('new > old', false), ('true', false), ('a = ''NEW.a''', false),
	('f(new)', false)) AS c (condition, expected);

-- Conditions that are refused, by each function that reads one.
SELECT is(sqlstate_of(format('SELECT trust_ledger.%s', format(call, condition))), expected,
	format('%s: %s', split_part(call, '(', 1), condition))
FROM (VALUES
	('', '42601'), (' ', '42601'), ('--', '42601'), ('a >', '42601'), ('(a', '42601'),
	('a)', '42601'), ('a = ''x', '42601'), ('a /* b', '42601'), ('a = $q$b', '42601'),
	('a) OR (b', '42601'), ('a) IS NULL OR (b', '42601'), ('a), (b', '42601'), ('a) --', '42601'),
	('a) /* ', '42601'), ('a; DROP TABLE deal', '42601'), ('a); DROP TABLE deal; --', '42601'),
	('a) EXECUTE FUNCTION f() --', '42601'), ('a, b', '42601'), ('a AS b', '42601'),
	('a b', '42601'), ('a FROM deal', '42601'), ('a WHERE b', '42601'), ('a GROUP BY a', '42601'),
	('a HAVING b', '42601'),
	('a ORDER BY b', '42601'), ('a LIMIT 1', '42601'), ('a OFFSET 1', '42601'),
	('a FOR UPDATE', '42601'), ('a INTO b', '42601'), ('a WINDOW w AS ()', '42601'),
	('a UNION SELECT b', '42601'), ('DISTINCT a', '42601'),
	('ALL a', '42601'), ('SELECT a', '42601'), ('a := b', '42601'), ('VALUES (1)', '42601'),
	('WITH x AS (SELECT 1) SELECT 1', '42601'), ('a FROM deal) AND (b', '42601'),
	('(SELECT true)', '22023'), ('EXISTS (SELECT FROM deal)', '22023'),
	('a IN (SELECT 1)', '22023'), ('a = ANY (SELECT 1)', '22023'),
	('ARRAY(SELECT 1) IS NULL', '22023'), ('f((SELECT a))', '22023'),
	('CASE WHEN (SELECT true) THEN a END', '22023'),
	('$1', '22023'), ('a = $2', '22023'), ('*', '42601'), ('NEW.*', '22023'),
	('NEW.* IS DISTINCT FROM OLD.*', '22023'), ('deal.*', '22023'), ('deal.a', '22023'),
	('crm.deal.a', '22023'), ('NEW.a.b', '22023'), ('excluded.a', '22023'),
	('a > OLD.a', '22023'), ('NEW.a AND b', '22023')) AS c (condition, expected),
	unnest(ARRAY['condition_for(%L, ''NEW'')', 'condition_is_change(%L)', 'condition_columns(%L)'])
		AS call;
SELECT is(sqlstate_of($$SELECT trust_ledger.condition_for('NEW.a > 1', 'NEW')$$),
	'22023', 'a condition on a change is asked of no row');

SELECT matches(error_text(format('SELECT trust_ledger.condition_columns(%L)', condition)), expected,
	'what is said of ' || condition)
FROM (VALUES ('a >', '^42601.*at end of input.*Write one boolean'),
	('a, b', '^42601.*one expression.*Write one boolean'),
	('(SELECT 1)', '^22023.*subqueries.*Call a function'),
	('deal.a', '^22023.*deal\.a.*NEW\.status')) AS c (condition, expected);

-- ---- the triggers of a mapping

CREATE SCHEMA crm;
GRANT ALL ON SCHEMA crm TO crm_owner;
CREATE TABLE crm.deal (shop text, id bigint, customer text, title text, status text, amount numeric,
	owner text, answer text, wait boolean, why text, info jsonb, at timestamptz,
	PRIMARY KEY (shop, id));
ALTER TABLE crm.deal OWNER TO crm_owner;
-- The statements that track_table() creates for a mapping, without their common parts and the key.
CREATE FUNCTION triggers(mapping jsonb, tab regclass DEFAULT 'crm.deal') RETURNS SETOF text LANGUAGE
	sql AS $$
	SELECT regexp_replace(regexp_replace(replace(statement, ', ''key=shop'', ''key=id''', ''),
		'^CREATE TRIGGER trust_ledger_(\d+)_(\w+) (AFTER|BEFORE) (.*?) ON \S+ '
		'FOR EACH (ROW|STATEMENT)', '\1 \2 \4'), ' EXECUTE FUNCTION trust_ledger.track\((.*)\)$',
		' -> \1')
	FROM trust_ledger.track_table(tab, mapping, dry_run => true)
$$;
CREATE FUNCTION mapped(mapping text, VARIADIC expected text[]) RETURNS text LANGUAGE sql AS $$
	SELECT results_eq(format('SELECT triggers(%L)', mapping), format('SELECT unnest(%L::text[])',
		expected), 'the triggers of ' || regexp_replace(mapping, '\s+', ' ', 'g'))
$$;
SELECT is((SELECT array_agg(statement) FROM trust_ledger.track_table('crm.deal',
	'{"customer": "=customer", "words": "=title"}', dry_run => true)), ARRAY[
	$$CREATE TRIGGER trust_ledger_001_made AFTER INSERT ON crm.deal FOR EACH ROW $$ ||
		$$EXECUTE $$ ||
		$$FUNCTION $$ ||
		$$trust_ledger.track('made', 'source:crm.deal', 'key=shop', 'key=id', $$ ||
		$$'customer=customer', 'words=title')$$,
	$$CREATE TRIGGER trust_ledger_002_amended AFTER UPDATE ON crm.deal FOR EACH ROW $$ ||
		$$WHEN (NEW.* OPERATOR(pg_catalog.*<>) OLD.*) $$ ||
		$$EXECUTE $$ ||
		$$FUNCTION $$ ||
		$$trust_ledger.track('amended', 'source:crm.deal', 'key=shop', 'key=id', $$ ||
		$$'customer=customer', 'words=title')$$,
	$$CREATE TRIGGER trust_ledger_003_deleted AFTER DELETE ON crm.deal FOR EACH ROW $$ ||
		$$EXECUTE FUNCTION trust_ledger.track('noted', $$ ||
		$$'source:crm.deal', 'key=shop', 'key=id')$$,
	$$CREATE TRIGGER trust_ledger_004_truncated BEFORE TRUNCATE ON crm.deal FOR EACH STATEMENT $$ ||
		$$EXECUTE FUNCTION trust_ledger.track('noted', 'source:crm.deal')$$],
	'the least mapping, statement by statement');

SELECT mapped($${"customer": "=customer", "words": "=title", "value": "=amount", "currency": ":EUR",
	"kind": ":deal", "promiser": "=owner", "actor": ":bot", "context": "=info",
	"occurred_at": "=at",
		"made_when": "status <> 'draft'", "accepted_when": "answer = 'yes'",
			"backed_when": "status = 'backed'", "backer": "=owner",
			"declined_when": "status = 'declined'",
		"backing_withdrawn_when": "status = 'unbacked'", "paused_when": "wait",
			"breach_admitted_when": "status = 'late'", "kept_when": "status = 'kept'",
			"partly_kept_when": "status = 'partly'",
		"broken_when": "status = 'broken'", "breach_repaired_when": "status = 'repaired'",
			"withdrawn_when": "status = 'withdrawn'", "released_when": "status = 'released'",
			"noted_when": "why IS NOT NULL",
		"withdrawn": {"reason": "=why"}, "kept": {"purpose_met": "=wait", "relayed": ":true"},
			"noted": {"reason": "=why", "actor": ":aide"}, "amended": {"words": "=why",
			"relayed": ":true"}, "made": {"context": ":{}"},
		"on_delete": ":withdrawn", "on_error": ":park", "write": ":now", "source": ":deals",
		"events": [{"event": "released", "when": "answer = 'no'", "relayed": ":true"},
			{"event": "noted", "when": "NEW.owner IS DISTINCT FROM OLD.owner",
			"reason": ":another owner"}]}$$,
	$$001 resumed UPDATE WHEN ((OLD.wait) AND (NEW.wait) IS NOT TRUE) $$ ||
		$$-> 'resumed', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$002 made INSERT WHEN ((NEW.status <> 'draft')) $$ ||
		$$-> 'made', 'source:deals', 'customer=customer', 'words=title', 'promiser=owner', $$ ||
		$$'kind:deal', 'value=amount', 'currency:EUR', 'context:{}', 'occurred_at=at', $$ ||
		$$'actor:bot', 'on_error:park', 'write:now'$$,
	$$003 made UPDATE WHEN ((NEW.status <> 'draft') AND (OLD.status <> 'draft') IS NOT TRUE) $$ ||
		$$-> 'made', 'source:deals', 'customer=customer', 'words=title', 'promiser=owner', $$ ||
		$$'kind:deal', 'value=amount', 'currency:EUR', 'context:{}', 'occurred_at=at', $$ ||
		$$'actor:bot', 'on_error:park', 'write:now'$$,
	$$004 amended UPDATE WHEN ((NEW.status <> 'draft') AND (OLD.status <> 'draft') $$ ||
		$$AND NEW.* OPERATOR(pg_catalog.*<>) OLD.*) $$ ||
		$$-> 'amended', 'source:deals', 'customer=customer', 'words=why', 'promiser=owner', $$ ||
		$$'kind:deal', 'value=amount', 'currency:EUR', 'actor:bot', 'on_error:park', $$ ||
		$$'write:now', 'relayed:true'$$,
	$$005 noted UPDATE WHEN ((NEW.status <> 'draft') IS NOT TRUE $$ ||
		$$AND NEW.* OPERATOR(pg_catalog.*<>) OLD.*) $$ ||
		$$-> 'noted', 'source:deals', 'actor:bot', 'on_error:park', 'write:now', 'changed:key', $$
			||
		$$'reason:The primary key of the row changed.'$$,
	$$006 accepted INSERT WHEN ((NEW.answer = 'yes') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'accepted', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$007 accepted UPDATE WHEN ((NEW.answer = 'yes') AND (OLD.answer = 'yes') IS NOT TRUE) $$ ||
		$$-> 'accepted', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$008 backed INSERT WHEN ((NEW.status = 'backed') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'backed', 'source:deals', 'backer=owner', 'on_error:park', 'write:now'$$,
	$$009 backed UPDATE OF status WHEN ((NEW.status = 'backed') AND (OLD.status = 'backed') $$ ||
		$$IS NOT TRUE) -> 'backed', 'source:deals', 'backer=owner', 'on_error:park', $$ ||
		$$'write:now'$$,
	$$010 backed UPDATE WHEN ((NEW.status = 'backed') AND (OLD.status = 'backed') $$ ||
		$$AND NEW.* OPERATOR(pg_catalog.*<>) OLD.*) $$ ||
		$$-> 'backed', 'source:deals', 'backer=owner', 'on_error:park', 'write:now'$$,
	$$011 declined UPDATE WHEN ((NEW.status = 'declined') AND (OLD.status = 'declined') $$ ||
		$$IS NOT TRUE) -> 'declined', 'source:deals', 'on_error:park', 'write:now'$$,
	$$012 backing_withdrawn UPDATE WHEN ((NEW.status = 'unbacked') AND (OLD.status $$ ||
		$$= 'unbacked') IS NOT TRUE) $$ ||
		$$-> 'backing_withdrawn', 'source:deals', 'on_error:park', 'write:now'$$,
	$$013 paused INSERT WHEN ((NEW.wait) AND (NEW.status <> 'draft')) $$ ||
		$$-> 'paused', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$014 paused UPDATE WHEN ((NEW.wait) AND (OLD.wait) IS NOT TRUE) $$ ||
		$$-> 'paused', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$015 breach_admitted INSERT WHEN ((NEW.status = 'late') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'breach_admitted', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$016 breach_admitted UPDATE WHEN ((NEW.status = 'late') AND (OLD.status = 'late') $$ ||
		$$IS NOT TRUE) $$ ||
		$$-> 'breach_admitted', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$017 kept INSERT WHEN ((NEW.status = 'kept') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'assessed', 'source:deals', 'verdict:kept', 'actor:bot', 'on_error:park', $$ ||
		$$'write:now', 'purpose_met=wait', 'relayed:true'$$,
	$$018 kept UPDATE WHEN ((NEW.status = 'kept') AND (OLD.status = 'kept') IS NOT TRUE) $$ ||
		$$-> 'assessed', 'source:deals', 'verdict:kept', 'actor:bot', 'on_error:park', $$ ||
		$$'write:now', 'purpose_met=wait', 'relayed:true'$$,
	$$019 partly_kept INSERT WHEN ((NEW.status = 'partly') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'assessed', 'source:deals', 'verdict:partly_kept', 'actor:bot', 'on_error:park', $$ ||
		$$'write:now'$$,
	$$020 partly_kept UPDATE WHEN ((NEW.status = 'partly') AND (OLD.status = 'partly') $$ ||
		$$IS NOT TRUE) $$ ||
		$$-> 'assessed', 'source:deals', 'verdict:partly_kept', 'actor:bot', 'on_error:park', $$ ||
		$$'write:now'$$,
	$$021 broken INSERT WHEN ((NEW.status = 'broken') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'assessed', 'source:deals', 'verdict:broken', 'actor:bot', 'on_error:park', $$ ||
		$$'write:now'$$,
	$$022 broken UPDATE WHEN ((NEW.status = 'broken') AND (OLD.status = 'broken') IS NOT TRUE) $$ ||
		$$-> 'assessed', 'source:deals', 'verdict:broken', 'actor:bot', 'on_error:park', $$ ||
		$$'write:now'$$,
	$$023 breach_repaired INSERT WHEN ((NEW.status = 'repaired') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'breach_repaired', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$024 breach_repaired UPDATE WHEN ((NEW.status = 'repaired') AND (OLD.status = 'repaired') $$ ||
		$$IS NOT TRUE) $$ ||
		$$-> 'breach_repaired', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$025 withdrawn INSERT WHEN ((NEW.status = 'withdrawn') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'withdrawn', 'source:deals', 'actor:bot', 'on_error:park', 'write:now', 'reason=why'$$,
	$$026 withdrawn UPDATE WHEN ((NEW.status = 'withdrawn') AND (OLD.status = 'withdrawn') $$ ||
		$$IS NOT TRUE) $$ ||
		$$-> 'withdrawn', 'source:deals', 'actor:bot', 'on_error:park', 'write:now', 'reason=why'$$,
	$$027 released INSERT WHEN ((NEW.status = 'released') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'released', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$028 released UPDATE WHEN ((NEW.status = 'released') AND (OLD.status = 'released') $$ ||
		$$IS NOT TRUE) -> 'released', 'source:deals', 'actor:bot', 'on_error:park', 'write:now'$$,
	$$029 noted INSERT WHEN ((NEW.why IS NOT NULL) AND (NEW.status <> 'draft')) $$ ||
		$$-> 'noted', 'source:deals', 'actor:aide', 'on_error:park', 'write:now', 'reason=why'$$,
	$$030 noted UPDATE WHEN ((NEW.why IS NOT NULL) AND (OLD.why IS NOT NULL) IS NOT TRUE) $$ ||
		$$-> 'noted', 'source:deals', 'actor:aide', 'on_error:park', 'write:now', 'reason=why'$$,
	$$031 released INSERT WHEN ((NEW.answer = 'no') AND (NEW.status <> 'draft')) $$ ||
		$$-> 'released', 'source:deals', 'actor:bot', 'on_error:park', 'write:now', $$ ||
		$$'relayed:true'$$,
	$$032 released UPDATE WHEN ((NEW.answer = 'no') AND (OLD.answer = 'no') IS NOT TRUE) $$ ||
		$$-> 'released', 'source:deals', 'actor:bot', 'on_error:park', 'write:now', $$ ||
		$$'relayed:true'$$,
	$$033 noted UPDATE WHEN ((NEW.owner IS DISTINCT FROM OLD.owner)) $$ ||
		$$-> 'noted', 'source:deals', 'actor:bot', 'on_error:park', 'write:now', $$ ||
		$$'reason:another owner'$$,
	$$034 deleted DELETE $$ ||
		$$-> 'withdrawn', 'source:deals', 'actor:bot', 'on_error:park', 'write:now', $$ ||
		$$'on_delete:withdrawn'$$,
	$$035 truncated TRUNCATE -> 'noted', 'source:deals'$$);

-- Several promises of one row, and what each inherits.
SELECT mapped($${"customer": "=customer", "actor": ":bot", "words": ":In short.",
	"withdrawn": {"reason": "=why"}, "on_delete": ":noted",
		"promises": {"price": {"words": "=title", "made_when": "amount > 0",
			"withdrawn_when": "status = 'off'"}, "delivery time": {"actor": ":aide",
			"withdrawn_when": "wait", "withdrawn": {"actor": ":bot"}}}}$$,
	$$001 made INSERT -> 'made', 'source:crm.deal', 'promise:delivery $$ ||
		$$time', 'customer=customer', 'words:In short.', 'actor:aide'$$,
	$$002 amended UPDATE WHEN (NEW.* OPERATOR(pg_catalog.*<>) OLD.*) $$ ||
		$$-> 'amended', 'source:crm.deal', 'promise:delivery $$ ||
		$$time', 'customer=customer', 'words:In short.', 'actor:aide'$$,
	$$003 withdrawn INSERT WHEN ((NEW.wait)) $$ ||
		$$-> 'withdrawn', 'source:crm.deal', 'promise:delivery time', 'actor:bot', 'reason=why'$$,
	$$004 withdrawn UPDATE WHEN ((NEW.wait) AND (OLD.wait) IS NOT TRUE) $$ ||
		$$-> 'withdrawn', 'source:crm.deal', 'promise:delivery time', 'actor:bot', 'reason=why'$$,
	$$005 made INSERT WHEN ((NEW.amount > 0)) $$ ||
		$$-> 'made', 'source:crm.deal', 'promise:price', 'customer=customer', $$ ||
		$$'words=title', 'actor:bot'$$,
	$$006 made UPDATE WHEN ((NEW.amount > 0) AND (OLD.amount > 0) IS NOT TRUE) $$ ||
		$$-> 'made', 'source:crm.deal', 'promise:price', 'customer=customer', $$ ||
		$$'words=title', 'actor:bot'$$,
	$$007 amended UPDATE WHEN ((NEW.amount > 0) AND (OLD.amount > 0) $$ ||
		$$AND NEW.* OPERATOR(pg_catalog.*<>) OLD.*) $$ ||
		$$-> 'amended', 'source:crm.deal', 'promise:price', 'customer=customer', $$ ||
		$$'words=title', 'actor:bot'$$,
	$$008 noted UPDATE WHEN ((NEW.amount > 0) IS NOT TRUE $$ ||
		$$AND NEW.* OPERATOR(pg_catalog.*<>) OLD.*) -> 'noted', 'source:crm.deal', $$ ||
		$$'promise:price', 'actor:bot', 'changed:key', $$ ||
		$$'reason:The primary key of the row changed.'$$,
	$$009 withdrawn INSERT WHEN ((NEW.status = 'off') AND (NEW.amount > 0)) $$ ||
		$$-> 'withdrawn', 'source:crm.deal', 'promise:price', 'actor:bot', 'reason=why'$$,
	$$010 withdrawn UPDATE WHEN ((NEW.status = 'off') AND (OLD.status = 'off') IS NOT TRUE) $$ ||
		$$-> 'withdrawn', 'source:crm.deal', 'promise:price', 'actor:bot', 'reason=why'$$,
	$$011 deleted DELETE -> 'noted', 'source:crm.deal', 'promise:delivery $$ ||
		$$time', 'actor:aide', 'on_delete:noted'$$,
	$$012 deleted DELETE $$ ||
		$$-> 'noted', 'source:crm.deal', 'promise:price', 'actor:bot', 'on_delete:noted'$$,
	$$013 truncated TRUNCATE -> 'noted', 'source:crm.deal'$$);

-- The triggers of other events.
SELECT is(array(SELECT t FROM triggers('{"customer": "=customer", "words": "=title"}'
	|| mapping::jsonb) AS t WHERE t ~ format('^\d+ %s ', event)), expected,
	format('%s of %s', event, mapping))
FROM (VALUES
	('{"backed_when": "status = ''ok''"}', 'backed',
		ARRAY['003 backed UPDATE OF status WHEN ((NEW.status = ''ok'') AND (OLD.status = ''ok'') '
		'IS NOT TRUE) -> ''backed'', ''source:crm.deal''']),
	('{"backed_when": "NEW.owner <> OLD.owner", "actor": ":bot"}', 'backed',
		ARRAY['003 backed UPDATE OF owner WHEN ((NEW.owner <> OLD.owner)) '
		'-> ''backed'', ''source:crm.deal''']),
	('{"backed_when": "owner IS NOT NULL", "backed": {"backer": "=owner", "context": ":{}"}}',
		'backed', ARRAY[
		'003 backed INSERT WHEN ((NEW.owner IS NOT NULL)) '
			'-> ''backed'', ''source:crm.deal'', ''backer=owner'', ''context:{}''',
		'004 backed UPDATE OF owner WHEN ((NEW.owner IS NOT NULL) AND (OLD.owner IS NOT NULL) '
			'IS NOT TRUE) -> ''backed'', ''source:crm.deal'', ''backer=owner'', ''context:{}''',
		'005 backed UPDATE WHEN ((NEW.owner IS NOT NULL) AND (OLD.owner IS NOT NULL) '
			'AND NEW.* OPERATOR(pg_catalog.*<>) OLD.*) '
			'-> ''backed'', ''source:crm.deal'', ''backer=owner'', ''context:{}''']),
	('{"paused_when": "wait", "resumed_when": "status = ''on''"}', 'resumed',
		ARRAY['001 resumed UPDATE WHEN ((NEW.status = ''on'') AND (OLD.status = ''on'') '
		'IS NOT TRUE) -> ''resumed'', ''source:crm.deal''']),
	('{"paused_when": "wait", "resumed": {"reason": "=why"}}', 'resumed',
		ARRAY['001 resumed UPDATE WHEN ((OLD.wait) AND (NEW.wait) IS NOT TRUE) '
		'-> ''resumed'', ''source:crm.deal'', ''reason=why''']),
	('{"paused_when": "NEW.wait AND NOT OLD.wait"}', 'resumed', '{}'),
	('{"paused_when": "NEW.wait AND NOT OLD.wait"}', 'paused',
		ARRAY['003 paused UPDATE WHEN ((NEW.wait AND NOT OLD.wait)) '
		'-> ''paused'', ''source:crm.deal''']),
	('{"noted_when": "NEW.owner <> OLD.owner -- so"}', 'noted',
		ARRAY[E'003 noted UPDATE WHEN ((NEW.owner <> OLD.owner -- so\n)) '
		'-> ''noted'', ''source:crm.deal''']),
	('{"made_when": "wait -- so"}', 'made',
		ARRAY[E'001 made INSERT WHEN ((NEW.wait -- so\n)) '
		'-> ''made'', ''source:crm.deal'', ''customer=customer'', ''words=title''',
		E'002 made UPDATE WHEN ((NEW.wait -- so\n) AND (OLD.wait -- so\n) IS NOT TRUE) '
			'-> ''made'', ''source:crm.deal'', ''customer=customer'', ''words=title''']),
	('{"kind": "=title", "context": "=info"}', 'amended',
		ARRAY['002 amended UPDATE WHEN (NEW.* OPERATOR(pg_catalog.*<>) OLD.*) '
		'-> ''amended'', ''source:crm.deal'', ''customer=customer'', ''words=title'', '
		'''kind=title''']),
	('{"events": [{"event": "assessed", "when": "wait", "verdict": "=status", "reason": "=why"}]}',
		'assessed', ARRAY['003 assessed INSERT WHEN ((NEW.wait)) '
		'-> ''assessed'', ''source:crm.deal'', ''verdict=status'', ''reason=why''',
		'004 assessed UPDATE WHEN ((NEW.wait) AND (OLD.wait) IS NOT TRUE) '
			'-> ''assessed'', ''source:crm.deal'', ''verdict=status'', ''reason=why''']),
	('{"events": [{"event": "kept", "when": "NEW.wait"}]}', 'kept',
		ARRAY['003 kept UPDATE WHEN ((NEW.wait)) '
		'-> ''assessed'', ''source:crm.deal'', ''verdict:kept''']),
	('{"on_error": ":note"}', 'deleted',
		ARRAY['003 deleted DELETE -> ''noted'', ''source:crm.deal'', ''on_error:note''']),
	('{"on_error": ":note"}', 'made',
		ARRAY['001 made INSERT '
		'-> ''made'', ''source:crm.deal'', ''customer=customer'', ''words=title''']),
	('{"on_error": ":note", "made": {"on_error": ":park"}}', 'made',
		ARRAY['001 made INSERT -> ''made'', ''source:crm.deal'', ''customer=customer'', '
		'''words=title'', ''on_error:park'''])) AS c (mapping, event, expected);

-- ---- hostile values and keys

CREATE TABLE crm."Or'der; --" (id integer PRIMARY KEY, customer text, "a'); DROP TABLE crm.deal; --"
	text, "New""x" text, status text);
-- The arguments of the triggers of that table, except key, customer and words; their source, if
-- given.
CREATE FUNCTION hostile(mapping jsonb) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	PERFORM trust_ledger.track_table('crm."Or''der; --"', mapping);
	found := array(SELECT DISTINCT a COLLATE "C" FROM trust.tracked, unnest(arguments) AS a
		WHERE tab ~ 'Or' AND a !~ '^(key|customer|words)[=:]' AND (mapping ? 'source'
		OR a !~ '^source:') ORDER BY 1);
	PERFORM trust_ledger.untrack_table('crm."Or''der; --"');
	RETURN found;
END
$$;
SELECT is(hostile(jsonb_build_object('customer', '=customer', 'words', ':' || v, 'kind', ':' || v)
	|| CASE WHEN v ~ '^.+$' AND v <> E'\n' THEN jsonb_build_object('source', ':' || v) ELSE '{}'
	END), ARRAY['kind:' || v] || CASE WHEN v ~ '^.+$' AND v <> E'\n' THEN ARRAY['source:' || v]
	ELSE '{}' END, 'a constant: ' || v)
FROM unnest(ARRAY['''', '''''', '''); DROP TABLE crm.deal; --', '\', '\''', '$$', '%s %I %L', '"',
	'=x', ':x', 'ä', '{}']) AS v;
SELECT is(error_text(format($c$SELECT trust_ledger.track_table('crm.deal', %L)$c$,
	jsonb_build_object('customer', '=customer', 'words', ':w') || jsonb_build_object(name,
	':' || v))) ~ '^22023', true, format('a constant %s that is none: %L', name, v))
FROM unnest('{words,kind}'::text[]) AS name, unnest(ARRAY['', E'\n', ' ']) AS v;
SELECT is(hostile(jsonb_build_object('customer', '=customer', 'words', '=' || col, 'kind',
	'=' || col)), ARRAY['kind=' || col], 'a column: ' || col)
	FROM unnest(ARRAY['a''); DROP TABLE crm.deal; --', 'New"x']) AS col;
SELECT is(error_text(format($c$SELECT trust_ledger.track_table('crm.deal',
	'{"customer": "=customer", "words": %s}')$c$, to_json('=' || col))) ~ '^42703', true,
	'a column that there is not: ' || col)
FROM unnest(ARRAY['no', 'title; DROP TABLE crm.deal', 'title IS NULL', '"title"', ' title',
	'NEW.title', 'Title']) AS col;
SELECT is(hostile(format('{"customer": "=customer", "words": ":w", "promises": {%s: {}}}',
	to_json(name))::jsonb), ARRAY['promise:' || name], 'a promise''s name: ' || name)
FROM unnest(ARRAY['''', '''); DROP TABLE crm.deal; --', '\', '%', '"', 'promise:', 'a=b']) AS name;
SELECT is((SELECT count(*) FROM pg_class WHERE oid = to_regclass('crm.deal')), 1::bigint,
	'and the table is still there');
SELECT matches((SELECT statement FROM trust_ledger.track_table('crm."Or''der; --"',
	'{"customer": "=customer", "words": ":w", "kept_when": "\"New\"\"x\" = ''it''''s''"}',
	dry_run => true) WHERE statement ~ '004'),
	'ON crm\."Or''der; --" FOR EACH ROW WHEN \(\(NEW\."New""x" = ''it''''s''\) AND',
		'names are quoted where they must be');
SELECT trust_ledger.track_table('crm."Or''der; --"', '{"customer": "=customer", "words": ":w"}');
SELECT is((SELECT array_agg(DISTINCT source) FROM trust.tracked WHERE tab ~ 'Or'),
	ARRAY['crm."Or''der; --"'], 'also in the source that a table has by its name');
SELECT is(trust_ledger.untrack_table('crm."Or''der; --"') > 0, true, 'and such a table is let go');

-- ---- refusals

CREATE FUNCTION refused(mapping text) RETURNS text LANGUAGE sql AS $$
	SELECT error_text(format('SELECT trust_ledger.track_table(''crm.deal'', %L, dry_run => true)',
		mapping))
$$;
SELECT matches(refused(mapping), '^' || expected, 'refused: ' || mapping)
FROM (VALUES
	('[]', '22023.*not an object.*array.*Write'), ('null', '22023.*not an object'),
	('"x"', '22023'), ('1', '22023'),
	('{"wrods": "=title"}',
		'22023.*the mapping does not take "wrods"\|It takes: actor, backer, .*words, write, '
		'on_delete, source, made_when, .*events, promises'),
	('{"": "=title"}', '22023.*does not take ""'),
	('{"reason": "=why"}', '22023.*does not take "reason".*object of that event'),
	('{"relayed": ":true"}', '22023'), ('{"verdict": ":kept"}', '22023'),
	('{"promise": ":x"}', '22023'),
	('{"words'' OR": "=title"}', '22023'), ('{"assessed_when": "wait"}', '22023'),
	('{"amended_when": "wait"}', '22023'), ('{"assessed": {}}', '22023'),
	('{"words": "title"}', '22023.*words cannot be "title".*"=title" for the column'),
	('{"words": ""}', '22023'), ('{"words": "="}', '22023'), ('{"words": 1}', '22023.*cannot be 1'),
	('{"words": null}', '22023.*cannot be null'), ('{"words": ["=title"]}', '22023'),
	('{"words": {"x": 1}}', '22023'), ('{"actor": "=owner"}', '22023.*same for all rows'),
	('{"write": "=wait"}', '22023'), ('{"on_error": "=wait"}', '22023'),
	('{"source": "=title"}', '22023'), ('{"source": 1}', '22023'),
	('{"backer": ":anna"}', '22023.*column of the row'),
	('{"source": ":"}', '22023.*source cannot be used as a key'),
	('{"source": ":a\nb"}', '22023.*source cannot be used as a key'),
	('{"on_delete": "=status"}', '22023'),
	('{"on_delete": ":kept"}', '22023.*on_delete cannot be ":kept"'),
	('{"on_delete": "withdrawn"}', '22023'),
	('{"made_when": 1}', '22023.*made_when is not a condition'), ('{"made_when": null}', '22023'),
	('{"made_when": {}}', '22023'), ('{"made_when": ""}', '42601'),
	('{"made_when": "NEW.wait"}', '22023.*condition on a change'),
	('{"kept_when": "wait) OR (true"}', '42601'),
	('{"kept_when": "wait; DROP TABLE crm.deal"}', '42601'),
	('{"kept_when": "(SELECT true)"}', '22023'), ('{"kept_when": "wait AND NEW.wait"}', '22023'),
	('{"customer": "=customer", "words": "=title", "kept_when": "status"}', '42804'),
	('{"customer": "=customer", "words": "=title", "kept_when": "nothing"}', '42703'),
	('{"kept": {"reason": "=why"}}', '22023.*does not say when it is kept.*kept_when'),
	('{"resumed": {}}', '22023'),
	('{"kept": "=why", "kept_when": "wait"}', '22023.*kept is not an object'),
	('{"kept": null, "kept_when": "wait"}', '22023'),
	('{"kept": {"verdict": ":broken"}, "kept_when": "wait"}',
		'22023.*kept does not take "verdict"'),
	('{"kept": {"words": "=title"}, "kept_when": "wait"}', '22023'),
	('{"kept": {"reason": "why"}, "kept_when": "wait"}', '22023'),
	('{"backed": {"actor": ":bot"}, "backed_when": "wait"}', '22023'),
	('{"backed": {"reason": "=why"}, "backed_when": "wait"}', '22023'),
	('{"declined": {"actor": ":bot"}, "declined_when": "wait"}', '22023'),
	('{"made": {"reason": "=why"}}', '22023'),
	('{"made": {"source": ":x"}}', '22023'), ('{"made": {"on_delete": ":noted"}}', '22023'),
	('{"made": {"when": "wait"}}', '22023'),
	('{"accepted": {"reason": "=why"}, "accepted_when": "wait"}', '22023'),
	('{"events": {}}', '22023.*events is not an array'), ('{"events": "x"}', '22023'),
	('{"events": null}', '22023'), ('{"events": [1]}', '22023.*events\[0\] names no event'),
	('{"events": [{"event": "noted", "when": "wait"}, {}]}', '22023.*events\[1\] names no event'),
	('{"events": [{"event": "made", "when": "wait"}]}', '22023.*made_when'),
	('{"events": [{"event": "noted"}]}', '22023.*when is not a condition'),
	('{"events": [{"event": "noted", "when": "wait)"}]}', '42601'),
	('{"events": [{"event": "noted", "when": "wait", "words": "=title"}]}', '22023'),
	('{"events": [{"event": 1, "when": "wait"}]}', '22023'),
	('{"events": [{"event": "noted''; --", "when": "wait"}]}', '22023'),
	('{"events": [["event"]]}', '22023'),
	('{"promises": []}', '22023.*promises is not an object'), ('{"promises": {}}', '22023'),
	('{"promises": {"a": 1}}', '22023.*promise "a" is not an object'),
	('{"promises": {"a": {"promises": {}}}}', '22023.*promise "a" does not take "promises"'),
	('{"promises": {"a": {"on_delete": ":noted"}}}', '22023'),
	('{"promises": {"a": {"source": ":x"}}}', '22023'),
	('{"promises": {"a": {"wrods": "=title"}}}', '22023.*promise "a" does not take "wrods"'),
	('{"promises": {"a": {"kept": {}}}}', '22023'),
	('{"promises": {"a": {"made_when": "NEW.wait"}}}', '22023'),
	('{"promises": {"a": {}}, "wrods": "=title"}', '22023')) AS c (mapping, expected);
SELECT matches(error_text('SELECT trust_ledger.track_table(''crm.deal'', NULL)'),
	'^22023.*is missing', 'no mapping');
SELECT matches(refused((SELECT jsonb_build_object('customer', '=customer', 'words', ':w',
	'promises', jsonb_object_agg(n::text, '{"kept_when": "wait"}'::jsonb))::text
	FROM generate_series(1, 250) AS n)), '^54000.*too many triggers: 1251',
	'more triggers than there are numbers');

CREATE VIEW crm.deals AS SELECT * FROM crm.deal;
CREATE MATERIALIZED VIEW crm.deals_then AS SELECT * FROM crm.deal;
CREATE SEQUENCE crm.numbers;
CREATE TEMPORARY TABLE passing (id integer PRIMARY KEY);
CREATE TABLE crm.keyless (id integer);
CREATE TABLE crm.deferred (id integer PRIMARY KEY DEFERRABLE, customer text, title text);
CREATE TABLE crm.parted (id integer PRIMARY KEY, customer text, title text, wait boolean)
	PARTITION BY RANGE (id);
CREATE TABLE crm.part PARTITION OF crm.parted FOR VALUES FROM (0) TO (100);
CREATE TABLE crm.parts PARTITION OF crm.parted FOR VALUES FROM (100) TO (200) PARTITION BY RANGE
	(id);
CREATE TABLE crm.subpart PARTITION OF crm.parts FOR VALUES FROM (100) TO (150);
CREATE TABLE crm.other (id integer PRIMARY KEY, customer text, title text);
ALTER TABLE crm.other OWNER TO crm_owner;
ALTER TABLE crm.parted OWNER TO crm_owner;
SELECT matches(error_text(format('SELECT trust_ledger.track_table(%s, ''{"customer": "=customer", '
	'"words": "=title"}'')', tab)), '^' || expected, 'not to be tracked: ' || tab)
FROM (VALUES ('''crm.deals''', '42809.*view.*Track the tables that it reads'),
	('''crm.deals_then''', '42809.*view'), ('''crm.numbers''', '42809'),
	('''crm.deal_pkey''', '42809'), ('''passing''', '42809.*temporary'),
	('''trust.promise''', '42809.*table of the ledger'), ('''trust.tracked''', '42809'),
	('''crm.keyless''', '55000.*primary key.*ALTER TABLE crm\.keyless'),
	('''crm.deferred''', '55000.*primary key of table "deferred" is deferrable'),
	('''crm.part''', '42809.*partition.*crm\.parted'), ('''crm.parts''', '42809'),
	('''crm.subpart''', '42809.*crm\.parts'), ('''crm.nothing''', '42P01'), ('0', '42P01'),
	('NULL', '42P01')) AS c (tab, expected);

CREATE TEMPORARY TABLE least AS SELECT '{"customer": "=customer", "words": "=title"}'::text
	AS mapping;
GRANT SELECT ON least TO PUBLIC;
SELECT is(sqlstate_of(format('SELECT trust_ledger.track_table(''crm.deal'', %L)', mapping),
	as_role), expected, 'track_table() by ' || as_role)
FROM least, (VALUES ('none', 'ok'), ('crm_app', 'ok'), ('other_app', '42501'),
	('ledger_owner', '42501'), ('crm_owner', 'TL004')) AS c (as_role, expected);
SELECT is(sqlstate_of(format('SELECT trust_ledger.track_table(''crm.deal'', %L, dry_run => true)',
	mapping), as_role), expected, 'a dry run by ' || as_role)
FROM least, (VALUES ('none', 'ok'), ('crm_app', 'ok'), ('other_app', '42501'),
	('crm_owner', 'TL004')) AS c (as_role, expected);
SELECT is(sqlstate_of(format('SELECT trust_ledger.track_table(''crm.deal'', %L, '
	'actor => ''nobody'')', mapping)), '42704', 'by an actor that there is not') FROM least;

-- Texts that cannot work in any row, with or without a dry run, and also if errors are parked.
SELECT trust_ledger.register_actor('books', 'system', responsible => 'anna',
	speaks_for => 'record');
SELECT trust_ledger.register_actor('portal', 'system', responsible => 'anna',
	speaks_for => 'customer');
SELECT trust_ledger.register_actor('former', 'system', responsible => 'anna');
SELECT trust_ledger.retire_actor('former');
SELECT matches(error_text(format('SELECT trust_ledger.track_table(''crm.deal'', %L, dry_run => %L)',
	'{"customer": "=customer", "words": "=title", "on_error": ":park"}'::jsonb || mapping::jsonb,
	dry)), '^' || expected, concat_ws(' ', mapping, 'dry run:', dry))
FROM (VALUES
	('{"actor": ":anna"}', 'TL003.*human "anna".*act_as'),
	('{"actor": ":nobody"}', '42704.*actor "nobody" is not registered.*register_actor'),
	('{"actor": ":former"}', 'TL003.*"former" is retired.*active actor'),
	('{"actor": ":books"}', 'TL003.*promiser is "books".*Name a promiser'),
	('{"actor": ":portal", "promiser": ":anna"}', 'TL003.*actor is "portal".*Make promises as'),
	('{"actor": ":bot", "promiser": ":portal"}', 'TL003.*promiser is "portal".*Name a promiser'),
	('{"promiser": ":nobody"}', '42704.*promiser "nobody" is not registered'),
	('{"drafted_by": ":nobody"}', '42704.*drafted_by "nobody" is not registered'),
	('{"actor": ":aide", "drafted_by": ":anna"}', 'TL003.*cannot name "anna" as drafter'),
	('{"kept_when": "wait", "kept": {"actor": ":books", "relayed": ":true"}}',
		'22023.*"books" speaks for the record and cannot relay.*Leave relayed out'),
	('{"longest_pause": ":1 month"}', '22023.*longest_pause must not contain months.*Use days'),
	('{"value": ":-1"}', '22003.*value must be a number')) AS c (mapping, expected),
	(VALUES (true), (false)) AS d (dry);
SELECT matches(error_text(format('SELECT trust_ledger.track_table(''crm.deal'', %L, '
	'dry_run => true)', '{"customer": "=customer", "words": "=title"}'::jsonb || mapping::jsonb)),
	'^ok', mapping)
FROM (VALUES ('{"actor": ":books", "promiser": ":anna"}'),
	('{"actor": ":books", "promiser": "=title"}'), ('{"actor": ":aide", "drafted_by": ":aide"}'),
	('{"longest_pause": ":30 days", "value": ":0"}')) AS c (mapping);

-- Conditions whose operators a dump names, and others. A restore has an empty search_path.
CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE DOMAIN ext.tag AS ext.citext;
CREATE TABLE crm.loose (id int PRIMARY KEY, name text, a ext.citext, b ext.tag, list ext.citext[]);
CREATE FUNCTION operators() RETURNS text LANGUAGE sql SET search_path = '' AS $$
	SELECT coalesce(string_agg(d.refobjid::regoperator::text, ' '
		ORDER BY t.tgname, d.refobjid), '')
	FROM pg_trigger t
	JOIN pg_depend d ON d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
		AND d.refclassid = 'pg_operator'::regclass
	WHERE t.tgrelid = 'crm.loose'::regclass
$$;
CREATE FUNCTION restored(condition text) RETURNS text LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
	before text;
	define text;
BEGIN
	PERFORM trust_ledger.track_table('crm.loose', jsonb_build_object('customer', '=name', 'words',
		'=name', 'noted_when', condition), path => 'pg_catalog, ext');
	before := public.operators();
	FOR define IN SELECT format('DROP TRIGGER %I ON crm.loose; %s', tgname, pg_get_triggerdef(oid))
		FROM pg_trigger WHERE tgrelid = 'crm.loose'::regclass LOOP
		EXECUTE define;
	END LOOP;
	RETURN CASE WHEN public.operators() = before THEN 'the same operators' ELSE before END;
END
$$;
SELECT is(value_as('none', format('SELECT restored(%L)', condition)), 'the same operators',
	'dumped and restored: ' || condition)
FROM unnest(ARRAY['a = ''x''', 'a <> b', 'a IN (''x'', ''y'')', 'a NOT IN (''x'', b)',
	'a < b', 'a = ANY (list)', 'a BETWEEN ''x'' AND b', 'a LIKE ''x%''', 'a ~ ''x''',
	'(a, b) = (b, a)',
	'(a, id) = (b, 1)', '(a, b) < (b, a)', '(name, id) < (''x'', 1)', 'a IS DISTINCT FROM NULL',
	'a IS DISTINCT FROM name', 'a::text IS DISTINCT FROM b::text', 'list IS DISTINCT FROM ''{x}''',
	'id IS DISTINCT FROM 1', 'nullif(name, ''x'') IS NULL', 'nullif(a::text, ''x'') IS NULL',
	'CASE name WHEN ''x'' THEN true END', 'CASE WHEN a = b THEN true END',
	'NEW.a <> OLD.b']) AS condition;
SELECT matches(error_text(format('SELECT trust_ledger.track_table(''crm.loose'', %L, '
	'dry_run => %L, path => ''pg_catalog, ext'')', '{"customer": "=name", "words": "=name"}'::jsonb
	|| mapping::jsonb, dry)), '^0A000.cannot track table crm\.loose with a condition.*' || expected
	|| '.*Compare single values', concat_ws(' ', mapping, 'dry run:', dry))
FROM (VALUES
	('{"kept_when": "a IS DISTINCT FROM ''x''"}',
		'ext\.=\(ext\.citext,ext\.citext\) .*: '
		'\(new\.a IS DISTINCT FROM ''x''::ext\.citext\)'),
	('{"made_when": "a IS NOT DISTINCT FROM b"}', 'new\.a IS DISTINCT FROM'),
	('{"noted_when": "NEW.a IS DISTINCT FROM OLD.a"}', ': \(new\.a IS DISTINCT FROM old\.a\)'),
	('{"events": [{"event": "noted", "when": "b IS DISTINCT FROM ''x''"}]}', 'new\.b'),
	('{"promises": {"p": {"kept_when": "ROW(id, a) IS DISTINCT FROM ROW(1, b)"}}}', 'new\.a'),
	('{"kept_when": "nullif(a, b) IS NULL"}', ': NULLIF\(new\.a, '),
	('{"kept_when": "CASE a WHEN ''x'' THEN id > 1 END"}', ': CASE new\.a WHEN ''x'''),
	('{"kept_when": "CASE id WHEN 1 THEN id > 1 ELSE nullif(a, b) = a END"}', ': NULLIF'),
	('{"kept_when": "coalesce((id, a) < (1, b), false)"}',
		'ext\.<\(ext\.citext,ext\.citext\) .*: \(ROW\(new\.id, new\.a\) < ROW'),
	('{"kept_when": "(a, id) < (b, 1)"}', 'pg_catalog\.<\(integer,integer\)')
	) AS c (mapping, expected), (VALUES (true), (false)) AS d (dry);
SELECT trust_ledger.untrack_table('crm.loose');
DROP TABLE crm.loose;

-- ---- the entry, and the caller's session

CREATE FUNCTION made() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', (SELECT count(*) FROM pg_trigger
		WHERE tgfoid = 'trust_ledger.track'::regproc), (SELECT count(*) FROM trust.tracking),
		(SELECT length FROM trust.chain WHERE customer = ''), current_setting('search_path'),
		current_user)
$$;
CREATE TEMPORARY TABLE before AS SELECT made() AS made;
SELECT count(*) FROM trust_ledger.track_table('crm.deal', (SELECT mapping::jsonb FROM least),
	dry_run => true);
SELECT is(made(), (SELECT made FROM before), 'a dry run leaves nothing');
SELECT is(refused('{"customer": "=customer", "words": "=no_column"}') || made(),
	refused('{"customer": "=customer", "words": "=no_column"}') || (SELECT made FROM before),
	'nor does one that fails');
SELECT isnt((SELECT refused('{"customer": "=customer", "words": "=no_column"}')),
	'ok', 'as it does where a real one would');

SELECT set_config('test.seq', (length + 1)::text, true) FROM trust.chain WHERE customer = '';
SELECT is(value_as('crm_app', $$SELECT count(*) FROM trust_ledger.track_table('crm.deal',
	'{"customer": "=customer", "words": "=title", "kept_when": "status = ''won''"}',
	reason => 'The board.', actor => 'anna')$$), '6', 'tracked by who may');
SELECT results_eq('SELECT trigger::text, event, promise, recorded_seq - '
	'current_setting(''test.seq'')::bigint, state FROM trust.tracked', $$VALUES
	('trust_ledger_001_made', 'made', NULL, 0::bigint, 'in force'),
	('trust_ledger_002_amended', 'amended', NULL, 0, 'in force'),
	('trust_ledger_003_kept', 'assessed', NULL, 0, 'in force'),
	('trust_ledger_004_kept', 'assessed', NULL, 0, 'in force'),
	('trust_ledger_005_deleted', 'noted', NULL, 0, 'in force'),
	('trust_ledger_006_truncated', 'noted', NULL, 0, 'in force')$$, 'what is made is on record');
SELECT results_eq($$SELECT event COLLATE "default", subject COLLATE "default", note,
	actor COLLATE "default", details ->> 'tab', details -> 'mapping' ->> 'kept_when',
	(details ->> 'active')::boolean, jsonb_array_length(details -> 'triggers') FROM trust.entry
	WHERE customer = '' AND seq = current_setting('test.seq')::bigint$$,
	$$VALUES ('tracking_set', 'crm.deal', 'The board.', 'anna', 'crm.deal', 'status $$ ||
		$$= ''won''', true, 6)$$, 'by an entry that says who, why and what');
SELECT is((SELECT triggers -> 3 FROM trust.tracking WHERE active), (
		SELECT jsonb_build_object('name', tgname, 'definition', pg_get_triggerdef(oid),
			'fingerprint', trust_ledger.trigger_fingerprint(oid), 'arguments',
			'["assessed", "source:crm.deal", "key=shop", "key=id", "verdict:kept"]'::jsonb)
				FROM pg_trigger
			WHERE tgname = 'trust_ledger_004_kept'), 'each trigger as it was made');
SELECT is((SELECT array_agg(arguments ORDER BY trigger) FROM trust.tracked WHERE trigger ~
	'_00[34]'), '{{source:crm.deal,key=shop,key=id,verdict:kept},'
	'{source:crm.deal,key=shop,key=id,verdict:kept}}', 'its arguments');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');
SELECT is((SELECT count(*) FROM trust_ledger.track_table('crm.deal',
	'{"customer": "=customer", "words": ":Else.", "source": ":crm.deal"}')), 4::bigint,
	'again, otherwise');
SELECT results_eq('SELECT trigger::text, recorded_seq - current_setting(''test.seq'')::bigint, '
	'state FROM trust.tracked', $$VALUES
	('trust_ledger_001_made', 1::bigint, 'in force'), ('trust_ledger_002_amended', 1, 'in force'),
	('trust_ledger_003_deleted', 1, 'in force'), ('trust_ledger_004_truncated', 1, 'in force')$$,
	'takes the place of what was made before');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'crm.deal'::regclass), 4::bigint,
	'all of it');
SELECT is(value_as('crm_owner', 'SELECT count(*) FROM trust.tracked'),
	'4', 'those who read the ledger read what is tracked');
CREATE ROLE nobody;
SELECT is(value_as('nobody', 'SELECT count(*) FROM trust.tracked'), 'TL004', 'and nobody else');

-- ---- when the triggers fire

CREATE TABLE crm.seen (n serial, what text);
CREATE FUNCTION crm.see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO crm.seen (what)
		VALUES (concat_ws(' ', tg_argv[0], substring(array_to_string(tg_argv, ',')
		FROM 'verdict:(\w+)')));
	RETURN NULL;
END
$$;
-- The same triggers with a function that records that they fire. Where they fire for any change of
-- the row, track() finds out whether it is one of the terms, the key or the backer.
CREATE TABLE crm.watched (id integer PRIMARY KEY, customer text, title text, status text,
	wait boolean, owner text);
DO $$
DECLARE
	statement text;
BEGIN
	FOR statement IN SELECT s.statement FROM trust_ledger.track_table('crm.watched',
		'{"customer": "=customer", "words": "=title", "made_when": "status <> ''draft''", '
		'"paused_when": "wait", "kept_when": "status = ''won''", "backed_when": "owner '
		'= ''anna''", "backer": "=owner",
			"declined_when": "owner = ''no''", "events": [{"event": "noted", "when": "NEW.owner '
				'<> OLD.owner"}]}', dry_run => true) s WHERE s.statement !~ 'TRUNCATE' LOOP
		EXECUTE replace(statement, 'trust_ledger.track(', 'crm.see(');
	END LOOP;
END
$$;
CREATE FUNCTION fired(doing text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM crm.seen;
	EXECUTE doing;
	RETURN (SELECT string_agg(what, ', ' ORDER BY n) FROM crm.seen);
END
$$;
SELECT is(fired(doing), expected, doing)
FROM (VALUES
	(1, 'INSERT INTO crm.watched VALUES (1, ''c'', ''w'', ''draft'', true, ''anna'')', NULL),
	(2, 'INSERT INTO crm.watched VALUES (2, ''c'', ''w'', NULL, false, NULL)', NULL),
	(3, 'UPDATE crm.watched SET title = ''x'' WHERE id = 1', 'noted, backed'),
	(4, 'UPDATE crm.watched SET status = ''sent'' WHERE id IN (1, 2)', 'made, backed, made'),
	(5, 'UPDATE crm.watched SET status = ''sent''', NULL),
	(6, 'UPDATE crm.watched SET title = ''y'' WHERE id = 1', 'amended, backed'),
	(7, 'UPDATE crm.watched SET title = NULL WHERE id = 1', 'amended, backed'),
	(8, 'UPDATE crm.watched SET id = 3 WHERE id = 1', 'amended, backed'),
	(9, 'UPDATE crm.watched SET wait = NULL WHERE id = 3', 'resumed, amended, backed'),
	(10, 'UPDATE crm.watched SET wait = true WHERE id = 3', 'amended, backed, paused'),
	(11, 'UPDATE crm.watched SET wait = false WHERE id = 3', 'resumed, amended, backed'),
	(12, 'UPDATE crm.watched SET owner = ''ben'' WHERE id = 3', 'amended, noted'),
	(13, 'UPDATE crm.watched SET owner = ''anna'' WHERE id = 3', 'amended, backed, noted'),
	(14, 'UPDATE crm.watched SET owner = ''no'' WHERE id = 3',
		'amended, declined, noted'),
	(15, 'UPDATE crm.watched SET status = ''won'', title = ''z'' WHERE id = 3',
		'amended, assessed kept'),
	(16, 'UPDATE crm.watched SET status = ''won'' WHERE id = 3', NULL),
	(17, 'UPDATE crm.watched SET status = ''draft'', title = ''q'' WHERE id = 3',
		'noted'),
	(18, 'UPDATE crm.watched SET status = ''won'' WHERE id = 3', 'made, assessed kept'),
	(19, 'INSERT INTO crm.watched VALUES (4, ''c'', ''w'', ''won'', true, ''anna'')',
		'made, backed, paused, assessed kept'),
	(20, 'INSERT INTO crm.watched VALUES (5, ''c'', ''w'', ''sent'', NULL, ''no'')', 'made'),
	(21, 'DELETE FROM crm.watched WHERE id = 5', 'noted')) AS c (n, doing, expected)
ORDER BY n;

-- Names in a condition are the caller's: functions, operators, types of their search_path.
CREATE FUNCTION crm.is_won(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = ''won''';
SET LOCAL search_path = public, crm;
SELECT matches(triggers, 'is_won\(NEW\.status\)', 'a function of the caller''s path')
	FROM triggers('{"customer": "=customer", "words": "=title", "kept_when": "is_won(status)"}')
	WHERE triggers ~ '003';
SET LOCAL search_path = public;
SELECT matches(refused('{"customer": "=customer", "words": "=title", "kept_when": '
	'"is_won(status)"}'), '^42883', 'that is not in another');
SELECT is(sqlstate_of($$SELECT trust_ledger.track_table('crm.deal',
	'{"customer": "=customer", "words": "=title", "kept_when": "is_won(status)"}',
	path => 'crm')$$), 'ok', 'or in a path that is given');
SELECT is(current_setting('search_path'), 'public', 'the caller''s path stays');
-- From PostgreSQL 19 on strings are always standard-conforming.
SELECT is(sqlstate_of(format(CASE WHEN current_setting('server_version_num')::int < 190000
	THEN 'SET LOCAL standard_conforming_strings = off; SET LOCAL escape_string_warning = off; '
	ELSE '' END || 'SELECT trust_ledger.track_table(''crm.deal'', %L)', $m${"customer": "=customer",
	"words": "=title", "kept_when": "status = '\\' OR title = ' OR true --'"}$m$)),
	'ok', 'strings are what they are, whatever the settings');

-- ---- the source

SELECT matches(error_text(format('SELECT trust_ledger.track_table(%L, %L)', tab,
	'{"customer": "=customer", "words": "=title", "source": ' || to_json(':' || source) || '}')),
	expected, format('%s as source %s', tab, source))
FROM (VALUES ('crm.deal', 'deals',
	'^42710.*is already tracked as source "crm\.deal".*untrack_table'),
	('crm.other', 'crm.deal', '^42710.*is already in use for table crm\.deal.*another source')) AS c
	(tab, source, expected);
SELECT is((SELECT count(*) FROM trust_ledger.track_table('crm.other',
	'{"customer": "=customer", "words": "=title", "source": ":else"}')), 4::bigint,
	'a source of its own');
SELECT is((SELECT array_agg(DISTINCT source) FROM (SELECT trust_ledger.track_table('crm.other',
	'{"customer": "=customer", "words": "=title"}')) AS t, trust.tracked WHERE tab = 'crm.other'),
	'{else}', 'which it keeps');
ALTER TABLE crm.deal RENAME TO bargain;
CREATE TABLE crm.deal (id integer PRIMARY KEY, customer text, title text);
SELECT is((SELECT array_agg(DISTINCT concat_ws(' ', source, tab, state)) FROM trust.tracked),
	'{"crm.deal crm.bargain in force","else crm.other in force"}',
	'a table that is renamed is the same source');
SELECT matches(error_text('SELECT trust_ledger.track_table(''crm.deal'', ''{"customer": '
	'"=customer", "words": "=title"}'')'), '^42710', 'and a new one of its old name is not');
SELECT is((SELECT count(*) FROM trust_ledger.track_table('crm.bargain',
	'{"customer": "=customer", "words": "=title"}') WHERE track_table ~ 'source:crm.deal'),
	4::bigint, 'tracked again, it still is');
DROP TABLE crm.deal;
ALTER TABLE crm.bargain RENAME TO deal;

-- ---- what happens to triggers

-- The states other than 'in force' in trust.tracked after statements. Rolled back.
CREATE FUNCTION states(doing text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE doing;
	SELECT coalesce(array_agg(concat_ws(' ', CASE WHEN tab <> 'crm.deal' THEN tab END,
		regexp_replace(trigger, '^trust_ledger_', ''), state) ORDER BY tab, trigger COLLATE "C"),
		'{}') INTO found FROM trust.tracked WHERE state <> 'in force';
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN found;
	WHEN OTHERS THEN RETURN ARRAY[SQLSTATE, SQLERRM];
END
$$;
SELECT trust_ledger.track_table('crm.deal',
	'{"customer": "=customer", "words": "=title", "actor": ":bot", "kept_when": "status '
	'= ''won''", "paused_when": "wait"}');
CREATE FUNCTION crm.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT is(states(doing), expected, doing)
FROM (VALUES
	('SELECT 1', '{}'::text[]),
	('ALTER TABLE crm.deal DISABLE TRIGGER trust_ledger_002_made', '{002_made disabled}'),
	('ALTER TABLE crm.deal ENABLE REPLICA TRIGGER trust_ledger_002_made', '{002_made disabled}'),
	('ALTER TABLE crm.deal ENABLE ALWAYS TRIGGER trust_ledger_002_made', '{}'),
	('DROP TRIGGER trust_ledger_003_amended ON crm.deal', '{003_amended missing}'),
	('ALTER TRIGGER trust_ledger_003_amended ON crm.deal RENAME TO x',
		'{003_amended missing,x by hand}'),
	('CREATE OR REPLACE TRIGGER trust_ledger_002_made AFTER INSERT ON crm.deal FOR EACH ROW '
		'WHEN (false) EXECUTE FUNCTION trust_ledger.track(''made'', ''source:crm.deal'', '
		'''customer=customer'', ''words=title'', ''actor:bot'')', '{002_made altered}'),
	('CREATE OR REPLACE TRIGGER trust_ledger_002_made AFTER INSERT ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION '
			'trust_ledger.track(''made'', ''source:crm.deal'', ''key=shop'', ''key=id'', '
		'''customer=customer'', ''words=why'', ''actor:bot'')', '{002_made altered}'),
	('CREATE OR REPLACE TRIGGER trust_ledger_002_made AFTER INSERT ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION '
			'trust_ledger.track(''made'', ''source:crm.deal'', ''key=shop'', ''key=id'', '
		'''customer=customer'', ''words=title'', ''actor:bot'')', '{}'),
	('CREATE OR REPLACE TRIGGER trust_ledger_002_made AFTER UPDATE ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION '
			'trust_ledger.track(''made'', ''source:crm.deal'', ''key=shop'', ''key=id'', '
		'''customer=customer'', ''words=title'', ''actor:bot'')', '{002_made altered}'),
	('CREATE OR REPLACE TRIGGER trust_ledger_002_made AFTER INSERT ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION crm.nothing()', '{002_made disabled}'),
	('CREATE TRIGGER x AFTER INSERT ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''noted'', ''actor:bot'')', '{x by hand}'),
	('CREATE TRIGGER trust_ledger_099_noted AFTER INSERT ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''noted'', ''actor:bot'')', '{099_noted by hand}'),
	('CREATE TRIGGER x AFTER INSERT ON crm.deal FOR EACH ROW EXECUTE FUNCTION crm.nothing()', '{}'),
	('ALTER TABLE crm.deal RENAME COLUMN status TO state', '{}'),
	('ALTER TABLE crm.deal RENAME COLUMN shop TO branch', '{}'),
	('ALTER TABLE crm.deal RENAME COLUMN title TO subject', '{}'),
	('ALTER TABLE crm.deal RENAME COLUMN title TO x; ALTER TABLE crm.deal RENAME COLUMN why TO '
		'title', '{}'),
	('ALTER TABLE crm.deal ADD COLUMN more text; ALTER TABLE crm.deal DROP COLUMN at CASCADE',
		'{}'), ('ALTER TABLE crm.deal RENAME TO bargain', '{}'),
	('CREATE SCHEMA sales; ALTER TABLE crm.deal SET SCHEMA sales', '{}'),
	('SET LOCAL search_path = crm', '{}'),
	('SET LOCAL quote_all_identifiers = on', '{}'),
	('DROP TABLE crm.deal CASCADE',
		'{001_resumed missing,002_made missing,003_amended missing,004_paused missing,005_paused '
		'missing,006_kept missing,007_kept missing,008_deleted missing,009_truncated missing}'),
	('ALTER TABLE crm.other DISABLE TRIGGER ALL',
		'{crm.other 001_made disabled,crm.other 002_amended disabled,crm.other 003_deleted '
		'disabled,crm.other 004_truncated disabled}')) AS c (doing, expected);
SELECT is(states($$SELECT trust_ledger.untrack_table('crm.deal');
	CREATE TRIGGER x AFTER INSERT ON crm.deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted', 'source:deals', 'promise:p', 'actor:bot')$$),
	'{x by hand}', 'by hand, on a table that is not tracked');
SELECT is((SELECT definition FROM trust.tracked WHERE trigger = 'trust_ledger_002_made'
	AND tab = 'crm.deal'),
	'CREATE TRIGGER trust_ledger_002_made AFTER INSERT ON crm.deal FOR EACH ROW '
		'EXECUTE FUNCTION '
			'trust_ledger.track(''made'', ''source:crm.deal'', ''key=shop'', ''key=id'', '
		'''customer=customer'', ''words=title'', ''actor:bot'')', 'the definition is shown');
SAVEPOINT dropped;
DROP TRIGGER trust_ledger_002_made ON crm.deal;
SELECT is((SELECT concat_ws(' ', event, definition ~ '^CREATE TRIGGER trust_ledger_002_made',
	arguments) FROM trust.tracked WHERE state = 'missing'),
	'made t {source:crm.deal,key=shop,key=id,customer=customer,words=title,actor:bot}',
	'of a missing one too, as it was');
ROLLBACK TO dropped;

-- another primary key
CREATE TABLE crm.keyed (id int PRIMARY KEY, ref int UNIQUE NOT NULL, customer text, title text);
SELECT count(*) FROM trust_ledger.track_table('crm.keyed',
	'{"customer": "=customer", "words": "=title", "actor": ":bot"}');
SELECT is(states(format('ALTER TABLE crm.keyed %s', doing)), expected, doing)
FROM (VALUES
	('DROP CONSTRAINT keyed_pkey, ADD PRIMARY KEY (ref)', '{crm.keyed 001_made altered,'
		'crm.keyed 002_amended altered,crm.keyed 003_deleted altered}'::text[]),
	('DROP CONSTRAINT keyed_pkey, ADD PRIMARY KEY (id, ref)', '{crm.keyed 001_made altered,'
		'crm.keyed 002_amended altered,crm.keyed 003_deleted altered}'),
	('RENAME COLUMN id TO nr', '{}'),
	('DROP CONSTRAINT keyed_pkey, ADD PRIMARY KEY (id)', '{}')) AS c (doing, expected);
SELECT is(sqlstate_of('ALTER TABLE crm.keyed DROP CONSTRAINT keyed_pkey, ADD PRIMARY KEY (ref); '
	|| doing), expected, 'another key: ' || doing)
FROM (VALUES
	('INSERT INTO crm.keyed VALUES (1, 1, ''c'', ''w'')', '55000'),
	('SELECT trust_ledger.track_table(''crm.keyed'', ''{"customer": "=customer", '
		'"words": "=title"}'')', 'ok')) AS c (doing, expected);
INSERT INTO crm.keyed VALUES (1, 77, 'keyed', 'A promise');
SELECT trust_ledger.write_pending();
SELECT is(sqlstate_of('ALTER TABLE crm.keyed DROP CONSTRAINT keyed_pkey, ADD PRIMARY KEY (ref); '
	|| doing), '55000', 'another key, and a promise: ' || doing)
FROM (VALUES ('UPDATE crm.keyed SET title = ''Another'''), ('DELETE FROM crm.keyed'),
	('SELECT trust_ledger.track_table(''crm.keyed'', ''{"customer": "=customer", '
		'"words": "=title"}'')'),
	('CALL trust_ledger.import_table(''crm.keyed'', in_one_transaction => true)')) AS c (doing);
SELECT trust_ledger.untrack_table('crm.keyed');
DROP TABLE crm.keyed;

-- generated conditions do not hinder ALTER COLUMN TYPE
CREATE TABLE crm.wide (id int PRIMARY KEY, customer varchar(9), title varchar(9), owner varchar(9));
SELECT count(*) FROM trust_ledger.track_table('crm.wide', '{"customer": "=customer", "words": '
	'"=title", "promiser": "=owner", "actor": ":bot"}');
SELECT is(states(format('ALTER TABLE crm.wide ALTER COLUMN %s', doing)), '{}', doing)
FROM unnest('{title TYPE varchar(200),title TYPE text,customer TYPE text,owner TYPE text,'
	'id TYPE bigint}'::text[]) AS doing;
SELECT trust_ledger.untrack_table('crm.wide');
DROP TABLE crm.wide;

-- partitions: one that does not fire is enough
SELECT trust_ledger.track_table('crm.parted',
	'{"customer": "=customer", "words": "=title", "promises": {"a": {}, "b": {"kept_when": '
	'"wait"}}}');
SELECT is((SELECT array_agg(DISTINCT concat_ws(' ', promise, state)) FROM trust.tracked
	WHERE tab = 'crm.parted'), '{"a in force","b in force","in force"}',
	'a partitioned table, two promises of each row');
SELECT is((SELECT count(*) FROM trust.tracked WHERE tab ~ 'part'), 9::bigint,
	'whose triggers are listed once');
SELECT is(states(doing), expected, doing)
FROM (VALUES ('ALTER TABLE crm.part DISABLE TRIGGER trust_ledger_001_made',
	'{crm.parted 001_made disabled}'::text[]),
	('ALTER TABLE crm.subpart ENABLE REPLICA TRIGGER trust_ledger_003_made',
	'{crm.parted 003_made disabled}'),
	('CREATE TABLE crm.part2 PARTITION OF crm.parted FOR VALUES FROM (300) TO (400)', '{}'),
	('ALTER TABLE crm.parted DETACH PARTITION crm.part', '{}')) AS c (doing, expected);

-- What triggers do not see or follow although they fire. tap/copy.pl has subscriptions.
CREATE FUNCTION bypass(doing text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE doing;
	SELECT string_agg(DISTINCT concat_ws(': ', state, bypass), ', ') INTO found
		FROM trust.tracked WHERE tab = 'crm.deal';
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN found;
	WHEN OTHERS THEN RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END
$$;
CREATE ROLE loader;
SELECT is(bypass(doing), expected, doing)
FROM (VALUES
	('SELECT 1', 'in force'),
	('CREATE TABLE crm.heir () INHERITS (crm.deal)',
		'bypassed: table crm.heir inherits from it and is not tracked'),
	('CREATE TABLE crm.heir () INHERITS (crm.deal); CREATE TABLE "Heir" () INHERITS (crm.heir)',
		'bypassed: table crm.heir inherits from it and is not tracked; table public."Heir" '
		'inherits from it and is not tracked'),
	('CREATE TABLE crm.heir () INHERITS (crm.deal); ALTER TABLE crm.heir NO INHERIT crm.deal',
		'in force'),
	('CREATE TABLE crm.heir (PRIMARY KEY (id)) INHERITS (crm.deal); '
		'SELECT trust_ledger.track_table(''crm.heir'', ''{"customer": "=customer", "words": '
		'"=title"}'')', 'in force'),
	('CREATE TABLE crm.heir () INHERITS (crm.deal); ALTER TABLE crm.deal DISABLE TRIGGER USER',
		'disabled: table crm.heir inherits from it and is not tracked'),
	('ALTER ROLE loader SET session_replication_role = REPLICA',
		'bypassed: sessions of role loader begin with session_replication_role = replica'),
	(format('ALTER DATABASE %I SET session_replication_role = replica', current_database()),
		'bypassed: sessions begin with session_replication_role = replica'),
	(format('ALTER ROLE loader IN DATABASE %I SET session_replication_role = replica; '
		'ALTER TABLE crm.deal ENABLE ALWAYS TRIGGER trust_ledger_002_made', current_database()),
		'bypassed: sessions of role loader begin with session_replication_role = replica, in '
		'force'),
	('ALTER ROLE loader IN DATABASE template1 SET session_replication_role = replica', 'in force'),
	('ALTER ROLE loader SET session_replication_role = local', 'in force'),
	('ALTER EVENT TRIGGER trust_ledger_follow DISABLE',
		'bypassed: event trigger trust_ledger_follow, which follows renamed columns, is disabled'),
	('ALTER EVENT TRIGGER trust_ledger_follow ENABLE REPLICA; '
		'CREATE TABLE crm.heir () INHERITS (crm.deal)',
		'bypassed: table crm.heir inherits from it and is not tracked; event trigger '
		'trust_ledger_follow, which follows renamed columns, is disabled'),
	('ALTER EVENT TRIGGER trust_ledger_follow ENABLE', 'in force'),
	('ALTER EXTENSION trust_ledger DROP EVENT TRIGGER trust_ledger_follow; '
		'DROP EVENT TRIGGER trust_ledger_follow',
		'bypassed: event trigger trust_ledger_follow, which follows renamed columns, is disabled')
	) AS c (doing, expected);
CREATE TABLE crm.heir () INHERITS (crm.deal);
SELECT is(error_text('SELECT trust_ledger.track_table(''crm.deal'', ''{"customer": "=customer", '
	'"words": "=title"}'')'),
	'55000|cannot track crm.deal, from which table crm.heir inherits|A change of rows of the child '
	'table fires no trigger of the parent.|Track the child table first, as a table of its own, or '
	'use partitions instead of inheritance.', 'a table with a child table is not tracked');
DROP TABLE crm.heir;

-- ---- untrack_table() and drop_tracking()

SELECT is(sqlstate_of('SELECT trust_ledger.untrack_table(''crm.deal'')', as_role), expected,
	'untrack_table() by ' || as_role)
FROM (VALUES ('none', 'ok'), ('crm_app', 'ok'), ('other_app', '42501'), ('ledger_owner', '42501'),
	('crm_owner', 'TL004')) AS c (as_role, expected);
CREATE TRIGGER mine AFTER INSERT ON crm.deal FOR EACH ROW EXECUTE FUNCTION crm.nothing();
SELECT is(value_as('crm_app', $$SELECT trust_ledger.untrack_table('crm.deal', 'No more deals.',
	'anna')$$), '9', 'untrack_table() says how many triggers there were');
SELECT is((SELECT array_agg(tgname::text) FROM pg_trigger WHERE tgrelid = 'crm.deal'::regclass),
	'{mine}', 'drops those, and no other');
SELECT is((SELECT array_agg(DISTINCT tab) FROM trust.tracked), '{crm.other,crm.parted}',
	'and the table is not tracked');
SELECT results_eq($$SELECT event COLLATE "default", subject COLLATE "default", note,
	actor COLLATE "default", (details ->> 'active')::boolean,
	jsonb_array_length(details -> 'triggers') FROM trust.entry WHERE customer = '' ORDER BY seq DESC
	LIMIT 1$$,
	$$VALUES ('tracking_dropped', 'crm.deal', 'No more deals.', 'anna', false, 9)$$,
		'which is on record');
SELECT is(trust_ledger.untrack_table('crm.deal'), 0, 'again: there is nothing to drop');
SELECT is((SELECT event FROM trust.entry WHERE customer = '' ORDER BY seq DESC OFFSET 1 LIMIT 1),
	'tracking_set', 'nor to record');
SELECT is((SELECT count(*) FROM trust_ledger.track_table('crm.deal',
	'{"customer": "=customer", "words": "=title", "source": ":deals"}')), 4::bigint,
	'then it can be tracked again, as another source');
DROP TRIGGER trust_ledger_001_made ON crm.deal;
SELECT is(trust_ledger.untrack_table('crm.deal'), 3, 'also where some were dropped');

-- by the functions that record it
SELECT is(sqlstate_of(call, as_role), expected, format('%s by %s', call, as_role))
FROM (VALUES
	('SELECT trust_ledger.set_tracking(''crm.deal'', ''{}'')', 'crm_app', '55000'),
	('SELECT trust_ledger.set_tracking(''crm.other'', ''{}'')', 'crm_app', 'ok'),
	('SELECT trust_ledger.set_tracking(''crm.other'', ''{}'')', 'other_app', '42501'),
	('SELECT trust_ledger.set_tracking(NULL, ''{}'')', 'none', '22004'),
	('SELECT trust_ledger.set_tracking(''crm.other'', NULL)', 'none', '22004'),
	('SELECT trust_ledger.set_tracking(0, ''{}'')', 'none', '42P01'),
	('SELECT trust_ledger.drop_tracking(''no such'')', 'none', '42704'),
	('SELECT trust_ledger.drop_tracking(''deals'')', 'none', '42704'),
	('SELECT trust_ledger.drop_tracking(NULL)', 'none', '22004'),
	('SELECT trust_ledger.drop_tracking(''else'')', 'crm_app', 'ok'),
	('SELECT trust_ledger.drop_tracking(''else'')', 'other_app', '42501')) AS c (call, as_role,
		expected);
SELECT trust_ledger.track_table('crm.other', '{"customer": "=customer", "words": "=title"}');
DROP TABLE crm.other;
SELECT is(sqlstate_of('SELECT trust_ledger.drop_tracking(''else'')', as_role), expected,
	'a table that is gone, by ' || as_role)
FROM (VALUES ('none', 'ok'), ('ledger_owner', 'ok'), ('crm_app', 'TL004'), ('other_app', 'TL004'))
	AS c (as_role, expected);
SELECT trust_ledger.drop_tracking('else', 'The table is gone.');
SELECT is((SELECT count(*) FROM trust.tracked WHERE source = 'else'), 0::bigint,
	'is not missed any more');

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content with all of it');
SELECT trust_ledger.migrate_ledger();
SELECT is((SELECT count(*) FROM trust.tracked), 9::bigint, 'and the view can be created again');

SELECT * FROM finish();
ROLLBACK;
