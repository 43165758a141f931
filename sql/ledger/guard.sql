-- Guards are fired by triggers; called otherwise they refuse. Whoever owns a ledger
-- has to be allowed to put them on its tables.
CREATE FUNCTION trust_ledger.guard_entry() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_entry() IS
	'Guard of trust.entry: entries are appended by the ledger''s functions only and never change, but for texts that are erased. Error TL006.';

CREATE FUNCTION trust_ledger.guard_chain() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_chain() IS
	'Guard of trust.chain: the head moves only with entries just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_promise() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_promise() IS
	'Guard of trust.promise: a promise changes only with the entry just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_source() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_source() IS
	'Guard of trust.source: which row a promise stands for changes only with the entry just appended. Error TL006.';

CREATE FUNCTION trust_ledger.guard_governed() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_governed() IS
	'Guard of trust.ledger, actor, policy and access: they change only with a governance entry. Error TL006.';

CREATE FUNCTION trust_ledger.guard_copy() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_copy() IS
	'Guard of trust.copy: create_ledger() marks an empty ledger as a copy, and nothing changes that. Error TL006.';

CREATE FUNCTION trust_ledger.guard_parked() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_parked() IS
	'Guard of trust.parked_change: a change waits from when it is parked until it is replayed or dropped; only why it waits changes. Error TL006.';

CREATE FUNCTION trust_ledger.guard_truncate() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_truncate() IS
	'Guard of every table of schema trust: none is ever emptied. Error TL006.';
