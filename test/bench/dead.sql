-- What the ledger's tables are made of: psql variable lives, how many promises.
SELECT 'of them ' || string_agg(format('%s %s (dead %s %%, free %s %%) and its indexes %s', relname,
	pg_table_size(c.oid) / :lives,
	round(dead_tuple_percent), round(free_percent), pg_indexes_size(c.oid) / :lives),
		', ' ORDER BY relname)
FROM pg_class c, pgstattuple(c.oid)
WHERE relnamespace = 'trust'::regnamespace AND relname IN ('chain', 'entry', 'promise');
