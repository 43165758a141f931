-- An SQL expression for another value than that of a column. A pgTAP file includes this with \ir.
CREATE FUNCTION other_value(attname name, type regtype) RETURNS text
LANGUAGE sql AS $$
	SELECT format(CASE type::text
		WHEN 'text' THEN 'coalesce(%1$I || ''x'', ''x'')' WHEN 'boolean'
			THEN 'coalesce(NOT %1$I, true)'
		WHEN 'smallint' THEN '%1$I + 1' WHEN 'integer' THEN 'coalesce(%1$I + 1, 1)' WHEN 'bigint'
			THEN 'coalesce(%1$I + 10000, 1)'
		WHEN 'numeric' THEN 'coalesce(%1$I + 0.1, 0)' WHEN 'jsonb'
			THEN 'coalesce(%1$I || ''{"x": 1}'', ''{}'')'
		WHEN 'timestamp with time zone' THEN 'coalesce(%1$I + interval ''1 microsecond'', now())'
		WHEN 'interval' THEN 'coalesce(%1$I + interval ''1 microsecond'', ''0'')' WHEN 'uuid'
			THEN 'gen_random_uuid()'
		WHEN 'bytea' THEN 'coalesce(set_byte(%1$I, 0, (get_byte(%1$I, 0) + 1) %% 256), ''\x00'')'
		WHEN 'text[]' THEN '%1$I || ''admin''::text'
		WHEN 'trust_ledger.trust_score'
			THEN 'trust_ledger.fuse(%1$I, trust_ledger.trust_score(0, 0.001, now(), '
			'(SELECT half_life FROM trust.ledger)))' END, attname)
$$;
