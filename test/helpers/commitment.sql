-- The commitment to a text: HMAC-SHA-256 (RFC 2104) with a salt of 32 bytes as the key. A pgTAP
-- file includes this with \ir.
CREATE FUNCTION xored(key bytea, with_byte integer) RETURNS bytea
LANGUAGE sql AS $$
	SELECT string_agg(decode(lpad(to_hex(CASE WHEN i < octet_length(key) THEN get_byte(key, i)
		ELSE 0 END # with_byte), 2, '0'), 'hex'), '' ORDER BY i)
	FROM generate_series(0, 63) AS i
$$;
CREATE FUNCTION commitment(salt bytea, data bytea) RETURNS bytea
LANGUAGE sql AS $$ SELECT sha256(xored(salt, 92) || sha256(xored(salt, 54) || data)) $$;
