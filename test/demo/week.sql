\echo
\echo '---- LAST WEEK ----------------------------------------------------------------------------'
\echo 'The company made forty promises last week. The CRM enters them now, with the times they'
\echo 'were made, and the ERP enters its verdicts. Both need the level "import" for that, and the'
\echo 'ledger marks such entries as backfilled.'
\echo
\o /dev/null
\set ECHO queries
\connect - owner
\echo '-- as owner'
SELECT * FROM trust_ledger.grant_access('crm', 'import');
SELECT * FROM trust_ledger.grant_access('erp', 'import');
\set ECHO none

-- Eight promises a day, by anna, the bot, ben and the bot in turn. Half of the bot's are backed.
\connect - crm
DO $$
DECLARE
	monday  CONSTANT timestamptz := date_trunc('week', now()) - interval '7 days';
	made_at timestamptz;
	who     text;
	made    trust_ledger.receipt;
BEGIN
	FOR n IN 0..39 LOOP
		made_at := monday + n / 8 * interval '1 day' + interval '9 hours'
			+ n % 8 * interval '47 minutes';
		who := (ARRAY['anna', 'bot', 'ben', 'bot'])[n % 4 + 1];
		made := trust_ledger.make_promise('C-' || 101 + n % 7,
			format('Quote %s, delivered within a day', 4200 + n),
			kind => 'delivery', due => made_at + interval '1 day',
			value => 400 + 90 * (n % 11), currency => 'EUR', actor => who, occurred_at => made_at);
		IF who = 'bot' AND n % 8 < 4 THEN
			PERFORM FROM trust_ledger.back_promise(made.promise,
				actor => CASE n % 3 WHEN 0 THEN 'anna' ELSE 'ben' END,
				occurred_at => made_at + interval '20 minutes');
		END IF;
	END LOOP;
END
$$;
\echo '-- as crm, in a DO block: 40 calls of make_promise(), 10 of back_promise()'

-- The verdicts of the ERP come before a promise is due, after that, or never.
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
			WHEN p.backer IS NULL AND (n % 8 = 7 OR n % 3 = 0)
				OR p.backer IS NOT NULL AND n % 7 = 3 THEN 'broken'
			ELSE 'kept' END;
		PERFORM FROM trust_ledger.assess_promise(p.promise, verdict,
			occurred_at => p.due
				+ CASE verdict WHEN 'kept' THEN interval '-3 hours' ELSE interval '5 hours' END);
	END LOOP;
END
$$;
\echo '-- as erp, in a DO block: 38 calls of assess_promise()'
\set ECHO queries
\connect - owner
\echo '-- as owner'
SELECT * FROM trust_ledger.revoke_access('crm', 'import');
SELECT * FROM trust_ledger.revoke_access('erp', 'import');
