\set c random(1, :customers)
SELECT length, head, score FROM trust.chain WHERE customer = 'customer ' || :c;
