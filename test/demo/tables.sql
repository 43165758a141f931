\echo
\echo '---- THE CRM''S TABLES ---------------------------------------------------------------------'
\echo 'The CRM already has a table of quotes. Its owner maps it once: "=" marks a column, ":"'
\echo 'marks a text. From then on, triggers record what the rows promise.'
\echo
\o /dev/null
\connect - owner
\set ECHO queries
\echo '-- as owner'
CREATE TABLE quote (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer   text NOT NULL,
	rep        text,
	offer      text NOT NULL,
	deliver_on date,
	amount     numeric,
	status     text NOT NULL DEFAULT 'draft'
);
\set ECHO none
GRANT SELECT, INSERT, UPDATE, DELETE ON quote TO staff;
GRANT SELECT ON quote TO otto;
\set ECHO queries
SELECT * FROM trust_ledger.register_actor('crm', 'system', responsible => 'anna');
SELECT * FROM trust_ledger.track_table('quote', $${
	"customer": "=customer", "words": "=offer", "promiser": "=rep", "kind": ":quote",
	"due": "=deliver_on", "value": "=amount", "currency": ":EUR", "actor": ":crm",
	"made_when": "status IN ('sent', 'delivered', 'failed')",
	"kept_when": "status = 'delivered'", "broken_when": "status = 'failed'",
	"withdrawn_when": "status = 'cancelled'", "withdrawn": {"on_error": ":note"}
}$$);
\o
\echo
\echo 'The CRM works as before. A draft is not a promise.'
\echo
\connect - crm
\echo '-- as crm'
INSERT INTO quote (customer, rep, offer, deliver_on, amount) VALUES
	('C-104', 'ben', 'A hose for each pump', current_date + 7, 90),
	('C-105', 'ben', 'Two P50 pumps, installed', current_date + 7, 1900),
	('C-106', 'anna', 'A filter for the well', current_date + 7, 240);
UPDATE quote SET status = 'sent';
UPDATE quote SET amount = 1750 WHERE customer = 'C-105';
UPDATE quote SET status = 'delivered' WHERE customer = 'C-104';
UPDATE quote SET status = 'failed' WHERE customer = 'C-105';
\echo 'The login determines who acts: Anna backs what she sends herself.'
\echo
\connect - anna
\echo '-- as anna'
INSERT INTO quote (customer, rep, offer, status)
	VALUES ('C-107', 'anna', 'A visit before the winter', 'sent');
SELECT id, customer, words, value, promiser, backer, state
FROM trust.tracked_row JOIN trust.current_promise USING (customer, promise)
	JOIN quote USING (customer)
WHERE source = 'public.quote' ORDER BY id;
