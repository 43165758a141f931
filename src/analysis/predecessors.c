/*
 * predecessors.c
 *		Whose evidence of broken promises an actor or customer carries.
 *
 * A cache per backend holds the direct successions.  Most ledgers have few, while the
 * governance entries from which they result can be many.
 */
#include "postgres.h"

#include "analysis/predecessors.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/statement.h"
#include "ledger/ledger.h"

/* The actors or customers that were registered with the same thing, one after the other. */
#define IN_TURN(key, thing, registrations) \
	"SELECT " key " AS successor," \
	"  pg_catalog.lag(" key ") OVER (PARTITION BY " thing " ORDER BY r.seq) AS predecessor," \
	"  r.recorded_at AS since, r.seq" \
	" FROM trust.entry r" \
	" WHERE r.customer OPERATOR(pg_catalog.=) ''" \
	"   AND r.event OPERATOR(pg_catalog.=) 'actor_registered'" \
	"   AND " registrations

#define LOGIN "r.details OPERATOR(pg_catalog.->>) 'db_role'"
#define SPEAKS_FOR_CUSTOMER_KEY "r.details OPERATOR(pg_catalog.->>) 'customer'"

#define SUCCESSIONS(from) \
	"SELECT s.successor, s.predecessor, s.since FROM (" from ") AS s" \
	" WHERE s.successor IS NOT NULL AND s.predecessor IS NOT NULL" \
	"   AND s.successor OPERATOR(pg_catalog.<>) s.predecessor" \
	" ORDER BY s.seq"

static Statement read_actors = STATEMENT_WITHOUT_ARGS(SUCCESSIONS(
	IN_TURN("r.subject", LOGIN, LOGIN " IS NOT NULL")
	" UNION ALL"
	" SELECT r.details OPERATOR(pg_catalog.->>) 'successor', r.subject, r.recorded_at, r.seq"
	" FROM trust.entry r"
	" WHERE r.customer OPERATOR(pg_catalog.=) ''"
	"   AND r.event OPERATOR(pg_catalog.=) 'actor_retired'"));

static Statement read_customers = STATEMENT_WITHOUT_ARGS(SUCCESSIONS(
	IN_TURN(SPEAKS_FOR_CUSTOMER_KEY, "r.subject", SPEAKS_FOR_CUSTOMER_KEY " IS NOT NULL")
	" UNION ALL "
	IN_TURN(SPEAKS_FOR_CUSTOMER_KEY, LOGIN,
			SPEAKS_FOR_CUSTOMER_KEY " IS NOT NULL AND " LOGIN " IS NOT NULL")));

/* A direct succession. */
typedef struct Succession
{
	char	   *successor;
	char	   *predecessor;
	TimestampTz since;
} Succession;

struct Successions
{
	uint64		count;
	Succession *list;			/* in the order in which they were recorded */
};

/*
 * As with actors, relcache invalidations make the cache stale, and are processed again on
 * abort.  A nested call may replace it, so nothing is called while it is used, and callers
 * get copies.
 */
static MemoryContext cache = NULL;
static bool cache_stale = false;
static Successions of_actors;
static Successions of_customers;

static void
ForgetSuccessions(void)
{
	cache_stale = true;
}

static Successions
ReadSuccessions(Statement *statement, MemoryContext context)
{
	Successions read;
	MemoryContext previous;

	read.count = StatementReadLatest(statement, NULL, NULL, LedgerRelation("entry"));
	previous = MemoryContextSwitchTo(context);
	read.list = MemoryContextAllocHuge(context, sizeof(Succession) * Max(read.count, 1));
	for (uint64 i = 0; i < read.count; i++)
		read.list[i] = (Succession) {
			ResultTextNotNull(i, 1), ResultTextNotNull(i, 2),
			DatumGetTimestampTz(ResultNotNull(i, 3, TIMESTAMPTZOID))
		};
	MemoryContextSwitchTo(previous);
	return read;
}

static void
LoadSuccessions(void)
{
	MemoryContext fresh;
	MemoryContext replaced;
	Successions actors;
	Successions customers;
	uint64		seen = LedgerGeneration();

	if (cache != NULL && !cache_stale)
		return;
	LedgerWatch(LedgerRelation("actor"), ForgetSuccessions);
	fresh = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger successions",
								  ALLOCSET_SMALL_SIZES);
	actors = ReadSuccessions(&read_actors, fresh);
	customers = ReadSuccessions(&read_customers, fresh);
	MemoryContextSetParent(fresh, TopMemoryContext);
	replaced = cache;			/* a nested call may have replaced it */
	cache = fresh;
	of_actors = actors;
	of_customers = customers;
	cache_stale = seen != LedgerGeneration();
	if (replaced)
		MemoryContextDelete(replaced);
}

/* Valid until something else is called.  NULL if keys of that grouping succeed no other. */
static const Successions *
CachedSuccessions(Grouping by)
{
	if (by != BY_CUSTOMER && by != BY_PROMISER && by != BY_BACKER)
		return NULL;
	LoadSuccessions();
	return by == BY_CUSTOMER ? &of_customers : &of_actors;
}

const Successions *
SuccessionsBy(Grouping by)
{
	const Successions *cached = CachedSuccessions(by);
	Successions *copy;

	if (cached == NULL || cached->count == 0)
		return NULL;
	copy = palloc(sizeof(Successions));
	copy->count = cached->count;
	copy->list = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Succession) * copy->count);
	for (uint64 i = 0; i < copy->count; i++)
		copy->list[i] = (Succession) {
			pstrdup(cached->list[i].successor), pstrdup(cached->list[i].predecessor),
			cached->list[i].since
		};
	return copy;
}

const LinkedKey *
FindLinkedKey(const List *linked_keys, const char *key)
{
	const ListCell *cell;

	foreach(cell, linked_keys)
	{
		const LinkedKey *linked = lfirst(cell);

		if (strcmp(linked->key, key) == 0)
			return linked;
	}
	return NULL;
}

List *
LinkedKeys(const List *linked_keys)
{
	List	   *keys = NIL;
	const ListCell *cell;

	foreach(cell, linked_keys)
		keys = lappend(keys, ((const LinkedKey *) lfirst(cell))->key);
	return keys;
}

/*
 * Follows the hand-overs from the key on, in the order of time from an instant; or back, in
 * the reverse order.  So each key is found by the earliest way, or the latest.
 */
static List *
FollowHandOvers(const Successions *successions, const char *key, TimestampTz from, bool back)
{
	List	   *found = NIL;

	for (uint64 i = 0; successions && i < successions->count; i++)
	{
		const Succession *next = &successions->list[back ? successions->count - 1 - i : i];
		const char *near = back ? next->successor : next->predecessor;
		const char *far = back ? next->predecessor : next->successor;
		LinkedKey  *linked;

		if ((back ? next->since > from : next->since < from) || strcmp(far, key) == 0 ||
			(strcmp(near, key) != 0 && !FindLinkedKey(found, near)) || FindLinkedKey(found, far))
			continue;
		linked = palloc(sizeof(LinkedKey));
		linked->key = pstrdup(far);
		linked->at = next->since;
		found = lappend(found, linked);
	}
	return found;
}

List *
PredecessorsAmong(const Successions *successions, const char *key, TimestampTz known_at)
{
	return FollowHandOvers(successions, key, known_at, true);
}

List *
SuccessorsAmong(const Successions *successions, const char *key, TimestampTz promised_at)
{
	return FollowHandOvers(successions, key, promised_at, false);
}

List *
PredecessorsOf(Grouping by, const char *key, TimestampTz known_at)
{
	return PredecessorsAmong(CachedSuccessions(by), key, known_at);
}

List *
AllPredecessorKeys(const Successions *successions)
{
	List	   *keys = NIL;

	for (uint64 i = 0; successions && i < successions->count; i++)
		keys = lappend(keys, successions->list[i].predecessor);
	return keys;
}
