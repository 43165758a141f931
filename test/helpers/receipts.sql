-- The receipts of calls, in order: INSERT INTO made (r) SELECT trust_ledger.make_promise(...). A
-- pgTAP file includes this with \ir.
CREATE TABLE made (n serial, r trust_ledger.receipt);

-- The promise of the newest receipt that has one.
CREATE FUNCTION last_promise() RETURNS uuid
LANGUAGE sql AS 'SELECT (r).promise FROM made WHERE (r).promise IS NOT NULL ORDER BY n DESC '
	'LIMIT 1';
