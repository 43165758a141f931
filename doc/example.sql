-- The example ledger of doc/: a furniture company's two months. Run it as a superuser in an empty
-- database that uses UTF8:
--
--	createdb -T template0 -E UTF8 try
--	psql -d try -f doc/example.sql
--
-- It creates the roles lea (level analyst) and otto (level auditor).

\set QUIET on
\o /dev/null
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();

CREATE ROLE lea LOGIN;
CREATE ROLE otto LOGIN;
SELECT trust_ledger.grant_access('lea', 'analyst');
SELECT trust_ledger.grant_access('otto', 'auditor');

SELECT trust_ledger.register_actor('anna', 'human', name => 'Anna Example');
SELECT trust_ledger.register_actor('ben', 'human', name => 'Ben Example');
SELECT trust_ledger.register_actor('sales-bot', 'ai', responsible => 'anna', model => 'writer 4.2');
SELECT trust_ledger.register_actor('erp', 'system', responsible => 'anna', speaks_for => 'record');
SELECT trust_ledger.register_actor('portal', 'system', responsible => 'anna',
    speaks_for => 'customer');

-- The past: 60 deliveries, one a day, with the verdict of the ERP system. Entering them takes the
-- level import. Ben backs every other promise of the bot, 20 minutes after it was made.
SELECT trust_ledger.grant_access(current_user, 'import');
DO $$
DECLARE
    made_at timestamptz;
    who     text;
    made    trust_ledger.receipt;
BEGIN
    FOR n IN 0 .. 59 LOOP
        made_at := now() + (n - 70) * interval '1 day';
        who := (ARRAY['anna', 'sales-bot', 'ben', 'sales-bot'])[n % 4 + 1];
        made := trust_ledger.make_promise('C-' || 101 + n % 7,
            format('Order %s, delivered within four days', 4200 + n), kind => 'delivery',
            due => made_at + interval '4 days', value => 400 + 90 * (n % 11), currency => 'EUR',
            actor => who, occurred_at => made_at);
        IF n % 4 = 1 THEN
            PERFORM FROM trust_ledger.back_promise(made.promise, actor => 'ben',
                occurred_at => made_at + interval '20 minutes');
        END IF;
        IF n % 12 = 3 OR n % 20 = 6 OR n = 25 THEN
            PERFORM FROM trust_ledger.assess_promise(made.promise, 'broken', actor => 'erp',
                occurred_at => made_at + interval '6 days');
        ELSIF n <> 59 THEN
            PERFORM FROM trust_ledger.assess_promise(made.promise, 'kept', actor => 'erp',
                occurred_at => made_at + CASE n % 2 WHEN 0 THEN interval '3 days'
                    ELSE interval '5 days' END);
        END IF;
    END LOOP;
END
$$;
SELECT trust_ledger.revoke_access(current_user, 'import');

-- Today: from now on a human backs what a machine promises.
SELECT trust_ledger.set_policy('machines need a human', promiser_kind => 'ai',
    evidence => 'asserted');

-- A promise of the bot: backed, accepted, kept says the ERP system, broken says the customer.
SELECT promise FROM trust_ledger.make_promise('acme', 'Delivery within ten days',
    kind => 'delivery', value => 4200, currency => 'EUR', due_on => current_date + 10,
    actor => 'sales-bot') \gset
SELECT trust_ledger.back_promise(:'promise', actor => 'anna');
SELECT trust_ledger.accept_promise(:'promise', actor => 'portal');
SELECT trust_ledger.assess_promise(:'promise', 'kept', actor => 'erp');
SELECT trust_ledger.assess_promise(:'promise', 'broken', actor => 'portal',
    reason => 'Two chairs were missing');

-- The customer's acceptance, relayed by Anna and not confirmed.
SELECT promise FROM trust_ledger.make_promise('acme', 'A call back before noon',
    kind => 'callback', actor => 'anna') \gset
SELECT trust_ledger.accept_promise(:'promise', relayed => true, actor => 'anna');

-- A promise of the bot that waits for a human.
SELECT trust_ledger.make_promise('acme', 'Ten more chairs in spring', kind => 'delivery',
    value => 1900, currency => 'EUR', due_on => current_date + 90, actor => 'sales-bot');
\o
\set QUIET off
