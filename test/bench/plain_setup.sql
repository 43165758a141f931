-- The same facts as the ledger's in plain tables, freshly written in the order of time: the promise
-- and its history, with the same columns, types and indexes, but for what proves that nothing was
-- altered (salts, commitments, hashes), and the chains.
\set QUIET on
\set ON_ERROR_STOP on
CREATE SCHEMA plain;
CREATE TABLE plain.promise (LIKE trust.promise INCLUDING INDEXES);
CREATE TABLE plain.entry (LIKE trust.entry INCLUDING INDEXES);
ALTER TABLE plain.entry DROP format, DROP request, DROP request_salt, DROP words_salt,
	DROP words_commitment, DROP purpose_salt,
	DROP purpose_commitment, DROP note_salt, DROP note_commitment, DROP context_salt,
		DROP context_commitment, DROP name_salt,
	DROP name_commitment, DROP prev_hash, DROP hash;
SELECT string_agg(attname, ', ' ORDER BY attnum) AS columns FROM pg_attribute
WHERE attrelid = 'plain.entry'::regclass AND attnum > 0 AND NOT attisdropped \gset
INSERT INTO plain.entry (:columns) SELECT :columns FROM trust.entry ORDER BY recorded_at;
INSERT INTO plain.promise SELECT * FROM trust.promise ORDER BY recorded_at;
