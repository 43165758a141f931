-- CREATE SCHEMA fails if the schema exists, and so never takes over objects that somebody else
-- has put into it.
CREATE SCHEMA trust_ledger;
GRANT USAGE ON SCHEMA trust_ledger TO PUBLIC;
COMMENT ON SCHEMA trust_ledger IS
	'Functions and types of the trust ledger. The data is in schema trust.';
