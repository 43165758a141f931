\set c random(1, :customers)
SELECT trust_ledger.customer_score('customer ' || :c);
