-- What each promise of an incident log says and has been through, one line per incident: the same
-- however it was entered. What is new in each ledger is left out: ids, times and hashes. As the
-- ledger's owner.

SET timezone = 'UTC';

WITH entry AS (
	SELECT e.promise, e.seq,
		to_jsonb(e) - '{promise,seq,refers_to,recorded_at,details,idempotency_key,request,
		request_salt,words_salt,words_commitment,purpose_salt,purpose_commitment,note_salt,
		note_commitment,context_salt,context_commitment,name_salt,name_commitment,prev_hash,
		hash}'::text[] AS said
	FROM trust.entry e WHERE e.customer <> ''
), life AS (
	SELECT promise, jsonb_agg(said ORDER BY seq) AS entries FROM entry GROUP BY promise
)
SELECT l.entries -> 0 -> 'context' ->> 'number' AS number, jsonb_array_length(l.entries) AS entries,
	md5(l.entries::text) AS been_through,
	md5((to_jsonb(p) -
		'{promise,recorded_at,backfilled_at,seen_at,terms_seq,last_seq}'::text[])::text) AS is_now
FROM life l JOIN trust.promise p USING (promise)
ORDER BY 1;
