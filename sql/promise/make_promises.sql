CREATE TYPE trust_ledger.new_promise AS (
	customer        text,
	words           text,
	promiser        text,
	kind            text,
	due             timestamptz,
	due_on          date,
	value           numeric,
	currency        text,
	purpose         text,
	drafted_by      text,
	longest_pause   interval,
	actor           text,
	occurred_at     timestamptz,
	context         jsonb,
	idempotency_key text
);
COMMENT ON TYPE trust_ledger.new_promise IS
	'One element of make_promises(): the arguments of make_promise(), by the same names and in the same order; NULL stands for left out.';

CREATE FUNCTION trust_ledger.make_promises(promises trust_ledger.new_promise[])
RETURNS SETOF trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.make_promises(trust_ledger.new_promise[]) IS
	'Makes many promises at once, each as make_promise() would with the same arguments; all of them or none. Returns their receipts in the order of the array. Locks customers in the order of their keys, so that batches do not deadlock. Levels application, import. Errors: as make_promise(), naming the element; 22004 no array or an element that is NULL, 2202E more than one dimension, 22023 one idempotency key twice for a customer.';
