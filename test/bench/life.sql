\set c random(1, :customers)
SELECT promise AS p FROM trust_ledger.make_promise('customer ' || :c,
	'We deliver forty chairs on Friday, assembled, to the second floor.', kind => 'delivery',
	due => '2099-01-01 12:00+00', value => 4200.00, currency => 'EUR', actor => 'bot') \gset
SELECT * FROM trust_ledger.back_promise(:p, customer => 'customer ' || :c, actor => 'anna');
SELECT * FROM trust_ledger.assess_promise(:p, 'kept', customer => 'customer ' || :c,
	actor => 'desk');
