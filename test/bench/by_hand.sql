\set c random(1, :customers)
SELECT * FROM by_hand.make_promise('customer ' || :c,
	'We deliver forty chairs on Friday, assembled, to the second floor.', 'anna', 'delivery',
	'2099-01-01 12:00+00', 4200.00, 'EUR');
