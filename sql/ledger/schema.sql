-- A plain CREATE SCHEMA: it fails where somebody else has a schema of that name,
-- instead of taking over what they planted in it.
CREATE SCHEMA trust_ledger;
GRANT USAGE ON SCHEMA trust_ledger TO PUBLIC;
COMMENT ON SCHEMA trust_ledger IS
	'Promises made to customers: functions and types of the trust ledger. The data is in schema trust.';
