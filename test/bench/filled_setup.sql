-- A ledger and a function that fills it through the ledger's own functions, many promises at once.
\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human') \g /dev/null
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1') \g /dev/null
SELECT trust_ledger.register_actor('desk', 'system', responsible => 'anna',
	speaks_for => 'record') \g /dev/null

-- One batch: so many promises, of which so many in a row go to one customer. Batches go round the
-- customers with odd numbers or those with even ones: two clients may fill side by side. With
-- lives, a machine makes half of them, which a human backs, and three of four are assessed: nine
-- entries of four promises.
-- Without, they are only made.
CREATE FUNCTION fill(customers bigint, odd bigint, batch bigint, promises bigint, in_a_row bigint,
	lives boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n    bigint := batch * promises;
	made record;
BEGIN
	FOR made IN
		SELECT * FROM trust_ledger.make_promises((
			SELECT array_agg(ROW('customer ' || p / in_a_row % (customers / 2) * 2 + odd + 1,
				'We deliver ' || p || ' chairs on Friday, assembled, to the second floor.', NULL,
				(ARRAY['delivery', 'callback', 'repair', 'refund', 'visit'])[1 + p % 5],
				now() + interval '1 day' * (1 + p % 90), NULL, 100 + p % 9900, 'EUR', NULL,
					NULL, NULL,
				CASE WHEN p % 2 = 0 THEN 'bot' ELSE 'anna' END, NULL, NULL,
					NULL)::trust_ledger.new_promise ORDER BY p)
			FROM generate_series(n, n + promises - 1) p))
	LOOP
		EXIT WHEN NOT lives;
		IF n % 2 = 0 THEN
			PERFORM trust_ledger.back_promise(made.promise, made.customer, 'anna');
		END IF;
		IF n % 4 <> 3 THEN
			PERFORM trust_ledger.assess_promise(made.promise,
				(ARRAY['kept', 'kept', 'broken', 'kept', 'partly_kept'])[1 + n / 4 % 5],
				customer => made.customer, actor => CASE n % 4 WHEN 1 THEN 'desk' ELSE 'anna' END);
		END IF;
		n := n + 1;
	END LOOP;
END
$$;
