-- A ledger of version 0.1.0, written by its code and dumped by pg_dump: in public.request, calls under
-- idempotency keys with every argument that each function takes, and the hash of each receipt.
CREATE SCHEMA trust;
CREATE EXTENSION IF NOT EXISTS trust_ledger WITH SCHEMA pg_catalog;
CREATE TABLE public.request (
    nr integer NOT NULL,
    call text NOT NULL,
    hash bytea
);
ALTER TABLE public.request ALTER COLUMN nr ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.request_nr_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE trust.access (
    role text NOT NULL COLLATE pg_catalog."C",
    levels text[] NOT NULL,
    seq bigint NOT NULL
);
CREATE TABLE trust.actor (
    actor text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    name text,
    speaks_for text NOT NULL COLLATE pg_catalog."C",
    customer text COLLATE pg_catalog."C",
    responsible text COLLATE pg_catalog."C",
    db_role text COLLATE pg_catalog."C",
    model text COLLATE pg_catalog."C",
    authority jsonb,
    active boolean NOT NULL,
    successor text COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    CONSTRAINT actor_kind_check CHECK ((kind = ANY (ARRAY['human'::text, 'ai'::text, 'system'::text]))),
    CONSTRAINT actor_speaks_for_check CHECK ((speaks_for = ANY (ARRAY['company'::text, 'customer'::text, 'record'::text])))
);
CREATE TABLE trust.promise (
    customer text NOT NULL COLLATE pg_catalog."C",
    promise uuid NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    words text,
    purpose text,
    promiser text NOT NULL COLLATE pg_catalog."C",
    promiser_kind text NOT NULL COLLATE pg_catalog."C",
    drafted_by text COLLATE pg_catalog."C",
    kind text COLLATE pg_catalog."C",
    value numeric,
    currency text COLLATE pg_catalog."C",
    longest_pause interval,
    made_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    backfilled boolean NOT NULL,
    backfilled_at timestamp with time zone,
    opened_at timestamp with time zone,
    first_due timestamp with time zone,
    due timestamp with time zone,
    due_moves integer NOT NULL,
    due_moved_at timestamp with time zone,
    overdue_at timestamp with time zone,
    paused_at timestamp with time zone,
    paused_until timestamp with time zone,
    paused_for interval NOT NULL,
    evidence_asked text COLLATE pg_catalog."C",
    back_by timestamp with time zone,
    waiting_since timestamp with time zone,
    seen_at timestamp with time zone,
    declined_at timestamp with time zone,
    backer text COLLATE pg_catalog."C",
    evidence text COLLATE pg_catalog."C",
    backed_at timestamp with time zone,
    unbacked_at timestamp with time zone,
    unbacked_by text COLLATE pg_catalog."C",
    former_backer text COLLATE pg_catalog."C",
    accepted_at timestamp with time zone,
    unconfirmed bigint,
    admitted_at timestamp with time zone,
    repaired_at timestamp with time zone,
    outcome text COLLATE pg_catalog."C",
    whose_word text COLLATE pg_catalog."C",
    verdict_evidence text COLLATE pg_catalog."C",
    relayed boolean,
    purpose_met boolean,
    settled_by text COLLATE pg_catalog."C",
    settled_at timestamp with time zone,
    weight_kept integer,
    weight_broken integer,
    terms_seq bigint NOT NULL,
    last_seq bigint NOT NULL
)
WITH (fillfactor='90');
CREATE TABLE trust.ledger (
    ledger uuid NOT NULL,
    table_format integer NOT NULL,
    half_life interval NOT NULL,
    weights jsonb NOT NULL,
    zone text NOT NULL,
    lag interval NOT NULL,
    seq bigint NOT NULL
);
CREATE TABLE trust.chain (
    customer text NOT NULL COLLATE pg_catalog."C",
    length bigint NOT NULL,
    head bytea NOT NULL,
    recorded_at timestamp with time zone,
    score trust_ledger.trust_score DEFAULT 'empty'::trust_ledger.trust_score NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE trust.entry (
    customer text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    format smallint NOT NULL,
    promise uuid,
    event text NOT NULL COLLATE pg_catalog."C",
    recorded_at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    backfilled boolean NOT NULL,
    actor text COLLATE pg_catalog."C",
    actor_kind text COLLATE pg_catalog."C",
    speaks_for text COLLATE pg_catalog."C",
    responsible text COLLATE pg_catalog."C",
    actor_seq bigint,
    login text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL COLLATE pg_catalog."C",
    evidence text COLLATE pg_catalog."C",
    evidence_asked text COLLATE pg_catalog."C",
    state text COLLATE pg_catalog."C",
    refers_to bigint,
    subject text COLLATE pg_catalog."C",
    details jsonb,
    promiser text COLLATE pg_catalog."C",
    promiser_kind text COLLATE pg_catalog."C",
    drafted_by text COLLATE pg_catalog."C",
    backer text COLLATE pg_catalog."C",
    kind text COLLATE pg_catalog."C",
    due timestamp with time zone,
    overdue_at timestamp with time zone,
    back_by timestamp with time zone,
    value numeric,
    currency text COLLATE pg_catalog."C",
    longest_pause interval,
    accepted boolean,
    relayed boolean,
    stands boolean,
    verdict text COLLATE pg_catalog."C",
    whose_word text COLLATE pg_catalog."C",
    purpose_met boolean,
    weight_kept integer,
    weight_broken integer,
    idempotency_key text COLLATE pg_catalog."C",
    request bytea,
    request_salt bytea,
    words text,
    words_salt bytea,
    words_commitment bytea,
    purpose text,
    purpose_salt bytea,
    purpose_commitment bytea,
    note text,
    note_salt bytea,
    note_commitment bytea,
    context jsonb,
    context_salt bytea,
    context_commitment bytea,
    name text,
    name_salt bytea,
    name_commitment bytea,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE trust.source (
    customer text NOT NULL COLLATE pg_catalog."C",
    promise uuid NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    gone boolean NOT NULL,
    seq bigint NOT NULL
)
WITH (fillfactor='90');
CREATE TABLE trust.parked_change (
    parked uuid NOT NULL,
    parked_at timestamp with time zone NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    tab text NOT NULL COLLATE pg_catalog."C",
    trigger text NOT NULL COLLATE pg_catalog."C",
    operation text NOT NULL COLLATE pg_catalog."C",
    actor text COLLATE pg_catalog."C",
    login text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL COLLATE pg_catalog."C",
    old_row jsonb,
    new_row jsonb,
    sqlstate text NOT NULL COLLATE pg_catalog."C",
    error text NOT NULL,
    CONSTRAINT parked_change_operation_check CHECK ((operation = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text])))
);
CREATE TABLE trust.policy (
    policy text NOT NULL COLLATE pg_catalog."C",
    promiser text COLLATE pg_catalog."C",
    promiser_kind text COLLATE pg_catalog."C",
    kind text COLLATE pg_catalog."C",
    currency text COLLATE pg_catalog."C",
    least_value numeric,
    evidence text COLLATE pg_catalog."C",
    back_within interval,
    grace interval,
    due_within interval,
    cumulative boolean NOT NULL,
    active boolean NOT NULL,
    seq bigint NOT NULL
);
CREATE TABLE trust.tracking (
    source text NOT NULL COLLATE pg_catalog."C",
    tab text NOT NULL COLLATE pg_catalog."C",
    mapping jsonb NOT NULL,
    triggers jsonb NOT NULL,
    active boolean NOT NULL,
    seq bigint NOT NULL
);
COPY public.request (nr, call, hash) FROM stdin;
1	register_actor('dora', 'human', name => 'Dora', speaks_for => 'company', authority => '{"EUR": 100, "USD": 7.50}', reason => 'New here.', acting => 'anna', context => '{"ticket": 7}', idempotency_key => 'k')	\\x7ade8afce23029ccf351c778314974e0e666b7eb28385ce276ac53510f61bbca
2	set_policy('large', promiser_kind => 'ai', kind => 'freight', currency => 'EUR', least_value => 5000.00, cumulative => true, evidence => 'asserted', back_within => '2 days', grace => '1 hour', reason => 'Large ones.', actor => 'anna', idempotency_key => 'k2')	\\xfea877ba3bb8347b0446d2cc7b35d2f6cd6aa26001bcd8310e8b3537e51dd2cd
3	make_promise('C-1', 'We deliver on Friday.', promiser => 'anna', kind => 'delivery', due => '2099-03-01 12:00+01', value => 1200.50, currency => 'EUR', purpose => 'The fair begins on Saturday.', drafted_by => 'bot', longest_pause => '3 days 04:05:06.789', actor => 'anna', context => '{"channel": "mail", "n": [1, 2.50, null, true]}', idempotency_key => 'k1')	\\xb8f7b57ebdc13334bcd4713d336a125b9548a146a929b1f7fc494477eb098383
4	make_promise('C-1', 'We call back.', due_on => '2099-12-31', actor => 'bot', occurred_at => '2026-12-02 00:30:00.123456+00', idempotency_key => 'k2')	\\x5867984a2a3015bfdb3b1823b81eb23a5186084c2a4df2b5ed8c4c9bb0bdb529
5	make_promise('C-1', 'We mend it.', actor => 'anna', idempotency_key => 'k3')	\\x7555a807ab450f51a36b0f3ed6d0d2af7e8926714c89e3b3aa606b4186b1a2c4
6	make_promise('C-1', 'We send a book.', actor => 'anna', idempotency_key => 'k4')	\\x1e2ffd1c2456a036c2211e3a1ba2849aad997e2a172c9a1eceed912e514bc2f6
7	make_promise('C-1', 'We come on Tuesday.', due => '2099-05-05 08:00+00', actor => 'anna', idempotency_key => 'k21')	\\xcd69cede91757c1f4f45a435914cbe6290790861deb554a89542ba971c94f381
8	make_promise('C-2', 'We lend a car.', actor => 'anna')	\\x4967dab9e5bbece659913ef3437e265f3d3ffa7c53e3f69f3c1c882ce2371f8b
9	back_promise('01a23473-8829-7e3e-8c5d-c62094ba1054', customer => 'C-1', actor => 'anna', idempotency_key => 'k5')	\\x480811d36885c11a832420cf35a270ebe4a3b35b84277673f7e8d92ceeba1e43
10	decline_promise('01a23473-8838-7cc9-b8f4-f1218ee0e312', reason => 'Not with me.', customer => 'C-1', actor => 'anna', idempotency_key => 'k6')	\\x3cf21648d8f6be269f3f3a8308adc0aed1876be4845c93bcae16682b7defbadb
11	amend_promise('01a23473-8829-7e3e-8c5d-c62094ba1054', words => 'We deliver on Monday.', kind => 'freight', due => '2099-04-01 12:00+00', purpose => 'The shop opens.', drafted_by => 'bot', longest_pause => '2 days', clear => '{value,currency}', reason => 'Snow.', relayed => false, customer => 'C-1', actor => 'anna', idempotency_key => 'k7')	\\x16571a3bc796beb1d710c9ef27e47370047db5d72fd639c2f57eba92f5bc1e92
12	pause_promise('01a23473-8829-7e3e-8c5d-c62094ba1054', reason => 'No address.', customer => 'C-1', actor => 'anna', idempotency_key => 'k8')	\\xff845afe2d833d94375fa5c74012f3f02adea4cb288ff28070afb211b1035938
13	resume_promise('01a23473-8829-7e3e-8c5d-c62094ba1054', reason => 'Here it is.', actor => 'anna', idempotency_key => 'k9')	\\x04e82fa05a7fb496516cf026b9c49a9ef8f027a07abb42c057deb4c0d57a6891
14	back_promise('01a23473-8829-7e3e-8c5d-c62094ba1054', actor => 'anna', idempotency_key => 'k10')	\\x656d95bd1e419a601c525b41b6b0cef10bd4484b09815e2770814a54fa2f8662
15	withdraw_backing('01a23473-8829-7e3e-8c5d-c62094ba1054', reason => 'Ill.', actor => 'anna', idempotency_key => 'k11')	\\x12a6b69bda8a2f487080b9f77ed73f5f4bd0c4dff5f726e2343e0da019a51464
16	accept_promise('01a23473-8829-7e3e-8c5d-c62094ba1054', relayed => true, customer => 'C-1', actor => 'anna', idempotency_key => 'k12')	\\x846e0858c76a278acbdbb3bf42294fcc398d6591112b1af17eb679a3117a130b
17	add_note('01a23473-8829-7e3e-8c5d-c62094ba1054', note => 'They called.', customer => 'C-1', actor => 'bot', idempotency_key => 'k13')	\\xcfcc58cdfda48de08409cbaa51c2a03fe22ae56926d987d4bad58ff757d0ae1c
18	admit_breach('01a23473-8839-7771-b17d-14588fffdaf5', reason => 'The lorry broke down.', actor => 'anna', idempotency_key => 'k14')	\\x29827e7a80af372d996e7a30886a18f1b4411035c1d3549b909a4a83847c7eeb
19	repair_breach('01a23473-8839-7771-b17d-14588fffdaf5', how => 'A new one was sent.', customer => 'C-1', actor => 'anna', idempotency_key => 'k15')	\\xde9c5b80eb1a651bc61d443b8643c2841f5fbc8ad20fcccbaaf732035c48d6cc
20	assess_promise('01a23473-8839-7a41-a271-fb7d26582161', 'kept', relayed => true, purpose_met => true, reason => 'All well.', customer => 'C-1', actor => 'bert', idempotency_key => 'k16')	\\x6133446c7b5329f6a88acd2d82cb5573c49b5cde9c77918fdc437e472973dcde
21	confirm_relayed('01a23473-8839-7a41-a271-fb7d26582161', entry => 17, reason => 'Yes.', customer => 'C-1', actor => 'portal', idempotency_key => 'k17')	\\x22d5361734c30e9d9000f30b9d47e6af51b575a3f1188f2cd676927fa7d84d83
22	release_promise('01a23473-8839-730d-b100-bc964e2d788f', reason => 'Never mind.', relayed => false, customer => 'C-1', actor => 'portal', idempotency_key => 'k18')	\\x64ddaeec41bd3b5fde98c90f9ad5aff43c6897254a381368b2e6b09061654c30
23	withdraw_promise('01a23473-8838-7cc9-b8f4-f1218ee0e312', reason => 'Sold out.', customer => 'C-1', actor => 'anna', idempotency_key => 'k19')	\\xe923a27adef29c64d10c629f5a9ce0c3943c5c40d6b2e96ff8448098515829cd
24	erase_words('01a23473-8839-7009-87eb-322f37444d60', reason => 'They asked us to.', customer => 'C-2', actor => 'anna', idempotency_key => 'k20')	\\xcb7098b41e6c155fc56dabf22072296f2b08b63ae421b54f11ea1af1c7556fcb
25	set_ledger(half_life => '100 days', zone => 'Europe/Berlin', lag => '2 days', reason => 'Slower.', actor => 'anna', idempotency_key => 'k4')	\\xc7478366e660de41d3095f9a6ee7117d5daa3acc9aec15d0eda8df75ccf9a061
\.
COPY trust.access (role, levels, seq) FROM stdin;
postgres	{application,analyst,auditor,admin}	2
\.
COPY trust.actor (actor, kind, name, speaks_for, customer, responsible, db_role, model, authority, active, successor, seq) FROM stdin;
anna	human	\N	company	\N	\N	\N	\N	\N	t	\N	3
bert	human	\N	company	\N	\N	\N	\N	\N	t	\N	4
bot	ai	\N	company	\N	bert	\N	m 1	\N	t	\N	5
portal	system	\N	customer	\N	bert	\N	\N	\N	t	\N	6
dora	human	Dora	company	\N	\N	\N	\N	{"EUR": 100, "USD": 7.50}	t	\N	8
\.
COPY trust.chain (customer, length, head, recorded_at, score) FROM stdin;
C-1	20	\\xe923a27adef29c64d10c629f5a9ce0c3943c5c40d6b2e96ff8448098515829cd	2026-12-02 01:51:56.516093+00	(1.249999999922315,0.7499999997669453,2026-12-02T01:51:56.501749+00:00,P180D)
C-2	2	\\xcb7098b41e6c155fc56dabf22072296f2b08b63ae421b54f11ea1af1c7556fcb	2026-12-02 01:51:56.516746+00	empty
	10	\\xc7478366e660de41d3095f9a6ee7117d5daa3acc9aec15d0eda8df75ccf9a061	2026-12-02 01:51:56.533197+00	empty
\.
COPY trust.entry (customer, seq, format, promise, event, recorded_at, occurred_at, backfilled, actor, actor_kind, speaks_for, responsible, actor_seq, login, role, evidence, evidence_asked, state, refers_to, subject, details, promiser, promiser_kind, drafted_by, backer, kind, due, overdue_at, back_by, value, currency, longest_pause, accepted, relayed, stands, verdict, whose_word, purpose_met, weight_kept, weight_broken, idempotency_key, request, request_salt, words, words_salt, words_commitment, purpose, purpose_salt, purpose_commitment, note, note_salt, note_commitment, context, context_salt, context_commitment, name, name_salt, name_commitment, prev_hash, hash) FROM stdin;
	1	1	\N	ledger_created	2026-12-02 01:51:56.286629+00	2026-12-02 01:51:56.286629+00	f	\N	\N	\N	\N	\N	postgres	postgres	\N	\N	\N	\N	207a0d30-8883-4c3d-84cf-057bbfdfb2a8	{"lag": "P1D", "zone": "UTC", "weights": {"kept": [1000, 0], "broken": [0, 1000], "admitted": [0, 750], "repaired": [250, 750], "partly_kept": [500, 500], "kept_by_company": [500, 0]}, "half_life": "P180D", "table_format": 1}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\\xcf65d938dd0f36fc8b2e96a39a3d701780260c89fbbb1e6694d825e195994ca5
	2	1	\N	access_granted	2026-12-02 01:51:56.286629+00	2026-12-02 01:51:56.286629+00	f	\N	\N	\N	\N	\N	postgres	postgres	\N	\N	\N	\N	postgres	{"levels": ["application", "analyst", "auditor", "admin"]}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\xcf65d938dd0f36fc8b2e96a39a3d701780260c89fbbb1e6694d825e195994ca5	\\x0f1ec96a0144398dad37026c51857ccf66987129aeb20365a411c2112b7fcc0c
	3	1	\N	actor_registered	2026-12-02 01:51:56.347254+00	2026-12-02 01:51:56.347254+00	f	\N	\N	\N	\N	\N	postgres	postgres	\N	\N	\N	\N	anna	{"kind": "human", "model": null, "active": true, "db_role": null, "customer": null, "authority": null, "successor": null, "speaks_for": "company", "responsible": null}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x0f1ec96a0144398dad37026c51857ccf66987129aeb20365a411c2112b7fcc0c	\\xc73106bfe7d10bcc47c89a331e4c74d7dcf1185f8e1e915f8832f6961c2de4b6
	4	1	\N	actor_registered	2026-12-02 01:51:56.362389+00	2026-12-02 01:51:56.362389+00	f	\N	\N	\N	\N	\N	postgres	postgres	\N	\N	\N	\N	bert	{"kind": "human", "model": null, "active": true, "db_role": null, "customer": null, "authority": null, "successor": null, "speaks_for": "company", "responsible": null}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\xc73106bfe7d10bcc47c89a331e4c74d7dcf1185f8e1e915f8832f6961c2de4b6	\\x8fbbbf386b3c6b858b85adefb0e416def2cd723bd1a936e1e13f6aca4194a9ef
	5	1	\N	actor_registered	2026-12-02 01:51:56.363337+00	2026-12-02 01:51:56.363337+00	f	\N	\N	\N	\N	\N	postgres	postgres	\N	\N	\N	\N	bot	{"kind": "ai", "model": "m 1", "active": true, "db_role": null, "customer": null, "authority": null, "successor": null, "speaks_for": "company", "responsible": "bert"}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x8fbbbf386b3c6b858b85adefb0e416def2cd723bd1a936e1e13f6aca4194a9ef	\\xce798239de1d29107715689b5f71762fb180b275666df63e8092cb7577cafc05
	6	1	\N	actor_registered	2026-12-02 01:51:56.380931+00	2026-12-02 01:51:56.380931+00	f	\N	\N	\N	\N	\N	postgres	postgres	\N	\N	\N	\N	portal	{"kind": "system", "model": null, "active": true, "db_role": null, "customer": null, "authority": null, "successor": null, "speaks_for": "customer", "responsible": "bert"}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\xce798239de1d29107715689b5f71762fb180b275666df63e8092cb7577cafc05	\\x53996f828d2b9574c0f215a46086667ff84a758676c25b5b9528071282daf836
	7	1	\N	policy_set	2026-12-02 01:51:56.392941+00	2026-12-02 01:51:56.392941+00	f	\N	\N	\N	\N	\N	postgres	postgres	\N	\N	\N	\N	ai	{"kind": null, "grace": null, "active": true, "currency": null, "evidence": "asserted", "promiser": null, "cumulative": false, "due_within": null, "back_within": null, "least_value": null, "promiser_kind": "ai"}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x53996f828d2b9574c0f215a46086667ff84a758676c25b5b9528071282daf836	\\xe45b16abf561a1d1f6b3969f02029914f0c86456b9e513df4d5dfa6b357622aa
	8	1	\N	actor_registered	2026-12-02 01:51:56.424585+00	2026-12-02 01:51:56.424585+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	\N	\N	dora	{"kind": "human", "model": null, "active": true, "db_role": null, "customer": null, "authority": {"EUR": 100, "USD": 7.50}, "successor": null, "speaks_for": "company", "responsible": null}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k	\\x4f78e83a7ba9f9e37c875ba04d358964d1a9a233c3b8af292a34de7ae0f3f2b4c2486d3bc91d2b961969d60a5634921a88d63aa3549dab1d0e625838763ebe42	\\x5d28bee926d4ebd5e9cc40a34e48bfbc6a5f9f62938ae8b69d05ba4096af5b30	\N	\N	\N	\N	\N	\N	New here.	\\x4e67c8117d0ef8d591feedde59ceef1f76b795670accb4b29ec1cc2a84c874f1	\\xee2db5695ef9440d30e654fab90fcdd7f773d540ba4e0203e7cfff387f6c06c0	{"ticket": 7}	\\x78406f41015648a76312fd1f044a71af9ab62e0249b3cfdaae523f3bb3d9ad7c	\\x9699aa84a9c33a016d376b421c2658a27c9edf67bc40abf0906e73fdacefbb90	Dora	\\xff62a4f5f3f26ca2046c88d7c1d408812d8cd1a431b4e5653e9251d9f5090c4a	\\xdf64132a7fd4830cbba4494a8c2561596382861795b21e11d81a848768048e2f	\\xe45b16abf561a1d1f6b3969f02029914f0c86456b9e513df4d5dfa6b357622aa	\\x7ade8afce23029ccf351c778314974e0e666b7eb28385ce276ac53510f61bbca
	9	1	\N	policy_set	2026-12-02 01:51:56.452101+00	2026-12-02 01:51:56.452101+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	\N	\N	large	{"kind": "freight", "grace": "PT1H", "active": true, "currency": "EUR", "evidence": "asserted", "promiser": null, "cumulative": true, "due_within": null, "back_within": "P2D", "least_value": 5000.00, "promiser_kind": "ai"}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k2	\\x968c9767b4f4151f4eccb734a9aaebedd693a813a22c2dd3a27f7adc817958a70b0c98f5c34ca606cf4eb86cebdee7fc00a8417d6c67a4fd37df1748da154be2	\\x9e79417f0b12af944b2eae9350f62c2e7253081d93ce8e9345387a50f085b6fc	\N	\N	\N	\N	\N	\N	Large ones.	\\x3e501fc6295d70d0afa139f15e39f7502b1e11d1a3c861b73108854b7a5e5ab6	\\xa1a79c5a417da72380c785046be1970b13d99be970faaa3fe81234f16800b2ac	\N	\N	\N	\N	\N	\N	\\x7ade8afce23029ccf351c778314974e0e666b7eb28385ce276ac53510f61bbca	\\xfea877ba3bb8347b0446d2cc7b35d2f6cd6aa26001bcd8310e8b3537e51dd2cd
C-1	1	1	01a23473-8829-7e3e-8c5d-c62094ba1054	made	2026-12-02 01:51:56.457899+00	2026-12-02 01:51:56.457899+00	f	anna	human	company	\N	3	postgres	postgres	asserted	asserted	open	\N	\N	\N	anna	human	bot	anna	delivery	2099-03-01 11:00:00+00	2099-03-01 11:00:00+00	\N	1200.50	EUR	3 days 04:05:06.789	\N	\N	\N	\N	\N	\N	\N	\N	k1	\\x529cc8df6dfcc1d047f5ac96ec10c369a05447b1bb6f0fe81ad98aa57090ca250c4b5db032978915384ffda8464b8e4afd2518cb87d5e1a46afa6005769410a0	\\xedd8d06f72b17c9764d00b762c84dedb11327908c0c51bc9edbbb0b0ada26468	We deliver on Friday.	\\x62a4de5240f32591a585aa5830a2c9780496a27f70470170b81b4aa6bd58addc	\\x47048e03b92eac354719a998a8ba5eea477496aa3680766d95e55d26fe885267	The fair begins on Saturday.	\\x134a9f1fb83d04420e58e9dea2c9dd371b1f5cb057b5a12dae0bcf5c92e4517a	\\xe4ad8fc0cb8c5be7f4445c39e4bb3984919001840be0e087b88a5ae5a5fc70f5	\N	\N	\N	{"n": [1, 2.50, null, true], "channel": "mail"}	\\x6121bdad083e23eb65e6fccc2b55a53a62b5774123d54ba656ed276a7d431da9	\\x91d387f787485e7e3b2b03989301cee3c75f0796f20c42b72f35be131e7ae968	\N	\N	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\\xb8f7b57ebdc13334bcd4713d336a125b9548a146a929b1f7fc494477eb098383
C-1	2	1	01a23473-8838-7cc9-b8f4-f1218ee0e312	made	2026-12-02 01:51:56.472205+00	2026-12-02 00:30:00.123456+00	f	bot	ai	company	bert	5	postgres	postgres	asserted	asserted	proposed	\N	\N	\N	bot	ai	\N	\N	\N	2099-12-31 23:59:59.999999+00	2099-12-31 23:59:59.999999+00	2026-12-04 00:30:00.123456+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k2	\\x6009a3acd8b283bb30e9ce476141ccedc555362774b7c9e5d3a667e6c67e307a87d47353d3ba56eaa61f18323fcea9e4608bf9eaf5f4f7da5cbecf18d4b922b6	\\x3f1192f4548b30991c7d2a3677c3481baa9c6d3527e9d840c50cf8879181841a	We call back.	\\x3cc800cb5b65062cb08df254518155f0beec7bd1c7e5dc03cca68a48ae1370fe	\\x95852813bb020c2b42261e95c4bb976e71ea58dc20de42be63449cb1ec0ad7ad	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\xb8f7b57ebdc13334bcd4713d336a125b9548a146a929b1f7fc494477eb098383	\\x5867984a2a3015bfdb3b1823b81eb23a5186084c2a4df2b5ed8c4c9bb0bdb529
C-1	3	1	01a23473-8839-7a41-a271-fb7d26582161	made	2026-12-02 01:51:56.47306+00	2026-12-02 01:51:56.47306+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	open	\N	\N	\N	anna	human	\N	anna	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k3	\\x115e88decc70b77e77bf6c8a0ce0e31d2d27f68fc3634ffac79beb2bae07585e2a4f3756d3ebdeec8ea7489ae02101cb5ff176ad38185c1a936fe6a5adcbc9c9	\\xfa4128173637563fb01a8557b1f6711a0eede5181e1261261d292024cb774962	We mend it.	\\xa7d3648ae6e667f3a9f5364591c01aaeb26d8ca36325bb2246883217b9608a9a	\\x857e903062feac662c281647c701620c1752cbf767d137f84a0d5b65e81c8137	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x5867984a2a3015bfdb3b1823b81eb23a5186084c2a4df2b5ed8c4c9bb0bdb529	\\x7555a807ab450f51a36b0f3ed6d0d2af7e8926714c89e3b3aa606b4186b1a2c4
C-1	4	1	01a23473-8839-730d-b100-bc964e2d788f	made	2026-12-02 01:51:56.473388+00	2026-12-02 01:51:56.473388+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	open	\N	\N	\N	anna	human	\N	anna	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k4	\\xcabfa44c7078c1c02cac469c5035ae9d828967ffec7878450bcb725684605d940949a485bf1ab6f3615c0588c6f9f4a8184a1240048f3f3c71b9a8ad26ef3bf4	\\x76dabb19c81497b60a2a19fea6423755e14656b604d084eaf0d3790ac1e78b51	We send a book.	\\xaaa20e179833b5cbca819aef9237cb574c74d5533cc31111c3b54f4420006d16	\\x563d70831fd1a780a3bef8c7334bad3ae70bf51873b8739953a6a197a04b53ae	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x7555a807ab450f51a36b0f3ed6d0d2af7e8926714c89e3b3aa606b4186b1a2c4	\\x1e2ffd1c2456a036c2211e3a1ba2849aad997e2a172c9a1eceed912e514bc2f6
C-1	5	1	01a23473-8839-7771-b17d-14588fffdaf5	made	2026-12-02 01:51:56.473618+00	2026-12-02 01:51:56.473618+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	open	\N	\N	\N	anna	human	\N	anna	\N	2099-05-05 08:00:00+00	2099-05-05 08:00:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k21	\\xa855a0a6113f74cdcbcf3aa5388621f0ef340fec3de3c875e1e0c0c4cd517fd5a33692c38739b8ff9c2c28de289dbaf2bc00a66b57f30efd3c840d8794decf22	\\x3884dcdbd066f95c1687a0bf58ec8c956b51d5162e7dbe8b8e746198aeae3cca	We come on Tuesday.	\\xffb9f86d8c27edc8edcfaece97db7ae19e4856d7bc1d01e4b5bc15ab4d61ffc8	\\xfcc53f0aecce7c39ba2c2a046e1095724c8bef4afd92381a2d3cc46f93e43f6c	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x1e2ffd1c2456a036c2211e3a1ba2849aad997e2a172c9a1eceed912e514bc2f6	\\xcd69cede91757c1f4f45a435914cbe6290790861deb554a89542ba971c94f381
C-1	6	1	01a23473-8829-7e3e-8c5d-c62094ba1054	backed	2026-12-02 01:51:56.474186+00	2026-12-02 01:51:56.474186+00	f	anna	human	company	\N	3	postgres	postgres	asserted	asserted	open	1	\N	\N	\N	\N	\N	anna	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k5	\\xc07e798048c3db30d8e4a877b91fbed82314924603e2563115533a0fdd04671887c8b89a67171bdee5443f3980017a58751fefae58e82b93358ea3a07bc63f55	\\x91baa020ae414c2b510e0727bacd28bf0d5c476f36e8bc645b58ec264c2d604f	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\xcd69cede91757c1f4f45a435914cbe6290790861deb554a89542ba971c94f381	\\x480811d36885c11a832420cf35a270ebe4a3b35b84277673f7e8d92ceeba1e43
C-1	7	1	01a23473-8838-7cc9-b8f4-f1218ee0e312	declined	2026-12-02 01:51:56.475413+00	2026-12-02 01:51:56.475413+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	proposed	2	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k6	\\xfc814b4401305f2e52fddc8be4d5e732e2b597b0b75b4cf3a5de28604fd72e8ae2552207bc90ff074c9ca0598dca629e40340dfd4beefc6991691e0d80cb3788	\\x07007a32231e164ac93106a5446204aa6427aad8736ab552ae675386d48a4ffc	\N	\N	\N	\N	\N	\N	Not with me.	\\xfe59904c0d731c005b11bdab37f1296e3040582117b0ffeeeae518162524e8b9	\\x923699c468ec7beebbe0d4b5f21165314cc8e3134a9ff19503aea4f6e9dc7a6e	\N	\N	\N	\N	\N	\N	\\x480811d36885c11a832420cf35a270ebe4a3b35b84277673f7e8d92ceeba1e43	\\x3cf21648d8f6be269f3f3a8308adc0aed1876be4845c93bcae16682b7defbadb
C-2	1	1	01a23473-8839-7009-87eb-322f37444d60	made	2026-12-02 01:51:56.473874+00	2026-12-02 01:51:56.473874+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	open	\N	\N	\N	anna	human	\N	anna	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\xab70b79c699ef9f1a9909cecaf742b8af95b5006dc32ff54cf1c459b4e2e8c2d	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\\x4967dab9e5bbece659913ef3437e265f3d3ffa7c53e3f69f3c1c882ce2371f8b
C-1	8	1	01a23473-8829-7e3e-8c5d-c62094ba1054	amended	2026-12-02 01:51:56.48503+00	2026-12-02 01:51:56.48503+00	f	anna	human	company	\N	3	postgres	postgres	asserted	asserted	open	1	\N	\N	anna	human	bot	anna	freight	2099-04-01 12:00:00+00	2099-04-01 12:00:00+00	\N	\N	\N	2 days	f	\N	t	\N	\N	\N	\N	\N	k7	\\xe95ecda712a6d09a4f5e418bd2a7efdb74ad13498accc0fe512483593331c8befec8aa2dba2ee6bb03f6d570069ec480d096995b0430a26934230911ccc7aa5f	\\xb5857bb717bf95cbecdc5e45a94bbbeebd975d11892968440351ceb9789c5413	We deliver on Monday.	\\x365d22a1d56ca023f6416efc14a9cfccb0cb0f2c2f4c26761b0f063dca5c60ba	\\x5fab49cebe6fbc468b1ffd5cc41c36c651fe9067b404aee9c720829312502948	The shop opens.	\\x746ad6671f4604964997471282f73b42592380347341e5306f21592d29aff4ac	\\xf74a5845f8030d2d3f781b23c72691529a3fb60593ad694d665e1d86d14fa2a8	Snow.	\\x6c159f9213bf205c979f4918061f42aaec7cf0c65d2e007451fb8c2d31db80d4	\\x86c20edb0160abdf92580e1db0901fc479f3d6250ea19403dc38c4a5440602c1	\N	\N	\N	\N	\N	\N	\\x3cf21648d8f6be269f3f3a8308adc0aed1876be4845c93bcae16682b7defbadb	\\x16571a3bc796beb1d710c9ef27e47370047db5d72fd639c2f57eba92f5bc1e92
C-1	9	1	01a23473-8829-7e3e-8c5d-c62094ba1054	paused	2026-12-02 01:51:56.486801+00	2026-12-02 01:51:56.486801+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	open	\N	\N	\N	\N	\N	\N	\N	\N	2099-04-03 12:00:00+00	2099-04-03 12:00:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k8	\\x56e276f7416791b56cc9d678bd0989097674c772ec502fec1c49605a1d066efec6352ef6b605c0d0b539c38714405e79990d4e55b2451e747d0c3f3fd45e0a68	\\x5b3a1f9b54d8fabf5df97a61f3509445c3a10a2a7a58d166acc657f587b63236	\N	\N	\N	\N	\N	\N	No address.	\\x8ebb72ea7c2cba10e7add7c058abcd75efa2cf01b3a7a44661fc9d5926ece97c	\\x0df0af07d65ad707a3cd9f39ee32efae1ab8a2b88a3b067592850e9ff5687e88	\N	\N	\N	\N	\N	\N	\\x16571a3bc796beb1d710c9ef27e47370047db5d72fd639c2f57eba92f5bc1e92	\\xff845afe2d833d94375fa5c74012f3f02adea4cb288ff28070afb211b1035938
C-1	10	1	01a23473-8829-7e3e-8c5d-c62094ba1054	resumed	2026-12-02 01:51:56.487416+00	2026-12-02 01:51:56.487416+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	open	\N	\N	\N	\N	\N	\N	\N	\N	2099-04-01 12:00:00.000615+00	2099-04-01 12:00:00.000615+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k9	\\x50289a59563a5bb7a77742fee2f9ca1d29b1279e3938e31c17084960f021598e8de2fbc3eb0f0a22a483d4ccd187f27c48b16113b37cf21f71883d2bfd7ff2d5	\\x14f6e3d9a87318ee17acd5a6a4050550372f095620d648b768218efafad204aa	\N	\N	\N	\N	\N	\N	Here it is.	\\x3c9833c71f6b63cf98164da5ec788cbac51c17e14fc2a1276fa1c7c749053d1f	\\x99cabffb2ec2bedc140bd0419a8c7e94e999cb1fe26865bce01b42f50d323c83	\N	\N	\N	\N	\N	\N	\\xff845afe2d833d94375fa5c74012f3f02adea4cb288ff28070afb211b1035938	\\x04e82fa05a7fb496516cf026b9c49a9ef8f027a07abb42c057deb4c0d57a6891
C-1	11	1	01a23473-8829-7e3e-8c5d-c62094ba1054	backed	2026-12-02 01:51:56.493066+00	2026-12-02 01:51:56.493066+00	f	anna	human	company	\N	3	postgres	postgres	asserted	asserted	open	8	\N	\N	\N	\N	\N	anna	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k10	\\xf854fc1d78534f31335c23f702c52edbba52441b8b0802b9645774c2be64c0a28545b1b8571ffa6241f1db98b906e38aa7ac23cd98f8a62d1ff7b391157b8ebc	\\x3c36351658cfd8d3eebac55c848163cbcb3ed6d25ff5baf136c45ec94d56f8a9	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x04e82fa05a7fb496516cf026b9c49a9ef8f027a07abb42c057deb4c0d57a6891	\\x656d95bd1e419a601c525b41b6b0cef10bd4484b09815e2770814a54fa2f8662
C-1	12	1	01a23473-8829-7e3e-8c5d-c62094ba1054	backing_withdrawn	2026-12-02 01:51:56.493658+00	2026-12-02 01:51:56.493658+00	f	anna	human	company	\N	3	postgres	postgres	asserted	asserted	proposed	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	2026-12-04 01:51:56.493658+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k11	\\x31508aac1cbbe9ce7b50dadd30fdd0f32d0df48e85c44c138210df5c0c7e602f0fc4ade861c57bd60f5d996de77da69777088854c832de136c9407249b80392c	\\x77a594947795029f65b45c1b9fcbbf3255c4c01a75713915d058cdb73f04e3e2	\N	\N	\N	\N	\N	\N	Ill.	\\xabda6d98e113fce75eb790de4fb4ceb7d11ca8b033dd6a71c016c43d3dd2b70a	\\x4f7d083e89f7d2596a82ff664bd497800bb854fb28332f94a0f7cfeb2776a363	\N	\N	\N	\N	\N	\N	\\x656d95bd1e419a601c525b41b6b0cef10bd4484b09815e2770814a54fa2f8662	\\x12a6b69bda8a2f487080b9f77ed73f5f4bd0c4dff5f726e2343e0da019a51464
C-1	13	1	01a23473-8829-7e3e-8c5d-c62094ba1054	accepted	2026-12-02 01:51:56.494126+00	2026-12-02 01:51:56.494126+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	proposed	8	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	t	t	f	\N	\N	\N	\N	\N	k12	\\x6eecb2ab4bf2192b8f14390fa4f0de6921ca0f56d96b164e16ee916758781487cca3fd9c1d37f916f55f645de2c9ba1e68ba4f4f6389d0f26b29a236ec64d034	\\x9615e8e13db3d77f64c625e11663b777ed25221b09223bdd64e5f5a2037a97fc	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\\x12a6b69bda8a2f487080b9f77ed73f5f4bd0c4dff5f726e2343e0da019a51464	\\x846e0858c76a278acbdbb3bf42294fcc398d6591112b1af17eb679a3117a130b
C-1	14	1	01a23473-8829-7e3e-8c5d-c62094ba1054	noted	2026-12-02 01:51:56.494445+00	2026-12-02 01:51:56.494445+00	f	bot	ai	company	bert	5	postgres	postgres	asserted	\N	proposed	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k13	\\x1ed226421a7e74a64674367eda7ecf4b5e730c1eb2e5542c07827e8a1aeb05d070247c3bb82f3bfda120af090373e0b66bffaac6f9ff95a164be43e59cf46bf7	\\x31e4b269ec9a11bfdd6915be178a7e71bc98e31115575a107988a57053b9201d	\N	\N	\N	\N	\N	\N	They called.	\\x10fe2e80a5b214b70a47e8b522ca815e91122909ba577e9af0a7e00325826801	\\x43d1ac0476ec09a83b7dad2d42b3b91a4d7d352dc550a6d4968c1b4fbb75fe63	\N	\N	\N	\N	\N	\N	\\x846e0858c76a278acbdbb3bf42294fcc398d6591112b1af17eb679a3117a130b	\\xcfcc58cdfda48de08409cbaa51c2a03fe22ae56926d987d4bad58ff757d0ae1c
C-1	15	1	01a23473-8839-7771-b17d-14588fffdaf5	breach_admitted	2026-12-02 01:51:56.494777+00	2026-12-02 01:51:56.494777+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	broken	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	t	broken	company	\N	0	750	k14	\\x6c87df4bc2bbd89a5fcc52ea8641f0c635448819e884197b891df83ea74d0c691ae87dc9e7ae286d41cb928bf88a8684233121ef4846f5507a80275f8ea14bb7	\\x40fa91e56eff08493942b9a8810515c1243483715e49447bac752b3affc90d03	\N	\N	\N	\N	\N	\N	The lorry broke down.	\\x01e5fbb9ad2351c4f36446fbd178f5b07773dc0150b5f2a42bdb0692cd75e179	\\x9c3bf2a5674a7617dfc6804ef111b426d200e630319feecc27435f737ea8e778	\N	\N	\N	\N	\N	\N	\\xcfcc58cdfda48de08409cbaa51c2a03fe22ae56926d987d4bad58ff757d0ae1c	\\x29827e7a80af372d996e7a30886a18f1b4411035c1d3549b909a4a83847c7eeb
C-1	16	1	01a23473-8839-7771-b17d-14588fffdaf5	breach_repaired	2026-12-02 01:51:56.500796+00	2026-12-02 01:51:56.500796+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	broken	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	t	broken	company	\N	250	750	k15	\\x9d22d52bb6a2a14852795de871c6dbaf0bd82a30d5e40cdb40305b2cdab90289e862d12bf19a458727c9c13344dfc14ac2ce54867163909d5a849388cd3cfb17	\\x6c16d576bb902c513e1cf5886fe024b7507be5347e1a972f2595147f2f02081e	\N	\N	\N	\N	\N	\N	A new one was sent.	\\xf6e78f3f89c2d3bd095cc03aaa4ff36d4fb8ad31c52368e4cb3b320f89f40bc3	\\x9e953e3f5c77ca2a41a71b54249e03b75380d62ffa507a0cd73a464405774adc	\N	\N	\N	\N	\N	\N	\\x29827e7a80af372d996e7a30886a18f1b4411035c1d3549b909a4a83847c7eeb	\\xde9c5b80eb1a651bc61d443b8643c2841f5fbc8ad20fcccbaaf732035c48d6cc
C-1	17	1	01a23473-8839-7a41-a271-fb7d26582161	assessed	2026-12-02 01:51:56.501749+00	2026-12-02 01:51:56.501749+00	f	bert	human	company	\N	4	postgres	postgres	asserted	\N	kept	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	t	t	kept	company	t	500	0	k16	\\x2cb91bc73b20cd2496f9c2ebb326365c6e911779a81d37f3e331b28789cd290690a8f4ccd611ee3ce1089e69296a74af5a4ce4a0639976975ead5d5f46f0ada8	\\x19c6ae8e195a18798eb8b734cd21101443cc62ece856c60bc7a581eebffc47e4	\N	\N	\N	\N	\N	\N	All well.	\\x584c75a470841523cfec0ae0f1ed0f0c6957c7c009a624e0b284f9879fd062c1	\\x808882147d6c2b9e72a01b0573791f6bdca6a422b3cbd41065a98af6526c945c	\N	\N	\N	\N	\N	\N	\\xde9c5b80eb1a651bc61d443b8643c2841f5fbc8ad20fcccbaaf732035c48d6cc	\\x6133446c7b5329f6a88acd2d82cb5573c49b5cde9c77918fdc437e472973dcde
C-1	18	1	01a23473-8839-7a41-a271-fb7d26582161	assessed	2026-12-02 01:51:56.504213+00	2026-12-02 01:51:56.504213+00	f	portal	system	customer	bert	6	postgres	postgres	asserted	\N	kept	17	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	t	kept	customer	t	1000	0	k17	\\x3b1fd32cc554196c2d795f07cbb37ad9bcf92a8d9c48a80a5f9e683542e1bfdde19cce871274024d3bd19a996011b0044ed328a6952ccd651ef81c4919064ea8	\\x2a1cbfd5f4358ec7ab31f327509f1f6157efc96b4d1e0ed388683b56d26e4232	\N	\N	\N	\N	\N	\N	Yes.	\\x2ca8a0f019ea6e928cfc6d19b9c7b21e18cf3399498f6fe89a75fac48087203a	\\x9795bdb6f84e6f0f62f1c41991fd2835773302689f685a083ad4c352bd41d2ec	\N	\N	\N	\N	\N	\N	\\x6133446c7b5329f6a88acd2d82cb5573c49b5cde9c77918fdc437e472973dcde	\\x22d5361734c30e9d9000f30b9d47e6af51b575a3f1188f2cd676927fa7d84d83
C-1	19	1	01a23473-8839-730d-b100-bc964e2d788f	released	2026-12-02 01:51:56.515038+00	2026-12-02 01:51:56.515038+00	f	portal	system	customer	bert	6	postgres	postgres	asserted	\N	released	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k18	\\xe40d543506fd4634c1a6266f315c4e4ccb3bf3db7e2afe94f85fe89fc0b4fb13e1b9363a72cf08f8120251ab05a83f230ae3132d5902ddb496469873d532689d	\\xf15c0e8be7021a87464d593a0d1b34104932447a350263286a94222dd420ac4d	\N	\N	\N	\N	\N	\N	Never mind.	\\xc6b434a0574283648de49ec5076a517275f0e18469ee91784e7b9a72e3c14a1f	\\xad579f0d07ee2bcc6012ebcbbac8f89bf42e84cfb46ec7f269308db2d387e6be	\N	\N	\N	\N	\N	\N	\\x22d5361734c30e9d9000f30b9d47e6af51b575a3f1188f2cd676927fa7d84d83	\\x64ddaeec41bd3b5fde98c90f9ad5aff43c6897254a381368b2e6b09061654c30
C-1	20	1	01a23473-8838-7cc9-b8f4-f1218ee0e312	withdrawn	2026-12-02 01:51:56.516093+00	2026-12-02 01:51:56.516093+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	withdrawn	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k19	\\x5e8d62406291f09164e31e1ea935c224cb2c1120a786c6c3bf9ea98d6c0eb39e11f9bbe8d7901bc624fc778c3d09b27325e18e0b0f9b27a7c8ec10c4f018fd6e	\\x1118b8768002bd8d1ce88bb063ac9cdba1e797779459fb7784f9a13869856274	\N	\N	\N	\N	\N	\N	Sold out.	\\x5317cb5721a4a443f889877e568c3998e7b7bdf44fd2b2427b3478842829562e	\\x524c144c6f5d57ab08d81bdc75eceae52653bfc6904057666b5ac8f14f649a16	\N	\N	\N	\N	\N	\N	\\x64ddaeec41bd3b5fde98c90f9ad5aff43c6897254a381368b2e6b09061654c30	\\xe923a27adef29c64d10c629f5a9ce0c3943c5c40d6b2e96ff8448098515829cd
C-2	2	1	01a23473-8839-7009-87eb-322f37444d60	erased	2026-12-02 01:51:56.516746+00	2026-12-02 01:51:56.516746+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	open	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k20	\\xcafdf5af0da0d343f419251c15b946f2a6110991ef0e8fc017bb4edb243e6c516c2942cf8b5ff8762872b5309714e3812ff338b344f4e43a7cd8ab350fd6ce8a	\\xdcd40929a5b247ed40af1d0969d5fb8509c702ead950d5d519416d1613ea4775	\N	\N	\N	\N	\N	\N	They asked us to.	\\xdea1f1c5a40797e1246ea4c87b24feda20f5d6ed3b034c51ba29f92001dafc13	\\x2e9917c02c5cfbcd4fe39a4c2fd922bbf13a8cd962b6c2fd012acf104f937900	\N	\N	\N	\N	\N	\N	\\x4967dab9e5bbece659913ef3437e265f3d3ffa7c53e3f69f3c1c882ce2371f8b	\\xcb7098b41e6c155fc56dabf22072296f2b08b63ae421b54f11ea1af1c7556fcb
	10	1	\N	ledger_set	2026-12-02 01:51:56.533197+00	2026-12-02 01:51:56.533197+00	f	anna	human	company	\N	3	postgres	postgres	asserted	\N	\N	\N	207a0d30-8883-4c3d-84cf-057bbfdfb2a8	{"lag": "P2D", "zone": "Europe/Berlin", "weights": {"kept": [1000, 0], "broken": [0, 1000], "admitted": [0, 750], "repaired": [250, 750], "partly_kept": [500, 500], "kept_by_company": [500, 0]}, "half_life": "P100D", "table_format": 1}	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	k4	\\x7d34bbe5db7df85b2e62ab4eae21e3222fca4f7e24f30e7a0d4dbb1f1ccfb76133856f233de85be2bee31c56575622de628a8097fadf74055859c92296a57731	\\xabd70154acb6c55d05261cb7c3f97f272e91f37b02649d98ded73726a366fbb7	\N	\N	\N	\N	\N	\N	Slower.	\\xadc687af7e4af0f8d7b0f400d361d9ae3c630a81c97df6621466d0cc5802f38e	\\xfd7fc01eba47fb806a834af35ddeefb9f96a9f8398cbc55cb1f9ad6312abab20	\N	\N	\N	\N	\N	\N	\\xfea877ba3bb8347b0446d2cc7b35d2f6cd6aa26001bcd8310e8b3537e51dd2cd	\\xc7478366e660de41d3095f9a6ee7117d5daa3acc9aec15d0eda8df75ccf9a061
\.
COPY trust.ledger (ledger, table_format, half_life, weights, zone, lag, seq) FROM stdin;
207a0d30-8883-4c3d-84cf-057bbfdfb2a8	1	100 days	{"kept": [1000, 0], "broken": [0, 1000], "admitted": [0, 750], "repaired": [250, 750], "partly_kept": [500, 500], "kept_by_company": [500, 0]}	Europe/Berlin	2 days	10
\.
COPY trust.parked_change (parked, parked_at, source, tab, trigger, operation, actor, login, role, old_row, new_row, sqlstate, error) FROM stdin;
\.
COPY trust.policy (policy, promiser, promiser_kind, kind, currency, least_value, evidence, back_within, grace, due_within, cumulative, active, seq) FROM stdin;
ai	\N	ai	\N	\N	\N	asserted	\N	\N	\N	f	t	7
large	\N	ai	freight	EUR	5000.00	asserted	2 days	01:00:00	\N	t	t	9
\.
COPY trust.promise (customer, promise, state, words, purpose, promiser, promiser_kind, drafted_by, kind, value, currency, longest_pause, made_at, recorded_at, backfilled, backfilled_at, opened_at, first_due, due, due_moves, due_moved_at, overdue_at, paused_at, paused_until, paused_for, evidence_asked, back_by, waiting_since, seen_at, declined_at, backer, evidence, backed_at, unbacked_at, unbacked_by, former_backer, accepted_at, unconfirmed, admitted_at, repaired_at, outcome, whose_word, verdict_evidence, relayed, purpose_met, settled_by, settled_at, weight_kept, weight_broken, terms_seq, last_seq) FROM stdin;
C-1	01a23473-8829-7e3e-8c5d-c62094ba1054	proposed	We deliver on Monday.	The shop opens.	anna	human	bot	freight	\N	\N	2 days	2026-12-02 01:51:56.457899+00	2026-12-02 01:51:56.457899+00	f	\N	2026-12-02 01:51:56.457899+00	2099-03-01 11:00:00+00	2099-04-01 12:00:00.000615+00	1	2026-12-02 01:51:56.48503+00	2099-04-01 12:00:00.000615+00	\N	\N	00:00:00.000615	asserted	2026-12-04 01:51:56.493658+00	2026-12-02 01:51:56.493658+00	2026-12-02 01:51:56.48503+00	\N	\N	\N	\N	2026-12-02 01:51:56.493658+00	backing_withdrawn	anna	\N	13	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	8	14
C-1	01a23473-8839-7771-b17d-14588fffdaf5	broken	We come on Tuesday.	\N	anna	human	\N	\N	\N	\N	\N	2026-12-02 01:51:56.473618+00	2026-12-02 01:51:56.473618+00	f	\N	2026-12-02 01:51:56.473618+00	2099-05-05 08:00:00+00	2099-05-05 08:00:00+00	0	\N	2099-05-05 08:00:00+00	\N	\N	00:00:00	\N	\N	\N	2026-12-02 01:51:56.473618+00	\N	anna	asserted	2026-12-02 01:51:56.473618+00	\N	\N	\N	\N	\N	2026-12-02 01:51:56.494777+00	2026-12-02 01:51:56.500796+00	broken	company	asserted	f	\N	breach_admitted	2026-12-02 01:51:56.494777+00	250	750	5	16
C-1	01a23473-8839-7a41-a271-fb7d26582161	kept	We mend it.	\N	anna	human	\N	\N	\N	\N	\N	2026-12-02 01:51:56.47306+00	2026-12-02 01:51:56.47306+00	f	\N	2026-12-02 01:51:56.47306+00	\N	\N	0	\N	\N	\N	\N	00:00:00	\N	\N	\N	2026-12-02 01:51:56.47306+00	\N	anna	asserted	2026-12-02 01:51:56.47306+00	\N	\N	\N	\N	\N	\N	\N	kept	customer	asserted	f	t	assessed	2026-12-02 01:51:56.501749+00	1000	0	3	18
C-1	01a23473-8839-730d-b100-bc964e2d788f	released	We send a book.	\N	anna	human	\N	\N	\N	\N	\N	2026-12-02 01:51:56.473388+00	2026-12-02 01:51:56.473388+00	f	\N	2026-12-02 01:51:56.473388+00	\N	\N	0	\N	\N	\N	\N	00:00:00	\N	\N	\N	2026-12-02 01:51:56.473388+00	\N	anna	asserted	2026-12-02 01:51:56.473388+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	released	2026-12-02 01:51:56.515038+00	\N	\N	4	19
C-1	01a23473-8838-7cc9-b8f4-f1218ee0e312	withdrawn	We call back.	\N	bot	ai	\N	\N	\N	\N	\N	2026-12-02 00:30:00.123456+00	2026-12-02 01:51:56.472205+00	f	\N	\N	2099-12-31 23:59:59.999999+00	2099-12-31 23:59:59.999999+00	0	\N	2099-12-31 23:59:59.999999+00	\N	\N	00:00:00	asserted	2026-12-04 00:30:00.123456+00	\N	2026-12-02 01:51:56.475413+00	2026-12-02 01:51:56.475413+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	withdrawn	2026-12-02 01:51:56.516093+00	\N	\N	2	20
C-2	01a23473-8839-7009-87eb-322f37444d60	open	\N	\N	anna	human	\N	\N	\N	\N	\N	2026-12-02 01:51:56.473874+00	2026-12-02 01:51:56.473874+00	f	\N	2026-12-02 01:51:56.473874+00	\N	\N	0	\N	\N	\N	\N	00:00:00	\N	\N	\N	2026-12-02 01:51:56.473874+00	\N	anna	asserted	2026-12-02 01:51:56.473874+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	1	2
\.
COPY trust.source (customer, promise, source, key, name, gone, seq) FROM stdin;
\.
COPY trust.tracking (source, tab, mapping, triggers, active, seq) FROM stdin;
\.
SELECT pg_catalog.setval('public.request_nr_seq', 25, true);
ALTER TABLE ONLY trust.access
    ADD CONSTRAINT access_pkey PRIMARY KEY (role);
ALTER TABLE ONLY trust.actor
    ADD CONSTRAINT actor_pkey PRIMARY KEY (actor);
ALTER TABLE ONLY trust.chain
    ADD CONSTRAINT chain_pkey PRIMARY KEY (customer);
ALTER TABLE ONLY trust.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (customer, seq);
ALTER TABLE ONLY trust.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (ledger);
ALTER TABLE ONLY trust.parked_change
    ADD CONSTRAINT parked_change_pkey PRIMARY KEY (parked);
ALTER TABLE ONLY trust.policy
    ADD CONSTRAINT policy_pkey PRIMARY KEY (policy);
ALTER TABLE ONLY trust.promise
    ADD CONSTRAINT promise_pkey PRIMARY KEY (customer, promise) INCLUDE (opened_at, overdue_at, settled_at);
ALTER TABLE ONLY trust.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (customer, promise);
ALTER TABLE ONLY trust.tracking
    ADD CONSTRAINT tracking_pkey PRIMARY KEY (source);
CREATE UNIQUE INDEX actor_db_role ON trust.actor USING btree (db_role) WHERE active;
CREATE INDEX actor_responsible ON trust.actor USING btree (responsible) WHERE active;
CREATE INDEX entry_erased ON trust.entry USING btree (customer, seq) WHERE (event = 'erased'::text);
CREATE UNIQUE INDEX entry_idempotency_key ON trust.entry USING btree (customer, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX promise_promise ON trust.promise USING btree (promise);
CREATE INDEX promise_waiting ON trust.promise USING btree (waiting_since) WHERE (waiting_since IS NOT NULL);
CREATE INDEX source_row ON trust.source USING btree (source, key, name) WHERE (NOT gone);
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.access FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_governed();
ALTER TABLE trust.access ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.actor FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_governed();
ALTER TABLE trust.actor ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.chain FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_chain();
ALTER TABLE trust.chain ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.entry FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_entry();
ALTER TABLE trust.entry ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.ledger FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_governed();
ALTER TABLE trust.ledger ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.policy FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_governed();
ALTER TABLE trust.policy ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.promise FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_promise();
ALTER TABLE trust.promise ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.source FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_source();
ALTER TABLE trust.source ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard BEFORE INSERT OR DELETE OR UPDATE ON trust.tracking FOR EACH ROW EXECUTE FUNCTION trust_ledger.guard_governed();
ALTER TABLE trust.tracking ENABLE ALWAYS TRIGGER trust_guard;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.access FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.access ENABLE ALWAYS TRIGGER trust_guard_truncate;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.actor FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.actor ENABLE ALWAYS TRIGGER trust_guard_truncate;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.chain FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.chain ENABLE ALWAYS TRIGGER trust_guard_truncate;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.entry FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.entry ENABLE ALWAYS TRIGGER trust_guard_truncate;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.ledger FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.ledger ENABLE ALWAYS TRIGGER trust_guard_truncate;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.policy FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.policy ENABLE ALWAYS TRIGGER trust_guard_truncate;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.promise FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.promise ENABLE ALWAYS TRIGGER trust_guard_truncate;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.source FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.source ENABLE ALWAYS TRIGGER trust_guard_truncate;
CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON trust.tracking FOR EACH STATEMENT EXECUTE FUNCTION trust_ledger.guard_truncate();
ALTER TABLE trust.tracking ENABLE ALWAYS TRIGGER trust_guard_truncate;
