\set c random(1, :customers)
SELECT * FROM trust_ledger.make_promise('customer ' || :c,
	'We deliver forty chairs on Friday, assembled, to the second floor.', kind => 'delivery',
	due => '2099-01-01 12:00+00', value => 4200.00, currency => 'EUR', actor => 'anna');
