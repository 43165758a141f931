/*
 * actor.c
 *		Actors as they are now: a cache per process over trust.actor.
 *
 * Actors are read one by one: a ledger may know each customer's own agent.
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

#define ACTOR_COLUMNS "actor, kind, speaks_for, customer, responsible, db_role, authority, active, seq"

static Statement read_actor = STATEMENT(
	"SELECT " ACTOR_COLUMNS " FROM trust.actor WHERE actor OPERATOR(pg_catalog.=) $1", TEXTOID);

static Statement read_actor_of_login = STATEMENT(
	"SELECT " ACTOR_COLUMNS " FROM trust.actor WHERE db_role OPERATOR(pg_catalog.=) $1"
	" ORDER BY active DESC, seq DESC LIMIT 1", TEXTOID);

/* By name of the actor, or of the login: what was found, or that there is none. */
typedef struct CachedActor
{
	char		key[MAX_KEY_BYTES + 2];
	bool		found;
	Actor		actor;
} CachedActor;

#define CACHED_ACTORS 10000		/* then start anew, rather than grow with the customers */

/*
 * Of the process: changes are told by the relation cache, and told again when they
 * are taken back, so errors, savepoints and PREPARE TRANSACTION need no more.  A
 * nested call may put another cache here at any time; so it is looked at and
 * filled in one go, and callers get copies.
 */
static HTAB *cache = NULL;
static MemoryContext cache_context = NULL;
static bool cache_stale = false;

static void
ForgetActors(void)
{
	cache_stale = true;
}

/* Another cache, once that is complete, in place of one that is out of date or full. */
static void
PrepareCache(void)
{
	HASHCTL		control = {.keysize = MAX_KEY_BYTES + 2, .entrysize = sizeof(CachedActor)};
	MemoryContext fresh;
	HTAB	   *empty;

	if (cache != NULL && !cache_stale && hash_get_num_entries(cache) < CACHED_ACTORS)
		return;
	fresh = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger actors", ALLOCSET_SMALL_SIZES);
	control.hcxt = fresh;
	empty = hash_create("trust_ledger actors", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
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
	int			kind = NameIndex(actor_kind_names, ACTOR_KINDS, TextDatumGetCString(ResultNeeded(0, 2, TEXTOID)));
	int			speaks_for = NameIndex(speaks_for_names, SPEAKS_FOR_KINDS, TextDatumGetCString(ResultNeeded(0, 3, TEXTOID)));

	actor.authority = isnull ? NULL : DatumGetJsonbP(authority);
	actor.actor = ResultText(0, 1);
	if (kind < 0 || speaks_for < 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("actor \"%s\" is of no known kind", actor.actor),
				 errhint("Run SELECT * FROM trust_ledger.verify();")));
	actor.kind = kind;
	actor.speaks_for = speaks_for;
	actor.customer = ResultText(0, 4);
	actor.responsible = ResultText(0, 5);
	actor.db_role = ResultText(0, 6);
	actor.active = DatumGetBool(ResultNeeded(0, 8, BOOLOID));
	actor.seq = DatumGetInt64(ResultNeeded(0, 9, INT8OID));
	return actor;
}

/* What was found under that key; nested calls may have put another cache there since it was looked for. */
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

/* Reads the actor, and remembers it unless the actors changed meanwhile; NULL where there is none. */
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
	}
	LedgerLeave(&session);
	if (seen == LedgerGeneration())
		Remember(key, loaded);
	return loaded;
}

static Actor *
Find(const Ledger *ledger, Statement *statement, char prefix, const char *value)
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

/* The actor of that name, active or not; NULL where there is none.  A copy. */
Actor *
ActorFind(const Ledger *ledger, const char *actor)
{
	return Find(ledger, &read_actor, '=', actor);
}

/* The actor that the database login belongs to, a retired one only where no other does; or NULL.  A copy. */
Actor *
ActorOfLogin(const Ledger *ledger, const char *login)
{
	return Find(ledger, &read_actor_of_login, '@', login);
}

void
ActorNotActive(const char *actor)
{
	ereport(ERROR,
			(errcode(ERRCODE_TL_IDENTITY),
			 errmsg("actor \"%s\" is retired", actor),
			 errhint("Name an active actor, or register this one again.")));
}

/* The active actor of that name, or an error with the call that registers it. */
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

/* The human behind an actor: a human themselves, of a machine the one who answers for it. */
const char *
ActorHuman(const Actor *actor)
{
	return actor->kind == ACTOR_HUMAN ? actor->actor : actor->responsible;
}

/*
 * Locks what governance says of actors until this transaction ends: a
 * RowShareLock by who backs, an ExclusiveLock by who takes from an actor what
 * they may back, or where from.  After customers' chains, before governance's.
 *
 * The lock is on trust.actor as an object, not as a relation: whoever holds the
 * governance chain may write to the table, and would wait there for who holds
 * the lock and waits for the chain.
 */
void
ActorsLock(LOCKMODE mode)
{
	if (mode > RowExclusiveLock)	/* on a standby, the error that writing gets */
		PreventCommandDuringRecovery("a change of actors");
	LockDatabaseObject(RelationRelationId, LedgerRelation("actor"), 0, mode);
}
