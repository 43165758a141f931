\set c random(1, :customers)
SELECT promise AS p FROM by_hand.make_promise('customer ' || :c,
	'We deliver forty chairs on Friday, assembled, to the second floor.', 'bot', 'delivery',
	'2099-01-01 12:00+00', 4200.00, 'EUR') \gset
SELECT * FROM by_hand.back_promise('customer ' || :c, :p, 'anna');
SELECT * FROM by_hand.assess_promise('customer ' || :c, :p, 'kept', 'desk');
