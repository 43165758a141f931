-- Computes the hashes of a customer's entries again, after the entries were changed while the
-- guards were off. psql includes this with \ir.

CREATE FUNCTION recompute_hashes(of_customer text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	expression text;
	nr bigint;
	before bytea := decode(repeat('00', 32), 'hex');
BEGIN
	SELECT string_agg(format('coalesce(''\x01''::bytea || int4send(octet_length(%1$s)) || '
		'%1$s, ''\x00'')', format(CASE type
			WHEN 'bytea' THEN '%1$s' WHEN 'smallint' THEN 'int2send(%s)' WHEN 'integer'
				THEN 'int4send(%s)' WHEN 'bigint' THEN 'int8send(%s)'
			WHEN 'uuid' THEN 'uuid_send(%s)' WHEN 'interval' THEN 'interval_send(%s)' WHEN 'boolean'
				THEN 'decode(lpad(%s::integer::text, 2, ''0''), ''hex'')'
			WHEN 'timestamp with time zone'
				THEN 'int8send((extract(epoch FROM %s) * 1000000)::bigint)'
				ELSE 'convert_to(%s::text, ''UTF8'')' END, name)),
		' || ' ORDER BY n) INTO expression
	FROM (
		SELECT 1 AS n, 'format' AS name, 'smallint' AS type
		UNION ALL SELECT 2, '(SELECT ledger FROM trust.ledger)', 'uuid'
		UNION ALL SELECT 3, 'prev_hash', 'bytea'
		UNION ALL SELECT attnum + 3, quote_ident(attname), format_type(atttypid, NULL)
			FROM pg_attribute
		WHERE attrelid = 'trust.entry'::regclass AND attnum > 0
			AND attname !~
				'^(format|prev_hash|hash|request_salt|(words|purpose|note|context|name)(_salt)?)$')
				AS hashed;
	FOR nr IN SELECT seq FROM trust.entry WHERE customer = of_customer ORDER BY seq LOOP
		UPDATE trust.entry SET prev_hash = before WHERE customer = of_customer AND seq = nr;
		EXECUTE format('UPDATE trust.entry SET hash = sha256(%s) WHERE customer = $1 AND seq = $2 '
			'RETURNING hash', expression)
			INTO before USING of_customer, nr;
	END LOOP;
	UPDATE trust.chain SET (length, head, recorded_at) = (
		SELECT seq, hash, recorded_at FROM trust.entry WHERE customer = of_customer
			ORDER BY seq DESC LIMIT 1) WHERE customer = of_customer;
END
$$;
