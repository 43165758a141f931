\set c random(1, :customers)
INSERT INTO crm.untracked (account, title, kind, due, amount, currency) VALUES ('customer ' || :c,
	'We deliver forty chairs on Friday, assembled, to the second floor.', 'delivery',
	'2099-01-01 12:00+00', 4200.00, 'EUR');
