\set c random(1, :customers)
INSERT INTO audited.promise (customer, state, words, promiser, promiser_kind, kind, value, currency,
	due, first_due, overdue_at) VALUES ('customer ' || :c, 'open',
	'We deliver forty chairs on Friday, assembled, to the second floor.', 'bot', 'ai', 'delivery',
	4200.00, 'EUR', '2099-01-01 12:00+00', '2099-01-01 12:00+00', '2099-01-01 12:00+00')
	RETURNING promise AS p \gset
UPDATE audited.promise SET backer = 'anna', evidence = 'asserted', backed_at = now(),
	seen_at = now(), last_seq = last_seq + 1 WHERE customer = 'customer ' || :c AND promise = :p;
UPDATE audited.promise SET state = 'kept', outcome = 'kept', whose_word = 'record',
	verdict_evidence = 'asserted', relayed = false, settled_by = 'assessed', settled_at = now(),
	weight_kept = 1000, weight_broken = 0, last_seq = last_seq + 1 WHERE customer = 'customer '
	|| :c AND promise = :p;
