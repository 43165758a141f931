\echo
\echo '---- ITS WEEK ------------------------------------------------------------------------------------------------'
\echo 'Forty promises of last week come in from the CRM, with the times they had there, and the ERP''s word on them.'
\echo 'That takes a level of its own, and marks them for good as entered after the fact.'
\echo
\o /dev/null
\set ECHO queries
\connect - owner
\echo '-- as owner'
SELECT * FROM trust_ledger.grant_access('crm', 'import');
SELECT * FROM trust_ledger.grant_access('erp', 'import');
\set ECHO none

-- Eight a day, by anna, the bot, ben, the bot; every other one of the bot's is backed.
\connect - crm
DO $$
DECLARE
	monday  CONSTANT timestamptz := date_trunc('week', now()) - interval '7 days';
	made_at timestamptz;
	who     text;
	made    trust_ledger.receipt;
BEGIN
	FOR n IN 0..39 LOOP
		made_at := monday + n / 8 * interval '1 day' + interval '9 hours' + n % 8 * interval '47 minutes';
		who := (ARRAY['anna', 'bot', 'ben', 'bot'])[n % 4 + 1];
		made := trust_ledger.make_promise('C-' || 101 + n % 7, format('Quote %s, delivered within a day', 4200 + n),
			kind => 'delivery', due => made_at + interval '1 day', value => 400 + 90 * (n % 11), currency => 'EUR',
			actor => who, occurred_at => made_at);
		IF who = 'bot' AND n % 8 < 4 THEN
			PERFORM FROM trust_ledger.back_promise(made.promise,
				actor => CASE n % 3 WHEN 0 THEN 'anna' ELSE 'ben' END, occurred_at => made_at + interval '20 minutes');
		END IF;
	END LOOP;
END
$$;
\echo '-- as crm, from a program of its own: 40 times make_promise(), 10 times back_promise()'

-- The ERP's word: before a promise is due, or after, or never.
\connect - erp
DO $$
DECLARE
	p       record;
	n       integer;
	verdict text;
BEGIN
	FOR p IN SELECT * FROM trust.current_promise ORDER BY made_at LOOP
		n := substring(p.words, '\d+')::integer - 4200;
		CONTINUE WHEN p.backer IS NULL AND n % 16 = 15;
		verdict := CASE
			WHEN p.backer IS NULL AND (n % 8 = 7 OR n % 3 = 0) OR p.backer IS NOT NULL AND n % 7 = 3 THEN 'broken'
			ELSE 'kept' END;
		PERFORM FROM trust_ledger.assess_promise(p.promise, verdict,
			occurred_at => p.due + CASE verdict WHEN 'kept' THEN interval '-3 hours' ELSE interval '5 hours' END);
	END LOOP;
END
$$;
\echo '-- as erp, likewise: 38 times assess_promise()'
\set ECHO queries
\connect - owner
\echo '-- as owner'
SELECT * FROM trust_ledger.revoke_access('crm', 'import');
SELECT * FROM trust_ledger.revoke_access('erp', 'import');
