-- Texts as versions before 0.3.0 took them, of any size, in entries that verify. To be included by psql, as a superuser.
\ir reckon_anew.sql

-- HMAC-SHA-256 (RFC 2104) with a key of 32 bytes.
CREATE FUNCTION xored(key bytea, with_byte integer) RETURNS bytea LANGUAGE sql AS $$
	SELECT string_agg(decode(lpad(to_hex(CASE WHEN i < octet_length(key) THEN get_byte(key, i) ELSE 0 END # with_byte), 2, '0'), 'hex'), '' ORDER BY i)
	FROM generate_series(0, 63) AS i
$$;
CREATE FUNCTION commitment(salt bytea, data bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT sha256(xored(salt, 92) || sha256(xored(salt, 54) || data))
$$;

-- The customer's first entry, and its promise, with this text or context in place of theirs.
CREATE FUNCTION make_older(of_customer text, what text, said text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	tab text;
BEGIN
	FOREACH tab IN ARRAY '{entry,promise,chain}'::text[] LOOP
		EXECUTE format('ALTER TABLE trust.%s DISABLE TRIGGER trust_guard', tab);
	END LOOP;
	EXECUTE format('UPDATE trust.entry SET %1$I = $1::%2$s, %3$I = commitment(%4$I, convert_to($1::%2$s::text, ''UTF8'')) WHERE customer = $2 AND seq = 1',
		what, CASE what WHEN 'context' THEN 'jsonb' ELSE 'text' END, what || '_commitment', what || '_salt') USING said, of_customer;
	IF what IN ('words', 'purpose') THEN
		EXECUTE format('UPDATE trust.promise SET %I = $1 WHERE customer = $2', what) USING said, of_customer;
	END IF;
	PERFORM reckon_anew(of_customer);
	FOREACH tab IN ARRAY '{entry,promise,chain}'::text[] LOOP
		EXECUTE format('ALTER TABLE trust.%s ENABLE ALWAYS TRIGGER trust_guard', tab);
	END LOOP;
END
$$;
