-- Making many promises in one call.

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
	'Element of the array for make_promises(): the arguments of make_promise(), with the same '
	'names and in the same order. NULL means the default.';

CREATE FUNCTION trust_ledger.make_promises(promises trust_ledger.new_promise[])
RETURNS SETOF trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.make_promises(trust_ledger.new_promise[]) IS
	'Makes many promises, each like make_promise() with the same arguments; either all or none. '
	'Returns the receipts in the order of the array. Locks customers in the order of their keys, '
	'so that concurrent calls do not deadlock. Requires level application or import. Errors: those '
	'of make_promise(), with the element in the context; 22004 (NULL array or element), 2202E '
	'(more than one dimension), 22023 (the same idempotency key twice for a customer).';
