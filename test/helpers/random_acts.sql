-- More of a promise's life than random_ledgers.sql plays, for tests of exceptions and analysis:
-- values, pauses, breaches, declining, what is relayed and confirmed, erasure, backers who retire.
-- To be included after random_ledgers.sql; CALL random_acts(rounds) once there are ledgers.

CREATE FUNCTION random_value() RETURNS numeric
LANGUAGE sql AS $$ SELECT any_of('0', '0.00', '0.05', '0.9999', '1', '9.99', '10',
	'999.9999999999999999999', '1000', '12345.678')::numeric $$;

-- Some within the ledger's lag, most long after the fact; what turns out not to be allowed is left.
CREATE FUNCTION more_at_random(p trust.promise) RETURNS trust_ledger.receipt
LANGUAGE plpgsql AS $$
DECLARE
	team  text := substring(p.promiser, '^\d+');
	human text := team || any_of(' anna', ' ben');
	other text := any_of('carl', 'carl', 'desk');
	at    timestamptz := CASE WHEN random() < 0.3 THEN NULL ELSE p.made_at + (now() - p.made_at) *
		random() END;
BEGIN
	RETURN CASE any_of('value', 'value', 'pausable', 'pause', 'pause', 'resume', 'decline',
		'decline', 'admit', 'admit', 'repair', 'repair', 'verdict', 'verdict', 'accept', 'release',
			'amend', 'assess', 'confirm', 'confirm', 'erase', 'note', 'back', 'unback', 'draft',
				'withdraw')
		WHEN 'value' THEN trust_ledger.amend_promise(p.promise, value => random_value(),
			currency => any_of('EUR', 'USD'), actor => human, occurred_at => at)
		WHEN 'pausable' THEN trust_ledger.amend_promise(p.promise, longest_pause => interval
			'60 days' * random(), due => now() + interval '90 days' * random(), actor => human,
			occurred_at => at)
		WHEN 'pause' THEN trust_ledger.pause_promise(p.promise, actor => human,
			occurred_at => p.made_at + coalesce((least(p.due, now()) - p.made_at) * random(), '0'))
		WHEN 'resume' THEN trust_ledger.resume_promise(p.promise, actor => human,
			occurred_at => p.paused_at + (now() - p.paused_at) * random())
		WHEN 'decline' THEN trust_ledger.decline_promise(p.promise, actor => human,
			occurred_at => at)
		WHEN 'admit' THEN trust_ledger.admit_breach(p.promise, actor => human,
			occurred_at => p.made_at + coalesce((p.due - p.made_at) * random(), '0'))
		WHEN 'repair' THEN trust_ledger.repair_breach(p.promise, 'Made good.', actor => human,
			occurred_at => at)
		WHEN 'accept' THEN trust_ledger.accept_promise(p.promise, relayed => true, actor => human,
			occurred_at => at)
		WHEN 'release' THEN trust_ledger.release_promise(p.promise, relayed => true, actor => human,
			occurred_at => at)
		WHEN 'amend' THEN trust_ledger.amend_promise(p.promise, due => random_due(now()),
			relayed => true, actor => human, occurred_at => at)
		WHEN 'assess' THEN trust_ledger.assess_promise(p.promise, any_of('kept', 'kept',
			'partly_kept', 'broken'), relayed => true, actor => any_of('dora', human),
			occurred_at => at)
		WHEN 'verdict' THEN trust_ledger.assess_promise(p.promise, any_of('kept', 'broken'),
			actor => other, occurred_at => at)
		WHEN 'confirm' THEN trust_ledger.confirm_relayed(p.promise, actor => other,
			occurred_at => at)
		WHEN 'erase' THEN trust_ledger.erase_words(p.promise, 'Asked for.', actor => CASE
			WHEN random() < 0.5 THEN human END)
		WHEN 'note' THEN trust_ledger.add_note(p.promise, 'Called.', actor => human,
			occurred_at => at)
		WHEN 'back' THEN trust_ledger.back_promise(p.promise, actor => human, occurred_at => at)
		WHEN 'unback' THEN trust_ledger.withdraw_backing(p.promise, actor => coalesce(p.backer,
			human), occurred_at => at)
		WHEN 'draft' THEN trust_ledger.amend_promise(p.promise, 'We come soon.', drafted_by => team
			|| any_of(' bot', ' tool', ' anna'), actor => team || any_of(' bot', ' tool'),
			occurred_at => at)
		ELSE trust_ledger.withdraw_promise(p.promise, actor => human, occurred_at => at) END;
EXCEPTION WHEN SQLSTATE 'TL001' OR SQLSTATE 'TL002' OR SQLSTATE 'TL003' OR SQLSTATE '22023'
	OR SQLSTATE '22008' OR SQLSTATE '22004' OR SQLSTATE 'P0002' THEN
	RETURN NULL;
END
$$;

CREATE PROCEDURE random_acts(rounds int)
LANGUAGE plpgsql AS $$
BEGIN
	FOR round IN 1..rounds LOOP
		PERFORM more_at_random(p) FROM (SELECT * FROM trust.promise ORDER BY customer, made_at,
			recorded_at) p WHERE random() < 0.6;
		COMMIT;
	END LOOP;
	PERFORM trust_ledger.retire_actor(actor, successor => 'dora', reason => 'Left.')
		FROM (SELECT actor FROM trust.actor WHERE actor ~ '^\d*[05] ben$' ORDER BY actor) a;
	PERFORM trust_ledger.erase_words('', seq, 'Asked for.') FROM (SELECT max(seq) AS seq
		FROM trust.entry WHERE customer = '' AND event = 'actor_retired') e WHERE seq IS NOT NULL;
	ANALYZE trust.entry, trust.promise, trust.actor;
END
$$;
