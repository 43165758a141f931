-- The objects of the extension: its functions, types, views and tables, and their comments.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(476);

CREATE SCHEMA trust_ledger;
SELECT throws_ok('CREATE EXTENSION trust_ledger', '42P06', NULL,
	'a schema trust_ledger that is there already is not adopted');
DROP SCHEMA trust_ledger;

CREATE EXTENSION trust_ledger;
SELECT throws_ok('ALTER EXTENSION trust_ledger SET SCHEMA public', '0A000', NULL,
	'the extension stays in its schema');
SELECT is((SELECT extversion FROM pg_extension WHERE extname = 'trust_ledger'),
	(SELECT default_version FROM pg_available_extensions WHERE name = 'trust_ledger'),
		'it has the version it says');
SELECT isnt(trust_ledger.create_ledger(), NULL, 'create_ledger() returns the ledger''s uuid');

-- ---- functions: all there are, no other

CREATE TABLE intended (
	name text, arguments text, returns text, volatile "char" DEFAULT 'v', strict boolean DEFAULT
		false, parallel "char" DEFAULT 'u'
);
INSERT INTO intended (name, arguments, returns)
SELECT name, concat_ws(' ', arguments, 'occurred_at context idempotency_key'),
	'trust_ledger.receipt'
FROM (VALUES
	('register_actor',
		'actor kind name speaks_for responsible db_role model authority customer reason '
		'returns acting'),
	('retire_actor', 'actor successor reason acting'),
	('set_policy',
		'policy promiser promiser_kind kind currency least_value cumulative evidence back_within '
		'grace due_within reason actor'),
	('drop_policy', 'policy reason actor'),
	('set_ledger', 'half_life weights zone lag reason actor'),
	('adopt_ledger', 'reason actor'),
	('grant_access', 'role level reason actor'),
	('revoke_access', 'role level reason actor'),
	('rebuild', 'of_customer reason actor'),
	('set_tracking', 'tab mapping reason actor'),
	('drop_tracking', 'source reason actor'),
	('make_promise',
		'customer words promiser kind due due_on value currency purpose drafted_by longest_pause '
		'actor'),
	('back_promise', 'promise customer actor'),
	('withdraw_backing', 'promise reason customer actor'),
	('accept_promise', 'promise relayed customer actor'),
	('decline_promise', 'promise reason customer actor'),
	('pause_promise', 'promise reason customer actor'),
	('resume_promise', 'promise reason customer actor'),
	('admit_breach', 'promise reason customer actor'),
	('repair_breach', 'promise how customer actor'),
	('add_note', 'promise note customer actor'),
	('confirm_relayed', 'promise entry reason customer actor'),
	('erase_words', 'promise reason customer actor'),
	('erase_words', 'customer seq reason actor'),
	('erase_customer', 'customer reason actor'),
	('amend_promise',
		'promise words kind due due_on value currency purpose drafted_by longest_pause clear '
		'reason relayed customer actor'),
	('withdraw_promise', 'promise reason customer actor'),
	('release_promise', 'promise reason relayed customer actor'),
	('assess_promise', 'promise verdict relayed purpose_met reason customer actor')) AS writing
		(name, arguments);
INSERT INTO intended VALUES
	('act_as', 'actor', 'text', 'v', false, 'u'),
	('check_ledger', '', 'void', 's', false, 'u'),
	('make_promises', 'promises', 'trust_ledger.receipt', 'v', false, 'u'),
	('history', 'promise customer', 'record', 's', false, 'r'),
	('verify', '', 'record', 's', false, 'r'),
	('verify', 'of_customer', 'record', 's', true, 'r'),
	('ledger_digest', '', 'record', 's', false, 'r'),
	('state_machine', '', 'record', 'i', false, 's'),
	('require_reader', '', 'boolean', 's', false, 'r'),
	('reads_words', '', 'boolean', 's', false, 'r'),
	('customer_score', 'customer as_of known_at', 'trust_ledger.trust_score', 's', false, 'r'),
	('promiser_score', 'actor as_of known_at', 'trust_ledger.trust_score', 's', false, 'r'),
	('carried_score', 'by of_key half_life', 'trust_ledger.trust_score', 's', false, 'r'),
	('explain_trust', 'by of_key as_of known_at', 'record', 's', false, 'r'),
	('trust_trend', 'by step since until basis of_key', 'record', 's', false, 'r'),
	('human_backing', 'landmark', 'record', 's', false, 'r'),
	('track_table', 'tab mapping dry_run reason actor path former_key', 'text', 'v', false, 'u'),
	('untrack_table', 'tab reason actor', 'integer', 'v', false, 'u'),
	('drop_track_triggers', 'tab', 'integer', 'v', false, 'u'),
	('statements_to_track', 'tab mapping', 'text[]', 's', false, 'u'),
	('create_track_triggers', 'tab statements path', 'void', 'v', false, 'u'),
	('watch_suspended', '', 'void', 'v', false, 'u'),
	('recorded_tracking', 'tab', 'jsonb', 'v', true, 'u'),
	('definition_columns', 'definition', 'text[]', 's', true, 's'),
	('columns_since_recorded', 'tab triggers', 'record', 's', false, 'u'),
	('trigger_states', 'tab', 'jsonb', 's', false, 'u'),
	('restore_trigger_states', 'tab states', 'void', 'v', false, 'u'),
	('suspension_arguments', 'tab recorded', 'text[]', 's', false, 'u'),
	('suspend_tracking', 'tab', 'void', 'v', false, 'u'),
	('condition_renamed', 'condition names new_names', 'text', 's', true, 's'),
	('mapping_renamed', 'part names new_names', 'jsonb', 's', false, 's'),
	('is_as_recorded', 'tab triggers', 'boolean', 's', false, 'u'),
	('resume_tracking', 'tab reason actor path former_key', 'void', 'v', false, 'u'),
	('refuse_while_suspended', '', 'trigger', 'v', false, 'u'),
	('is_suspension', 'trigger', 'boolean', 's', true, 's'),
	('is_suspended', 'tab', 'boolean', 's', false, 's'),
	('trigger_fingerprints', 'trigger', 'text[]', 's', true, 's'),
	('check_trackable', 'tab', 'void', 's', false, 'u'),
	('read_former_keys', 'tab former_key', 'record', 'v', true, 'u'),
	('carry_over', 'tab former_key actor', 'bigint', 'v', false, 'u'),
	('recorded_arguments', 'source', 'text[]', 'v', true, 'u'),
	('tracked_key', 'tab source', 'text[]', 'v', false, 'u'),
	('check_same_key', 'tab source former_key', 'void', 'v', false, 'u'),
	('follow_former_key', 'tab former_key actor', 'void', 'v', false, 'u'),
	('check_conditions', 'tab', 'void', 's', true, 'u'),
	('key_columns', 'tab', 'text[]', 's', false, 's'),
	('key_has_changed', 'trigger', 'boolean', 's', true, 's'),
	('source_to_track', 'tab wanted', 'text', 's', false, 'u'),
	('check_mapping', 'mapping place inherited', 'void', 's', false, 'u'),
	('check_mapped_events', 'place events', 'void', 's', false, 'u'),
	('check_mapped_condition', 'place condition changes', 'void', 's', false, 'u'),
	('check_mapped_arguments', 'place given known also', 'void', 'i', false, 'u'),
	('tracked_events', '', 'record', 'i', false, 's'),
	('mapped_promises', 'mapping', 'record', 'i', false, 's'),
	('mapped_arguments', 'mapped event own', 'text[]', 'i', false, 's'),
	('mapped_deletion', 'mapped', 'record', 'i', false, 's'),
	('mapped_life', 'mapped', 'record', 's', false, 's'),
	('mapped_triggers', 'mapped', 'record', 's', false, 's'),
	('tracking_statements', 'tab mapping source', 'record', 's', false, 's'),
	('track_triggers', '', 'record', 's', false, 's'),
	('table_of_source', 'source tab', 'oid', 's', false, 's'),
	('tracked_state', 'trigger definition fingerprint', 'text', 's', false, 's'),
	('tracked_bypass', 'trigger is_copy', 'text', 's', false, 's'),
	('untracked_children', 'tab', 'text', 's', false, 's'),
	('create_ledger', 'copy', 'uuid', 'v', false, 'u'),
	('mark_copy', 'copied', 'void', 'v', false, 'u'),
	('trigger_arguments', 'tgargs', 'text[]', 'i', true, 's'),
	('trigger_definition', 'trigger', 'text', 's', true, 's'),
	('trigger_fingerprint', 'trigger', 'text', 's', true, 's'),
	('condition_for', 'condition row', 'text', 's', true, 's'),
	('condition_is_change', 'condition', 'boolean', 's', true, 's'),
	('condition_columns', 'condition', 'text[]', 's', true, 's'),
	('check_track', 'trigger', 'void', 'v', true, 'u'),
	('source_of', 'tab', 'text', 's', true, 'u'),
	('read_tracked', 'tab source with_rows', 'trust_ledger.mapped_row', 'v', true, 'u'),
	('write_pending', '', 'void', 'v', false, 'u'),
	('import_rows', 'tab source changes', 'record', 'v', true, 'u'),
	('import_batch', 'tab source changes earlier', 'trust_ledger.import_refusal[]', 'v', false,
		'u'),
	('analyze_imported', '', 'void', 'v', false, 'u'),
	('report_refusals', 'source total refusals', 'void', 'v', false, 'u'),
	('import_table', 'tab changes_at_once in_one_transaction', 'void', 'v', false, 'u'),
	('reconcile_table', 'tab', 'record', 's', false, 'u'),
	('compare_rows', 'tab of_source', 'record', 's', false, 'u'),
	('read_batches', 'tab source changes_at_once', 'record', 'v', false, 'u'),
	('ledger_relations', '', 'record', 's', false, 'u'),
	('check_nothing_planted', '', 'void', 's', false, 'u'),
	('replay_parked', 'source', 'record', 'v', false, 'u'),
	('drop_parked', 'parked reason actor occurred_at context idempotency_key',
		'trust_ledger.receipt', 'v', false, 'u'),
	('policy_is_weaker', 'old new', 'boolean', 'i', false, 's'),
	('same_value', 'a b', 'boolean', 'i', false, 's'),
	('ledger_structure', '', 'record', 'i', false, 's'),
	('found_structure', '', 'record', 's', false, 'u'),
	('structure_problems', '', 'record', 's', false, 'u'),
	('check_tables', '', 'void', 's', false, 'u'),
	('ledger_views', '', 'record', 'i', false, 's'),
	('promise_views', '', 'record', 'i', false, 's'),
	('trust_views', '', 'record', 'i', false, 's'),
	('policy_views', '', 'record', 'i', false, 's'),
	('access_views', '', 'record', 'i', false, 's'),
	('exception_views', '', 'record', 'i', false, 's'),
	('promise_exceptions', '', 'record', 's', false, 'r'),
	('comment_on_columns', 'relation comments', 'void', 'v', false, 'u'),
	('promise_column_comments', '', 'text[]', 'i', false, 's'),
	('policy_column_comments', '', 'text[]', 'i', false, 's'),
	('source_column_comments', '', 'text[]', 'i', false, 's'),
	('parked_column_comments', '', 'text[]', 'i', false, 's'),
	('analysis_views', '', 'record', 'i', false, 's'),
	('tracked_row_views', '', 'record', 'i', false, 's'),
	('parked_views', '', 'record', 'i', false, 's'),
	('tracked_views', '', 'record', 'i', false, 's'),
	('score_agg', 'kept broken at half_life', 'trust_ledger.trust_score', 'i', false, 's'),
	('sum', '', 'trust_ledger.trust_score', 'i', false, 's');
-- Functions of their arguments alone: immutable, strict, parallel safe.
INSERT INTO intended
SELECT name, arguments, returns, 'i', true, 's'
FROM (VALUES
	('trust_score_in', '', 'trust_ledger.trust_score'), ('trust_score_out', '', 'cstring'),
	('trust_score_recv', '', 'trust_ledger.trust_score'), ('trust_score_send', '', 'bytea'),
	('trust_score', 'kept broken as_of half_life', 'trust_ledger.trust_score'),
	('fuse', '', 'trust_ledger.trust_score'),
	('decay', 'score instant', 'trust_ledger.trust_score'),
	('score_accum', ' kept broken at half_life', 'trust_ledger.trust_score'),
	('sparkline', 'numbers', 'text'), ('trust_score_cmp', '', 'integer'),
	('trust_score_hash', '', 'integer'), ('trust_score_hash_extended', '', 'bigint'),
	('as_of', 'score', 'timestamp with time zone'), ('half_life', 'score', 'interval'),
	('expectation', 'score base_rate', 'double precision'),
	('lower_bound', 'score confidence base_rate', 'double precision')) AS f (name, arguments,
		returns)
UNION ALL SELECT 'trust_score_' || name, '', 'boolean', 'i', true, 's'
	FROM unnest('{eq,ne,lt,le,gt,ge}'::text[]) AS name
UNION ALL SELECT name, 'score', 'double precision', 'i', true, 's'
	FROM unnest('{kept,broken,belief,disbelief,uncertainty}'::text[]) AS name;
INSERT INTO intended (name, arguments, returns)
SELECT name, '', returns
FROM (VALUES ('found_ledger', 'trust_ledger.receipt'), ('migrate_as_owner', 'boolean'),
	('ledger_is_empty', 'boolean'), ('take_ledger', 'name')) AS founding (name, returns)
UNION ALL
SELECT name, '', 'void'
FROM unnest('{migrate_ledger,record_parked,record_settings,add_promise_columns,migrate_tables,'
	'fill_promise_columns,check_ledger_owner,create_tables,create_scores,'
	'index_refusals,create_guards,create_views,comment_on_tables,comment_on_promise_views,'
	'comment_on_policy_views,comment_on_access_views,comment_on_trust_views,'
	'comment_on_exception_views,comment_on_analysis_views,comment_on_tracked_row_views,'
	'comment_on_parked_views,comment_on_tracked_views}'::text[]) AS name
UNION ALL
SELECT made || concept || '_table', '', 'void'
FROM unnest('{create_,comment_on_}'::text[]) AS made,
	unnest('{settings,actor,policy,access,tracking,chain,promise,source,entry,parked,copy}'::text[])
	AS concept
UNION ALL
SELECT 'track', '', 'trigger'
UNION ALL
SELECT 'guard_' || name, '', 'trigger'
	FROM unnest('{entry,chain,promise,source,governed,parked,copy,truncate}'::text[]) AS name
UNION ALL
SELECT 'follow_tables', '', 'event_trigger'
UNION ALL
SELECT 'refuse_column_drop', '', 'event_trigger';

SELECT set_eq($$
	SELECT proname::text, coalesce(array_to_string(proargnames[1:pronargs], ' '), ''),
		format_type(prorettype, NULL),
		provolatile, proisstrict, proparallel
	FROM pg_proc WHERE pronamespace = 'trust_ledger'::regnamespace $$,
	'SELECT * FROM intended',
		'the functions of schema trust_ledger: arguments, result, volatility, strictness, '
		'parallel safety');

SELECT is_empty($$
	SELECT proname FROM pg_proc
	WHERE pronamespace = 'trust_ledger'::regnamespace
		AND prorettype = 'trust_ledger.receipt'::regtype
		AND pronargs > 0 AND pronargdefaults < pronargs - 3 $$,
	'all but what they are about is optional in the writing functions');
SELECT is_empty($$
	SELECT proname FROM pg_proc WHERE pronamespace = 'trust_ledger'::regnamespace AND prosecdef $$,
	'no function is a security definer');
SELECT is_empty($$
	SELECT proname FROM pg_proc p JOIN pg_language l ON l.oid = prolang
	WHERE pronamespace = 'trust_ledger'::regnamespace AND lanname <> 'c' AND prokind <> 'a'
		AND proname <> 'import_table'	-- it commits, and qualifies every name instead
		AND 'search_path=pg_catalog, pg_temp' <> ALL (coalesce(proconfig, '{}')) $$,
	'what is not in C has its search_path pinned');
SELECT is_empty($$
	SELECT DISTINCT probin FROM pg_proc
	WHERE pronamespace = 'trust_ledger'::regnamespace AND probin <> '$libdir/trust_ledger' $$,
	'what is in C comes from one library');
SELECT results_eq($$
	SELECT proname::text COLLATE "default", aggtransfn, aggcombinefn, aggfinalfn,
		aggtranstype::regtype, agginitval COLLATE "default"
	FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid
		WHERE pronamespace = 'trust_ledger'::regnamespace ORDER BY 1 $$,
	$$VALUES ('score_agg', 'trust_ledger.score_accum'::regproc, 'trust_ledger.fuse'::regproc,
			0::regproc, 'trust_ledger.trust_score'::regtype, 'empty'),
		('sum', 'trust_ledger.fuse', 'trust_ledger.fuse', 0, 'trust_ledger.trust_score', 'empty')$$,
	'an aggregate''s state is a score, which begins empty, and states fuse');

SELECT results_eq($$
	SELECT attname::text COLLATE "default", format_type(atttypid, atttypmod) FROM pg_attribute
	WHERE attrelid = (SELECT typrelid FROM pg_type WHERE oid = 'trust_ledger.receipt'::regtype)
		ORDER BY attnum $$,
	$$VALUES ('promise', 'uuid'), ('customer', 'text'), ('seq', 'bigint'), ('state', 'text'),
		('recorded_at', 'timestamp with time zone'), ('hash', 'bytea')$$,
	'what a receipt says');

-- ---- members of the extension

SELECT is_empty($$
	SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
	WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'trust_ledger') AND deptype = 'e'
		AND (classid NOT IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass,
			'pg_operator'::regclass,
				'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_event_trigger'::regclass)
			OR objid = 'trust'::regnamespace) $$,
	'no table is a member of the extension, nor is schema trust');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p
	WHERE pronamespace = 'trust_ledger'::regnamespace AND NOT EXISTS (
		SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e') $$,
	'every function is');
SELECT throws_ok('DROP EXTENSION trust_ledger', '2BP01', NULL,
	'the extension is not dropped from under a ledger');

-- ---- comments

SELECT is_empty($$
	SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
	WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'trust_ledger') AND deptype = 'e'
		AND obj_description(objid, classid::regclass::name) IS NULL
		AND objid NOT IN (SELECT typarray FROM pg_type) $$,
	'every object of the extension has a comment');
SELECT is_empty($$
	SELECT oid::regclass FROM pg_class
	WHERE relnamespace = 'trust'::regnamespace AND relkind IN ('r', 'v') AND obj_description(oid,
		'pg_class') IS NULL $$,
	'every table and view has');

-- ---- tables and views

SELECT set_eq($$
	SELECT relkind, relname::text FROM pg_class WHERE relnamespace = 'trust'::regnamespace
		AND relkind <> 'i' $$,
	$$SELECT 'r'::"char",
		unnest('{ledger,actor,policy,access,tracking,chain,promise,source,entry,parked_change,'
			'copy}'::text[])
	UNION ALL SELECT 'v',
		unnest('{current_promise,awaiting_backing,policy_rule,access_level,customer_trust,'
			'promiser_trust,backer_trust,kind_trust,exception,overdue,orphaned,over_promising,'
			'human_backing,tracked,tracked_row,tracked_entry,parked}'::text[])$$,
	'the tables and views of schema trust, no sequence among them');

SELECT columns_are('trust', tab, columns, 'columns of trust.' || tab)
FROM (VALUES
	('ledger', '{ledger,table_format,half_life,weights,zone,lag,seq}'::name[]),
	('actor',
		'{actor,kind,name,speaks_for,customer,responsible,db_role,model,authority,active,
		successor,seq}'),
	('policy',
		'{policy,promiser,promiser_kind,kind,currency,least_value,cumulative,evidence,
		back_within,grace,due_within,active,seq}'),
	('access', '{role,levels,seq}'),
	('tracking', '{source,tab,mapping,triggers,active,seq}'),
	('tracked',
		'{source,tab,trigger,event,promise,arguments,definition,state,recorded_seq,bypass}'),
	('source', '{customer,promise,source,key,name,gone,seq}'),
	('tracked_row', '{source,key,name,customer,promise,gone}'),
	('parked_change',
		'{parked,parked_at,source,tab,trigger,operation,actor,login,role,old_row,new_row,
		sqlstate,error,salt}'),
	('parked',
		'{parked,parked_at,source,tab,trigger,operation,actor,login,role,old_row,new_row,
		sqlstate,error}'),
	('copy', '{copied}'),
	('chain', '{customer,length,head,recorded_at,score}'),
	('current_promise',
		'{customer,promise,state,overdue,words,purpose,promiser,promiser_kind,drafted_by,kind,
		value,currency,longest_pause,backer,evidence,backed_at,evidence_asked,back_by,
		accepted_at,made_at,opened_at,first_due,due,due_moves,overdue_at,
		outcome,whose_word,verdict_evidence,relayed,purpose_met,settled_by,settled_at,
		weight_kept,weight_broken,recorded_at,
		backfilled,terms_seq,last_seq,due_moved_at,paused_at,paused_until,paused_for,
		seen_at,declined_at,unbacked_at,unbacked_by,former_backer,unconfirmed,admitted_at,
		repaired_at,backfilled_at,eased_at,broken_at,verdict_by,reversed_at,doubted_speaker}'),
	('awaiting_backing',
		'{customer,promise,state,words,promiser,promiser_kind,drafted_by,kind,value,currency,
		due,evidence_needed,back_by,waiting_since}'),
	('policy_rule',
		'{policy,promiser,promiser_kind,kind,currency,least_value,cumulative,evidence,
		back_within,grace,due_within}'),
	('access_level', '{role,level}'),
	('exception', '{what,since,customer,promise,subject,promiser,kind,state,detail}'),
	('overdue',
		'{customer,promise,state,words,promiser,promiser_kind,backer,kind,value,currency,due,
		overdue_at,days_over,accepted_at}'),
	('orphaned',
		'{customer,promise,state,words,promiser,former_backer,why,since,kind,value,currency,
		due,accepted_at,overdue}'),
	('over_promising',
		'{promiser,promiser_kind,kind,promises,decided,kept,partly_kept,broken,overdue,
		kept_rate,kept_rate_low,kept_rate_high,
		median_promised,median_needed,human_decided,human_kept_rate,human_median_needed}'),
	('human_backing',
		'{scope,evidence,month,kind,promiser_kind,value_band,backed_promises,backed_undecided,
		backed_too_early,backed_decided,backed_kept,backed_rate,backed_accepted,
		unbacked_promises,unbacked_undecided,unbacked_too_early,unbacked_decided,unbacked_kept,
		unbacked_rate,unbacked_accepted,difference,difference_low,difference_high}')) AS intended
			(tab, columns);
SELECT columns_are('trust', key || '_trust', key::name
	|| '{score,expectation,lower_bound,uncertainty,evidence_kept,evidence_broken,promises,
	proposed,open,overdue,kept,partly_kept,broken,released,withdrawn,share_backed,
	share_asserted,share_session,share_passkey,share_company_word,withdrawn_late,
	released_late,due_moved,median_time_to_keep,opened_late,eased,withdrawn_near_due,
	remade,verdict_reversed,share_doubted_word}'::name[], 'columns of trust.' || key || '_trust')
FROM unnest('{customer,promiser,backer,kind}'::name[]) AS key;
SELECT is_empty($$
	SELECT attrelid::regclass, attname FROM pg_attribute
	WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'trust'::regnamespace
		AND relkind IN ('r', 'v'))
		AND attnum > 0 AND col_description(attrelid, attnum) IS NULL $$,
	'every column has a comment');

SELECT results_eq($$
	SELECT attrelid::regclass, attname::text COLLATE "default", atttypid::regtype, attnotnull,
		pg_get_expr(adbin, adrelid) COLLATE "default"
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'trust'::regnamespace
		AND relkind = 'r')
		AND (SELECT typnamespace FROM pg_type WHERE oid = atttypid) <> 'pg_catalog'::regnamespace
			$$,
	$$VALUES ('trust.chain'::regclass, 'score', 'trust_ledger.trust_score'::regtype, $$ ||
		$$true, '''empty''::trust_ledger.trust_score')$$,
	'tables have columns of core types only, which CASCADE does not take away; except scores, '
		'which can be computed again');
SELECT is_empty($$
	SELECT attrelid::regclass, attname FROM pg_attribute
	WHERE attrelid IN ('trust.entry'::regclass, 'trust.chain'::regclass, 'trust.promise'::regclass)
		AND attnum > 0 AND atttypid IN ('float4'::regtype, 'float8'::regtype, 'oid'::regtype,
			'xid'::regtype) $$,
	'no floats, no oids, nothing that a restore changes');
SELECT is_empty($$
	SELECT indexrelid::regclass FROM pg_index
	WHERE indrelid IN ('trust.entry'::regclass, 'trust.chain'::regclass, 'trust.promise'::regclass)
		AND indisunique
		AND indkey[0] <> (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid
			AND attname = 'customer') $$,
	'whatever grows with customers has customer first in its unique keys');
SELECT is_empty($$
	SELECT conrelid::regclass, conname FROM pg_constraint WHERE connamespace = 'trust'::regnamespace
		AND contype = 'f' $$,
	'there are no foreign keys');

-- ---- columns of entry and promise are those that the C code fills and reads: a round trip with
-- all of them, and nothing that verify() finds

\ir ../../helpers/receipts.sql

SELECT trust_ledger.grant_access(current_user, 'import');
SELECT trust_ledger.register_actor('anna', 'human', name => 'Anna', reason => 'new');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm1');
SELECT trust_ledger.register_actor('dora', 'human');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer', customer => 'c');
SELECT trust_ledger.set_policy('all', evidence => 'asserted', back_within => '1 day',
	grace => '1 hour');
CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}');
CREATE TABLE visit (id int PRIMARY KEY, customer text, title text);
SELECT format('CREATE TRIGGER %s AFTER %s ON visit FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(%L, %s ''actor:bot'', ''write:now'', ''on_error:park'')',
	event, operation, event, arguments)
FROM (VALUES ('made', 'INSERT', '''customer=customer'', ''words=title'','),
	('amended', 'UPDATE', '''words=title'','), ('noted', 'DELETE', '')) AS v (event, operation,
	arguments) \gexec
INSERT INTO visit VALUES (1, 'c', 'Seen.'), (2, 'c', '');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'It works.', promiser => 'bot',
	kind => 'delivery',
	due => now() + '9 days', value => 10, currency => 'EUR', purpose => 'To sell it.',
		drafted_by => 'anna', longest_pause => '1 day',
	actor => 'anna', context => '{"deal": 1}', idempotency_key => 'k1');
INSERT INTO made (r) SELECT trust_ledger.back_promise(last_promise(), actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.accept_promise(last_promise(), actor => 'carl');
INSERT INTO made (r) SELECT trust_ledger.assess_promise(last_promise(), 'kept', purpose_met => true,
	reason => 'Seen.', actor => 'carl');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'It was.', occurred_at => now() -
	interval '9 days', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'Perhaps.', promiser => 'bot',
	actor => 'bot');
SELECT trust_ledger.decline_promise(last_promise(), actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'Later.', due => now() + '9 days',
	longest_pause => '1 day', actor => 'anna');
SELECT trust_ledger.amend_promise(last_promise(), due => now() + '8 days', actor => 'bot');
SELECT trust_ledger.accept_promise(last_promise(), relayed => true, actor => 'dora');
SELECT trust_ledger.pause_promise(last_promise(), actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'Never.', due => now() + '9 days',
	actor => 'anna');
SELECT trust_ledger.admit_breach(last_promise(), actor => 'anna');
SELECT trust_ledger.repair_breach(last_promise(), 'Made again.', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'By then.', actor => 'anna',
	occurred_at => now() - interval '9 days', due => now() + '1 day');
SELECT trust_ledger.amend_promise(last_promise(), kind => 'other', actor => 'anna');
SELECT trust_ledger.assess_promise(last_promise(), 'broken', actor => 'carl');
SELECT trust_ledger.register_actor('carla', 'human', speaks_for => 'customer');
SELECT trust_ledger.assess_promise(last_promise(), 'kept', actor => 'carla');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'Soon.', promiser => 'bot',
	actor => 'bot');

SELECT is_empty($$
	SELECT attname FROM pg_attribute a
	WHERE attrelid = 'trust.entry'::regclass AND attnum > 0
		AND NOT EXISTS (SELECT FROM trust.entry e WHERE to_jsonb(e) -> attname::text <> 'null') $$,
	'every column of entry is filled');
SELECT is_empty($$
	SELECT attname FROM pg_attribute a
	WHERE attrelid = 'trust.promise'::regclass AND attnum > 0
		AND NOT EXISTS (SELECT FROM trust.promise p WHERE to_jsonb(p) -> attname::text <> 'null')
			$$,
	'every column of promise is filled');
SELECT is_empty($$
	SELECT attname FROM pg_attribute a
	WHERE attrelid = 'trust.parked_change'::regclass AND attnum > 0 AND attname <> 'old_row'
		AND NOT EXISTS (SELECT FROM trust.parked_change p WHERE to_jsonb(p) -> attname::text
			<> 'null') $$,
	'every column of parked_change is filled');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and verify() reads them all');

-- ---- a column with another type, or a NULL where there can be none: an error or a finding, never
-- misread

DO $$
DECLARE
	drop_it text;
BEGIN
	FOR drop_it IN
		SELECT format('DROP VIEW trust.%I', relname) FROM pg_class
			WHERE relnamespace = 'trust'::regnamespace AND relkind = 'v'
		UNION ALL SELECT format('ALTER TABLE trust.%I DISABLE TRIGGER USER', relname) FROM pg_class
			WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r'
		UNION ALL SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
			FROM pg_constraint
		WHERE connamespace = 'trust'::regnamespace AND contype = 'c'
		UNION ALL SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index
		WHERE indrelid::regclass::text ~ '^trust[.]' AND NOT indisprimary
	LOOP
		EXECUTE drop_it;
	END LOOP;
END
$$;
\ir ../../helpers/calls.sql
SELECT trust_ledger.register_actor('ben', 'human');
CREATE TABLE calls AS SELECT call, sqlstate_of(call) AS before FROM unnest(ARRAY[
	'SELECT * FROM trust_ledger.history(last_promise())',
		'SELECT * FROM trust_ledger.verify(''c'')', 'SELECT * FROM trust_ledger.ledger_digest()',
	$$SELECT trust_ledger.make_promise('c', 'w', actor => 'anna', idempotency_key => 'k2')$$,
	$$SELECT trust_ledger.make_promise('c', 'w', actor => 'bot', kind => 'k', value => 1)$$,
		$$SELECT trust_ledger.back_promise(last_promise(), actor => 'anna')$$,
	$$SELECT trust_ledger.amend_promise(last_promise(), value => 2, actor => 'anna')$$,
		$$SELECT trust_ledger.accept_promise(last_promise(), actor => 'carl')$$,
	$$SELECT trust_ledger.register_actor('anna', 'human')$$,
		$$SELECT trust_ledger.retire_actor('anna', successor => 'ben')$$,
	$$SELECT trust_ledger.set_policy('all', evidence => 'session')$$,
		$$SELECT trust_ledger.drop_policy('all')$$,
	$$SELECT trust_ledger.set_ledger(zone => 'UTC')$$,
		$$SELECT trust_ledger.revoke_access('postgres', 'import')$$,
	$$SELECT trust_ledger.assess_promise((SELECT (r).promise FROM made WHERE n = 1), 'broken',
		actor => 'carl')$$,
	$$SELECT trust_ledger.customer_score('c')$$, $$SELECT trust_ledger.customer_score('c', now(),
		now())$$, $$SELECT trust_ledger.promiser_score('anna')$$,
	$$SELECT * FROM trust_ledger.explain_trust('all')$$, $$SELECT *
		FROM trust_ledger.trust_trend('all')$$, $$SELECT * FROM trust_ledger.human_backing()$$,
		$$SELECT trust_ledger.rebuild('c')$$, $$SELECT trust_ledger.rebuild('')$$,
	$$INSERT INTO visit VALUES (3, 'c', 'More.')$$, $$UPDATE visit SET title = 'Other.'
		WHERE id = 1$$, $$DELETE FROM visit WHERE id = 1$$, $$INSERT INTO visit
		VALUES (4, 'c', '')$$, $$SELECT * FROM trust_ledger.replay_parked()$$,
	$$SELECT trust_ledger.set_tracking('deal', '{}')$$,
		$$SELECT trust_ledger.drop_tracking('public.deal')$$]) AS call;
SELECT is_empty('SELECT call, before FROM calls WHERE before <> ''ok''',
	'calls before anything was altered');
CREATE TABLE found_before AS SELECT * FROM trust_ledger.verify();
-- Whether an alteration is noticed: verify() finds it or fails, or other calls fail. Rolled back.
CREATE FUNCTION detection(alteration text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	verified text := 'noticed';
	outcomes text[];
BEGIN
	EXECUTE alteration;
	BEGIN
		IF NOT EXISTS (SELECT * FROM trust_ledger.verify() WHERE part <> 'guard' EXCEPT
			TABLE found_before) THEN
			verified := 'nothing';
		END IF;
	EXCEPTION WHEN OTHERS THEN
		outcomes := ARRAY[SQLSTATE];
	END;
	SELECT outcomes || array_agg(sqlstate_of(call)) INTO outcomes FROM calls;
	RAISE EXCEPTION USING ERRCODE = 'OK000',
		MESSAGE = CASE WHEN 'XX000' = ANY (outcomes) THEN 'internal error' WHEN 'ok' = ALL
			(outcomes) THEN verified ELSE 'noticed' END;
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN SQLERRM;
END
$$;
SELECT is(detection('SELECT 1'), 'nothing', 'nothing was altered, and nothing is noticed');
SELECT is(detection(format('ALTER TABLE trust.%1$I ALTER COLUMN %2$I DROP DEFAULT, ALTER COLUMN '
	'%2$I %3$s', relname, attname, change)), 'noticed', format('%s.%s: %s', relname, attname,
	change))
FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0,
	LATERAL (
		SELECT CASE WHEN (SELECT typbyval FROM pg_type t WHERE t.oid = atttypid)
			THEN format('TYPE text USING %I::text', attname)
			ELSE format('TYPE bigint USING hashtext(%I::text)', attname) END
		UNION ALL SELECT format('DROP NOT NULL; UPDATE trust.%I SET %I = NULL', relname, attname)
		WHERE attnotnull AND attname NOT IN ('customer', 'seq', 'promise', 'ledger', 'actor',
			'policy', 'role', 'source', 'parked', 'copied')
			-- for people, and read by nothing
			AND NOT (relname = 'parked_change' AND attname IN ('tab', 'login', 'sqlstate', 'error'))
		) AS v (change)
WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r';
-- Keys that are NULL need their primary key dropped.
SELECT is(detection(format('ALTER TABLE trust.%1$I DROP CONSTRAINT %1$s_pkey, ALTER COLUMN %2$I '
	'DROP NOT NULL; UPDATE trust.%1$I SET %2$I = NULL', tab, attname)),
	'noticed', format('%s.%s is NULL', tab, attname))
FROM (VALUES ('ledger', 'ledger'), ('actor', 'actor'), ('policy', 'policy'), ('access', 'role'),
	('tracking', 'source'), ('chain', 'customer'), ('promise', 'customer'),
	('promise', 'promise'), ('source', 'customer'), ('source', 'promise'),
	('parked_change', 'parked'), ('entry', 'customer'), ('entry', 'seq')) AS k (tab, attname);
SELECT is(detection(format('ALTER TABLE trust.%I DROP COLUMN %I', relname, attname)), 'noticed',
	format('%s.%s is dropped', relname, attname))
FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0
WHERE relnamespace = 'trust'::regnamespace AND relkind = 'r';

SELECT * FROM finish();
ROLLBACK;
