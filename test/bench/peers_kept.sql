-- Whether each has kept all that was done: psql variable customers, whose first promises were only
-- made.
SELECT (SELECT count(*) FROM versioned.promise_history) = 2 * (SELECT count(*)
	FROM versioned.promise WHERE outcome = 'kept')
	AND (SELECT count(*) FROM versioned_alone.promise_history) = 2 * (SELECT count(*)
		FROM versioned_alone.promise WHERE outcome = 'kept')
	AND (SELECT count(*) FROM audited.change) = 3 * (SELECT count(*) FROM audited.promise
		WHERE outcome = 'kept')
	AND (SELECT count(*) FROM by_hand.entry) = :customers + 3 * (SELECT count(*)
		FROM by_hand.promise WHERE outcome = 'kept')
	AND (SELECT count(*) FROM trust.entry WHERE customer <> '') = :customers + 3 * (SELECT count(*)
		FROM trust.promise WHERE outcome = 'kept')
	AND NOT EXISTS (SELECT FROM by_hand.entry e JOIN by_hand.entry b ON b.customer = e.customer
		AND b.seq = e.seq - 1
		WHERE b.hash IS DISTINCT FROM e.prev_hash);
