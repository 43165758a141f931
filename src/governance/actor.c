/*
 * actor.c
 *		Looks up actors, with a cache per backend over trust.actor.
 *
 * The cache loads actors one by one, because there may be one for each customer.
 */
#include "postgres.h"

#include "governance/actor.h"

#include "catalog/pg_class_d.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/statement.h"
#include "base/text.h"

const char *const actor_kind_names[ACTOR_KINDS] = {"human", "ai", "system"};
const char *const speaks_for_names[SPEAKS_FOR_KINDS] = {"company", "record", "customer"};

#define ACTOR_COLUMNS \
	"actor, kind, speaks_for, customer, responsible, db_role, authority, active, seq"

static Statement read_actor = STATEMENT(
	"SELECT " ACTOR_COLUMNS
	" FROM trust.actor"
	" WHERE actor OPERATOR(pg_catalog.=) $1",
	TEXTOID);

static Statement read_actor_of_login = STATEMENT(
	"SELECT " ACTOR_COLUMNS
	" FROM trust.actor"
	" WHERE db_role OPERATOR(pg_catalog.=) $1"
	" ORDER BY active DESC, seq DESC"
	" LIMIT 1",
	TEXTOID);

/*
 * Since when an actor has been speaking for the customer or the record as it does now:
 * another customer, login or responsible human, and returning after a retirement, start
 * anew.
 */
static Statement read_speaks_since = STATEMENT(
	"SELECT pg_catalog.max(e.recorded_at)"
	" FROM ("
	"  SELECT r.recorded_at, v.voice,"
	"   pg_catalog.lag(v.voice) OVER (ORDER BY r.seq) AS before"
	"  FROM trust.entry r"
	"  CROSS JOIN LATERAL pg_catalog.jsonb_build_array("
	"   r.details OPERATOR(pg_catalog.->) 'customer',"
	"   r.details OPERATOR(pg_catalog.->) 'db_role',"
	"   r.details OPERATOR(pg_catalog.->) 'responsible',"
	"   r.details OPERATOR(pg_catalog.->) 'active') AS v (voice)"
	"  WHERE r.customer OPERATOR(pg_catalog.=) ''"
	"    AND r.subject OPERATOR(pg_catalog.=) $1"
	"    AND pg_catalog.starts_with(r.event, 'actor_')) AS e"
	" WHERE e.before IS NULL OR e.before OPERATOR(pg_catalog.<>) e.voice",
	TEXTOID);

/* The key is "=actor" or "@login".  Negative results are cached too. */
typedef struct CachedActor
{
	char		key[MAX_KEY_BYTES + 2];
	bool		found;
	Actor		actor;
} CachedActor;

#define CACHED_ACTORS 10000		/* a full cache is emptied */

/*
 * Relcache invalidations make the cache stale.  They are processed again on abort, so
 * errors, subtransactions and PREPARE TRANSACTION need no special care.  A nested call
 * may replace the cache, so it is used only in code that calls nothing else, and callers
 * get copies.
 */
static HTAB *cache = NULL;
static MemoryContext cache_context = NULL;
static bool cache_stale = false;

static void
ForgetActors(void)
{
	cache_stale = true;
}

/* Replaces a stale or full cache with an empty one. */
static void
PrepareCache(void)
{
	HASHCTL		control = {.keysize = MAX_KEY_BYTES + 2, .entrysize = sizeof(CachedActor)};
	MemoryContext fresh;
	HTAB	   *empty;

	if (cache != NULL && !cache_stale && hash_get_num_entries(cache) < CACHED_ACTORS)
		return;
	fresh = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger actors",
								  ALLOCSET_SMALL_SIZES);
	control.hcxt = fresh;
	empty = hash_create("trust_ledger actors", 64, &control,
						HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	MemoryContextSetParent(fresh, TopMemoryContext);
	if (cache_context != NULL)
		MemoryContextDelete(cache_context);
	cache = empty;
	cache_context = fresh;
	cache_stale = false;
}

static char *
CopyOrNull(const char *string)
{
	return string ? pstrdup(string) : NULL;
}

static Actor
CopyActor(const Actor *from)
{
	Actor		copy = *from;

	copy.actor = CopyOrNull(from->actor);
	copy.customer = CopyOrNull(from->customer);
	copy.responsible = CopyOrNull(from->responsible);
	copy.db_role = CopyOrNull(from->db_role);
	if (from->authority)
	{
		copy.authority = palloc(VARSIZE(from->authority));
		memcpy(copy.authority, from->authority, VARSIZE(from->authority));
	}
	return copy;
}

/* The actor that was just read. */
static Actor
ResultActor(void)
{
	Actor		actor = {0};
	bool		isnull;
	Datum		authority = ResultValue(0, 7, JSONBOID, &isnull);
	int			kind = NameIndex(actor_kind_names, ACTOR_KINDS,
								 TextDatumGetCString(ResultNotNull(0, 2, TEXTOID)));
	int			speaks_for = NameIndex(speaks_for_names, SPEAKS_FOR_KINDS,
									   TextDatumGetCString(ResultNotNull(0, 3, TEXTOID)));

	actor.authority = isnull ? NULL : DatumGetJsonbP(authority);
	actor.actor = ResultText(0, 1);
	if (kind < 0 || speaks_for < 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("actor \"%s\" has an invalid kind or speaks_for", actor.actor),
				 errhint("Run SELECT * FROM trust_ledger.verify();")));
	actor.kind = kind;
	actor.speaks_for = speaks_for;
	actor.customer = ResultText(0, 4);
	actor.responsible = ResultText(0, 5);
	actor.db_role = ResultText(0, 6);
	actor.active = DatumGetBool(ResultNotNull(0, 8, BOOLOID));
	actor.seq = DatumGetInt64(ResultNotNull(0, 9, INT8OID));
	return actor;
}

static TimestampTz
SpeaksSince(const Actor *actor)
{
	Datum		key = CStringGetTextDatum(actor->actor);
	bool		isnull;
	Datum		since;

	if (actor->speaks_for == SPEAKS_FOR_COMPANY)
		return DT_NOBEGIN;
	StatementReadLatest(&read_speaks_since, &key, NULL, LedgerRelation("entry"));
	since = ResultValue(0, 1, TIMESTAMPTZOID, &isnull);
	return isnull ? DT_NOBEGIN : DatumGetTimestampTz(since);
}

/* Adds a result to the cache, which nested calls may have replaced since the lookup. */
static void
Remember(const char *key, const Actor *found)
{
	MemoryContext previous;
	Actor		kept = {0};
	CachedActor *entry;

	PrepareCache();
	previous = MemoryContextSwitchTo(cache_context);
	if (found)
		kept = CopyActor(found);
	MemoryContextSwitchTo(previous);
	entry = hash_search(cache, key, HASH_ENTER, NULL);
	entry->found = found != NULL;
	entry->actor = kept;
}

/* Reads the actor, and caches it unless an invalidation has arrived meanwhile. */
static Actor *
LoadActor(const Ledger *ledger, Statement *statement, const char *value, const char *key)
{
	Oid			relid = LedgerRelation("actor");
	uint64		seen = LedgerGeneration();
	Datum		argument = CStringGetTextDatum(value);
	LedgerSession session;
	Actor	   *loaded = NULL;

	LedgerWatch(relid, ForgetActors);
	LedgerEnter(ledger, &session);
	if (StatementReadLatest(statement, &argument, NULL, relid) > 0)
	{
		Actor		stored = ResultActor();
		MemoryContext previous = MemoryContextSwitchTo(session.caller);

		loaded = palloc(sizeof(Actor));
		*loaded = CopyActor(&stored);
		MemoryContextSwitchTo(previous);
		loaded->speaks_since = SpeaksSince(loaded);
	}
	LedgerLeave(&session);
	if (seen == LedgerGeneration())
		Remember(key, loaded);
	return loaded;
}

static Actor *
FindActor(const Ledger *ledger, Statement *statement, char prefix, const char *value)
{
	char		key[MAX_KEY_BYTES + 2];
	CachedActor *entry;
	Actor	   *actor;

	if (strlen(value) > MAX_KEY_BYTES)
		return NULL;
	key[0] = prefix;
	strlcpy(key + 1, value, sizeof(key) - 1);
	PrepareCache();
	entry = hash_search(cache, key, HASH_FIND, NULL);
	if (entry == NULL)
		return LoadActor(ledger, statement, value, key);
	if (!entry->found)
		return NULL;
	actor = palloc(sizeof(Actor));
	*actor = CopyActor(&entry->actor);
	return actor;
}

Actor *
ActorFind(const Ledger *ledger, const char *actor)
{
	return FindActor(ledger, &read_actor, '=', actor);
}

Actor *
ActorOfLogin(const Ledger *ledger, const char *login)
{
	return FindActor(ledger, &read_actor_of_login, '@', login);
}

void
ActorNotActive(const char *actor)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("actor \"%s\" is retired", actor),
			 errhint("Specify an active actor, or register this one again.")));
}

Actor *
ActorGet(const Ledger *ledger, const char *actor, const char *role_in_call)
{
	Actor	   *found = ActorFind(ledger, actor);

	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s \"%s\" is not registered", role_in_call, actor),
				 errhint("SELECT * FROM trust_ledger.register_actor(%s, 'human');",
						 quote_literal_cstr(actor))));
	if (!found->active)
		ActorNotActive(actor);
	return found;
}

const char *
ActorHuman(const Actor *actor)
{
	return actor->kind == ACTOR_HUMAN ? actor->actor : actor->responsible;
}

/*
 * This is an object lock, not a relation lock.  A transaction that holds the governance
 * chain may write to trust.actor, and would deadlock with one that holds a relation lock
 * and waits for the chain.
 */
void
ActorsLock(LOCKMODE mode)
{
	if (mode > RowExclusiveLock)	/* the error that a write would raise on a standby */
		PreventCommandDuringRecovery("a change of actors");
	LockDatabaseObject(RelationRelationId, LedgerRelation("actor"), 0, mode);
}
