-- A ledger, and what it is measured against.
\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human') \g /dev/null

-- One plain INSERT of the same columns as trust.entry into a table with the same key.
CREATE SCHEMA plain;
CREATE TABLE plain.entry (LIKE trust.entry);
ALTER TABLE plain.entry ADD PRIMARY KEY (customer, seq);

-- What a careful developer would write by hand: lock a head row, hash, write the same three rows.
CREATE SCHEMA by_hand;
CREATE TABLE by_hand.entry (LIKE trust.entry INCLUDING INDEXES);
CREATE TABLE by_hand.promise (LIKE trust.promise INCLUDING INDEXES INCLUDING STORAGE) WITH
	(fillfactor = 90);
CREATE TABLE by_hand.chain (LIKE trust.chain INCLUDING INDEXES INCLUDING DEFAULTS) WITH
	(fillfactor = 70);

CREATE FUNCTION by_hand.make_promise(
	p_customer text, p_words text, p_promiser text, p_kind text, p_due timestamptz, p_value numeric,
		p_currency text)
RETURNS TABLE (promise uuid, customer text, seq bigint, state text, recorded_at timestamptz,
	hash bytea)
LANGUAGE plpgsql AS $$
DECLARE
	head       by_hand.chain;
	made       by_hand.entry;
	salt       CONSTANT bytea := decode(replace(gen_random_uuid()::text || gen_random_uuid()::text,
		'-', ''), 'hex');
BEGIN
	SELECT * INTO head FROM by_hand.chain c WHERE c.customer = p_customer FOR UPDATE;
	IF NOT FOUND THEN
		INSERT INTO by_hand.chain (customer, length, head) VALUES (p_customer, 0,
			repeat('\000', 32)::bytea)
		ON CONFLICT DO NOTHING;
		SELECT * INTO head FROM by_hand.chain c WHERE c.customer = p_customer FOR UPDATE;
	END IF;
	made.customer := p_customer;
	made.seq := head.length + 1;
	made.format := 1;
	made.promise := gen_random_uuid();
	made.event := 'made';
	made.recorded_at := clock_timestamp();
	made.occurred_at := made.recorded_at;
	made.backfilled := false;
	made.actor := p_promiser;
	made.actor_kind := 'human';
	made.speaks_for := 'company';
	made.login := session_user;
	made.role := current_user;
	made.evidence := 'asserted';
	made.state := 'open';
	made.promiser := p_promiser;
	made.promiser_kind := 'human';
	made.backer := p_promiser;
	made.kind := p_kind;
	made.due := p_due;
	made.overdue_at := p_due;
	made.value := p_value;
	made.currency := p_currency;
	made.words := p_words;
	made.words_salt := salt;
	made.words_commitment := sha256(salt || convert_to(p_words, 'UTF8'));
	made.prev_hash := head.head;
	made.hash := sha256(convert_to(concat_ws('|', made.format, encode(made.prev_hash, 'hex'),
		made.customer, made.seq,
		made.promise, made.event, extract(epoch FROM made.recorded_at),
			extract(epoch FROM made.occurred_at),
		made.backfilled, made.actor, made.actor_kind, made.speaks_for, made.login, made.role,
			made.evidence,
		made.state, made.promiser, made.promiser_kind, made.backer, made.kind,
			extract(epoch FROM made.due),
		made.value, made.currency, encode(made.words_commitment, 'hex')), 'UTF8'));
	INSERT INTO by_hand.entry SELECT made.*;
	INSERT INTO by_hand.promise (customer, promise, state, words, promiser, promiser_kind, kind,
		value, currency,
		made_at, recorded_at, backfilled, first_due, due, due_moves, overdue_at, paused_for, backer,
			evidence, backed_at,
		terms_seq, last_seq)
	VALUES (made.customer, made.promise, made.state, made.words, made.promiser, made.promiser_kind,
		made.kind,
		made.value, made.currency, made.occurred_at, made.recorded_at, false, made.due, made.due, 0,
			made.due, '0',
		made.backer, made.evidence, made.occurred_at, made.seq, made.seq);
	UPDATE by_hand.chain c SET length = made.seq, head = made.hash, recorded_at = made.recorded_at
	WHERE c.customer = p_customer;
	RETURN QUERY SELECT made.promise, made.customer, made.seq, made.state, made.recorded_at,
		made.hash;
END
$$;

-- Every customer has been met before: what is measured is the daily work, not the first entry.
SELECT count(*) FROM generate_series(1, :customers) c,
	LATERAL trust_ledger.make_promise('customer ' || c, 'Met.', actor => 'anna') \g /dev/null
SELECT count(*) FROM generate_series(1, :customers) c,
	LATERAL by_hand.make_promise('customer ' || c, 'Met.', 'anna', NULL, NULL, NULL,
		NULL) \g /dev/null
INSERT INTO plain.entry SELECT * FROM trust.entry;
VACUUM ANALYZE;
CHECKPOINT;
